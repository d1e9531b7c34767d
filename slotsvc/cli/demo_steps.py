"""The demo's five steps: search, hold, confirm, reschedule, cancel, each checked."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from slotsvc.cli import demo_town as town
from slotsvc.cli.channel import new_request_id
from slotsvc.cli.demo_setup import TEAM, TENANT
from slotsvc.cli.failure import CommandError
from slotsvc.cli.wire import pb_date, pb_place

if TYPE_CHECKING:
    from slotsvc.cli.demo_calls import DemoCalls
    from slotsvc.pb.v1.plan_service_pb2 import Route
    from slotsvc.pb.v1.slot_service_pb2 import (
        Hold,
        PlannedPlace,
        Slot,
        SuggestSlotsRequest,
        SuggestSlotsResponse,
    )
    from slotsvc.pb.v1.visit_service_pb2 import Visit

REJECTIONS = 40
"""Asked for, to have two different reasons to show."""


@dataclass(frozen=True, slots=True)
class Step:
    """What one step did. ``routes``: pairs (before, after) of the routes it touched.

    ``visit``: the visit's resource name, to mark it. ``seconds``: of the call itself.
    """

    name: str
    sentence: str
    seconds: float
    routes: Sequence[tuple[Route, Route]]
    visit: str
    answer: Any


def newcomer_request(days: Sequence[date], visit: str = "") -> SuggestSlotsRequest:
    """A new client's boiler, or where else its ``visit`` could go."""
    from slotsvc.pb.v1.slot_service_pb2 import SlotRequest, SuggestSlotsRequest

    wanted = SlotRequest(
        activity_type=f"{TENANT}/activityTypes/{town.ACTIVITIES[0].id}",
        first_date=pb_date(days[0]),
        last_date=pb_date(days[-1]),
        visit=visit,
    )
    if not visit:
        wanted.location.CopyFrom(pb_place(town.NEWCOMER.lat, town.NEWCOMER.lon))
    return SuggestSlotsRequest(team=TEAM, request=wanted, max_slots=5, max_rejections=REJECTIONS)


def keep_two_reasons(answer: SuggestSlotsResponse) -> None:
    """Leaves the first two rejections with different reasons, or the first two."""
    first = answer.rejections[:1]
    other = [r for r in answer.rejections if r.reason != first[0].reason] if first else []
    kept = [*first, *(other[:1] or answer.rejections[1:2])]
    del answer.rejections[:]
    answer.rejections.extend(kept)


async def search(
    calls: DemoCalls, days: Sequence[date]
) -> tuple[SuggestSlotsResponse, SuggestSlotsRequest, float]:
    """The new client's slots, and how long the call took, seconds."""
    request = newcomer_request(days)
    begun = time.perf_counter()
    answer = await calls.ask(calls.slots.SuggestSlots, request)
    seconds = time.perf_counter() - begun
    keep_two_reasons(answer)
    return answer, request, seconds


async def hold(calls: DemoCalls, slot: Slot) -> tuple[Hold, Step]:
    """Reserves the slot; its route must have one visit more."""
    from slotsvc.pb.v1.slot_service_pb2 import HoldSlotRequest

    before = await route_of(calls, slot.place)
    begun = time.perf_counter()
    request = HoldSlotRequest(token=slot.token, request_id=new_request_id())
    held = (await calls.ask(calls.slots.HoldSlot, request)).hold
    seconds = time.perf_counter() - begun
    after = await route_of(calls, held.place)
    expect(held.window == slot.window, "the hold's window is not the slot's")
    expect(visits(after) - visits(before) == {held.visit}, "the route does not show the hold")
    return held, Step("hold", "reserved", seconds, [(before, after)], held.visit, held)


async def confirm(calls: DemoCalls, held: Hold) -> tuple[Visit, Step]:
    """Books the hold; nothing moves."""
    from slotsvc.pb.v1.visit_service_pb2 import VISIT_STATE_BOOKED, BookVisitRequest

    before = await route_of(calls, held.place)
    begun = time.perf_counter()
    request = BookVisitRequest(hold=held.name, request_id=new_request_id())
    visit = (await calls.ask(calls.visits.BookVisit, request)).visit
    seconds = time.perf_counter() - begun
    after = await route_of(calls, visit.place)
    expect(visit.state == VISIT_STATE_BOOKED, "the visit is not booked")
    expect(visit.promise.window == held.window, "the promise is not the held window")
    expect(visits(after) == visits(before), "confirming changed the route")
    return visit, Step("confirm", "booked", seconds, [(before, after)], visit.name, visit)


async def reschedule(calls: DemoCalls, days: Sequence[date], visit: Visit) -> tuple[Visit, Step]:
    """Moves the visit to the best slot of another window."""
    from slotsvc.pb.v1.visit_service_pb2 import RescheduleVisitRequest

    answer = await calls.ask(calls.slots.SuggestSlots, newcomer_request(days, visit.name))
    others = [slot for slot in answer.slots if slot.window != visit.promise.window]
    expect(bool(others), "there is no other slot to move to")
    froms = [await route_of(calls, place) for place in (visit.place, others[0].place)]
    begun = time.perf_counter()
    request = RescheduleVisitRequest(
        name=visit.name, token=others[0].token, request_id=new_request_id()
    )
    moved = (await calls.ask(calls.visits.RescheduleVisit, request)).visit
    seconds = time.perf_counter() - begun
    tos = [await route_of(calls, place) for place in (visit.place, moved.place)]
    expect(moved.promise.window == others[0].window, "the promise is not the new window")
    expect(visit.name in visits(tos[1]), "the new route does not show the visit")
    same = froms[0].technician == froms[1].technician and froms[0].date == froms[1].date
    expect(same or visit.name not in visits(tos[0]), "the old route still shows the visit")
    pairs = list(zip(froms, tos, strict=True))
    return moved, Step(
        "reschedule", "moved", seconds, pairs[1:] if same else pairs, visit.name, moved
    )


async def cancel(calls: DemoCalls, visit: Visit) -> Step:
    """Cancels the visit; its place is free."""
    from slotsvc.pb.v1.visit_service_pb2 import VISIT_STATE_CANCELLED, CancelVisitRequest

    before = await route_of(calls, visit.place)
    begun = time.perf_counter()
    request = CancelVisitRequest(
        name=visit.name, request_id=new_request_id(), cause="the demo is over"
    )
    cancelled = (await calls.ask(calls.visits.CancelVisit, request)).visit
    seconds = time.perf_counter() - begun
    after = await route_of(calls, visit.place)
    expect(cancelled.state == VISIT_STATE_CANCELLED, "the visit is not cancelled")
    expect(visits(before) - visits(after) == {visit.name}, "the route still shows the visit")
    return Step("cancel", "cancelled", seconds, [(before, after)], visit.name, cancelled)


async def route_of(calls: DemoCalls, place: PlannedPlace) -> Route:
    """The route of a place as it is planned now."""
    from slotsvc.pb.v1.plan_service_pb2 import GetDayRequest

    request = GetDayRequest(team=TEAM, date=place.date, technician=place.technician)
    routes = (await calls.ask(calls.plan.GetDay, request)).routes
    expect(len(routes) == 1, "GetDay did not answer with one route")
    return routes[0]


def visits(route: Route) -> set[str]:
    """Names of the visits on a route."""
    return {stop.visit for stop in route.stops}


def expect(so: bool, otherwise: str) -> None:
    """Ends the demo with exit code 1 unless ``so``."""
    if not so:
        raise CommandError(f"The demo misbehaved: {otherwise}.", "DEMO_MISBEHAVED")
