"""What is remembered of a team between searches: always what the store says."""

from __future__ import annotations

import asyncio
import gc
import random
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import fields
from datetime import timedelta
from threading import Event
from typing import Any

import numpy as np
import pytest

from slotsvc.domain.errors import NotFoundError, SlotsvcError
from slotsvc.domain.place import Location
from slotsvc.domain.technician import Technician
from slotsvc.domain.time_window import TimeWindow
from slotsvc.scheduling.live_calendar import MOST_WEIGHTS, LiveCalendar
from slotsvc.scheduling.ports import ReadTx
from slotsvc.scheduling.remembered_team import Snapshot
from slotsvc.scheduling.team_seen import glance_at
from slotsvc.scheduling.travel_port import TravelTable, TravelUnavailableError
from slotsvc.solver.params import CostWeights
from slotsvc.solver.team_calendar import TeamCalendar
from tests.scheduling.booking_company import DAYS, PLACES, TEAM, TENANT
from tests.scheduling.booking_world import BookingWorld, KnownRoads, local, work_at
from tests.scheduling.line_day import Walk

WEIGHTS = CostWeights().of_orders


class Reader:
    """One memory of the world's team."""

    def __init__(self, world: BookingWorld, travel: KnownRoads | None = None) -> None:
        self.world = world
        self.live = LiveCalendar(world.store, travel or world.travel)

    def read(self, first: int = 0, last: int = DAYS) -> tuple[TeamCalendar, Snapshot]:
        """From day ``first`` to day ``last``."""
        days = self.world.day(first), self.world.day(last)
        return self.world.run(self.live.read(TENANT, TEAM, *days, WEIGHTS))

    def calendar(self, first: int = 0, last: int = DAYS) -> TeamCalendar:
        return self.read(first, last)[0]


def told(calendar: TeamCalendar) -> list[object]:
    """Everything that searches read, as values that can be compared."""
    rows: list[object] = [calendar.technicians, calendar.zone, dict(calendar.shifts)]
    for day in calendar.days:
        rows.append([getattr(day, f.name) for f in fields(day) if f.name not in _AT_READING])
        route = day.instance
        rows.append([_plain(getattr(route, f.name)) for f in fields(route)])
    rows += [_plain(getattr(calendar.facts, f.name)) for f in fields(calendar.facts)]
    rows += [_plain(column) for column in calendar.off]
    rows += [_plain(getattr(calendar.base, f.name)) for f in fields(calendar.base)]
    return rows


_AT_READING = ("instance", "renew_at")


def _plain(value: Any) -> object:
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return [_plain(part) for part in value]
    return value.tolist() if isinstance(value, np.ndarray) else value


@pytest.mark.parametrize("number", range(6))
def test_what_is_remembered_is_what_a_new_reader_finds(walk: Walk, number: int) -> None:
    """Whatever is booked, held, lapsed, moved or cancelled, whoever gets ill, and however time goes
    by: the calendar is the one that is read without any memory."""
    world, chance = walk.world, random.Random(number)
    reader, changes = Reader(world), changing(world, chance)
    for _ in range(12):
        with suppress(SlotsvcError):
            chance.choice(changes)()
        first, last = chance.choice([(0, DAYS), (0, DAYS), (1, 1), (0, 5)])
        remembered, snapshot = reader.read(first, last)
        assert snapshot.now == world.clock.now()
        known = told(remembered)
        assert known == told(whole(world, remembered))


def whole(world: BookingWorld, remembered: TeamCalendar) -> TeamCalendar:
    """The same days without a memory."""
    days = sorted({day for _, day in remembered.shifts})
    first, last = ((day - world.first_day).days for day in (days[1], days[-2]))
    return Reader(world).calendar(first, last)


def changing(world: BookingWorld, chance: random.Random) -> Sequence[Callable[[], object]]:
    """Things that happen to a team."""
    visits: list[str] = []

    def book() -> None:
        wish = work_at(chance.choice(PLACES), chance.choice(("service", "boiler")))
        visits.append(world.book(chance.choice(world.search(wish))).stored.visit.id)

    def hold() -> None:
        world.hold(
            chance.choice(world.search(work_at(chance.choice(PLACES)))), timedelta(minutes=5)
        )

    def away() -> None:
        start = local(world.day(chance.randrange(3)), chance.randrange(6, 16))
        window = TimeWindow(start, start + timedelta(hours=chance.choice((1, 24))))
        world.leave(chance.choice(("ann", "bob")), window)

    def pace() -> None:
        quicker = chance.choice((90, 110))
        world.change(Technician, "cid", lambda who: _with_pace(who, quicker))

    return (
        book,
        book,
        book,
        hold,
        lambda: world.cancel(chance.choice(visits)) if visits else book(),
        away,
        pace,
        lambda: world.publish("ann", world.day(0), world.day(2)),
        lambda: world.clock.pass_(timedelta(minutes=chance.choice((1, 6, 45, 700)))),
    )


def _with_pace(who: Technician, pace: int) -> Technician:
    values = {f.name: getattr(who, f.name) for f in fields(who)}
    return Technician(**values | {"pace": pace})


def test_nothing_new_gives_the_very_same_calendar(walk: Walk) -> None:
    """While nothing changes searches share one value; a route that changes is built anew alone."""
    walk.booked(1, 8, 10)
    reader = Reader(walk.world)
    before = reader.calendar(1, 2)
    walk.world.clock.pass_(timedelta(seconds=20))
    assert reader.calendar(1, 2) is before

    walk.world.book(walk.world.search(work_at(PLACES[0]))[0])
    after = reader.calendar(1, 2)
    assert after is not before
    others = [(a, b) for a, b in zip(before.days, after.days, strict=True) if a is b]
    assert len(others) == len(before.days) - 1


def test_calendars_for_a_few_weights_are_kept(walk: Walk) -> None:
    """Callers choose the weights; the calendar for those asked for long ago is worked out anew."""
    world, live = walk.world, LiveCalendar(walk.world.store, walk.world.travel)

    def read(waiting: int) -> TeamCalendar:
        days, weights = (world.day(1), world.day(2)), (1000, waiting, 50)
        return world.run(live.read(TENANT, TEAM, *days, weights))[0]

    first, *others = [read(waiting) for waiting in range(1 + MOST_WEIGHTS)]
    assert all(read(1 + number) is other for number, other in enumerate(others))
    assert read(0) is not first
    assert told(read(0)) == told(first)


def test_another_tenants_changes_are_nobodys_business(walk: Walk) -> None:
    """Numbers of changes are the tenant's own."""
    reader = Reader(walk.world)
    before = reader.calendar(1, 1)
    walk.booked(1, 8, 10)
    changed = walk.world.read(lambda tx: tx.changed_routes("rival", 0))
    assert changed == (0, [])
    assert reader.calendar(1, 1) is not before


def test_a_team_that_does_not_exist_is_told_each_time(walk: Walk) -> None:
    """An error is not remembered."""
    world = walk.world
    live = LiveCalendar(world.store, world.travel)
    for _ in range(2):
        with pytest.raises(NotFoundError):
            world.run(live.read(TENANT, "nobody", world.day(0), world.day(1), WEIGHTS))


class SlowRoads(KnownRoads):
    """Roads that answer when they may."""

    def __init__(self) -> None:
        super().__init__()
        self.may_answer, self.asked = Event(), 0

    async def table(
        self, sources: Sequence[Location], destinations: Sequence[Location]
    ) -> TravelTable:
        self.asked += 1
        while not self.may_answer.is_set():
            await asyncio.sleep(0.001)
        return await super().table(sources, destinations)


def test_reading_a_team_goes_on_when_the_caller_has_gone(walk: Walk) -> None:
    """A team that takes longer to read than a call may last is read all the same, once."""
    world, roads = walk.world, SlowRoads()
    world.change(Technician, "ann", lambda who: _ending_at(who, PLACES[2]))
    live = LiveCalendar(world.store, roads)

    async def impatient_then_patient() -> TeamCalendar:
        days = world.day(1), world.day(1)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(live.read(TENANT, TEAM, *days, WEIGHTS), 0.2)
        asked = roads.asked
        roads.may_answer.set()
        calendar, _ = await live.read(TENANT, TEAM, *days, WEIGHTS)
        assert asked == 2  # there and back, at once
        return calendar

    calendar = world.run(impatient_then_patient())
    assert told(calendar) == told(Reader(world, roads).calendar(1, 1))


class LostRoads(SlowRoads):
    """Roads that are gone when they may answer."""

    async def table(
        self, sources: Sequence[Location], destinations: Sequence[Location]
    ) -> TravelTable:
        await super().table(sources, destinations)
        raise TravelUnavailableError("the road engine is gone")


def test_a_reading_that_fails_when_its_callers_have_gone_is_no_incident(walk: Walk) -> None:
    """Nobody is left to be told, and nothing is logged as an error that nobody looked at."""
    world, roads, incidents = walk.world, LostRoads(), list[object]()
    world.change(Technician, "ann", lambda who: _ending_at(who, PLACES[2]))
    live = LiveCalendar(world.store, roads)

    async def impatient() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _, told: incidents.append(told))
        days = world.day(1), world.day(1)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(live.read(TENANT, TEAM, *days, WEIGHTS), 0.2)
        (reading,) = (t for t in asyncio.all_tasks() if t.get_name() == "refresh-team")
        roads.may_answer.set()
        await asyncio.wait({reading})

    world.run(impatient())
    gc.collect()
    assert incidents == []


def _ending_at(who: Technician, place: Location) -> Technician:
    values = {f.name: getattr(who, f.name) for f in fields(who)}
    return Technician(**values | {"end_place": place})


@pytest.mark.timeout(30)
def test_who_comes_just_as_a_team_was_read_is_answered(walk: Walk) -> None:
    """A booking came after the reading that just ended: another begins, and nobody waits for what
    is over (it hung the whole service)."""
    world, roads = walk.world, SlowRoads()
    world.change(Technician, "ann", lambda who: _ending_at(who, PLACES[2]))
    live, days = LiveCalendar(world.store, roads), (world.day(1), world.day(1))
    offer = world.search(work_at(PLACES[0]))[0]

    async def at_every_moment() -> list[tuple[TeamCalendar, Snapshot]]:
        early = asyncio.create_task(live.read(TENANT, TEAM, *days, WEIGHTS))
        while not roads.asked:
            await asyncio.sleep(0.001)
        await world.booking(offer)
        glance = await world.store.read(lambda tx: glance_at(tx, TENANT))
        roads.may_answer.set()
        late = []
        while not early.done():
            late.append(asyncio.create_task(live.read(TENANT, TEAM, *days, WEIGHTS, glance)))
            await asyncio.sleep(0)
        return await asyncio.gather(*late)

    read = world.run(at_every_moment())
    assert {id(calendar) for calendar, _ in read} == {id(read[0][0])}
    assert told(read[0][0]) == told(Reader(world, roads).calendar(1, 1))


def test_a_look_reads_what_was_written_before_it(walk: Walk) -> None:
    """The number of the last change and the routes named by it belong to one snapshot."""
    first = walk.world.read(lambda tx: tx.last_change(TENANT))
    walk.booked(1, 8, 10)

    def both(tx: ReadTx) -> tuple[int, int, int]:
        last, keys = tx.changed_routes(TENANT, first)
        return tx.last_change(TENANT), last, len(keys)

    assert walk.world.read(both) == (first + 1, first + 1, 1)
