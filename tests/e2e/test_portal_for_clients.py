"""What a portal does for clients with its key, where nobody else needs one."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from benchmarks.calls import Calls, bearer, calling, fresh_id
from benchmarks.company import DEPOT, DOWNTOWN, Company
from slotsvc.cli.wire import pb_date, pb_place
from slotsvc.pb.v1 import access_service_pb2 as access
from slotsvc.pb.v1 import calendar_service_pb2 as cal
from slotsvc.pb.v1 import execution_service_pb2 as execution
from slotsvc.pb.v1 import map_service_pb2 as maps
from slotsvc.pb.v1 import options_pb2 as options
from slotsvc.pb.v1 import plan_service_pb2 as plan
from slotsvc.pb.v1 import slot_service_pb2 as slots
from slotsvc.pb.v1 import types_pb2 as types
from slotsvc.pb.v1 import visit_service_pb2 as visits
from slotsvc.pb.v1.access_service_pb2_grpc import AccessServiceStub
from tests.e2e.days import DAY, TODAY, TOMORROW, WEDNESDAY
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

A, B = "client-a", "client b/é"


@dataclass
class Portal:
    """``a``, ``b``: calls of the portal for two clients; ``planner``: with a planner's key."""

    service: RunningService
    company: Company
    a: Calls
    b: Calls
    planner: Calls

    async def waiting(self, client: str) -> visits.Visit:
        """An intervention of the client that waits for its appointment."""
        work = visits.Visit(
            site=f"{self.company.tenant}/sites/casino",
            activity_type=f"{self.company.tenant}/activityTypes/service",
            team=self.company.team,
            client=client,
        )
        request = visits.CreateVisitRequest(
            parent=self.company.tenant, visit=work, request_id=fresh_id()
        )
        return (await self.planner.visits.CreateVisit(request)).visit

    def search(self, client: str, visit: visits.Visit | None = None, **of: Any) -> Any:
        """For a stored visit, or for a new one at the client's site."""
        what = {"visit": visit.name} if visit else {"site": f"{self.company.tenant}/sites/{client}"}
        of.setdefault("max_slots_per_day", 6)
        return self.company.search(client=client, max_slots=20, **what, **of)

    async def listed(self, state: Any = 0) -> list[tuple[str, Any]]:
        """Name and state of client A's visits in a state, page by page."""
        asked = visits.ListVisitsRequest(
            parent=self.company.tenant, client=A, state=state, page_size=1
        )
        found: list[tuple[str, Any]] = []
        while True:
            page = await self.a.visits.ListVisits(asked)
            found += [(visit.name, visit.state) for visit in page.visits]
            if not page.next_page_token:
                return found
            asked.page_token = page.next_page_token


@pytest.fixture
async def portal(service: RunningService, company: Company) -> AsyncIterator[Portal]:
    for client in (A, "b"):
        site = cal.Site(display_name="Home", location=pb_place(*DOWNTOWN), client=client)
        await service.calls.calendar.CreateSite(
            cal.CreateSiteRequest(
                parent=company.tenant, site_id=client, site=site, request_id=fresh_id()
            )
        )
    gateway = bearer(await key(service, company, "PORTAL"))
    async with AsyncExitStack() as stack:

        async def saying(*metadata: tuple[str, str]) -> Calls:
            return await stack.enter_async_context(calling(service.address, metadata))

        yield Portal(
            service,
            company,
            await saying(*gateway, ("slotsvc-on-behalf-of", "clients/client-a")),
            await saying(*gateway, ("slotsvc-on-behalf-of", "clients/client%20b%2F%C3%A9")),
            await saying(*bearer(await key(service, company, "PLANNER"))),
        )


async def key(service: RunningService, company: Company, role: str) -> str:
    """A key, made by somebody who needs none."""
    wanted = access.ApiKey(display_name=role, role=options.Role.Value(f"ROLE_{role}"))
    request = access.CreateApiKeyRequest(
        parent=company.tenant, api_key=wanted, request_id=fresh_id()
    )
    return (await AccessServiceStub(service.calls.channel).CreateApiKey(request)).secret  # type: ignore[no-any-return]


async def released(calls: Calls, hold: slots.Hold) -> None:
    """The hold, given back."""
    await calls.slots.ReleaseHold(slots.ReleaseHoldRequest(hold=hold.name, request_id=fresh_id()))


async def moved(calls: Calls, visit: visits.Visit, hold: slots.Hold) -> visits.Visit:
    """The visit at the held place."""
    request = visits.RescheduleVisitRequest(name=visit.name, hold=hold.name, request_id=fresh_id())
    return (await calls.visits.RescheduleVisit(request)).visit


async def test_a_client_books_moves_and_cancels_what_waited_for_him(portal: Portal) -> None:
    """From the backlog to an appointment, to another one, to none: each step is seen in the lists,
    and the old place stands until the new one is confirmed."""
    visit = await portal.waiting(A)
    found = await offered(portal.a, portal.search(A, visit, on=[TOMORROW, WEDNESDAY]))

    hold = await held(portal.a, found[0])
    seen = await visit_now(portal.a, visit.name)
    assert (seen.state, seen.hold) == (visits.VISIT_STATE_HELD, hold.name)
    assert (seen.expire_time, seen.promise.window) == (hold.expire_time, found[0].window)
    assert await portal.listed() == [(visit.name, visits.VISIT_STATE_HELD)]
    before = await confirmed(portal.a, hold)
    assert before.team == portal.company.team
    assert before.promise.channel == ""  # what it was told by is the planner's to know
    told = await visit_now(portal.planner, visit.name)
    assert (told.promise.window, told.promise.channel) == (found[0].window, "portal")

    other = await offered(portal.a, portal.search(A, visit, on=[TOMORROW, WEDNESDAY]))
    move = await held(portal.a, next(s for s in other if s.window != found[0].window))
    seen = await visit_now(portal.a, visit.name)
    assert (seen.state, seen.promise) == (visits.VISIT_STATE_BOOKED, before.promise)
    assert (seen.hold, seen.expire_time) == (move.name, move.expire_time)
    (in_list,) = (
        await portal.a.visits.ListVisits(
            visits.ListVisitsRequest(parent=portal.company.tenant, client=A)
        )
    ).visits
    assert in_list == seen
    wrong = await refused(confirmed(portal.a, move))
    assert (wrong.code, wrong.reason) == ("FAILED_PRECONDITION", "WRONG_STATE")
    after = await moved(portal.a, visit, move)
    assert (after.promise.window, after.hold) == (move.window, "")
    assert [p.HasField("supersede_time") for p in after.promises] == [True, False]

    gone = await cancelled(portal.a, visit.name)
    assert not gone.HasField("promise")
    assert await portal.listed() == []
    assert await portal.listed(visits.VISIT_STATE_CANCELLED) == [
        (visit.name, visits.VISIT_STATE_CANCELLED)
    ]


async def test_another_slot_is_had_as_soon_as_the_first_is_given_back(portal: Portal) -> None:
    """A second hold of the same visit is refused while one lives, be it new or a move; released,
    the same slot or another can be held at once, with tokens of the same search."""
    visit = await portal.waiting(A)
    first, second, *_ = await offered(portal.a, portal.search(A, visit, on=TOMORROW))
    for _ in ("to book", "to move"):
        hold = await held(portal.a, first)
        again = await refused(held(portal.a, second))
        assert (again.code, again.reason) == ("RESOURCE_EXHAUSTED", "HOLD_LIMIT")
        await released(portal.a, hold)
        await released(portal.a, hold)
        hold = await held(portal.a, second)
        await released(portal.a, hold)
        lapsed = await refused(confirmed(portal.a, hold))
        assert (lapsed.code, lapsed.reason) == ("FAILED_PRECONDITION", "HOLD_EXPIRED")
        if not (await visit_now(portal.a, visit.name)).promises:
            await confirmed(portal.a, await held(portal.a, first))
        first, second, *_ = await offered(portal.a, portal.search(A, visit, on=WEDNESDAY))


async def test_a_double_click_is_one_hold_and_one_booking(portal: Portal) -> None:
    """The same request_id gives the same answer; it is good for one slot only."""
    visit = await portal.waiting(A)
    first, second, *_ = await offered(portal.a, portal.search(A, visit, on=TOMORROW))
    once, twice = fresh_id(), fresh_id()

    hold = await held(portal.a, first, request_id=once)
    assert await held(portal.a, first, request_id=once) == hold
    other = await refused(held(portal.a, second, request_id=once))
    assert (other.code, other.reason) == ("FAILED_PRECONDITION", "IDEMPOTENCY_KEY_REUSED")
    assert await confirmed(portal.a, hold, request_id=twice) == await confirmed(
        portal.a, hold, request_id=twice
    )
    late = await refused(confirmed(portal.a, hold))
    assert (late.code, late.reason) == ("FAILED_PRECONDITION", "WRONG_STATE")
    kept = await refused(released(portal.a, hold))
    assert (kept.code, kept.reason) == ("FAILED_PRECONDITION", "WRONG_STATE")


async def test_a_hold_that_lapses_gives_the_visit_back(portal: Portal) -> None:
    """It cannot be confirmed, prolonged or moved to; a new intervention is no visit any more."""
    visit = await portal.waiting(A)
    hold = await held(portal.a, (await offered(portal.a, portal.search(A, visit, on=TOMORROW)))[0])
    portal.service.clock.pass_(timedelta(minutes=5))

    extend = slots.ExtendHoldRequest(hold=hold.name, request_id=fresh_id())
    for attempt in (confirmed(portal.a, hold), portal.a.slots.ExtendHold(extend)):
        late = await refused(attempt)
        assert (late.code, late.reason) == ("FAILED_PRECONDITION", "HOLD_EXPIRED")
    assert (await visit_now(portal.a, visit.name)).state == visits.VISIT_STATE_UNPLACED

    new = await held(portal.a, (await offered(portal.a, portal.search(A, on=WEDNESDAY)))[0])
    assert await portal.listed() == [(new.visit, visits.VISIT_STATE_HELD)]
    portal.service.clock.pass_(timedelta(minutes=5))
    assert await portal.listed(visits.VISIT_STATE_CANCELLED) == []
    assert await portal.listed(visits.VISIT_STATE_RELEASED) == [
        (new.visit, visits.VISIT_STATE_RELEASED)
    ]
    assert (await refused(cancelled(portal.a, new.visit))).reason == "WRONG_STATE"


async def test_a_stolen_slot_has_equivalents_that_can_be_held_at_once(portal: Portal) -> None:
    """For the very client, and for nobody else; they are windows and nothing more."""
    visit = await portal.waiting(A)
    wanted = (await offered(portal.a, portal.search(A, visit, on=TOMORROW)))[0]
    rivals = portal.company.search(on=TOMORROW, allowed_windows=[wanted.window], max_slots=5)
    for _ in range(9):
        free = (await portal.planner.slots.SuggestSlots(rivals)).slots
        if not free:
            break
        await booked(portal.planner, free[0])

    gone = await refused(held(portal.a, wanted))

    assert (gone.code, gone.reason) == ("ABORTED", "SLOT_GONE")
    assert len(gone.alternatives) == 3
    assert not any(s.HasField("place") or s.components for s in gone.alternatives)
    stolen = await refused(held(portal.b, gone.alternatives[0]))
    assert (stolen.code, stolen.reason) == ("INVALID_ARGUMENT", "SLOT_TOKEN_INVALID")
    hold = await held(portal.a, gone.alternatives[0])
    assert hold.window == gone.alternatives[0].window


async def test_nothing_of_another_client_is_there(portal: Portal) -> None:
    """His visit, hold, list and site look as if they did not exist, without keys for others too."""
    visit = await portal.waiting(A)
    hold = await held(portal.a, (await offered(portal.a, portal.search(A, visit, on=TOMORROW)))[0])
    theirs = visits.ListVisitsRequest(parent=portal.company.tenant, client=A)
    for attempt in (
        visit_now(portal.b, visit.name),
        released(portal.b, hold),
        confirmed(portal.b, hold),
        cancelled(portal.b, visit.name),
        portal.b.visits.ListVisits(theirs),
        portal.b.slots.SuggestSlots(portal.search(B, visit)),
    ):
        assert (await refused(attempt)).code == "NOT_FOUND"


async def test_a_client_holds_two_slots_at_most(portal: Portal) -> None:
    """Of whatever activities; with one given back there is room again (OWASP OAT-021)."""
    for id in ("cleaning", "repair"):
        await portal.company.activity(id)
    found = []
    for id in ("service", "cleaning", "repair"):
        kind = f"{portal.company.tenant}/activityTypes/{id}"
        search = portal.search(A, on=[TOMORROW, WEDNESDAY], activity_type=kind)
        found.append((await offered(portal.a, search))[0])
    first = await held(portal.a, found[0])
    await held(portal.a, found[1])

    third = await refused(held(portal.a, found[2]))

    assert (third.code, third.reason) == ("RESOURCE_EXHAUSTED", "HOLD_LIMIT")
    await released(portal.a, first)
    await held(portal.a, found[2])


async def test_what_was_cancelled_before_it_had_a_place_is_in_the_history(portal: Portal) -> None:
    """Page by page, before what was cancelled on a day."""
    placed = await booked(portal.a, (await offered(portal.a, portal.search(A, on=TOMORROW)))[0])
    waited = [await portal.waiting(A) for _ in range(2)]
    for visit in (placed, *waited):
        await cancelled(portal.a, visit.name)

    found = await portal.listed(visits.VISIT_STATE_CANCELLED)

    names = [name for name, _ in found]
    assert names == [*sorted(v.name for v in waited), placed.name]
    assert {state for _, state in found} == {visits.VISIT_STATE_CANCELLED}


async def test_a_client_follows_the_technician_on_the_way(portal: Portal) -> None:
    """Once on the way there is an arrival estimate, the one of the day's plan, and it moves with
    the clock; the client is told it by five minutes, and the steps that were reached."""
    search = portal.search(A, on=TODAY)
    visit = await booked(portal.a, (await offered(portal.a, search))[-1])
    assert not visit.HasField("estimated_arrival_time")
    road = portal.planner.execution
    await road.DepartForVisit(
        execution.DepartForVisitRequest(name=visit.name, request_id=fresh_id())
    )
    for late in (timedelta(0), timedelta(minutes=47, seconds=13)):
        portal.service.clock.pass_(late)
        planned = await visit_now(portal.planner, visit.name)
        day = plan.GetDayRequest(team=portal.company.team, date=pb_date(TODAY))
        (stop,) = (await portal.planner.plan.GetDay(day)).routes[0].stops
        assert planned.estimated_arrival_time == stop.arrival_time
        told = await visit_now(portal.a, visit.name)
        ahead = told.estimated_arrival_time.seconds - planned.estimated_arrival_time.seconds
        assert told.estimated_arrival_time.seconds % 300 == 0
        assert 0 <= ahead < 300
        listed = visits.ListVisitsRequest(parent=portal.company.tenant, client=A)
        assert list((await portal.a.visits.ListVisits(listed)).visits) == [told]
    await road.StartVisit(execution.StartVisitRequest(name=visit.name, request_id=fresh_id()))
    step = execution.ReportStepRequest(name=visit.name, step="half-way", request_id=fresh_id())
    await road.ReportStep(step)
    told = await visit_now(portal.a, visit.name)
    assert not told.HasField("estimated_arrival_time")
    assert [step.step for step in told.steps] == ["half-way"]
    finish = execution.FinishVisitRequest(
        name=visit.name, outcome=visits.OUTCOME_DONE, request_id=fresh_id()
    )
    await road.FinishVisit(finish)
    assert await portal.listed(visits.VISIT_STATE_DONE) == [(visit.name, visits.VISIT_STATE_DONE)]


async def test_a_visit_that_moves_to_another_team_is_that_team_s(portal: Portal) -> None:
    """From the confirmation on, not before; and a place counts for the quota of who found it."""
    south = Company(portal.service.calls, "acme")
    team = cal.Team(display_name="South", time_zone=portal.company.zone)
    request = cal.CreateTeamRequest(
        parent=south.tenant, team_id="south", team=team, request_id=fresh_id()
    )
    await portal.service.calls.calendar.CreateTeam(request)
    await south.technician("ben")
    ben = cal.Technician(name=f"{south.tenant}/technicians/ben", team=f"{south.tenant}/teams/south")
    mask = {"paths": ["team"]}
    await portal.service.calls.calendar.UpdateTechnician(
        cal.UpdateTechnicianRequest(technician=ben, update_mask=mask, request_id=fresh_id())
    )
    visit = await booked(portal.a, (await offered(portal.a, portal.search(A, on=TOMORROW)))[0])
    assert visit.team == portal.company.team
    elsewhere = portal.search(A, visit, on=WEDNESDAY)
    elsewhere.team = ben.team
    hold = await held(portal.a, (await offered(portal.a, elsewhere))[0])
    assert (await visit_now(portal.a, visit.name)).team == portal.company.team

    assert (await moved(portal.a, visit, hold)).team == ben.team


async def test_staff_pages_are_a_planner_s(portal: Portal) -> None:
    """A planner's key reads the day, its violations, the backlog, people, places and the map's
    shapes without a map, and watches the team from a position on."""
    company, calls = portal.company, portal.planner
    waiting = await portal.waiting(A)
    day = plan.GetDayRequest(team=company.team, date=pb_date(TOMORROW))
    assert (await calls.plan.GetDay(day)).routes
    broken = plan.ListViolationsRequest(team=company.team)
    assert not (await calls.plan.ListViolations(broken)).routes
    unplaced = await calls.visits.ListUnplaced(visits.ListUnplacedRequest(parent=company.tenant))
    assert [v.name for v in unplaced.visits] == [waiting.name]
    assert (
        await calls.calendar.ListTechnicians(cal.ListTechniciansRequest(parent=company.tenant))
    ).technicians
    assert (await calls.calendar.ListSites(cal.ListSitesRequest(parent=company.tenant))).sites
    site = cal.Site(name=f"{company.tenant}/sites/{A}", display_name="Elsewhere")
    shape = maps.GetShapeRequest(locations=[pb_place(*DEPOT), pb_place(*DOWNTOWN)])
    drawn = await calls.map.GetShape(shape)
    assert drawn.travel_provenance == types.TRAVEL_PROVENANCE_ESTIMATE
    assert list(drawn.points) == list(shape.locations)
    assert (await calls.map.GetMap(maps.GetMapRequest())).map_id.startswith("estimate:")
    tile = await refused(calls.map.GetTile(maps.GetTileRequest(zoom=14, x=8529, y=5974)))
    assert tile.code == "NOT_FOUND"
    update = cal.UpdateSiteRequest(site=site, request_id=fresh_id())
    assert (await refused(calls.calendar.UpdateSite(update))).code == "PERMISSION_DENIED"

    watch = calls.plan.WatchTeam(plan.WatchTeamRequest(team=company.team))
    first = await watch.read()
    await booked(calls, (await offered(calls, company.search(on=TOMORROW)))[0])
    told = await watch.read()
    watch.cancel()
    again = calls.plan.WatchTeam(plan.WatchTeamRequest(team=company.team, position=first.position))
    await again.read()
    assert await again.read() == told
    again.cancel()


async def test_who_shows_no_key_may_do_anything(portal: Portal) -> None:
    """Where keys are off, beside those who show one: a watch goes on too."""
    watch = portal.service.calls.plan.WatchTeam(plan.WatchTeamRequest(team=portal.company.team))
    await watch.read()
    visit = await portal.waiting(A)
    assert (await watch.read()).event.visit == visit.name
    watch.cancel()
    assert (await visit_now(portal.service.calls, visit.name)).HasField("location")


async def test_days_are_over(portal: Portal) -> None:
    """A booked visit whose time is over is neither offered nor moved any more."""
    visit = await booked(portal.a, (await offered(portal.a, portal.search(A, on=TODAY)))[0])
    portal.service.clock.pass_(DAY)
    late = await refused(portal.a.slots.SuggestSlots(portal.search(A, visit)))
    assert (late.code, late.reason) == ("FAILED_PRECONDITION", "WRONG_STATE")
