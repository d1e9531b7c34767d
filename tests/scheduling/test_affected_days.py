"""Whose shifts a change may alter, and when."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from slotsvc.domain.closures import Closure
from slotsvc.domain.eligibility import Certificate
from slotsvc.domain.offering import Site
from slotsvc.domain.place import Location
from slotsvc.domain.technician import Loan, Team, Technician, Tenant, Van
from slotsvc.domain.time_window import TimeWindow
from slotsvc.domain.working_time import (
    Absence,
    DayHours,
    LocalInterval,
    ShiftException,
    WorkingTime,
)
from slotsvc.scheduling.affected_days import affected
from slotsvc.scheduling.calendar_ports import Entity
from slotsvc.scheduling.ports import WriteTx
from slotsvc.scheduling.work_calendar import read_work_days
from slotsvc.store.engine import sqlite_url
from slotsvc.store.migrate import upgrade
from slotsvc.store.sqlite_store import SqliteStore
from tests.store.samples import NOW, FrozenClock

DAY = timedelta(days=1)
TODAY = NOW.date()
HERE = Location(43.73, 7.42)
NIGHT = DayHours(LocalInterval(time(22), time(6)))
LONG = DayHours(LocalInterval(time(8), time(17)))
WEEK = WorkingTime((NIGHT, NIGHT, NIGHT, LONG, LONG, LONG, LONG))
ACME = Tenant("acme", "Acme")
NORTH, SOUTH = Team("north", "North", "UTC"), Team("south", "South", "UTC")
ANA = Technician("ana", "Ana", "north", "Pacific/Apia", HERE, HERE, WEEK)
BEN = replace(ANA, id="ben", zone="America/Los_Angeles", van="lift", max_overtime=8 * DAY / 24)
CLEO = replace(ANA, id="cleo", team="south", zone="Europe/Paris")
LIFT = Van("lift", "Lift")
COMPANY: list[Entity] = [ACME, NORTH, SOUTH, LIFT, ANA, BEN, CLEO]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SqliteStore]:
    path = tmp_path_factory.mktemp("affected") / "slotsvc.db"
    upgrade(sqlite_url(path))
    store = SqliteStore(path, FrozenClock())
    yield store
    store.close()


def days(first: int, last: int) -> tuple[date, date]:
    return TODAY + first * DAY, TODAY + last * DAY


def window(first: int, hours: int) -> TimeWindow:
    start = datetime.combine(TODAY, time(12), UTC) + first * DAY
    return TimeWindow(start, start + timedelta(hours=hours))


class _UndoneError(Exception):
    """Takes back what a test wrote."""


async def told(store: SqliteStore, before: Entity | None, after: Entity | None) -> object:
    """What is said of a change of the company, which is left as it was."""
    found: list[object] = []

    def work(tx: WriteTx) -> None:
        for entity in COMPANY:
            tx.create("acme", entity)
        found.append(affected(tx, "acme", before, after))
        raise _UndoneError

    with pytest.raises(_UndoneError):
        await store.write(work)
    return found[0]


FOREVER = (TODAY - DAY, date.max)
FREE = replace(ACME, public_holidays="FR")


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (None, Absence("a", "ana", window(10, 2)), (("ana",), days(8, 11))),
        (
            Absence("a", "ana", window(10, 2)),
            Absence("a", "ana", window(4, 2)),
            (("ana",), days(2, 11)),
        ),
        (None, Absence("a", "ana", window(-30, 2)), None),
        (ShiftException("x", "ben", TODAY + 3 * DAY, None), None, (("ben",), days(2, 4))),
        (None, Loan("l", "ana", "south", *days(5, 6)), (("ana",), days(4, 7))),
        (None, Closure("c", "south", days(5, 6)), (("cleo",), days(4, 7))),
        (None, Closure("c", "", days(5, 6)), (("ana", "ben", "cleo"), days(4, 7))),
        (None, Closure("c", "", None, window(5, 1)), (("ana", "ben", "cleo"), days(3, 6))),
        (LIFT, replace(LIFT, display_name="New"), None),
        (LIFT, replace(LIFT, certificates=(Certificate("a"),)), (("ben",), FOREVER)),
        (ANA, replace(ANA, display_name="Anna"), None),
        (ANA, replace(ANA, pace=90), (("ana",), FOREVER)),
        (ANA, None, (("ana",), FOREVER)),
        (NORTH, replace(NORTH, display_name="N"), None),
        (NORTH, replace(NORTH, public_holidays="MC"), (("ana", "ben"), FOREVER)),
        (ACME, replace(ACME, tags=frozenset({"a"})), None),
        (ACME, FREE, (("ana", "ben", "cleo"), FOREVER)),
        (None, Site("s", "", HERE, "UTC"), None),
        (None, Van("v", "V"), None),
        (None, Team("t", "T", "UTC"), None),
    ],
)
async def test_who_and_when(
    store: SqliteStore, before: Entity | None, after: Entity | None, expected: object
) -> None:
    """People by id, first and last date; names and things of no consequence say nothing."""
    assert await told(store, before, after) == expected


hours = st.integers(1, 60)
starts = st.integers(-3, 6)
changes = st.one_of(
    st.builds(lambda first, length: Absence("a", "ana", window(first, length)), starts, hours),
    st.builds(lambda first, length: Closure("c", window=window(first, length)), starts, hours),
    st.builds(lambda first: Closure("c", "north", days(first, first + 1)), starts),
    st.builds(lambda first: Loan("l", "cleo", "north", *days(first, first + 1)), starts),
    st.builds(
        lambda first, day: ShiftException("x", "ben", TODAY + first * DAY, day),
        starts,
        st.sampled_from([LONG, NIGHT, DayHours(None), DayHours(LocalInterval(time(0), time(9)))]),
    ),
    st.just(replace(LIFT, tags=frozenset({"lift"}))),
)


@settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(change=changes)
async def test_nobody_else_and_nothing_else_changes(store: SqliteStore, change: Entity) -> None:
    """Shifts that differ after the change are among those that were named."""
    different: set[tuple[str, date]] = set()
    named: list[tuple[tuple[str, ...], tuple[date, date]] | None] = []

    def shifts(tx: WriteTx) -> dict[tuple[str, date], object]:
        return dict(read_work_days(tx, "acme", [ANA, BEN, CLEO], *days(-1, 12)))

    def work(tx: WriteTx) -> None:
        for entity in COMPANY:
            tx.create("acme", entity)
        before = shifts(tx)
        if isinstance(change, Van):
            tx.replace("acme", change, None)
        else:
            tx.create("acme", change)
        after = shifts(tx)
        different.update(key for key in before if before[key] != after[key])
        named.append(affected(tx, "acme", LIFT if isinstance(change, Van) else None, change))
        raise _UndoneError

    with pytest.raises(_UndoneError):
        await store.write(work)
    people, (first, last) = named[0] or ((), (date.max, date.min))
    assert all(who in people and first <= day <= last for who, day in different)
