"""Days that are not 24 hours long, nights that belong to the day they start, and today."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from benchmarks.company import WEEKDAYS, Company
from slotsvc.cli.wire import pb_date
from slotsvc.pb.v1 import plan_service_pb2 as plan
from slotsvc.pb.v1.slot_service_pb2 import Slot
from tests.e2e.days import TODAY, TOMORROW
from tests.service_fixtures import (
    RunningService,
    SetClock,
    booked,
    confirmed,
    held,
    offered,
    running_service,
    settings_for,
)

FORWARD, BACK = date(2030, 3, 31), date(2030, 10, 27)
"""Clock changes in Monaco: a day of 23 hours, a day of 25."""

HOUR = timedelta(hours=1)


def hours(slots: list[Slot], zone: str = "Europe/Monaco") -> list[tuple[int, int]]:
    """What the clocks show at the start and the end of each window, hours, sorted."""
    clocks = ZoneInfo(zone)
    return sorted(
        (
            datetime.fromtimestamp(slot.window.start_time.seconds, clocks).hour,
            datetime.fromtimestamp(slot.window.end_time.seconds, clocks).hour,
        )
        for slot in slots
    )


async def route(service: RunningService, company: Company, on: date) -> plan.Route:
    """Ann's day."""
    request = plan.GetDayRequest(team=company.team, date=pb_date(on))
    return (await service.calls.plan.GetDay(request)).routes[0]


@pytest.mark.parametrize(("on", "shift_hours"), [(FORWARD, 9), (BACK, 11)])
async def test_windows_stand_on_the_clock_when_it_changes(
    tmp_path: Path, on: date, shift_hours: int
) -> None:
    """00:00 to 10:00 is a shift of 9 and of 11 hours; the windows of the morning are offered at
    their usual time on the clock, booked, and lie in the shift."""
    clock = SetClock(datetime(on.year, on.month, on.day, 12, tzinfo=UTC) - timedelta(days=2))
    async with running_service(settings_for(tmp_path), clock) as service:
        company = await Company(service.calls, "acme").found()
        await company.technician("ann", hours=(0, 10))
        await company.activity("service", grid=((0, 2), (4, 6), (6, 8)), minutes=30)
        found = await offered(service.calls, company.search(on=on))
        assert hours(found) == [(0, 2 if on == BACK else 3), (4, 6), (6, 8)]
        for slot in found:
            await confirmed(service.calls, await held(service.calls, slot))
        day = await route(service, company, on)
        assert day.shift.end_time.seconds - day.shift.start_time.seconds == shift_hours * 3600
        assert not day.findings
        assert len(day.stops) == 3


async def test_what_the_clocks_skip_is_not_offered(tmp_path: Path) -> None:
    """02:00 to 03:00 does not exist on the short day; on the long one 02:00 comes twice and is
    offered once."""
    clock = SetClock(datetime(2030, 3, 29, 12, tzinfo=UTC))
    async with running_service(settings_for(tmp_path), clock) as service:
        company = await Company(service.calls, "acme").found()
        await company.technician("ann", hours=(0, 10))
        await company.activity(
            "service", grid=((1, 4),), step=HOUR, minutes=30, horizon=timedelta(days=300)
        )
        assert hours(await offered(service.calls, company.search(on=FORWARD))) == [(1, 3), (3, 4)]
        clock.instant = datetime(2030, 10, 25, 12, tzinfo=UTC)
        found = await offered(service.calls, company.search(on=BACK))
        assert [start for start, _ in hours(found)] == [1, 2, 3]


async def test_a_night_shift_belongs_to_the_day_it_starts(service: RunningService) -> None:
    """22:00 to 06:00: a visit at 02:00 stands on the route of the evening before, wherever the
    window's own date is."""
    company = await Company(service.calls, "night").found()
    await company.technician("owl", hours=(22, 6), days=[WEEKDAYS[TODAY.weekday()]])
    await company.activity("service", grid=((0, 2), (2, 4), (22, 24)), minutes=45)
    late = await offered(service.calls, company.search(on=TODAY))
    assert hours(late) == [(22, 0)]
    small = await offered(service.calls, company.search(on=TOMORROW))
    assert hours(small) == [(0, 2), (2, 4)]
    assert {slot.place.date.day for slot in (*late, *small)} == {TODAY.day}
    for slot in (late[0], small[1]):
        visit = await booked(service.calls, slot)
        assert visit.place.date == pb_date(TODAY)
    day = await route(service, company, TODAY)
    assert len(day.stops) == 2
    assert not day.findings
    assert not (await route(service, company, TOMORROW)).stops


async def test_nothing_is_planned_before_now(service: RunningService, company: Company) -> None:
    """In the middle of the day: windows that are over are closed, the rest begin no earlier than
    now, and what is booked is planned after now."""
    service.clock.pass_(290 * HOUR / 60)  # 12:50
    now = service.clock.now().timestamp()
    found = await offered(service.calls, company.search(on=TODAY))
    assert hours(found) == [(13, 15), (15, 17)]
    for slot in found:
        assert slot.place.start_time.seconds >= now
        visit = await booked(service.calls, slot)
        assert visit.place.start_time.seconds >= now
    assert not (await route(service, company, TODAY)).findings


async def test_an_offer_for_today_is_judged_anew_when_it_is_taken(
    service: RunningService, company: Company
) -> None:
    """A quarter of an hour after the search its planned start is over: what is held is planned
    after now, and what is left of the day still serves everybody in time."""
    service.clock.pass_(110 * HOUR / 60)  # 09:50
    exact = {"seconds": 45 * 60}
    eleven = company.search(
        on=TODAY,
        service_duration=exact,
        offer_grid={"cells": [{"start": {"hours": 11}, "end": {"hours": 11, "minutes": 5}}]},
    )
    await booked(service.calls, (await offered(service.calls, eleven))[0])
    tight = company.search(
        on=TODAY,
        service_duration=exact,
        offer_grid={"cells": [{"start": {"hours": 10}, "end": {"hours": 12}}]},
    )
    slot = (await offered(service.calls, tight))[0]
    service.clock.pass_(14 * HOUR / 60)
    hold = await held(service.calls, slot)
    assert hold.place.start_time.seconds >= service.clock.now().timestamp()
    assert not (await route(service, company, TODAY)).findings


async def test_a_visit_that_has_begun_keeps_its_place(
    service: RunningService, company: Company
) -> None:
    """A new visit comes behind it."""
    first = await booked(service.calls, (await offered(service.calls, company.search(on=TODAY)))[0])
    service.clock.instant = datetime.fromtimestamp(first.place.start_time.seconds + 600, UTC)
    found = await offered(service.calls, company.search(on=TODAY))
    assert all(slot.place.position == 1 for slot in found)
    assert all(slot.place.start_time.seconds >= first.place.end_time.seconds for slot in found)
    await booked(service.calls, found[0])
    stops = (await route(service, company, TODAY)).stops
    assert stops[0].visit == first.name
    assert stops[0].start_time == first.place.start_time
