"""From what is stored to shifts: every layer is read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import pytest

from slotsvc.domain.closures import Closure
from slotsvc.domain.place import Location
from slotsvc.domain.technician import Loan, Team, Technician, Tenant, Van
from slotsvc.domain.time_window import TimeWindow
from slotsvc.domain.visit import RouteKey
from slotsvc.domain.working_time import (
    Absence,
    DayHours,
    LocalInterval,
    NoShiftReason,
    Shift,
    ShiftException,
    ShiftHours,
    WorkingTime,
)
from slotsvc.scheduling.calendar_ports import Entity
from slotsvc.scheduling.ports import WriteTx
from slotsvc.scheduling.work_calendar import read_shift, read_work_days
from slotsvc.store.engine import sqlite_url
from slotsvc.store.migrate import upgrade
from slotsvc.store.sqlite_store import SqliteStore

DAY = timedelta(days=1)
CHRISTMAS = date(2026, 12, 25)  # a Friday
MONDAY = date(2026, 12, 21)
HERE = Location(43.73, 7.42)
WORKDAY = DayHours(
    LocalInterval(time(8), time(12)), more=(ShiftHours(LocalInterval(time(14), time(18))),)
)
WEEK = WorkingTime((WORKDAY, WORKDAY, WORKDAY, WORKDAY, WORKDAY, DayHours(None), DayHours(None)))
ANA = Technician("ana", "Ana", "north", "UTC", HERE, HERE, WEEK, van="small")
BEN = replace(ANA, id="ben", team="south", van="")
COMPANY: list[Entity] = [
    Tenant("acme", "Acme", public_holidays="FR"),
    Team("north", "North", "UTC"),
    Team("south", "South", "UTC", public_holidays="none"),
    Van("small", "Small", frozenset({"drill"})),
    ANA,
    BEN,
]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    path = tmp_path / "slotsvc.db"
    upgrade(sqlite_url(path))
    store = SqliteStore(path)
    yield store
    store.close()


def window(day: date, start: int, end: int) -> TimeWindow:
    midnight = datetime.combine(day, time(), UTC)
    return TimeWindow(midnight + timedelta(hours=start), midnight + timedelta(hours=end))


async def week_of(
    store: SqliteStore, *more: Entity, team: str | None = None, who: Technician = ANA
) -> list[object]:
    """Monday to Friday before Christmas: numbers of the shifts, or why there are none."""

    def write(tx: WriteTx) -> None:
        for entity in (*COMPANY, *more):
            tx.create("acme", entity)

    await store.write(write)
    found = await store.read(
        lambda tx: read_work_days(tx, "acme", [ANA, BEN], MONDAY, CHRISTMAS, team)
    )
    assert set(found) == {(t, MONDAY + n * DAY) for t in ("ana", "ben") for n in range(5)}
    days = [found[who.id, MONDAY + n * DAY] for n in range(5)]
    return [d if isinstance(d, NoShiftReason) else [s.number for s in d] for d in days]


BOTH = [0, 1]


async def test_holidays_of_the_company_and_of_teams(store: SqliteStore) -> None:
    """A team follows the company unless it says otherwise."""
    assert await week_of(store) == [BOTH] * 4 + [NoShiftReason.HOLIDAY]


async def test_a_team_without_holidays(store: SqliteStore) -> None:
    """ "none" works on Christmas Day."""
    assert await week_of(store, who=BEN) == [BOTH] * 5


async def test_every_layer_is_read(store: SqliteStore) -> None:
    """Exceptions, absences, closures of company and team, loans: each on a day of its own."""
    layers: list[Entity] = [
        ShiftException("a", "ana", MONDAY, DayHours(LocalInterval(time(9), time(10)))),
        Absence("b", "ana", window(MONDAY + DAY, 0, 13)),
        Closure("c", dates=(MONDAY + 2 * DAY, MONDAY + 2 * DAY)),
        Closure("d", "north", window=window(MONDAY + 3 * DAY, 13, 20)),
        Closure("e", "south", dates=(MONDAY, MONDAY)),
        Loan("f", "ana", "south", CHRISTMAS, CHRISTMAS),
    ]

    assert await week_of(store, *layers) == [[0], [1], NoShiftReason.CLOSED, [0], BOTH]


async def test_a_team_sees_whom_it_has(store: SqliteStore) -> None:
    """Dates on loan are another team's, and the borrower sees them."""
    loan = Loan("l", "ana", "south", MONDAY + DAY, MONDAY + 2 * DAY)
    other = NoShiftReason.OTHER_TEAM

    assert await week_of(store, loan, team="south") == [other, BOTH, BOTH, other, other]


async def test_one_route_has_one_shift(store: SqliteStore) -> None:
    """By number; a number that was swallowed is absent, one that never was is a day off."""
    ill = Absence("b", "ana", window(MONDAY, 0, 13))
    await week_of(store, ill)

    def shift(number: int, day: date = MONDAY) -> object:
        key = RouteKey("acme", "ana", day, number)
        return lambda tx: read_shift(tx, ANA, key)

    found = await store.read(shift(1))  # type: ignore[arg-type]
    assert isinstance(found, Shift)
    assert (found.number, found.window) == (1, window(MONDAY, 14, 18))
    assert found.offers == {"drill", "drill:1"}
    assert await store.read(shift(0)) is NoShiftReason.ABSENT  # type: ignore[arg-type]
    assert await store.read(shift(2)) is NoShiftReason.DAY_OFF  # type: ignore[arg-type]
    assert await store.read(shift(0, CHRISTMAS)) is NoShiftReason.HOLIDAY  # type: ignore[arg-type]


async def test_the_day_behind_the_last_is_read_too(store: SqliteStore) -> None:
    """An exception on the next date ends the night shift of the only date asked for."""
    night = DayHours(LocalInterval(time(20), time(6)))
    tonight = ShiftException("n", "ana", MONDAY, night)
    tomorrow = ShiftException("m", "ana", MONDAY + DAY, DayHours(LocalInterval(time(2), time(9))))
    await week_of(store, tonight, tomorrow)

    found = await store.read(lambda tx: read_work_days(tx, "acme", [ANA], MONDAY, MONDAY))

    (shift,) = found["ana", MONDAY]
    assert shift.window == window(MONDAY, 20, 26)
