"""The calendar a company really has, from the API to the slots: every layer closes what it must."""

from __future__ import annotations

import re
from datetime import date, time
from typing import Any

from benchmarks.calls import fresh_id
from benchmarks.company import Company, interval
from slotsvc.cli.wire import pb_date, pb_interval, pb_place, pb_window
from slotsvc.pb.v1 import calendar_service_pb2 as cal
from slotsvc.pb.v1 import types_pb2 as types
from slotsvc.pb.v1.plan_service_pb2 import GetDayRequest, ListViolationsRequest, Route
from slotsvc.pb.v1.slot_service_pb2 import SuggestSlotsResponse
from tests.e2e.days import DAY, TODAY, TOMORROW, WEDNESDAY
from tests.service_fixtures import RunningService, booked, offered

ANN = "tenants/acme/technicians/ann"
THURSDAY, FRIDAY = WEDNESDAY + DAY, WEDNESDAY + 2 * DAY
WEEK = [TOMORROW, WEDNESDAY, THURSDAY, FRIDAY]


async def create(company: Company, id: str, message: Any, parent: str = "") -> None:
    """Creates any kind of thing, of the tenant or of ``parent``."""
    word = type(message).__name__
    field = re.sub(r"(?<!^)(?=[A-Z])", "_", word).lower()
    request = getattr(cal, f"Create{word}Request")(
        parent=parent or company.tenant,
        request_id=fresh_id(),
        **{f"{field}_id": id, field: message},
    )
    await getattr(company.calls.calendar, f"Create{word}")(request)


async def change(company: Company, message: Any) -> None:
    """Changes the fields that are set."""
    word = type(message).__name__
    request = getattr(cal, f"Update{word}Request")(request_id=fresh_id(), **{word.lower(): message})
    await getattr(company.calls.calendar, f"Update{word}")(request)


async def asked(company: Company, **request: Any) -> SuggestSlotsResponse:
    """A search that also wants to know why not."""
    search = company.search(max_slots=50, max_slots_per_day=50, max_rejections=50, **request)
    return await company.calls.slots.SuggestSlots(search)


def days_of(answer: SuggestSlotsResponse) -> set[date]:
    """The dates that are offered."""
    return {s.window.start_time.ToDatetime().date() for s in answer.slots}


def reasons(answer: SuggestSlotsResponse) -> set[str]:
    """Names of the rejections' reasons."""
    names = (types.RejectionReason.Name(r.reason) for r in answer.rejections)
    return {name.removeprefix("REJECTION_REASON_") for name in names}


async def routes_on(service: RunningService, team: str, day: date) -> list[Route]:
    """What ``GetDay`` shows of a team."""
    return list(
        (await service.calls.plan.GetDay(GetDayRequest(team=team, date=pb_date(day)))).routes
    )


async def test_a_public_holiday_and_who_works_on_it(company: Company) -> None:
    """Corpus Christi is free in Monaco, until an exception says that Ann works her usual hours."""
    corpus_christi = date(2030, 6, 20)
    await change(company, cal.Tenant(name=company.tenant, public_holidays="MC"))

    answer = await asked(company, on=[corpus_christi, corpus_christi + DAY])
    assert days_of(answer) == {corpus_christi + DAY}
    assert "HOLIDAY" in reasons(answer)

    on_duty = cal.ShiftException(date=pb_date(corpus_christi), usual_hours=True)
    await create(company, "duty", on_duty, ANN)
    assert days_of(await asked(company, on=corpus_christi)) == {corpus_christi}

    await change(company, cal.Team(name=company.team, public_holidays="none"))
    boxed = await asked(company, on=date(2030, 6, 20))
    assert days_of(boxed) == {corpus_christi}


async def test_a_closure_wins_over_hours_of_the_day(company: Company) -> None:
    """Closed dates offer nothing, and whoever is on duty is offered all the same."""
    hours = cal.DayHours(hours=interval((8, 18)))
    await create(company, "x", cal.ShiftException(date=pb_date(WEDNESDAY), hours=hours), ANN)
    closed = cal.Closure(first_date=pb_date(WEDNESDAY), last_date=pb_date(THURSDAY))
    await create(company, "trip", closed)

    answer = await asked(company, on=WEEK)
    assert days_of(answer) == {TOMORROW, FRIDAY}
    assert "CLOSED" in reasons(answer)

    await change(company, cal.Closure(name=f"{company.tenant}/closures/trip", on_duty=[ANN]))
    assert days_of(await asked(company, on=WEEK)) == set(WEEK)


async def test_a_closed_hour_is_like_an_absence(company: Company) -> None:
    """A meeting from 8 to 12 leaves the afternoon."""
    meeting = cal.Closure(
        team=company.team, window=pb_window(company.at(TOMORROW, 8), company.at(TOMORROW, 12))
    )
    await create(company, "meeting", meeting)

    answer = await asked(company, on=TOMORROW)

    assert {s.window.start_time.ToDatetime().hour for s in answer.slots} == {11, 13}  # 13:00, 15:00


async def test_a_certificate_that_expires_in_the_week(company: Company) -> None:
    """Level 2 is offered up to its last date; level 1, known plainly, on every day."""
    certificate = cal.Certificate(tag="boiler", level=2, valid_until=pb_date(WEDNESDAY))
    ann = cal.Technician(name=ANN, tags=["boiler"], certificates=[certificate])
    await change(company, ann)

    level_2 = await asked(company, on=WEEK, required_tags=["boiler:2"])
    assert days_of(level_2) == {TOMORROW, WEDNESDAY}
    assert [r.subject for r in level_2.rejections if "MISSING_TAG" in reasons(level_2)]
    assert days_of(await asked(company, on=WEEK, required_tags=["boiler"])) == set(WEEK)
    assert not (await asked(company, on=WEEK, required_tags=["boiler:3"])).slots


async def test_the_van_of_the_day(company: Company) -> None:
    """What the van carries can be required on the dates it is driven."""
    await create(company, "lift", cal.Van(display_name="Lift", tags=["electric"]))
    van = f"{company.tenant}/vans/lift"
    dated = cal.ShiftException(date=pb_date(THURSDAY), usual_hours=True, van=van)
    await create(company, "x", dated, ANN)
    assert days_of(await asked(company, on=WEEK, required_tags=["electric"])) == {THURSDAY}

    await change(company, cal.Technician(name=ANN, van=van))

    assert days_of(await asked(company, on=WEEK, required_tags=["electric"])) == set(WEEK)


async def test_sectors_by_weekday(company: Company) -> None:
    """A visit of a sector is offered where somebody serves it; one without a sector anywhere."""
    await change(company, cal.Tenant(name=company.tenant, sectors=["harbour", "hills"]))
    hills = cal.SectorList(sectors=["hills"])
    await change(
        company, cal.Technician(name=ANN, sectors=cal.SectorWeek(tuesday=hills, thursday=hills))
    )
    quay = cal.Site(display_name="Quay", location=pb_place(43.735, 7.425), sector="harbour")
    await create(company, "quay", quay)

    answer = await asked(company, place=f"{company.tenant}/sites/quay", on=WEEK)

    assert days_of(answer) == {WEDNESDAY, FRIDAY}
    assert "SECTOR" in reasons(answer)
    assert days_of(await asked(company, on=WEEK)) == set(WEEK)


async def test_lent_to_another_team(service: RunningService, company: Company) -> None:
    """On the dates of the loan the other team plans on Ann, and her own team does not."""
    south = f"{company.tenant}/teams/south"
    await create(company, "south", cal.Team(display_name="South", time_zone=company.zone))
    dates = {"first_date": pb_date(WEDNESDAY), "last_date": pb_date(THURSDAY)}
    await create(company, "rush", cal.Loan(to_team=south, **dates), ANN)

    at_home = await asked(company, on=WEEK)
    assert days_of(at_home) == {TOMORROW, FRIDAY}
    assert "OTHER_TEAM" in reasons(at_home)
    search = company.search(on=WEEK, max_slots=50, max_slots_per_day=50)
    search.team = south
    away = await company.calls.slots.SuggestSlots(search)
    assert days_of(away) == {WEDNESDAY, THURSDAY}

    await booked(service.calls, away.slots[0])
    (route,) = await routes_on(service, south, days_of_slot(away))
    assert (route.technician, len(route.stops)) == (ANN, 1)


async def test_lent_away_over_a_booked_visit(service: RunningService, company: Company) -> None:
    """The home team still sees its visit, with what is wrong with it, and finds it on the list."""
    await create(company, "south", cal.Team(display_name="South", time_zone=company.zone))
    visit = await booked(service.calls, (await asked(company, on=[WEDNESDAY])).slots[0])
    dates = {"first_date": pb_date(WEDNESDAY), "last_date": pb_date(THURSDAY)}
    loan = cal.Loan(to_team=f"{company.tenant}/teams/south", **dates)
    await create(company, "rush", loan, ANN)

    (route,) = await routes_on(service, company.team, WEDNESDAY)
    assert [stop.visit for stop in route.stops] == [visit.name]
    assert route.no_shift_reason == "OTHER_TEAM"
    request = ListViolationsRequest(team=company.team)
    (listed,) = (await service.calls.plan.ListViolations(request)).routes
    assert [f.visit for f in listed.findings] == [visit.name]
    assert listed.findings[0].cause == "the technician works for another team that day"


def days_of_slot(answer: SuggestSlotsResponse) -> date:
    """The date of the first slot."""
    return answer.slots[0].window.start_time.ToDatetime().date()


async def test_two_shifts_are_two_routes(service: RunningService, company: Company) -> None:
    """Morning and afternoon are offered apart; what is booked stands on the route of its shift."""
    two = cal.DayHours(
        hours=pb_interval(time(8), time(12)),
        more=[cal.ShiftHours(hours=pb_interval(time(14), time(18)))],
    )
    await create(company, "x", cal.ShiftException(date=pb_date(TOMORROW), hours=two), ANN)

    found = await offered(service.calls, company.search(on=TOMORROW))
    starts = sorted({slot.window.start_time.ToDatetime().hour + 2 for slot in found})
    assert starts == [8, 10, 13, 15]
    late = next(s for s in found if s.window.start_time.ToDatetime().hour + 2 == 15)
    visit = await booked(service.calls, late)

    routes = await routes_on(service, company.team, TOMORROW)
    assert [(r.technician, len(r.stops)) for r in routes] == [(ANN, 0), (ANN, 1)]
    assert routes[1].stops[0].visit == visit.name
    assert routes[1].shift.start_time.ToDatetime(None).hour + 2 == 14


async def test_today_is_not_yesterday(company: Company) -> None:
    """A closure of today closes today."""
    shut = cal.Closure(first_date=pb_date(TODAY), last_date=pb_date(TODAY))
    await create(company, "now", shut)

    assert days_of(await asked(company, on=[TODAY, TOMORROW])) == {TOMORROW}


async def test_no_more_visits_than_the_technician_takes(
    service: RunningService, company: Company
) -> None:
    """With one visit on the shift, a technician who takes one has no room that day."""
    await change(company, cal.Technician(name=ANN, max_visits=1))
    found = await offered(service.calls, company.search(on=TOMORROW))
    await booked(service.calls, found[0])

    answer = await asked(company, on=[TOMORROW, WEDNESDAY])

    assert days_of(answer) == {WEDNESDAY}
    assert "MAX_VISITS" in reasons(answer)


async def test_a_slow_technician_takes_longer(service: RunningService, company: Company) -> None:
    """At a pace of 150 an hour's work takes an hour and a half; the promise stays the window."""
    await change(company, cal.Technician(name=ANN, pace=150))
    found = await offered(service.calls, company.search(on=TOMORROW))
    await booked(service.calls, found[0])

    (route,) = await routes_on(service, company.team, TOMORROW)

    (stop,) = route.stops
    assert stop.end_time.seconds - stop.start_time.seconds == 90 * 60


async def test_overtime_makes_room_after_hours(company: Company) -> None:
    """Four hours from 15:00 end after six in the evening: only with overtime."""
    late = company.at(TOMORROW, 15), company.at(TOMORROW, 17)
    wish = {
        "on": TOMORROW,
        "service_duration": {"seconds": 4 * 3600},
        "allowed_windows": [pb_window(*late)],
    }
    assert not (await asked(company, **wish)).slots

    await change(company, cal.Technician(name=ANN, max_overtime={"seconds": 2 * 3600}))

    assert days_of(await asked(company, **wish)) == {TOMORROW}
