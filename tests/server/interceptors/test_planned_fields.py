"""What the contract reserves for later is refused by its full path."""

from __future__ import annotations

import time

import pytest
from google.protobuf.message import Message

from slotsvc.domain.errors import NotImplementedFieldError
from slotsvc.pb.v1 import calendar_service_pb2, slot_service_pb2, types_pb2
from slotsvc.server.interceptors.planned_fields import refuse_planned_fields


@pytest.mark.parametrize(
    ("message", "path"),
    [
        (slot_service_pb2.SuggestSlotsRequest(make_room=True), "make_room"),
        (
            slot_service_pb2.SuggestSlotsRequest(request=slot_service_pb2.SlotRequest(seats=2)),
            "request.seats",
        ),
        (
            slot_service_pb2.SuggestSlotsRequest(weights=types_pb2.CostWeights(displacement=0.0)),
            "weights.displacement",
        ),
        (
            slot_service_pb2.SuggestSlotsRequest(freedom=types_pb2.FREEDOM_REASSIGN),
            "freedom = FREEDOM_REASSIGN",
        ),
        (
            calendar_service_pb2.CreateTeamRequest(
                team=calendar_service_pb2.Team(business_unit="south")
            ),
            "team.business_unit",
        ),
        (
            calendar_service_pb2.ListTeamsResponse(
                teams=[
                    calendar_service_pb2.Team(),
                    calendar_service_pb2.Team(business_unit="south"),
                ]
            ),
            "teams[1].business_unit",
        ),
    ],
)
def test_a_planned_field_is_named(message: Message, path: str) -> None:
    """Fields, fields inside fields and list items, and enum values are found."""
    with pytest.raises(NotImplementedFieldError) as refused:
        refuse_planned_fields(message)

    assert refused.value.metadata == {"field": path}


def test_what_works_is_let_through() -> None:
    """Fields that work, unset planned ones, and values that are not planned pass."""
    refuse_planned_fields(
        slot_service_pb2.SuggestSlotsRequest(
            freedom=types_pb2.FREEDOM_INSERT_ONLY,
            weights=types_pb2.CostWeights(travel=1.0),
            request=slot_service_pb2.SlotRequest(required_tags=["a"], priority=0),
        )
    )


@pytest.mark.machine_speed
def test_a_large_request_is_looked_at_quickly() -> None:
    """Only what can contain a planned field is walked: 10,000 windows take under 50 ms."""
    windows = [types_pb2.TimeWindow() for _ in range(10_000)]
    message = slot_service_pb2.SuggestSlotsRequest(
        request=slot_service_pb2.SlotRequest(allowed_windows=windows)
    )
    refuse_planned_fields(message)

    began = time.perf_counter()
    refuse_planned_fields(message)

    assert time.perf_counter() - began < 0.05
