"""What the road reports: facts that replace planned times, whatever the plan says."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from benchmarks.calls import fresh_id
from benchmarks.company import Company
from slotsvc.cli.wire import pb_date
from slotsvc.pb.v1 import execution_service_pb2 as execution
from slotsvc.pb.v1 import plan_service_pb2 as plan
from slotsvc.pb.v1 import slot_service_pb2 as slots
from slotsvc.pb.v1 import visit_service_pb2 as visits
from tests.e2e.days import TODAY
from tests.service_fixtures import (
    RunningService,
    booked,
    cancelled,
    held,
    offered,
    refused,
    visit_now,
)


class Road:
    """Reports of one technician."""

    def __init__(self, service: RunningService) -> None:
        self._calls = service.calls.execution

    async def depart(self, visit: str, **of: Any) -> visits.Visit:
        request = execution.DepartForVisitRequest(name=visit, **_with_id(of))
        return (await self._calls.DepartForVisit(request)).visit

    async def start(self, visit: str, **of: Any) -> visits.Visit:
        request = execution.StartVisitRequest(name=visit, **_with_id(of))
        return (await self._calls.StartVisit(request)).visit

    async def step(self, visit: str, step: str, **of: Any) -> visits.Visit:
        request = execution.ReportStepRequest(name=visit, step=step, **_with_id(of))
        return (await self._calls.ReportStep(request)).visit

    async def finish(self, visit: str, outcome: Any, **of: Any) -> visits.Visit:
        request = execution.FinishVisitRequest(name=visit, outcome=outcome, **_with_id(of))
        return (await self._calls.FinishVisit(request)).visit


def _with_id(of: dict[str, Any]) -> dict[str, Any]:
    return {"request_id": fresh_id(), **of}


@pytest.fixture
def road(service: RunningService) -> Road:
    return Road(service)


async def at(service: RunningService, company: Company, hour: int) -> visits.Visit:
    """A visit of today, promised from ``hour`` on."""
    start = int(company.at(TODAY, hour).timestamp())
    found = await offered(service.calls, company.search(on=TODAY, max_slots_per_day=4))
    return await booked(
        service.calls, next(s for s in found if s.window.start_time.seconds == start)
    )


async def route(service: RunningService, company: Company) -> plan.Route:
    """Ann's day today."""
    request = plan.GetDayRequest(team=company.team, date=pb_date(TODAY))
    return (await service.calls.plan.GetDay(request)).routes[0]


def clock(service: RunningService, company: Company, hour: int, minute: int = 0) -> datetime:
    """The clock is set to a time of today."""
    service.clock.instant = company.at(TODAY, hour, minute)
    return service.clock.instant


async def test_from_setting_out_to_done(
    service: RunningService, company: Company, road: Road
) -> None:
    """Each report shows in the visit with its time; the route is running and the last stop done."""
    visit = await at(service, company, 10)
    left = clock(service, company, 9, 50)
    told = await road.depart(visit.name)
    assert told.state == visits.VISIT_STATE_EN_ROUTE
    assert told.depart_time.seconds == left.timestamp()
    began = clock(service, company, 10, 5)
    told = await road.start(visit.name)
    assert told.state == visits.VISIT_STATE_STARTED
    assert told.actual_start_time.seconds == began.timestamp()
    assert told.place.start_time.seconds == began.timestamp()
    clock(service, company, 10, 20)
    await road.step(visit.name, "leak-found")
    ended = clock(service, company, 10, 40)
    told = await road.finish(visit.name, visits.OUTCOME_INCOMPLETE)
    assert told.state == visits.VISIT_STATE_DONE
    assert told.outcome == visits.OUTCOME_INCOMPLETE
    assert told.actual_end_time.seconds == ended.timestamp()
    assert [step.step for step in told.steps] == ["leak-found"]
    assert told == await visit_now(service.calls, visit.name)
    day = await route(service, company)
    assert day.state == plan.ROUTE_STATE_RUNNING
    assert day.stops[0].state == visits.VISIT_STATE_DONE
    assert day.stops[0].end_time.seconds == ended.timestamp()
    listed = visits.ListVisitsRequest(parent=company.tenant, state=visits.VISIT_STATE_DONE)
    found = await service.calls.visits.ListVisits(listed)
    assert [one.name for one in found.visits] == [visit.name]
    usual = await service.calls.visits.ListVisits(visits.ListVisitsRequest(parent=company.tenant))
    assert not usual.visits


async def test_later_times_follow_and_danger_is_told(
    service: RunningService, company: Company, road: Road
) -> None:
    """Hours late: what comes next is planned after it, and its promise is at risk."""
    first, second = [await at(service, company, hour) for hour in (10, 13)]
    clock(service, company, 11, 30)
    await road.start(first.name)
    before = await route(service, company)
    assert [stop.at_risk for stop in before.stops] == [False, False]
    clock(service, company, 15, 30)
    after = await route(service, company)
    assert [stop.visit for stop in after.stops] == [first.name, second.name]
    assert after.stops[1].start_time.seconds > company.at(TODAY, 15, 30).timestamp()
    assert after.stops[1].at_risk
    assert {f.visit for f in after.findings} == {second.name}


async def test_who_is_visited_next_moves_up(
    service: RunningService, company: Company, road: Road
) -> None:
    """Setting out for a later visit makes it the next stop; setting out for another one after all
    takes that back."""
    first, second = [await at(service, company, hour) for hour in (10, 13)]
    clock(service, company, 9, 10)
    await road.depart(second.name)
    day = await route(service, company)
    assert [stop.visit for stop in day.stops] == [second.name, first.name]
    assert day.stops[0].state == visits.VISIT_STATE_EN_ROUTE
    await road.depart(first.name)
    states = {s.visit: s.state for s in (await route(service, company)).stops}
    assert states == {
        first.name: visits.VISIT_STATE_EN_ROUTE,
        second.name: visits.VISIT_STATE_BOOKED,
    }


async def test_a_begun_visit_can_be_cancelled_but_not_moved(
    service: RunningService, company: Company, road: Road
) -> None:
    """The technician turns back: cancelling always works until it is done; moving does not."""
    visit = await at(service, company, 10)
    clock(service, company, 9, 50)
    await road.start(visit.name)
    asked = slots.SuggestSlotsRequest(
        team=company.team, request=slots.SlotRequest(visit=visit.name)
    )
    assert (await refused(service.calls.slots.SuggestSlots(asked))).reason == "WRONG_STATE"
    unplace = visits.UnplaceVisitRequest(name=visit.name, request_id=fresh_id())
    assert (await refused(service.calls.visits.UnplaceVisit(unplace))).reason == "WRONG_STATE"
    assert (await cancelled(service.calls, visit.name)).state == visits.VISIT_STATE_CANCELLED


async def test_times_must_be_possible(
    service: RunningService, company: Company, road: Road
) -> None:
    """Not in the future, not before what was reported; whole seconds."""
    visit = await at(service, company, 10)
    now = clock(service, company, 10, 30)

    def told(minutes: int) -> dict[str, int]:
        return {"seconds": int((now + timedelta(minutes=minutes)).timestamp())}

    assert (await refused(road.start(visit.name, time=told(1)))).fields == {"time"}
    await road.start(visit.name, time=told(-10))
    early = await refused(road.finish(visit.name, visits.OUTCOME_DONE, time=told(-11)))
    assert early.fields == {"time"}
    odd = await refused(road.finish(visit.name, visits.OUTCOME_DONE, time={"nanos": 5}))
    assert odd.fields == {"time"}
    await road.finish(visit.name, visits.OUTCOME_DONE, time=told(-2))
    assert (await refused(road.start(visit.name))).reason == "WRONG_STATE"


async def test_what_is_wrong_is_named(
    service: RunningService, company: Company, road: Road
) -> None:
    """An outcome is needed, a step is a word, a name is a visit's; only a place can be reported."""
    visit = await at(service, company, 10)
    assert (await refused(road.finish(visit.name, 0))).fields == {"outcome"}
    assert (await refused(road.finish(visit.name, 77, request_id=""))).fields == {
        "outcome",
        "request_id",
    }
    assert (await refused(road.step(visit.name, "Not A Word"))).fields == {"step"}
    assert (await refused(road.start("tenants/acme/teams/crew"))).fields == {"name"}
    assert (await refused(road.start("tenants/acme/visits/none"))).reason == "NOT_FOUND"
    hold = await held(service.calls, (await offered(service.calls, company.search()))[0])
    assert (await refused(road.start(hold.visit))).reason == "WRONG_STATE"
    await cancelled(service.calls, visit.name)
    assert (await refused(road.start(visit.name))).reason == "WRONG_STATE"


async def test_a_repeated_report_is_one(
    service: RunningService, company: Company, road: Road
) -> None:
    """The same id gives the same answer, however late."""
    visit = await at(service, company, 10)
    clock(service, company, 10)
    first = await road.step(visit.name, "gate", request_id="once")
    clock(service, company, 11)
    assert await road.step(visit.name, "gate", request_id="once") == first
    assert len((await visit_now(service.calls, visit.name)).steps) == 1


async def test_who_left_stays_on_the_way_when_the_visit_before_is_finished_late(
    service: RunningService, company: Company, road: Road
) -> None:
    """That a visit is over is often told on the way to the next one: that departure stands."""
    first, second = await at(service, company, 10), await at(service, company, 13)
    clock(service, company, 10, 5)
    await road.start(first.name)
    left = clock(service, company, 11, 5)
    await road.depart(second.name)
    clock(service, company, 11, 10)
    await road.finish(first.name, visits.OUTCOME_DONE)
    now = await visit_now(service.calls, second.name)
    assert now.state == visits.VISIT_STATE_EN_ROUTE
    assert now.depart_time.ToDatetime(left.tzinfo) == left
    day = await route(service, company)
    assert [stop.visit for stop in day.stops] == [first.name, second.name]
