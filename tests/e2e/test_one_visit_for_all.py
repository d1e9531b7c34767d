"""A visit of the backlog stands on no route, so no route's lock keeps two callers from it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from datetime import timedelta
from typing import Any

from grpc.aio import AioRpcError

from benchmarks.calls import fresh_id, told
from benchmarks.company import Company
from slotsvc.cli.wire import pb_date, pb_window
from slotsvc.pb.v1 import plan_service_pb2 as plan
from slotsvc.pb.v1 import slot_service_pb2 as slots
from slotsvc.pb.v1 import visit_service_pb2 as visits
from tests.e2e.days import TOMORROW, WEDNESDAY
from tests.e2e.test_backlog import at, created
from tests.service_fixtures import (
    RunningService,
    booked,
    cancelled,
    confirmed,
    held,
    offered,
    refused,
    visit_now,
)

ANN, BOB = "tenants/acme/technicians/ann", "tenants/acme/technicians/bob"


async def best(
    service: RunningService, company: Company, visit: visits.Visit, who: str, **request: Any
) -> slots.Slot:
    """The technician's best offer for the visit."""
    days = [TOMORROW, WEDNESDAY]
    search = company.search(visit=visit.name, on=days, required_technicians=[who], **request)
    return (await offered(service.calls, search))[0]


async def together(*calls: Awaitable[Any]) -> tuple[int, set[str]]:
    """All at once: how many were answered, and the reasons of the others."""
    done = await asyncio.gather(*calls, return_exceptions=True)
    refusals = {told(answer).reason for answer in done if isinstance(answer, AioRpcError)}
    return sum(not isinstance(answer, BaseException) for answer in done), refusals


async def stops_of(service: RunningService, company: Company, visit: str) -> int:
    """On how many routes of the two days it stands."""
    found = 0
    for day in (TOMORROW, WEDNESDAY):
        request = plan.GetDayRequest(team=company.team, date=pb_date(day))
        routes = (await service.calls.plan.GetDay(request)).routes
        found += sum(stop.visit == visit for route in routes for stop in route.stops)
    return found


async def test_two_who_book_it_get_it_once(service: RunningService, company: Company) -> None:
    """With offers of two technicians: one is told that it changed, and it stands on one route."""
    await company.technician("bob")
    for _ in range(4):
        visit = await created(service, company)
        found = [await best(service, company, visit, who) for who in (ANN, BOB)]
        answered, refusals = await together(*(booked(service.calls, slot) for slot in found))
        assert (answered, refusals) == (1, {"WRONG_STATE"})
        assert await stops_of(service, company, visit.name) == 1


async def test_one_who_holds_and_one_who_books(service: RunningService, company: Company) -> None:
    """One of the two."""
    await company.technician("bob")
    for _ in range(4):
        visit = await created(service, company)
        ann, bob = [await best(service, company, visit, who) for who in (ANN, BOB)]
        answered, refusals = await together(held(service.calls, ann), booked(service.calls, bob))
        assert answered == 1
        assert refusals <= {"WRONG_STATE", "HOLD_LIMIT"}
        assert await stops_of(service, company, visit.name) == 1


async def test_two_planners_who_put_it_somewhere(service: RunningService, company: Company) -> None:
    """Both may, one after the other: it is where the second wanted it, and there only."""
    await company.technician("bob")
    for _ in range(4):
        visit = await created(service, company)
        moves = [
            plan.MoveVisitRequest(
                move=plan.HandMove(visit=visit.name, technician=who, date=pb_date(TOMORROW)),
                override_reason="both at once",
                request_id=fresh_id(),
            )
            for who in (ANN, BOB)
        ]
        answered, _ = await together(*map(service.calls.plan.MoveVisit, moves))
        assert answered == 2
        assert await stops_of(service, company, visit.name) == 1
        await cancelled(service.calls, visit.name)


async def test_a_change_meanwhile_is_kept(service: RunningService, company: Company) -> None:
    """Booking does not write back what it read before somebody else wrote a note."""
    for _ in range(6):
        visit = await created(service, company)
        slot = await best(service, company, visit, ANN)
        update = visits.UpdateVisitRequest(
            visit=visits.Visit(name=visit.name, note="ring twice"), request_id=fresh_id()
        )
        await together(booked(service.calls, slot), service.calls.visits.UpdateVisit(update))
        now = await visit_now(service.calls, visit.name)
        assert (now.note, now.state) == ("ring twice", visits.VISIT_STATE_BOOKED)


async def test_what_is_cancelled_stays_cancelled(service: RunningService, company: Company) -> None:
    """Whoever books at the same time comes first, or not at all."""
    for _ in range(6):
        visit = await created(service, company)
        slot = await best(service, company, visit, ANN)
        await together(booked(service.calls, slot), cancelled(service.calls, visit.name))
        now = await visit_now(service.calls, visit.name)
        assert now.state == visits.VISIT_STATE_CANCELLED
        assert await stops_of(service, company, visit.name) == 0


async def test_an_offer_behind_the_new_due_time_is_gone(
    service: RunningService, company: Company
) -> None:
    """Brought forward after the search: what lies behind it cannot be booked any more."""
    visit = await created(
        service,
        company,
        commitment=visits.COMMITMENT_DEADLINE,
        due_time=at(company, WEDNESDAY, 18),
    )
    search = company.search(visit=visit.name, on=WEDNESDAY)
    slot = (await offered(service.calls, search))[0]
    sooner = visits.Visit(name=visit.name)
    sooner.due_time.FromDatetime(company.at(TOMORROW, 12))
    update = visits.UpdateVisitRequest(visit=sooner, request_id=fresh_id())
    await service.calls.visits.UpdateVisit(update)
    assert (await refused(booked(service.calls, slot))).reason == "SLOT_GONE"


async def test_an_offer_outside_a_promise_made_since_is_gone(
    service: RunningService, company: Company
) -> None:
    """What the client is told after the search holds; asked anew, the client may agree all the
    same."""
    visit = await created(service, company)
    before = await best(service, company, visit, ANN)
    anew = await best(service, company, visit, ANN, leave_promise=True)
    evening = pb_window(company.at(WEDNESDAY, 20), company.at(WEDNESDAY, 22))
    request = visits.AnnouncePromiseRequest(
        name=visit.name, windows=[evening], request_id=fresh_id()
    )
    await service.calls.visits.AnnouncePromise(request)
    assert (await refused(held(service.calls, before))).reason == "SLOT_GONE"
    assert (await booked(service.calls, anew)).promise.window == anew.window


async def test_nothing_is_promised_while_a_place_is_held(
    service: RunningService, company: Company
) -> None:
    """Confirming would undo what was told meanwhile: the announcement is refused, and possible
    again when the hold is confirmed."""
    visit = await created(service, company)
    slot = await best(service, company, visit, ANN)
    hold = await held(service.calls, slot)
    start = slot.window.start_time.ToDatetime()
    request = visits.AnnouncePromiseRequest(name=visit.name, request_id=fresh_id())
    request.windows.add().start_time.FromDatetime(start)
    request.windows[0].end_time.FromDatetime(start + timedelta(hours=1))
    announce = service.calls.visits.AnnouncePromise
    assert (await refused(announce(request))).reason == "WRONG_STATE"
    await confirmed(service.calls, hold)
    assert (await announce(request)).visit.promise.window == request.windows[0]


async def test_it_keeps_the_rules_of_its_own_activity(
    service: RunningService, company: Company
) -> None:
    """A search for it cannot borrow another type's cut-off, quota or blackouts."""
    visit = await created(service, company)
    other = await company.activity("other")
    search = company.search(visit=visit.name, activity_type=other)
    assert (await refused(service.calls.slots.SuggestSlots(search))).fields == {
        "request.activity_type"
    }
    search.request.activity_type = visit.activity_type
    assert await offered(service.calls, search)
