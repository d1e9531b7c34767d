"""Somebody falls ill on a booked day: the day is a fact, not an error."""

from __future__ import annotations

import asyncio

import pytest
from grpc.aio import AioRpcError

from benchmarks.calls import fresh_id, told
from benchmarks.company import Company
from slotsvc.cli.wire import pb_date
from slotsvc.pb.v1 import plan_service_pb2 as plan
from slotsvc.pb.v1 import types_pb2 as types
from slotsvc.pb.v1 import visit_service_pb2 as visits
from slotsvc.pb.v1.visit_service_pb2 import Visit
from tests.e2e.days import TOMORROW, WEDNESDAY
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

ANN = "tenants/acme/technicians/ann"


@pytest.fixture
async def visit(service: RunningService, company: Company) -> Visit:
    """Booked for tomorrow morning; then Ann is away from 8:30 to 12:00 that day."""
    visit = await booked(
        service.calls, (await offered(service.calls, company.search(on=TOMORROW)))[0]
    )
    await company.absence(ANN, company.at(TOMORROW, 8, 10), company.at(TOMORROW, 12))
    return visit


async def route(service: RunningService, company: Company) -> plan.Route:
    """Ann's day tomorrow."""
    request = plan.GetDayRequest(team=company.team, date=pb_date(TOMORROW))
    return (await service.calls.plan.GetDay(request)).routes[0]


async def test_it_is_shown_with_what_is_wrong(
    service: RunningService, company: Company, visit: Visit
) -> None:
    """The visit still stands, promised; the day names the broken rule, the visit and the size."""
    day = await route(service, company)
    assert [stop.visit for stop in day.stops] == [visit.name]
    assert day.findings
    assert all(finding.kind and finding.cause for finding in day.findings)
    assert any(finding.size_seconds > 0 for finding in day.findings)
    still = await visit_now(service.calls, visit.name)
    assert still.state == visits.VISIT_STATE_BOOKED
    assert still.promise == visit.promise


async def test_it_takes_new_visits_that_worsen_nothing(
    service: RunningService, company: Company, visit: Visit
) -> None:
    """Its order is kept, every offer of that day can be booked, and nothing is more broken then."""
    before = await route(service, company)
    answer = await service.calls.slots.SuggestSlots(company.search(on=TOMORROW))
    assert answer.slots
    assert answer.receipt.routes_in_order == 1
    await booked(service.calls, answer.slots[0])
    day = await route(service, company)
    assert sizes(day) == sizes(before)
    assert visit.name in {stop.visit for stop in day.stops}


def sizes(day: plan.Route) -> dict[tuple[str, str], int]:
    """How much of what is broken."""
    return {(finding.kind, finding.visit): finding.size_seconds for finding in day.findings}


async def test_one_can_always_cancel(
    service: RunningService, company: Company, visit: Visit
) -> None:
    """And then the day is sound again and open."""
    await cancelled(service.calls, visit.name)
    day = await route(service, company)
    assert not day.findings
    assert await offered(service.calls, company.search(on=TOMORROW))


async def test_one_can_always_move_away(
    service: RunningService, company: Company, visit: Visit
) -> None:
    """To another day."""
    found = await offered(service.calls, company.search(visit=visit.name, on=WEDNESDAY))
    request = visits.RescheduleVisitRequest(
        name=visit.name, token=found[0].token, request_id=fresh_id()
    )
    moved = (await service.calls.visits.RescheduleVisit(request)).visit
    assert moved.place.date == pb_date(WEDNESDAY)
    assert not (await route(service, company)).findings


async def test_an_offer_of_before_is_gone(service: RunningService, company: Company) -> None:
    """Its day is another one now."""
    first, second, *_ = await offered(service.calls, company.search(on=TOMORROW))
    await booked(service.calls, first)
    await company.absence(ANN, company.at(TOMORROW, 8, 10), company.at(TOMORROW, 12))
    assert (await refused(held(service.calls, second))).reason == "SLOT_GONE"


async def test_an_offer_for_an_hour_nobody_works_any_more_is_gone(
    service: RunningService, company: Company
) -> None:
    """The route is as it was, empty; the shift is not: the referee refuses the offered order."""
    found = await offered(service.calls, company.search(on=TOMORROW))
    await company.absence(ANN, company.at(TOMORROW, 9), company.at(TOMORROW, 17))
    for slot in found:
        if slot.window.start_time.seconds >= company.at(TOMORROW, 10).timestamp():
            assert (await refused(held(service.calls, slot))).reason == "SLOT_GONE"
    assert not (await route(service, company)).findings


async def test_an_offer_beside_a_visit_that_was_pinned_meanwhile(
    service: RunningService, company: Company
) -> None:
    """The offered order moved a held visit to a later start; pinned meanwhile, that order is no
    longer possible: what is taken keeps the pinned start, or the slot is gone."""
    calls = service.calls
    hold = await held(calls, (await offered(calls, company.search(on=TOMORROW)))[0])
    half = company.search(on=TOMORROW, service_duration={"seconds": 30 * 60})
    found = await offered(calls, half)
    visit = await confirmed(calls, hold, pin=types.PIN_START)
    taken = await asyncio.gather(*(held(calls, slot) for slot in found), return_exceptions=True)
    refusals = {told(answer).reason for answer in taken if isinstance(answer, AioRpcError)}
    assert refusals <= {"SLOT_GONE"}
    day = await route(service, company)
    assert not day.findings
    assert {stop.visit: stop.start_time for stop in day.stops}[visit.name] == visit.place.start_time


async def test_a_hold_is_a_promise_on_a_broken_day_too(
    service: RunningService, company: Company
) -> None:
    """It is shown as held, and confirming it works, even with a pin: work goes on into the absence,
    but the client is served in time."""
    hold = await held(service.calls, (await offered(service.calls, company.search(on=TOMORROW)))[0])
    await company.absence(ANN, company.at(TOMORROW, 8, 10), company.at(TOMORROW, 12))
    shown = await visit_now(service.calls, hold.visit)
    assert shown.state == visits.VISIT_STATE_HELD
    assert shown.hold == hold.name
    visit = await confirmed(service.calls, hold, pin=types.PIN_START)
    assert {f.kind for f in (await route(service, company)).findings} == {"BREAK"}
    assert visit.state == visits.VISIT_STATE_BOOKED
    assert visit.promise.window == hold.window


async def test_a_day_off_over_a_booking_is_told(service: RunningService, company: Company) -> None:
    """Away the whole day: the finding says there is no shift; cancelling works."""
    visit = await booked(
        service.calls, (await offered(service.calls, company.search(on=TOMORROW)))[0]
    )
    await company.absence(ANN, company.at(TOMORROW, 0), company.at(WEDNESDAY, 0))
    day = await route(service, company)
    assert [finding.kind for finding in day.findings] == ["NO_SHIFT"]
    assert [stop.visit for stop in day.stops] == [visit.name]
    assert not day.HasField("shift")
    assert (await cancelled(service.calls, visit.name)).state == visits.VISIT_STATE_CANCELLED
