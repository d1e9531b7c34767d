"""Planners put visits where they want: nothing is forbidden, everything broken is told."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from google.rpc import status_pb2
from grpc import aio

from benchmarks.calls import DETAILS, fresh_id
from benchmarks.company import Company
from slotsvc.cli.wire import pb_date, pb_window
from slotsvc.pb.v1 import plan_service_pb2 as plan
from slotsvc.pb.v1 import types_pb2 as types
from slotsvc.pb.v1 import visit_service_pb2 as visits
from tests.e2e.days import DAY, TODAY, TOMORROW, WEDNESDAY
from tests.service_fixtures import RunningService, booked, held, offered, refused, visit_now

ANN, BOB = "tenants/acme/technicians/ann", "tenants/acme/technicians/bob"


@pytest.fixture
async def visit(service: RunningService, company: Company) -> visits.Visit:
    """Ann's, tomorrow; Bob is there too."""
    visit = await booked(
        service.calls, (await offered(service.calls, company.search(on=TOMORROW)))[0]
    )
    await company.technician("bob")
    return visit


def hand_move(visit: str, who: str = BOB, on: date = TOMORROW, **of: Any) -> plan.HandMove:
    """To Bob, tomorrow, unless told otherwise."""
    return plan.HandMove(visit=visit, technician=who, date=pb_date(on), **of)


async def checked(
    service: RunningService, company: Company, *moves: plan.HandMove
) -> plan.CheckPlanResponse:
    """What they would break."""
    return await service.calls.plan.CheckPlan(
        plan.CheckPlanRequest(parent=company.tenant, moves=moves)
    )


async def moved(service: RunningService, move: plan.HandMove, **of: Any) -> plan.MoveVisitResponse:
    """Made."""
    of.setdefault("request_id", fresh_id())
    return await service.calls.plan.MoveVisit(plan.MoveVisitRequest(move=move, **of))


async def violations(
    service: RunningService, company: Company, **of: Any
) -> list[plan.RouteViolations]:
    """On record."""
    request = plan.ListViolationsRequest(team=company.team, **of)
    return list((await service.calls.plan.ListViolations(request)).routes)


async def worse_of(service: RunningService, move: plan.HandMove) -> plan.PlanWorseDetail:
    """What the refusal of a move says."""
    try:
        await moved(service, move)
    except aio.AioRpcError as error:
        detail, status = plan.PlanWorseDetail(), status_pb2.Status()
        for key, value in error.trailing_metadata() or ():
            if key == DETAILS and isinstance(value, bytes):
                status.ParseFromString(value)
        assert any(packed.Unpack(detail) for packed in status.details)
        return detail
    raise AssertionError("the move was made")


async def test_a_sound_move_is_made(
    service: RunningService, company: Company, visit: visits.Visit
) -> None:
    """First looked at, then done: the visit is Bob's, its promise stands, Ann's day is empty."""
    check = await checked(service, company, hand_move(visit.name))
    assert check.sound
    assert [route.technician for route in check.routes] == [ANN, BOB]
    assert [len(route.stops) for route in check.routes] == [0, 1]
    ann, bob = check.routes
    assert ann.added_travel_seconds < 0 < bob.added_travel_seconds
    assert (await visit_now(service.calls, visit.name)) == visit

    answer = await moved(service, hand_move(visit.name), etag=visit.etag)
    assert list(answer.routes) == list(check.routes)
    assert answer.visit.place.technician == BOB
    assert answer.visit.promise == visit.promise
    assert answer.visit.place.start_time == bob.stops[0].start_time
    assert await visit_now(service.calls, visit.name) == answer.visit
    assert await violations(service, company) == []


async def test_what_a_move_breaks_is_refused_with_all_of_it(
    service: RunningService, company: Company, visit: visits.Visit
) -> None:
    """Another day than promised: the refusal marks what is worse; nothing changed."""
    move = hand_move(visit.name, on=WEDNESDAY)
    check = await checked(service, company, move)
    assert not check.sound
    told = await refused(moved(service, move))
    assert (told.code, told.reason) == ("FAILED_PRECONDITION", "PLAN_WORSE")
    detail = await worse_of(service, move)
    assert list(detail.routes) == list(check.routes)
    found = [f for route in detail.routes for f in route.findings]
    assert {f.kind for f in found if f.worse} == {"PROMISE"}
    assert {f.visit for f in found} == {visit.name}
    assert await visit_now(service.calls, visit.name) == visit


async def test_with_a_reason_it_is_made_and_on_record(
    service: RunningService, company: Company, visit: visits.Visit
) -> None:
    """The violation is kept with since, origin and reason: in the list and on the day."""
    move = hand_move(visit.name, on=WEDNESDAY)
    answer = await moved(service, move, override_reason="she agreed by phone")
    assert answer.visit.place.date == pb_date(WEDNESDAY)
    (route,) = await violations(service, company)
    assert (route.technician, route.technician_display_name) == (BOB, "Bob")
    assert route.date == pb_date(WEDNESDAY)
    (finding,) = route.findings
    assert (finding.kind, finding.visit, finding.origin) == ("PROMISE", visit.name, "OVERRIDE")
    assert finding.override_reason == "she agreed by phone"
    assert finding.since.seconds == service.clock.now().timestamp()
    request = plan.GetDayRequest(team=company.team, date=pb_date(WEDNESDAY), technician=BOB)
    assert list((await service.calls.plan.GetDay(request)).routes[0].findings) == [finding]
    tomorrow = {"first_date": pb_date(TOMORROW), "last_date": pb_date(TOMORROW)}
    assert await violations(service, company, **tomorrow) == []

    # what is on record already is not worse than before
    again = await checked(service, company, hand_move(visit.name, on=WEDNESDAY, position=0))
    assert again.sound or {f.kind for r in again.routes for f in r.findings} == {"PROMISE"}
    back = await moved(service, hand_move(visit.name, ANN))
    assert back.visit.place.technician == ANN
    assert await violations(service, company) == []


async def test_moves_are_tried_one_after_the_other(
    service: RunningService, company: Company, visit: visits.Visit
) -> None:
    """Two visits change places in the order; a later move sees the earlier one."""
    other = await booked(
        service.calls, (await offered(service.calls, company.search(on=TOMORROW)))[0]
    )
    check = await checked(
        service,
        company,
        hand_move(visit.name, position=0),
        hand_move(other.name, position=0),
    )
    bob = next(route for route in check.routes if route.technician == BOB)
    assert [stop.visit for stop in bob.stops] == [other.name, visit.name]


async def test_work_of_the_backlog_is_put_somewhere(
    service: RunningService, company: Company, visit: visits.Visit
) -> None:
    """A waiting visit gets a place by hand, in the window a planner says; pinned if wanted."""
    request = visits.UnplaceVisitRequest(name=visit.name, request_id=fresh_id())
    await service.calls.visits.UnplaceVisit(request)
    window = pb_window(company.at(TOMORROW, 9), company.at(TOMORROW, 9, 30))
    kept = hand_move(visit.name, start_window=window)
    detail = (await checked(service, company, kept)).routes[0]
    assert detail.stops[0].start_time.seconds == company.at(TOMORROW, 9).timestamp()
    answer = await moved(service, kept, override_reason="as told", pin=types.PIN_TECHNICIAN)
    assert answer.visit.state == visits.VISIT_STATE_BOOKED
    assert answer.visit.pin == types.PIN_TECHNICIAN
    assert answer.visit.place.start_time.seconds == company.at(TOMORROW, 9).timestamp()


async def test_a_day_without_a_shift_is_a_fact_too(
    service: RunningService, company: Company, visit: visits.Visit
) -> None:
    """Refused without a reason, made with one; there are no times then."""
    await company.technician("zoe", days=["monday"])
    move = hand_move(visit.name, f"{company.tenant}/technicians/zoe")
    check = await checked(service, company, move)
    zoe = check.routes[-1]
    assert [f.kind for f in zoe.findings if f.worse] == ["NO_SHIFT"]
    assert not zoe.stops
    answer = await moved(service, move, override_reason="she will come in")
    assert not answer.visit.place.HasField("start_time")
    (route,) = await violations(service, company)
    assert [f.kind for f in route.findings] == ["NO_SHIFT"]
    assert route.findings[0].override_reason == "she will come in"


async def test_violations_that_lapse_are_not_told(
    service: RunningService, company: Company, visit: visits.Visit
) -> None:
    """A held visit on a day that was lost is broken until the hold lapses, without any write."""
    await held(service.calls, (await offered(service.calls, company.search(on=WEDNESDAY)))[0])
    for who in (ANN, BOB):
        await company.absence(who, company.at(WEDNESDAY, 0), company.at(WEDNESDAY + DAY, 0))
    (route,) = await violations(service, company)
    assert [(f.kind, f.origin) for f in route.findings] == [("NO_SHIFT", "ABSENCE")]
    service.clock.pass_(DAY / 48)
    assert await violations(service, company) == []


async def test_a_change_meanwhile_is_noticed(
    service: RunningService, company: Company, visit: visits.Visit
) -> None:
    """With an etag the visit must be as it was read."""
    await moved(service, hand_move(visit.name))
    late = await refused(moved(service, hand_move(visit.name, ANN), etag=visit.etag))
    assert late.reason == "ETAG_MISMATCH"


async def test_a_repeated_move_gets_the_same_answer(
    service: RunningService, company: Company, visit: visits.Visit
) -> None:
    """Even when the visit has gone elsewhere since."""
    first = await moved(service, hand_move(visit.name), request_id="once")
    await moved(service, hand_move(visit.name, ANN))
    assert await moved(service, hand_move(visit.name), request_id="once") == first
    assert (await visit_now(service.calls, visit.name)).place.technician == ANN


FAR = {"start_time": {"seconds": 2_000_000_000}, "end_time": {"seconds": 2_000_003_600}}


@pytest.mark.parametrize(
    ("of", "fields"),
    [
        ({"visit": "v-1"}, {"visit"}),
        ({"technician": "tenants/rival/technicians/bob"}, {"technician"}),
        ({"date": {"year": 2030}}, {"date"}),
        ({"shift_number": -1}, {"shift_number"}),
        ({"shift_number": 24}, {"shift_number"}),
        ({"position": -1}, {"position"}),
        ({"position": 1}, {"position"}),
        ({"start_window": FAR}, {"start_window"}),
    ],
)
async def test_what_is_wrong_is_named(
    service: RunningService,
    company: Company,
    visit: visits.Visit,
    of: dict[str, Any],
    fields: set[str],
) -> None:
    """By the names that each request has for it."""
    move = hand_move(visit.name)
    move.MergeFrom(plan.HandMove(**{k: v for k, v in of.items() if k != "date"}))
    if "date" in of:
        move.date.CopyFrom(plan.HandMove(date=of["date"]).date)
    told = await refused(checked(service, company, move))
    assert told.fields == {f"moves[0].{field}" for field in fields}
    told = await refused(moved(service, move))
    assert told.fields == {f"move.{field}" for field in fields}


async def test_other_limits(service: RunningService, company: Company, visit: visits.Visit) -> None:
    """One to twenty moves; a reason of 500 characters; no more than a year of violations."""
    assert (await refused(checked(service, company))).fields == {"moves"}
    many = [hand_move(visit.name)] * 21
    assert (await refused(checked(service, company, *many))).fields == {"moves"}
    long = await refused(moved(service, hand_move(visit.name), override_reason="x" * 501, pin=9))
    assert long.fields == {"override_reason", "pin"}
    year = {"first_date": pb_date(TODAY), "last_date": pb_date(TODAY + 366 * DAY)}
    assert (await refused(violations(service, company, **year))).fields == {"last_date"}
    open_end = {"last_date": pb_date(TODAY + 366 * DAY)}
    assert (await refused(violations(service, company, **open_end))).fields == {"last_date"}
    nobody = hand_move(visit.name, "tenants/acme/technicians/none")
    assert (await refused(checked(service, company, nobody))).reason == "NOT_FOUND"


async def test_nothing_is_put_before_now(
    service: RunningService, company: Company, visit: visits.Visit
) -> None:
    """At 10:18 a visit told for 8 to 10 can still be moved, to later the same day: the broken word
    is told. A window that is over is refused by name."""
    service.clock.instant = company.at(TOMORROW, 10, 18)
    check = await checked(service, company, hand_move(visit.name))
    assert not check.sound
    stop = next(s for route in check.routes for s in route.stops if s.visit == visit.name)
    assert stop.start_time.seconds > company.at(TOMORROW, 10, 18).timestamp()
    worse = {f.kind for route in check.routes for f in route.findings if f.worse}
    assert worse == {"PROMISE"}
    over = hand_move(
        visit.name, start_window=pb_window(company.at(TOMORROW, 8), company.at(TOMORROW, 10))
    )
    told = await refused(checked(service, company, over))
    assert told.reason == "INVALID_REQUEST"
