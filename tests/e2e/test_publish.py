"""Routes told to technicians: from then on automation only inserts."""

from __future__ import annotations

from datetime import date
from typing import Any

from benchmarks.calls import fresh_id
from benchmarks.company import Company
from slotsvc.cli.wire import pb_date
from slotsvc.pb.v1 import execution_service_pb2 as execution
from slotsvc.pb.v1 import plan_service_pb2 as plan
from tests.e2e.days import DAY, TODAY, TOMORROW, WEDNESDAY
from tests.service_fixtures import RunningService, booked, offered, refused

ANN = "tenants/acme/technicians/ann"


async def published(
    service: RunningService, company: Company, first: date, **of: Any
) -> plan.PublishRoutesResponse:
    """The team's routes, published."""
    of.setdefault("request_id", fresh_id())
    return await service.calls.plan.PublishRoutes(
        plan.PublishRoutesRequest(team=company.team, first_date=pb_date(first), **of)
    )


async def state(service: RunningService, company: Company, on: date) -> plan.RouteState.ValueType:
    """Of the first technician's route."""
    request = plan.GetDayRequest(team=company.team, date=pb_date(on))
    return (await service.calls.plan.GetDay(request)).routes[0].state


async def test_published_and_taken_back(service: RunningService, company: Company) -> None:
    """Every shift of the dates, with visits or without; once only; and back to draft."""
    await booked(service.calls, (await offered(service.calls, company.search(on=TOMORROW)))[0])
    assert (await published(service, company, TODAY, last_date=pb_date(WEDNESDAY))).routes == 3
    assert await state(service, company, TOMORROW) == plan.ROUTE_STATE_PUBLISHED
    assert await state(service, company, WEDNESDAY) == plan.ROUTE_STATE_PUBLISHED
    assert await state(service, company, WEDNESDAY + DAY) == plan.ROUTE_STATE_DRAFT
    assert (await published(service, company, TOMORROW)).routes == 0
    assert (await published(service, company, TOMORROW, withdraw=True)).routes == 1
    assert await state(service, company, TOMORROW) == plan.ROUTE_STATE_DRAFT


async def test_only_one_technicians(service: RunningService, company: Company) -> None:
    """The others' routes stay drafts; somebody of another team is not found."""
    await company.technician("bob")
    assert (await published(service, company, TODAY, technician=ANN)).routes == 1
    request = plan.GetDayRequest(team=company.team, date=pb_date(TODAY))
    day = (await service.calls.plan.GetDay(request)).routes
    assert [route.state for route in day] == [plan.ROUTE_STATE_PUBLISHED, plan.ROUTE_STATE_DRAFT]
    nobody = published(service, company, TODAY, technician="tenants/acme/technicians/zoe")
    assert (await refused(nobody)).reason == "NOT_FOUND"


async def test_the_order_told_is_kept(service: RunningService, company: Company) -> None:
    """A search keeps the order of a published route and says how many it kept, unless a planner
    wants otherwise."""
    for _ in range(2):
        await booked(service.calls, (await offered(service.calls, company.search(on=TOMORROW)))[0])
    search = company.search(on=[TOMORROW, WEDNESDAY])
    answer = await service.calls.slots.SuggestSlots(search)
    assert answer.receipt.routes_in_order == 0
    await published(service, company, TOMORROW)
    answer = await service.calls.slots.SuggestSlots(search)
    assert answer.receipt.routes_in_order == 1
    assert not any(s.place.resequences for s in answer.slots if s.place.date.day == TOMORROW.day)
    search.resequence_published = True
    answer = await service.calls.slots.SuggestSlots(search)
    assert answer.receipt.routes_in_order == 0


async def test_a_running_route_stays_so(service: RunningService, company: Company) -> None:
    """Neither published anew nor taken back."""
    visit = await booked(service.calls, (await offered(service.calls, company.search(on=TODAY)))[0])
    await service.calls.execution.DepartForVisit(
        execution.DepartForVisitRequest(name=visit.name, request_id=fresh_id())
    )
    assert (await published(service, company, TODAY)).routes == 0
    assert (await published(service, company, TODAY, withdraw=True)).routes == 0
    assert await state(service, company, TODAY) == plan.ROUTE_STATE_RUNNING


async def test_dates_are_checked(service: RunningService, company: Company) -> None:
    """Not the past, in order, a month at most; a first one is needed."""
    assert (await refused(published(service, company, TODAY - DAY))).fields == {"first_date"}
    turned = published(service, company, TOMORROW, last_date=pb_date(TODAY))
    assert (await refused(turned)).fields == {"last_date"}
    long = published(service, company, TODAY, last_date=pb_date(TODAY + 31 * DAY))
    assert (await refused(long)).fields == {"last_date"}
    assert (
        await published(service, company, TODAY, last_date=pb_date(TODAY + 30 * DAY))
    ).routes == 31
    none = plan.PublishRoutesRequest(team=company.team)
    told = await refused(service.calls.plan.PublishRoutes(none))
    assert told.fields == {"first_date", "request_id"}


async def test_a_repeated_call_gets_the_same_answer(
    service: RunningService, company: Company
) -> None:
    """Days later too, when the dates are past."""
    first = await published(service, company, TODAY, request_id="once")
    service.clock.pass_(2 * DAY)
    assert await published(service, company, TODAY, request_id="once") == first
