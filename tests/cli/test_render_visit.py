"""A visit in a few lines, wherever it stands."""

from __future__ import annotations

from slotsvc.cli.render_visit import place_words, promise_lines, visit_lines
from slotsvc.cli.wire import pb_window
from slotsvc.pb.v1.slot_service_pb2 import PlannedPlace
from slotsvc.pb.v1.visit_service_pb2 import (
    OUTCOME_NO_ACCESS,
    VISIT_STATE_DONE,
    VISIT_STATE_UNPLACED,
    Visit,
)
from tests.cli.samples import ZONE, a_slot, at


def a_visit() -> Visit:
    """Promised for Tuesday morning."""
    visit = Visit(name="tenants/riviera/visits/v-1")
    visit.promise.window.CopyFrom(pb_window(at(8), at(10)))
    return visit


def test_one_of_the_backlog_says_so() -> None:
    """What its client was told stands."""
    visit = a_visit()
    visit.state = VISIT_STATE_UNPLACED

    assert visit_lines(visit, ZONE) == [
        "Without a place, in the backlog; told Tue 24 Nov 08:00-10:00",
        "Visit: tenants/riviera/visits/v-1",
    ]


def test_what_was_reported_takes_the_place_of_what_was_planned() -> None:
    """Left, began, steps, ended, and how."""
    visit = a_visit()
    visit.state, visit.outcome = VISIT_STATE_DONE, OUTCOME_NO_ACCESS
    visit.place.CopyFrom(a_slot().place)
    visit.depart_time.FromDatetime(at(8, 2))
    visit.actual_start_time.FromDatetime(at(8, 15))
    visit.actual_end_time.FromDatetime(at(8, 20))
    visit.steps.add(step="rang").time.FromDatetime(at(8, 16))

    assert visit_lines(visit, ZONE)[:3] == [
        "Done; told Tue 24 Nov 08:00-10:00",
        "Chiara Rossi, visit 1 of the day",
        "Left 08:02, began 08:15, rang 08:16, ended 08:20: no access",
    ]


def test_a_place_without_a_time_is_said() -> None:
    """On a day that nobody works; the shift is named from the second on."""
    place = PlannedPlace(technician_display_name="Ann Lee", position=2, shift_number=1)

    assert place_words(place, ZONE) == "Ann Lee, visit 3 of shift 2, without a time"


def test_all_that_was_told_is_listed_in_order() -> None:
    """By which channel, with several windows, and what no longer holds."""
    visit = a_visit()
    first, second = visit.promises.add(channel="phone"), visit.promises.add()
    first.announce_time.FromDatetime(at(7))
    first.window.CopyFrom(visit.promise.window)
    first.supersede_time.FromDatetime(at(7, 30))
    second.announce_time.FromDatetime(at(7, 30))
    second.windows.extend([pb_window(at(13), at(14)), pb_window(at(16), at(17))])

    assert promise_lines(visit, ZONE) == [
        "Told Tue 24 Nov 07:00 by phone: Tue 24 Nov 08:00-10:00, no longer holds",
        "Told Tue 24 Nov 07:30: Tue 24 Nov 13:00-14:00 or Tue 24 Nov 16:00-17:00",
    ]
