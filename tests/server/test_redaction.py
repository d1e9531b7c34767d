"""What each role sees of answers, tried on answers in which every field is set."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import pytest
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from google.protobuf.timestamp_pb2 import Timestamp

from slotsvc.domain.access import Role
from slotsvc.domain.booking_rules import DAY_SHARE
from slotsvc.domain.errors import HoldLimitError
from slotsvc.pb.v1 import calendar_service_pb2 as cal
from slotsvc.pb.v1 import visit_service_pb2 as visits
from slotsvc.server.app import method_descriptors
from slotsvc.server.policies import declared_policy, is_let_in
from slotsvc.server.redaction import (
    DAY_IS_FULL,
    OURS,
    SHOWN,
    VALUES,
    redacted,
    redacted_error,
    shown_fields,
)

DEEPEST = 5
NEVER_FOR_CLIENTS = {
    "place", "technician", "technician_display_name", "position", "arrival_time", "start_location",
    "cost_millis", "components", "why", "rejections", "receipt", "findings", "note", "pin",
    "required_tags", "travel_provenance", "distance_meters", "added_travel_seconds", "van",
}  # fmt: skip


def full(descriptor: Any, deep: int = DEEPEST) -> Message:
    """A message in which every field is set."""
    message: Any = GetMessageClass(descriptor)()
    for field in descriptor.fields:
        if field.message_type is None:
            value = one_of(field)
            if field.is_repeated:
                getattr(message, field.name).append(value)
            else:
                setattr(message, field.name, value)
        elif field.message_type.GetOptions().map_entry:
            continue
        elif deep:
            inner = full(field.message_type, deep - 1)
            if field.is_repeated:
                getattr(message, field.name).append(inner)
            else:
                getattr(message, field.name).CopyFrom(inner)
    return message  # type: ignore[no-any-return]


def one_of(field: FieldDescriptor) -> Any:
    """A value that is not the default."""
    kinds = {FieldDescriptor.TYPE_STRING: "x", FieldDescriptor.TYPE_BYTES: b"x"}
    return True if field.cpp_type == FieldDescriptor.CPPTYPE_BOOL else kinds.get(field.type, 1)


def set_fields(message: Message) -> Iterator[tuple[str, str]]:
    """(message, field) of everything that is set, at any depth."""
    for field, value in message.ListFields():
        yield message.DESCRIPTOR.name, field.name
        if field.message_type is not None and not field.message_type.GetOptions().map_entry:
            for inner in value if field.is_repeated else [value]:
                yield from set_fields(inner)


@pytest.mark.parametrize("role", list(SHOWN))
def test_only_what_is_listed_is_shown(role: Role) -> None:
    """Of every method's answer, with every field set, nothing is left but what the list says."""
    for method in method_descriptors():
        answer = redacted(full(method.output_type), role)
        for message, field in set_fields(answer):
            listed = SHOWN[role].get(message, frozenset())
            is_plain = message in VALUES or not answer.DESCRIPTOR.full_name.startswith(OURS)
            assert field in listed or is_plain or message in GOOGLE, (method.name, message, field)


GOOGLE = {"Timestamp", "Duration", "Date", "LatLng", "TimeOfDay"}


def test_clients_see_nothing_of_the_planning() -> None:
    """No answer to a client has a field with a name of what is never theirs."""
    shown = {
        field
        for method in method_descriptors()
        for _, field in set_fields(redacted(full(method.output_type), Role.CLIENT))
    }

    assert "window" in shown
    assert shown & NEVER_FOR_CLIENTS == set()


@pytest.mark.parametrize(
    ("planned", "told"), [(1_200, 1_200), (1_201, 1_500), (1_499, 1_500), (1_500, 1_500)]
)
def test_a_client_is_told_arrivals_by_five_minutes(planned: int, told: int) -> None:
    """Rounded up, so that it is no planned start and nobody is there before the technician;
    planners are told the second."""
    visit = visits.Visit(estimated_arrival_time=Timestamp(seconds=planned))
    answer = visits.ListVisitsResponse(visits=[visit])
    to_planner = redacted(deepcopy(answer), Role.PLANNER)
    assert to_planner == answer

    redacted(answer, Role.CLIENT)

    assert answer.visits[0].estimated_arrival_time == Timestamp(seconds=told)


@pytest.mark.parametrize("role", list(SHOWN))
def test_the_lists_are_up_to_date(role: Role) -> None:
    """Every listed message can reach the role, and every listed field is in it."""
    reached: dict[str, Any] = {}

    def walk(descriptor: Any) -> None:
        if descriptor.name in reached or not descriptor.full_name.startswith(OURS):
            return
        reached[descriptor.name] = descriptor
        kept = shown_fields(descriptor, SHOWN[role])
        for field in descriptor.fields:
            if field.name in kept and field.message_type is not None:
                walk(field.message_type)

    for method in method_descriptors():
        if is_let_in(declared_policy(method), role):
            walk(method.output_type)

    assert SHOWN[role].keys() - reached.keys() == set()
    for name, fields in SHOWN[role].items():
        assert fields <= set(reached[name].fields_by_name), name
    empty = {n for n in reached if n not in SHOWN[role] and n not in VALUES}
    assert empty == set(), "let in, and shown nothing"


@pytest.mark.parametrize("role", [Role.PLANNER, Role.INTEGRATOR])
def test_planners_see_all_but_why_somebody_is_away(role: Role) -> None:
    """Category and note of absences are gone, everything else of every answer stays."""
    for method in method_descriptors():
        before = full(method.output_type)
        gone = set(set_fields(before)) - set(set_fields(redacted(full(method.output_type), role)))
        assert gone <= {("Absence", "category"), ("Absence", "note")}
    absences = redacted(full(cal.ListAbsencesResponse.DESCRIPTOR), role)
    assert ("Absence", "window") in set(set_fields(absences))
    assert ("Absence", "note") not in set(set_fields(absences))


@pytest.mark.parametrize("role", [Role.ADMINISTRATOR, Role.OPERATOR])
def test_an_administrator_sees_everything(role: Role) -> None:
    """Nothing is taken away."""
    for method in method_descriptors():
        assert redacted(full(method.output_type), role) == full(method.output_type)


@pytest.mark.parametrize("role", list(Role))
def test_how_full_a_day_is_is_for_staff(role: Role) -> None:
    """A hold that is one too many tells a client nothing of a technician's hours or of others'
    holds; limits that are about the client's own holds are told."""
    full_day = HoldLimitError("180 min of 240 min are held", {"limit": DAY_SHARE})
    own = HoldLimitError("a hold is prolonged once only")

    told = redacted_error(full_day, role)

    assert told.message == (DAY_IS_FULL if role in SHOWN else full_day.message)
    assert redacted_error(own, role) is own
