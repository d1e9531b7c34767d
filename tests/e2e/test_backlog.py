"""Work without a place: made, listed, given a place, taken off it, and what clients are told."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from benchmarks.calls import Told, fresh_id
from benchmarks.company import Company
from slotsvc.cli.wire import pb_place, pb_window
from slotsvc.pb.v1 import calendar_service_pb2 as cal
from slotsvc.pb.v1 import slot_service_pb2 as slots
from slotsvc.pb.v1 import visit_service_pb2 as visits
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

DEPOT_PLACE = pb_place(43.7384, 7.4246)


async def created(
    service: RunningService, company: Company, *, promised: Any = (), channel: str = "", **of: Any
) -> visits.Visit:
    """A visit in the backlog: an hour at the casino for the crew, unless told otherwise."""
    if "location" not in of:
        of.setdefault("site", f"{company.tenant}/sites/casino")
    of.setdefault("activity_type", f"{company.tenant}/activityTypes/service")
    of.setdefault("team", company.team)
    request = visits.CreateVisitRequest(
        parent=company.tenant,
        visit=visits.Visit(**of),
        promised_windows=promised,
        channel=channel,
        request_id=fresh_id(),
    )
    return (await service.calls.visits.CreateVisit(request)).visit


async def backlog(service: RunningService, company: Company, **wanted: Any) -> list[str]:
    """Names, the most urgent first, read two at a time."""
    found: list[str] = []
    token = ""
    while True:
        page = await service.calls.visits.ListUnplaced(
            visits.ListUnplacedRequest(
                parent=company.tenant, page_size=2, page_token=token, **wanted
            )
        )
        found += [visit.name for visit in page.visits]
        token = page.next_page_token
        if not token:
            return found


def at(company: Company, on: Any, hour: int) -> dict[str, int]:
    """A timestamp."""
    return {"seconds": int(company.at(on, hour).timestamp())}


async def test_it_waits_with_what_is_known_of_it(service: RunningService, company: Company) -> None:
    """Everything said comes back; what was not said is the site's and the activity type's."""
    visit = await created(
        service,
        company,
        client="c-17",
        external_ref="order-9",
        note="dog\nbites",
        priority=7,
        labels={"source": "form", "colour": "Grün"},
        due_time=at(company, WEDNESDAY, 18),
        required_tags=["boiler:2"],
        promised=[
            pb_window(company.at(TOMORROW, 8), company.at(TOMORROW, 10)),
            pb_window(company.at(TOMORROW, 14), company.at(TOMORROW, 16)),
        ],
        channel="phone",
    )
    assert visit.state == visits.VISIT_STATE_UNPLACED
    assert visit.unplaced_reason == visits.UNPLACED_REASON_NEW
    assert visit.commitment == visits.COMMITMENT_APPOINTMENT
    assert (visit.team, visit.client, visit.external_ref) == (company.team, "c-17", "order-9")
    assert (visit.note, visit.priority) == ("dog\nbites", 7)
    assert dict(visit.labels) == {"source": "form", "colour": "Grün"}
    assert visit.service_duration.seconds == 3600
    assert list(visit.required_tags) == ["boiler:2"]
    assert visit.due_time.seconds == company.at(WEDNESDAY, 18).timestamp()
    assert visit.promise.channel == "phone"
    assert visit.promise.window == visit.promise.windows[0]
    assert list(visit.promises) == [visit.promise]
    assert not visit.HasField("place")
    assert not visit.hold
    assert await visit_now(service.calls, visit.name) == visit


async def test_setup_and_sector_come_from_the_site_and_the_activity_type(
    service: RunningService, company: Company
) -> None:
    """Access and setup are one time; the visit's own words stand above theirs."""
    calendar = service.calls.calendar
    await calendar.UpdateTenant(
        cal.UpdateTenantRequest(
            tenant=cal.Tenant(name=company.tenant, sectors=["north", "south"]),
            request_id=fresh_id(),
        )
    )
    site = cal.Site(
        name=f"{company.tenant}/sites/casino", sector="north", access_duration={"seconds": 300}
    )
    await calendar.UpdateSite(cal.UpdateSiteRequest(site=site, request_id=fresh_id()))
    kind = cal.ActivityType(
        name=f"{company.tenant}/activityTypes/service",
        setup_duration={"seconds": 120},
        pausable=True,
    )
    await calendar.UpdateActivityType(
        cal.UpdateActivityTypeRequest(activity_type=kind, request_id=fresh_id())
    )
    usual = await created(service, company)
    assert (usual.setup_duration.seconds, usual.sector, usual.pausable) == (420, "north", True)
    own = await created(service, company, setup_duration={"seconds": 60}, sector="south")
    assert (own.setup_duration.seconds, own.sector) == (60, "south")


async def test_the_most_urgent_comes_first(service: RunningService, company: Company) -> None:
    """By priority, then due time, then age; over pages, none twice and none left out."""
    plain = await created(service, company)
    service.clock.pass_(timedelta(seconds=1))
    late = await created(service, company, due_time=at(company, WEDNESDAY, 18))
    soon = await created(service, company, due_time=at(company, TOMORROW, 18))
    urgent = await created(service, company, priority=1)
    most = await created(service, company, priority=1000, client="c-2")
    order = [most.name, urgent.name, soon.name, late.name, plain.name]
    assert await backlog(service, company) == order
    assert await backlog(service, company, team=company.team) == order
    assert await backlog(service, company, client="c-2") == [most.name]


async def test_a_page_token_is_good_for_its_question_only(
    service: RunningService, company: Company
) -> None:
    """Another client's list does not go on from it."""
    for _ in range(2):
        await created(service, company)
    page = await service.calls.visits.ListUnplaced(
        visits.ListUnplacedRequest(parent=company.tenant, page_size=1)
    )
    other = visits.ListUnplacedRequest(
        parent=company.tenant, client="c-1", page_token=page.next_page_token
    )
    assert (await refused(service.calls.visits.ListUnplaced(other))).fields == {"page_token"}


async def test_it_is_given_a_place(service: RunningService, company: Company) -> None:
    """A search for it, a hold, a booking: it leaves the backlog when held and is back when the
    hold lapses; booked, it is told to its client."""
    visit = await created(service, company, external_ref="order-1", note="ring")
    slot = (await offered(service.calls, company.search(visit=visit.name, on=TOMORROW)))[0]
    hold = await held(service.calls, slot)
    assert hold.visit == visit.name
    shown = await visit_now(service.calls, visit.name)
    assert (shown.state, shown.hold) == (visits.VISIT_STATE_HELD, hold.name)
    assert shown.expire_time == hold.expire_time
    assert shown.promise.window == slot.window
    assert shown.place.start_time == slot.place.start_time
    assert await backlog(service, company) == []

    service.clock.pass_(timedelta(minutes=6))
    assert await backlog(service, company) == [visit.name]
    again = await visit_now(service.calls, visit.name)
    assert again.state == visits.VISIT_STATE_UNPLACED
    assert not again.HasField("place")

    slot = (await offered(service.calls, company.search(visit=visit.name, on=TOMORROW)))[0]
    done = await confirmed(service.calls, await held(service.calls, slot), channel="portal")
    assert (done.name, done.state) == (visit.name, visits.VISIT_STATE_BOOKED)
    assert (done.external_ref, done.note) == ("order-1", "ring")
    assert (done.promise.window, done.promise.channel) == (slot.window, "portal")
    assert await backlog(service, company) == []


async def test_it_is_booked_at_once(service: RunningService, company: Company) -> None:
    """With the slot's token; as a move it cannot be, nor can it be given other texts."""
    visit = await created(service, company)
    slot = (await offered(service.calls, company.search(visit=visit.name, on=TOMORROW)))[0]
    moved = visits.RescheduleVisitRequest(name=visit.name, token=slot.token, request_id=fresh_id())
    assert (await refused(service.calls.visits.RescheduleVisit(moved))).fields == {"token"}
    assert (await refused(booked(service.calls, slot, note="x"))).fields == {"token"}
    assert (await refused(held(service.calls, slot, external_ref="x"))).fields == {"token"}
    done = await booked(service.calls, slot)
    assert (done.name, done.state) == (visit.name, visits.VISIT_STATE_BOOKED)
    assert done.place.start_time == slot.place.start_time
    assert (await refused(booked(service.calls, slot))).reason == "WRONG_STATE"


async def test_work_nobody_waits_for_has_the_whole_shift(
    service: RunningService, company: Company
) -> None:
    """Internal work is offered in a window and may then start whenever the day allows: an
    appointment finds its window free all the same."""
    visit = await created(
        service,
        company,
        commitment=visits.COMMITMENT_INTERNAL,
        activity_type="",
        service_duration={"seconds": 2 * 3600},
    )
    grid = {"cells": [{"start": {"hours": 8}, "end": {"hours": 10}}]}
    search = company.search(visit=visit.name, on=TOMORROW, offer_grid=grid)
    done = await booked(service.calls, (await offered(service.calls, search))[0])
    assert done.state == visits.VISIT_STATE_BOOKED
    assert not done.HasField("promise")
    windows = {
        slot.window.start_time.seconds
        for slot in await offered(service.calls, company.search(on=TOMORROW))
    }
    assert int(company.at(TOMORROW, 8).timestamp()) in windows


async def test_it_keeps_its_word(service: RunningService, company: Company) -> None:
    """Offers lie inside what was promised, unless the client is asked anew."""
    morning = pb_window(company.at(WEDNESDAY, 8), company.at(WEDNESDAY, 12))
    visit = await created(service, company, promised=[morning], channel="phone")
    days = [TOMORROW, WEDNESDAY]
    for slot in await offered(service.calls, company.search(visit=visit.name, on=days)):
        assert morning.start_time.seconds <= slot.window.start_time.seconds
        assert slot.window.end_time.seconds <= morning.end_time.seconds
    anew = company.search(visit=visit.name, on=days, leave_promise=True)
    assert {s.place.date.day for s in await offered(service.calls, anew)} == {4, 5}


async def test_it_is_taken_off_its_route(service: RunningService, company: Company) -> None:
    """Back in the backlog, with what the client was told; its place is free at once."""
    slot = (await offered(service.calls, company.search(on=TOMORROW)))[0]
    visit = await booked(service.calls, slot, channel="phone")
    request = visits.UnplaceVisitRequest(name=visit.name, etag=visit.etag, request_id=fresh_id())
    back = (await service.calls.visits.UnplaceVisit(request)).visit
    assert back.state == visits.VISIT_STATE_UNPLACED
    assert back.unplaced_reason == visits.UNPLACED_REASON_PLANNER
    assert back.promise.window == slot.window
    assert not back.HasField("place")
    assert (await service.calls.visits.UnplaceVisit(request)).visit == back
    assert await backlog(service, company) == [visit.name]
    again = visits.UnplaceVisitRequest(name=visit.name, request_id=fresh_id())
    assert (await refused(service.calls.visits.UnplaceVisit(again))).reason == "WRONG_STATE"
    assert (await cancelled(service.calls, visit.name)).state == visits.VISIT_STATE_CANCELLED
    assert await backlog(service, company) == []


async def test_it_is_changed(service: RunningService, company: Company) -> None:
    """Only what the mask names; without one, what is set; with an etag, only as it was read."""
    visit = await created(service, company, note="a", priority=3, labels={"a": "1"})

    async def changed(mask: Any = None, **of: Any) -> visits.Visit:
        request = visits.UpdateVisitRequest(
            visit=visits.Visit(name=visit.name, **of), update_mask=mask, request_id=fresh_id()
        )
        return (await service.calls.visits.UpdateVisit(request)).visit

    now = await changed(note="b", client="c-1", state=visits.VISIT_STATE_DONE)
    assert (now.note, now.client, now.priority) == ("b", "c-1", 3)
    assert now.state == visits.VISIT_STATE_UNPLACED
    now = await changed({"paths": ["labels", "priority"]}, note="c")
    assert (now.note, now.priority, dict(now.labels)) == ("b", 0, {})
    now = await changed(due_time=at(company, TOMORROW, 9), etag=now.etag)
    assert now.due_time.seconds == company.at(TOMORROW, 9).timestamp()
    assert not (await changed({"paths": ["due_time"]})).HasField("due_time")
    assert (await refused(changed(note="d", etag=visit.etag))).reason == "ETAG_MISMATCH"
    wrong = await refused(changed({"paths": ["note", "site", "nothing"]}))
    assert wrong.fields == {"update_mask.paths[1]", "update_mask.paths[2]"}
    assert (await changed({"paths": ["*"]})).note == ""


async def test_a_deadline_keeps_its_due_time(service: RunningService, company: Company) -> None:
    """It may move, and never go."""
    visit = await created(
        service,
        company,
        commitment=visits.COMMITMENT_DEADLINE,
        due_time=at(company, WEDNESDAY, 12),
    )
    request = visits.UpdateVisitRequest(
        visit=visits.Visit(name=visit.name),
        update_mask={"paths": ["due_time"]},
        request_id=fresh_id(),
    )
    assert (await refused(service.calls.visits.UpdateVisit(request))).fields == {"visit.due_time"}


async def test_a_reference_is_one_visits(service: RunningService, company: Company) -> None:
    """Neither making nor changing takes one that another visit in use has."""
    await created(service, company, external_ref="order-1")
    other = await created(service, company)
    assert (
        await refused(created(service, company, external_ref="order-1"))
    ).reason == "ALREADY_EXISTS"
    request = visits.UpdateVisitRequest(
        visit=visits.Visit(name=other.name, external_ref="order-1"), request_id=fresh_id()
    )
    assert (await refused(service.calls.visits.UpdateVisit(request))).reason == "ALREADY_EXISTS"


async def test_what_the_client_is_told_is_kept(service: RunningService, company: Company) -> None:
    """Announcements append; the narrowest stands; superseded ones stay on record."""
    visit = await created(service, company)

    async def told(*windows: Any, **of: Any) -> visits.Visit:
        request = visits.AnnouncePromiseRequest(
            name=visit.name, windows=windows, request_id=fresh_id(), **of
        )
        return (await service.calls.visits.AnnouncePromise(request)).visit

    day = pb_window(company.at(TOMORROW, 8), company.at(TOMORROW, 18))
    morning = pb_window(company.at(TOMORROW, 8), company.at(TOMORROW, 12))
    later = pb_window(company.at(WEDNESDAY, 8), company.at(WEDNESDAY, 12))
    await told(day, channel="letter")
    now = await told(morning, channel="phone")
    assert [p.channel for p in now.promises] == ["letter", "phone"]
    assert now.promise.window == morning
    search = company.search(visit=visit.name, on=[TOMORROW, WEDNESDAY])
    assert {s.window.start_time.seconds for s in await offered(service.calls, search)} == {
        int(company.at(TOMORROW, hour).timestamp()) for hour in (8, 10)
    }
    now = await told(later, supersedes=True)
    assert [p.HasField("supersede_time") for p in now.promises] == [True, True, False]
    assert {s.place.date.day for s in await offered(service.calls, search)} == {WEDNESDAY.day}
    past = pb_window(company.at(TODAY, 7), company.at(TODAY, 12))
    assert (await refused(told(past))).fields == {"windows[0].start_time"}
    assert (await refused(told(later, day))).fields == {"windows[1].start_time"}
    assert (await refused(told())).fields == {"windows"}
    assert (await refused(told(day, channel="x" * 41))).fields == {"channel"}


async def test_a_repeated_call_gets_the_same_answer(
    service: RunningService, company: Company
) -> None:
    """Two calls with one id make one visit; another payload with that id is refused."""
    request = visits.CreateVisitRequest(
        parent=company.tenant,
        visit=visits.Visit(
            location=DEPOT_PLACE, service_duration={"seconds": 600}, team=company.team
        ),
        request_id="once",
    )
    first = await service.calls.visits.CreateVisit(request)
    service.clock.pass_(DAY)
    assert await service.calls.visits.CreateVisit(request) == first
    assert len(await backlog(service, company)) == 1
    request.visit.note = "other"
    told = await refused(service.calls.visits.CreateVisit(request))
    assert told.reason == "IDEMPOTENCY_KEY_REUSED"


WINDOW = {"start_time": {"seconds": 1_906_790_400}, "end_time": {"seconds": 1_906_797_600}}
EARLIER = {"start_time": {"seconds": 1_906_780_000}, "end_time": {"seconds": 1_906_790_401}}


@pytest.mark.parametrize(
    ("of", "fields"),
    [
        ({"location": DEPOT_PLACE, "site": "tenants/acme/sites/casino"}, {"visit.site"}),
        ({"site": "tenants/acme/sites/none"}, {"visit.site"}),
        ({"site": "tenants/rival/sites/casino"}, {"visit.site"}),
        ({"activity_type": "tenants/acme/activityTypes/none"}, {"visit.activity_type"}),
        ({"activity_type": ""}, {"visit.service_duration"}),
        ({"team": ""}, {"visit.team"}),
        ({"team": "tenants/acme/teams/none"}, {"visit.team"}),
        ({"commitment": 9}, {"visit.commitment"}),
        ({"commitment": visits.COMMITMENT_DEADLINE}, {"visit.due_time"}),
        ({"commitment": visits.COMMITMENT_FLEXIBLE}, {"visit.target_window"}),
        ({"target_window": WINDOW}, {"visit.target_window"}),
        (
            {
                "commitment": visits.COMMITMENT_FLEXIBLE,
                "target_window": WINDOW,
                "due_time": WINDOW["start_time"],
            },
            {"visit.due_time"},
        ),
        ({"priority": 1001}, {"visit.priority"}),
        ({"priority": -1}, {"visit.priority"}),
        ({"setup_duration": {"seconds": 4 * 3600 + 1}}, {"visit.setup_duration"}),
        ({"service_duration": {"seconds": 59}}, {"visit.service_duration"}),
        ({"required_tags": ["gas:12"]}, {"visit.required_tags[0]"}),
        ({"required_tags": ["welding"]}, {"visit.required_tags"}),
        ({"sector": "north"}, {"visit.sector"}),
        ({"sector": "North!"}, {"visit.sector"}),
        ({"labels": {"Bad Key": "x"}}, {"visit.labels"}),
        ({"labels": {"key": "x" * 201}}, {"visit.labels[key]"}),
        ({"labels": {f"k{i}": "" for i in range(33)}}, {"visit.labels"}),
        ({"client": "x" * 201}, {"visit.client"}),
        ({"note": "x" * 2001}, {"visit.note"}),
        ({"promise": {"window": WINDOW}}, {"visit.promise"}),
        ({"promised": [WINDOW, EARLIER]}, {"promised_windows[1].start_time"}),
        ({"promised": [WINDOW] * 17}, {"promised_windows"}),
        ({"channel": "\x00"}, {"channel"}),
    ],
)
async def test_what_is_wrong_is_named(
    service: RunningService, company: Company, of: dict[str, Any], fields: set[str]
) -> None:
    """The field of each mistake, and nothing is made."""
    told: Told = await refused(created(service, company, **of))
    assert (told.code, told.fields) == ("INVALID_ARGUMENT", fields)
    assert await backlog(service, company) == []


async def test_a_search_for_it_takes_no_place_from_the_request(
    service: RunningService, company: Company
) -> None:
    """Place, duration and tags are the visit's."""
    visit = await created(service, company)
    search = company.search(
        visit=visit.name, service_duration={"seconds": 600}, setup_duration={"seconds": 60}
    )
    told = await refused(service.calls.slots.SuggestSlots(search))
    assert told.fields == {"request.service_duration", "request.setup_duration"}
    leave = slots.SuggestSlotsRequest(
        team=company.team,
        request=slots.SlotRequest(
            location=DEPOT_PLACE,
            activity_type=f"{company.tenant}/activityTypes/service",
            leave_promise=True,
            priority=1001,
            sector="?",
            max_added_travel={"seconds": -1},
        ),
    )
    told = await refused(service.calls.slots.SuggestSlots(leave))
    assert told.fields == {
        "request.leave_promise",
        "request.priority",
        "request.sector",
        "request.max_added_travel",
    }
