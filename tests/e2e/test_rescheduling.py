"""Moving a booked visit: the old place stands until the new one is confirmed."""

from __future__ import annotations

import pytest

from benchmarks.calls import fresh_id
from benchmarks.company import DEPOT, DOWNTOWN, Company
from slotsvc.cli.wire import pb_date
from slotsvc.pb.v1 import plan_service_pb2 as plan
from slotsvc.pb.v1 import visit_service_pb2 as visits
from slotsvc.pb.v1.slot_service_pb2 import Hold, Slot
from slotsvc.pb.v1.visit_service_pb2 import Visit
from tests.e2e.days import DAY, TOMORROW, WEDNESDAY
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

THURSDAY = WEDNESDAY + DAY


@pytest.fixture
async def visit(service: RunningService, company: Company) -> Visit:
    """Booked for tomorrow."""
    return await booked(
        service.calls, (await offered(service.calls, company.search(on=TOMORROW)))[0]
    )


async def moved(service: RunningService, visit: Visit, *, to: Slot | Hold) -> Visit:
    """The visit at its new place."""
    request = visits.RescheduleVisitRequest(name=visit.name, request_id=fresh_id())
    if isinstance(to, Slot):
        request.token = to.token
    else:
        request.hold = to.name
    return (await service.calls.visits.RescheduleVisit(request)).visit


async def another_slot(service: RunningService, company: Company, visit: Visit, on: object) -> Slot:
    """A slot for the visit with another window than it has."""
    found = await offered(service.calls, company.search(visit=visit.name, on=on))  # type: ignore[arg-type]
    return next(slot for slot in found if slot.window != visit.promise.window)


async def stops(service: RunningService, company: Company, on: object) -> list[plan.RouteStop]:
    """All stops of the team's day."""
    request = plan.GetDayRequest(team=company.team, date=pb_date(on))  # type: ignore[arg-type]
    routes = (await service.calls.plan.GetDay(request)).routes
    assert not [finding for route in routes for finding in route.findings]
    return [stop for route in routes for stop in route.stops]


@pytest.mark.parametrize("on", [TOMORROW, WEDNESDAY], ids=["same day", "another day"])
async def test_a_visit_is_moved_at_once_by_token(
    service: RunningService, company: Company, visit: Visit, on: object
) -> None:
    """Same name, new promise; its old place is free and it stands once."""
    slot = await another_slot(service, company, visit, on)
    after = await moved(service, visit, to=slot)
    assert after.name == visit.name
    assert after.promise.window == slot.window
    assert after.etag != visit.etag
    assert [stop.visit for stop in await stops(service, company, on)] == [visit.name]
    if on != TOMORROW:
        assert await stops(service, company, TOMORROW) == []
    again = await offered(service.calls, company.search(on=TOMORROW))
    assert visit.promise.window in [slot.window for slot in again]


@pytest.mark.parametrize("on", [TOMORROW, WEDNESDAY], ids=["same day", "another day"])
async def test_the_old_place_stands_until_a_held_move_is_confirmed(
    service: RunningService, company: Company, visit: Visit, on: object
) -> None:
    """While held, the visit still has its old promise and both places are taken; confirmed, only
    the new one is."""
    hold = await held(service.calls, await another_slot(service, company, visit, on))
    assert hold.visit == visit.name
    assert (await visit_now(service.calls, visit.name)).promise.window == visit.promise.window
    both = {(stop.visit, stop.held) for stop in await stops(service, company, on)}
    assert (visit.name, True) in both
    if on == TOMORROW:
        replaced = [s.being_replaced for s in await stops(service, company, on) if not s.held]
        assert replaced == [True]
    after = await moved(service, visit, to=hold)
    assert after.promise.window == hold.window
    assert after.state == visits.VISIT_STATE_BOOKED
    assert [(s.visit, s.held) for s in await stops(service, company, on)] == [(visit.name, False)]
    if on != TOMORROW:
        assert await stops(service, company, TOMORROW) == []


@pytest.mark.parametrize("on", [TOMORROW, WEDNESDAY], ids=["same day", "another day"])
async def test_a_move_that_lapses_leaves_everything_as_it_was(
    service: RunningService, company: Company, visit: Visit, on: object
) -> None:
    """The hold expires: the visit keeps its place, the new one is free again."""
    hold = await held(service.calls, await another_slot(service, company, visit, on))
    service.clock.pass_(DAY / 24)
    late = await refused(moved(service, visit, to=hold))
    assert (late.code, late.reason) == ("FAILED_PRECONDITION", "HOLD_EXPIRED")
    still = await visit_now(service.calls, visit.name)
    assert still.place.route_version == visit.place.route_version + 1  # somebody looked at a move
    still.place.route_version = visit.place.route_version
    assert still == visit
    assert [s.visit for s in await stops(service, company, TOMORROW)] == [visit.name]


async def test_a_move_to_another_technician(service: RunningService, company: Company) -> None:
    """The route of the old one is empty afterwards."""
    visit = await booked(
        service.calls, (await offered(service.calls, company.search(on=TOMORROW)))[0]
    )
    bob = await company.technician("bob")
    search = company.search(visit=visit.name, on=TOMORROW, required_technicians=[bob])
    after = await moved(service, visit, to=(await offered(service.calls, search))[0])
    assert after.place.technician == bob
    assert len(await stops(service, company, TOMORROW)) == 1


async def test_the_visit_s_own_place_counts_as_free(
    service: RunningService, company: Company
) -> None:
    """A visit that fills the whole day can be offered a window of that day again."""
    whole = company.search(on=TOMORROW, service_duration={"seconds": 7 * 3600})
    visit = await booked(service.calls, (await offered(service.calls, whole))[0])
    assert not (await service.calls.slots.SuggestSlots(whole)).slots
    found = await offered(service.calls, company.search(visit=visit.name, on=TOMORROW))
    after = await moved(service, visit, to=found[-1])
    assert after.promise.window == found[-1].window
    assert after.service_duration.seconds == 7 * 3600


async def test_only_one_move_of_a_visit_is_open(
    service: RunningService, company: Company, visit: Visit
) -> None:
    """A second hold, or a move at once, is refused while the first hold lives, wherever it goes;
    when it is over they are fine."""
    first = await held(service.calls, await another_slot(service, company, visit, WEDNESDAY))
    other = await another_slot(service, company, visit, THURSDAY)
    for attempt in (held(service.calls, other), moved(service, visit, to=other)):
        again = await refused(attempt)
        assert (again.code, again.reason) == ("RESOURCE_EXHAUSTED", "HOLD_LIMIT")
    service.clock.pass_(DAY / 24)
    later = await another_slot(service, company, visit, THURSDAY)
    assert (await moved(service, visit, to=later)).place.date.day == THURSDAY.day
    assert (await refused(moved(service, visit, to=first))).reason == "HOLD_EXPIRED"


async def test_cancelling_gives_both_places_back(
    service: RunningService, company: Company, visit: Visit
) -> None:
    """The open move of a cancelled visit is gone too."""
    hold = await held(service.calls, await another_slot(service, company, visit, WEDNESDAY))
    await cancelled(service.calls, visit.name)
    assert await stops(service, company, TOMORROW) == []
    assert await stops(service, company, WEDNESDAY) == []
    assert (await refused(moved(service, visit, to=hold))).reason == "HOLD_EXPIRED"


async def test_an_offer_for_a_visit_that_moved_meanwhile_is_refused(
    service: RunningService, company: Company, visit: Visit
) -> None:
    """The old token speaks of a place the visit no longer has."""
    old = await another_slot(service, company, visit, WEDNESDAY)
    await moved(service, visit, to=await another_slot(service, company, visit, THURSDAY))
    assert (await refused(moved(service, visit, to=old))).reason == "WRONG_STATE"


async def test_tokens_and_holds_serve_one_purpose(
    service: RunningService, company: Company, visit: Visit
) -> None:
    """A move cannot be booked as a visit, nor a new visit's slot used for a move, nor the move of
    another visit."""
    calls = service.calls
    fresh = (await offered(calls, company.search(on=WEDNESDAY)))[0]
    move = await another_slot(service, company, visit, WEDNESDAY)
    assert (await refused(booked(calls, move))).fields == {"token"}
    assert (await refused(moved(service, visit, to=fresh))).fields == {"token"}
    other = await booked(calls, fresh)
    assert (await refused(moved(service, other, to=move))).fields == {"token"}
    hold = await held(calls, await another_slot(service, company, visit, WEDNESDAY))
    assert (await refused(confirmed(calls, hold))).reason == "WRONG_STATE"
    assert (await refused(moved(service, other, to=hold))).reason == "WRONG_STATE"


async def test_only_a_booked_visit_can_be_moved(
    service: RunningService, company: Company, visit: Visit
) -> None:
    """Neither a held one nor a cancelled one."""
    calls = service.calls
    hold = await held(calls, (await offered(calls, company.search(on=WEDNESDAY)))[0])
    await cancelled(calls, visit.name)
    for name in (hold.visit, visit.name):
        told = await refused(calls.slots.SuggestSlots(company.search(visit=name)))
        assert told.reason == "WRONG_STATE"


async def test_a_day_with_an_open_move_takes_no_other_visit(
    service: RunningService, company: Company, visit: Visit
) -> None:
    """It is not offered, and an offer made before is gone; confirmed, the day is open again."""
    before = await another_slot(service, company, visit, TOMORROW)
    stranger = (await offered(service.calls, company.search(DEPOT, on=TOMORROW)))[-1]
    hold = await held(service.calls, before)
    answer = await service.calls.slots.SuggestSlots(company.search(DEPOT, on=TOMORROW))
    assert not answer.slots
    assert (await refused(held(service.calls, stranger))).reason == "SLOT_GONE"
    await moved(service, visit, to=hold)
    assert await offered(service.calls, company.search(DOWNTOWN, on=TOMORROW))


async def test_an_etag_guards_against_a_change_between(
    service: RunningService, company: Company, visit: Visit
) -> None:
    """Cancelled with the etag of before the move: refused; with the present one: done."""
    after = await moved(service, visit, to=await another_slot(service, company, visit, WEDNESDAY))
    request = visits.CancelVisitRequest(name=visit.name, request_id=fresh_id(), etag=visit.etag)
    told = await refused(service.calls.visits.CancelVisit(request))
    assert (told.code, told.reason) == ("ABORTED", "ETAG_MISMATCH")
    request.etag = after.etag
    request.request_id = fresh_id()
    await service.calls.visits.CancelVisit(request)
