from __future__ import annotations

from slotsvc.cli.not_found import not_found
from slotsvc.pb.v1.slot_service_pb2 import SlotRequest, SuggestSlotsRequest


def asked() -> SuggestSlotsRequest:
    request = SlotRequest(
        site="tenants/t/sites/harbour",
        activity_type="tenants/t/activityTypes/repair",
        required_technicians=["tenants/t/technicians/anna"],
    )
    request.service_duration.FromSeconds(60)
    return SuggestSlotsRequest(team="tenants/t/teams/m", request=request, max_slots=3)


def test_the_missing_thing_is_named() -> None:
    """The service says "no such site"; which one stands in the request."""
    failure = not_found("no such site", asked())

    assert failure.message == "No such site: harbour."
    assert "slotsvc list sites" in failure.hint


def test_names_in_parts_and_lists_are_found() -> None:
    """An activity type has two words, a technician stands in a list."""
    assert not_found("no such activity type", asked()).message.endswith(": repair.")
    assert not_found("no such technician in this team", asked()).message.endswith(": anna.")


def test_an_unknown_kind_is_left_as_it_is() -> None:
    """A word that the command line does not know keeps the service's sentence."""
    assert not_found("no such moon", asked()).message == "No such moon."
