"""Answers of the service, built by hand, for the pages that show them."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

from slotsvc.cli.wire import pb_date, pb_place, pb_window
from slotsvc.pb.v1.plan_service_pb2 import ROUTE_STATE_DRAFT, Route
from slotsvc.pb.v1.slot_service_pb2 import (
    CostComponent,
    PlannedPlace,
    Receipt,
    Rejection,
    Slot,
    SlotRequest,
    SuggestSlotsRequest,
    SuggestSlotsResponse,
)
from slotsvc.pb.v1.types_pb2 import (
    PROOF_EXACT,
    REJECTION_REASON_MISSING_TAG,
    REJECTION_REASON_NO_ROOM,
    TRAVEL_PROVENANCE_LIVE,
)

ZONE = ZoneInfo("Europe/Monaco")
TUESDAY = date(2026, 11, 24)


def at(hour: int, minute: int = 0, day: date = TUESDAY) -> datetime:
    """A moment of the Tuesday, on Monaco's wall clock."""
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=ZONE)


def a_slot(
    rank: int = 1, technician: str = "Chiara Rossi", travel_s: int = 240, days_away: int = 0
) -> Slot:
    place = PlannedPlace(
        technician="tenants/riviera/technicians/one",
        technician_display_name=technician,
        date=pb_date(TUESDAY),
        added_travel_seconds=travel_s,
        added_waiting_seconds=-1200,
    )
    place.start_time.FromDatetime(at(8, 40))
    place.end_time.FromDatetime(at(9, 40))
    return Slot(
        token="t" * 300,
        window=pb_window(at(8), at(10)),
        rank=rank,
        cost_millis=240_400,
        components=[CostComponent(name="days_away", quantity=days_away)],
        place=place,
        why="Four minutes of driving between two visits of the same street.",
        travel_provenance=TRAVEL_PROVENANCE_LIVE,
    )


def an_answer(slots: int = 5) -> SuggestSlotsResponse:
    answer = SuggestSlotsResponse(
        slots=[a_slot(rank) for rank in range(1, slots + 1)],
        rejections=[
            Rejection(
                technician_display_name="Paul Fontaine",
                reason=REJECTION_REASON_NO_ROOM,
                cells=12,
                window=pb_window(at(10), at(12)),
                margin=720,
                message="Move the visit of 10:30, or allow 12 minutes of overtime.",
            ),
            Rejection(reason=REJECTION_REASON_MISSING_TAG, subject="boiler", cells=1),
        ],
        receipt=a_receipt(),
    )
    return answer


def a_receipt() -> Receipt:
    receipt = Receipt(
        proof=PROOF_EXACT,
        cells=480,
        cells_evaluated=12,
        cells_pruned=431,
        cells_rejected=37,
        complete=True,
        map_id="3f9c2a",
        travel_provenance=TRAVEL_PROVENANCE_LIVE,
    )
    receipt.elapsed.FromMicroseconds(4100)
    return receipt


def a_request() -> SuggestSlotsRequest:
    return SuggestSlotsRequest(
        team="tenants/riviera/teams/monaco",
        request=SlotRequest(
            location=pb_place(43.7353, 7.41753),
            activity_type="tenants/riviera/activityTypes/boiler-service",
        ),
    )


def a_route(name: str = "Chiara Rossi", *, shift: bool = True, visits: int = 3) -> Route:
    """Visits of an hour each, from 08:30 on, every two hours, 15 minutes of driving before each;
    the second one is only held. A break from 14:00 to 14:45 when there are three."""
    route = Route(
        technician="tenants/riviera/technicians/one",
        technician_display_name=name,
        date=pb_date(TUESDAY),
        state=ROUTE_STATE_DRAFT,
    )
    if shift:
        route.shift.CopyFrom(pb_window(at(8), at(17)))
    for number in range(visits):
        hour = 8 + 2 * number
        stop = route.stops.add(visit=f"tenants/riviera/visits/v{number}", held=number == 1)
        stop.arrival_time.FromDatetime(at(hour, 30))
        stop.start_time.FromDatetime(at(hour, 30))
        stop.end_time.FromDatetime(at(hour + 1, 30))
        stop.promise.CopyFrom(pb_window(at(hour), at(hour + 2)))
        route.transitions.add().travel_duration.FromSeconds(900)
    home = route.transitions.add()
    home.travel_duration.FromSeconds(900)
    if visits == 3:
        home.breaks.append(pb_window(at(14), at(14, 45)))
    route.travel_duration.FromSeconds(900 * (visits + 1) if visits else 0)
    return route
