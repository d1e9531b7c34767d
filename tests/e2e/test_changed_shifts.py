"""Absences and new hours under booked visits: what goes, what stays, what is said."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from benchmarks.calls import fresh_id
from benchmarks.company import WEEKDAYS, Company, interval
from slotsvc.cli.wire import pb_date, pb_place, pb_window
from slotsvc.pb.v1 import calendar_service_pb2 as cal
from slotsvc.pb.v1 import plan_service_pb2 as plan
from slotsvc.pb.v1 import slot_service_pb2 as slots
from slotsvc.pb.v1.visit_service_pb2 import RescheduleVisitRequest, Visit
from tests.e2e.days import TOMORROW, WEDNESDAY
from tests.e2e.test_calendar_layers import change
from tests.e2e.test_hand_moves import violations
from tests.service_fixtures import RunningService, booked, held, offered

ANN = "tenants/acme/technicians/ann"


async def at(service: RunningService, company: Company, hour: int, **request: Any) -> slots.Slot:
    """Tomorrow's offer from ``hour`` on."""
    start = int(company.at(TOMORROW, hour).timestamp())
    found = await offered(service.calls, company.search(on=TOMORROW, **request))
    return next(slot for slot in found if slot.window.start_time.seconds == start)


async def away(
    company: Company, start: datetime, end: datetime, *, unplace: bool = False, **of: Any
) -> list[str]:
    """Ann is; gives the visits that went back to the backlog."""
    request = cal.CreateAbsenceRequest(
        parent=ANN,
        absence_id="away",
        absence=cal.Absence(window=pb_window(start, end), **of),
        request_id=fresh_id(),
        unplace_visits=unplace,
    )
    return list((await company.calls.calendar.CreateAbsence(request)).unplaced_visits)


async def routes(service: RunningService, company: Company) -> list[plan.Route]:
    """Ann's tomorrow."""
    request = plan.GetDayRequest(team=company.team, date=pb_date(TOMORROW))
    return list((await service.calls.plan.GetDay(request)).routes)


async def works(company: Company, *shifts: tuple[int, int]) -> None:
    """Ann's hours, every day."""
    first, *more = [interval(span) for span in shifts]
    day = cal.DayHours(hours=first, more=[cal.ShiftHours(hours=span) for span in more])
    week = cal.WorkingTime(**dict.fromkeys(WEEKDAYS, day))
    await change(company, cal.Technician(name=ANN, working_time=week))


async def test_a_visit_that_is_being_moved_stays_if_its_old_place_does(
    service: RunningService, company: Company
) -> None:
    """Early in the morning, a move to the afternoon is held, and Ann is away at noon: nothing of
    it goes back to the backlog."""
    visit = await booked(service.calls, await at(service, company, 8))
    await held(service.calls, await at(service, company, 15, visit=visit.name))
    noon = company.at(TOMORROW, 12)
    assert await away(company, noon, noon + timedelta(hours=1), unplace=True) == []


async def test_work_that_resumes_at_a_new_place_is_judged_with_its_driving(
    service: RunningService, company: Company
) -> None:
    """Nobody knew how long it takes from there: the violation is on record all the same, as the day
    shows it."""
    await booked(service.calls, await at(service, company, 8))
    where = pb_place(43.75, 7.43)
    start, end = company.at(TOMORROW, 8, 10), company.at(TOMORROW, 12)
    await away(company, start, end, resume_location=where)
    (day,) = await routes(service, company)
    (broken,) = await violations(service, company)
    assert day.findings
    assert [(f.kind, f.size_seconds, f.origin) for f in broken.findings] == [
        (f.kind, f.size_seconds, "ABSENCE") for f in day.findings
    ]


async def test_a_new_home_far_away_is_judged_with_its_driving(
    service: RunningService, company: Company
) -> None:
    """The first visit of the day cannot be reached in time from there."""
    await booked(service.calls, await at(service, company, 8))
    await change(company, cal.Technician(name=ANN, start_location=pb_place(45.4, 7.4)))
    (broken,) = await violations(service, company)
    assert {f.kind for f in broken.findings} >= {"LATE"}
    assert {f.origin for f in broken.findings} == {"CALENDAR"}


async def test_a_shift_that_is_gone_says_so_until_its_visits_are(
    service: RunningService, company: Company
) -> None:
    """Two shifts become one: the visits of the second are on record, for there is no such shift;
    moved into the first, nothing is left of the second."""
    await works(company, (8, 12), (13, 18))
    visit = await booked(service.calls, await at(service, company, 15))
    assert visit.place.shift_number == 1
    await works(company, (8, 18))
    first, second = await routes(service, company)
    assert (first.no_shift_reason, second.no_shift_reason) == ("", "DAY_OFF")
    (broken,) = await violations(service, company)
    assert [f.cause for f in broken.findings] == [f.cause for f in second.findings]

    slot = await at(service, company, 15, visit=visit.name)
    request = RescheduleVisitRequest(name=visit.name, token=slot.token, request_id=fresh_id())
    moved = (await service.calls.visits.RescheduleVisit(request)).visit
    assert moved.place.shift_number == 0
    assert await violations(service, company) == []
    assert len(await routes(service, company)) == 1


async def test_a_move_elsewhere_is_seen_where_the_visit_stands(
    service: RunningService, company: Company
) -> None:
    """While a place on another day is held; not when it has lapsed."""
    visit = await booked(service.calls, await at(service, company, 8))
    search = company.search(visit=visit.name, on=WEDNESDAY)
    await held(service.calls, (await offered(service.calls, search))[0])

    async def being_replaced() -> list[bool]:
        return [stop.being_replaced for stop in (await routes(service, company))[0].stops]

    assert await being_replaced() == [True]
    service.clock.pass_(timedelta(minutes=6))
    assert await being_replaced() == [False]


async def test_a_move_out_of_an_absence_that_lapses_is_listed(
    service: RunningService, company: Company
) -> None:
    """Held in the afternoon nothing is broken; when the hold lapses the visit is late again, and
    the list says so as the day does."""
    visit: Visit = await booked(service.calls, await at(service, company, 10))
    await held(service.calls, await at(service, company, 13, visit=visit.name))
    await away(company, company.at(TOMORROW, 7), company.at(TOMORROW, 12, 30))
    assert await violations(service, company) == []
    service.clock.pass_(timedelta(minutes=6))
    (day,) = await routes(service, company)
    (broken,) = await violations(service, company)
    assert [(f.kind, f.visit) for f in broken.findings] == [("LATE", visit.name)]
    assert [f.size_seconds for f in broken.findings] == [f.size_seconds for f in day.findings]
