"""Which fields an update touches."""

from __future__ import annotations

import pytest
from google.protobuf.field_mask_pb2 import FieldMask
from google.type.latlng_pb2 import LatLng

from slotsvc.domain.errors import NotImplementedFieldError
from slotsvc.pb.v1 import calendar_service_pb2 as pb
from slotsvc.scheduling.field_checks import Violations
from slotsvc.server.update_masks import apply, changed_paths


def paths(patch: pb.Technician, *named: str) -> tuple[list[str], list[str]]:
    """The paths to change, and the fields of the violations."""
    wrong = Violations()
    mask = FieldMask(paths=named) if named else None
    found = changed_paths(wrong, patch, mask, "technician")
    return [".".join(path) for path in found], [v.field for v in wrong.found]


def test_without_a_mask_what_is_set_changes() -> None:
    """Name and etag say which and when; they are never changed."""
    patch = pb.Technician(name="n", etag="e", display_name="d", start_location=LatLng())

    assert paths(patch) == (["display_name", "start_location"], [])


def test_a_star_means_every_field_that_works() -> None:
    """Planned fields are not among them."""
    every, wrong = paths(pb.Team(), "*")

    assert not wrong
    assert "time_zone" in every
    assert not {"name", "etag", "business_unit"} & set(every)


def test_paths_lead_into_messages_only() -> None:
    """Not through lists, numbers or fields that do not exist."""
    named = ("working_time.monday.hours", "tags.x", "display_name.x", "nonsense", "*", "etag")

    found, wrong = paths(pb.Technician(), *named)

    assert found == ["working_time.monday.hours"]
    assert wrong == [f"update_mask.paths[{i}]" for i in range(1, 6)]


def test_too_many_paths_are_one_violation() -> None:
    """A mask has at most 100 paths."""
    assert paths(pb.Technician(), *["tags"] * 101) == ([], ["update_mask.paths"])


def test_a_planned_field_in_a_mask_is_refused_by_its_full_path() -> None:
    """As when it is set."""
    with pytest.raises(NotImplementedFieldError, match=r"technician\.business_unit"):
        paths(pb.Team(), "business_unit")


def test_fields_are_copied_or_cleared() -> None:
    """Lists are replaced, messages are replaced whole, unset ones are cleared."""
    target = pb.Technician(
        display_name="old", tags=["a", "b"], end_location=LatLng(latitude=1), time_zone="UTC"
    )
    patch = pb.Technician(tags=["c"], start_location=LatLng(longitude=2))

    apply(
        patch,
        [("tags",), ("start_location",), ("end_location",), ("display_name",)],
        target,
    )

    assert target == pb.Technician(tags=["c"], start_location=LatLng(longitude=2), time_zone="UTC")


def test_an_inner_path_leaves_the_rest_of_the_message() -> None:
    """Changing one day keeps the others; clearing inside nothing makes nothing."""
    target = pb.Technician(working_time=pb.WorkingTime(monday=pb.DayHours(), friday=pb.DayHours()))
    apply(pb.Technician(), [("working_time", "monday")], target)
    assert not target.working_time.HasField("monday")
    assert target.working_time.HasField("friday")

    empty = pb.Technician()
    apply(pb.Technician(), [("working_time", "monday")], empty)
    assert empty == pb.Technician()


def test_a_number_that_is_unset_has_its_default_again() -> None:
    """0 and unset are two things where unset means 1 day; a star takes neither for the other."""
    stored = pb.ActivityType(cut_off_days=3)
    apply(pb.ActivityType(), [("cut_off_days",)], stored)
    assert not stored.HasField("cut_off_days")

    apply(pb.ActivityType(cut_off_days=0), [("cut_off_days",)], stored)
    assert stored.HasField("cut_off_days")
