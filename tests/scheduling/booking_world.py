"""Use cases on a real SQLite file with a clock that is set: what the booking machine plays with."""

from __future__ import annotations

import asyncio
import itertools
import shutil
import tempfile
from collections.abc import Coroutine, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from slotsvc.domain.offering import ActivityType, OfferGrid
from slotsvc.domain.place import Location
from slotsvc.domain.technician import Team, Technician, Tenant
from slotsvc.domain.time_window import TimeWindow
from slotsvc.domain.visit import Pin, Placement, RouteKey
from slotsvc.domain.working_time import (
    Absence,
    BreakRule,
    DayHours,
    LocalInterval,
    WorkingTime,
)
from slotsvc.scheduling import book_visit, get_day, hold_slot
from slotsvc.scheduling.desk import Desk, Placed, shift_of
from slotsvc.scheduling.live_calendar import LiveCalendar
from slotsvc.scheduling.mutation import Mutation
from slotsvc.scheduling.placing import replaced_pairs
from slotsvc.scheduling.ports import Event, StoredRoute
from slotsvc.scheduling.suggest_slots import SearchLimits, SuggestSlots
from slotsvc.scheduling.travel_blocks import legs_among
from slotsvc.scheduling.travel_port import TravelTimes
from slotsvc.scheduling.wish import HeldOffer, SuggestCommand, Wish
from slotsvc.solver.checker import CheckedVisit, Finding, check_route, removal_safe
from slotsvc.solver.params import SearchParams
from slotsvc.store.engine import sqlite_url
from slotsvc.store.migrate import upgrade
from slotsvc.store.read_tx import ReadTransaction
from slotsvc.store.sqlite_store import SqliteStore
from slotsvc.travel.estimate import EstimatedTravelTimes
from tests.service_fixtures import SetClock

TENANT, TEAM, ZONE = "acme", "crew", "Europe/Monaco"
TECHNICIANS = ("ann", "bob")
DAYS = 3
HOME = Location(43.73327, 7.41693)
PLACES = (
    Location(43.73953, 7.42802),
    Location(43.73501, 7.42134),
    Location(43.75049, 7.43870),
    Location(43.74360, 7.42450),
)
GRID = OfferGrid(
    tuple(LocalInterval(time(a), time(b)) for a, b in ((8, 10), (10, 12), (13, 15), (15, 17)))
)


@dataclass(frozen=True, slots=True)
class Seen:
    """A route as the referee sees it. ``findings``: of the route as it stands or may come to
    stand; empty: sound."""

    route: StoredRoute
    live: tuple[Placement, ...]
    findings: tuple[Finding, ...]


class BookingWorld:
    """Two technicians, three days, four places, and every use case that changes a route."""

    def __init__(self, template: Path, travel: TravelTimes | None = None) -> None:
        self._scratch = tempfile.TemporaryDirectory(prefix="slotsvc-machine-")
        path = Path(shutil.copyfile(template, Path(self._scratch.name) / "slotsvc.db"))
        self.clock = SetClock()
        self.first_day = self.clock.now().date()
        self._runner = asyncio.Runner()
        self._store = SqliteStore(path, self.clock, readers=1)
        self._numbers = itertools.count(1)
        travel = travel or EstimatedTravelTimes()
        self._desk = Desk(self._store, travel, lambda kind: f"{kind}-{next(self._numbers)}")
        calendar = LiveCalendar(self._store, travel)
        self._suggest = SuggestSlots(self._store, travel, calendar, SearchLimits())
        self.run(self._store.write(_found))

    def close(self) -> None:
        """Gives everything back."""
        self._store.close()
        self._runner.close()
        self._scratch.cleanup()

    def run[T](self, work: Coroutine[Any, Any, T]) -> T:
        """To its end."""
        return self._runner.run(work)

    # --- use cases ----------------------------------------------------------------------------

    def search(self, wish: Wish) -> tuple[HeldOffer, ...]:
        """What each offer needs to be taken."""
        params = SearchParams(max_slots=4, max_per_day=3)
        return self.run(self._suggest(SuggestCommand(TENANT, TEAM, wish, params))).held

    def hold(self, offer: HeldOffer, length: timedelta) -> Placed:
        """Raises as ``hold_slot``."""
        keep = _Keep()
        self.run(hold_slot.hold_slot(self._desk, self._mutation("h"), offer, length, keep))
        return keep.placed

    def extend(self, hold: str, length: timedelta) -> Placed:
        """Raises as ``extend_hold``."""
        keep = _Keep()
        self.run(hold_slot.extend_hold(self._desk, self._mutation("e"), hold, length, keep))
        return keep.placed

    def release(self, hold: str) -> None:
        """Raises as ``release_hold``."""
        self.run(hold_slot.release_hold(self._desk, self._mutation("r"), hold))

    def confirm(self, hold: str, pin: Pin, visit: str = "") -> Placed:
        """Raises as ``confirm_hold``."""
        keep = _Keep()
        mutation = self._mutation("c")
        self.run(book_visit.confirm_hold(self._desk, mutation, hold, pin, keep, visit))
        return keep.placed

    def book(self, offer: HeldOffer, pin: Pin) -> Placed:
        """Raises as ``book_slot``."""
        return self.run(self.booking(offer, pin))

    async def booking(self, offer: HeldOffer, pin: Pin = Pin.NONE) -> Placed:
        """``book``, for use while something else runs."""
        keep = _Keep()
        await book_visit.book_slot(self._desk, self._mutation("b"), offer, pin, keep)
        return keep.placed

    def cancel(self, visit: str) -> Placed:
        """Raises as ``cancel_visit``."""
        return self.run(self.cancelling(visit))

    async def cancelling(self, visit: str) -> Placed:
        """``cancel``, for use while something else runs."""
        keep = _Keep()
        await book_visit.cancel_visit(self._desk, self._mutation("x"), visit, None, "", keep)
        return keep.placed

    def leave(self, technician: str, window: TimeWindow) -> str:
        """The technician is away; the absence's id."""
        return self.run(self.leaving(technician, window))

    async def leaving(self, technician: str, window: TimeWindow) -> str:
        """``leave``, for use while something else runs."""
        absence = Absence(f"a-{next(self._numbers)}", technician, window)
        await self._store.write(lambda tx: tx.create(TENANT, absence))
        return absence.id

    def come_back(self, technician: str, absence: str) -> None:
        """As if the absence had never been."""
        self.run(
            self._store.write(lambda tx: tx.delete(TENANT, Absence, absence, None, technician))
        )

    # --- what stands --------------------------------------------------------------------------

    def seen(self) -> Mapping[RouteKey, Seen]:
        """Every route, judged by the referee."""
        return self.run(self._store.read(_seen))

    def events(self) -> list[Event]:
        """All of them, oldest first."""
        return self.run(self._store.read(_events))

    def days_can_be_shown(self) -> None:
        """Every day of the team, as a planner would see it."""
        for n in range(DAYS):
            day = self.first_day + timedelta(days=n)
            self.run(get_day.get_day(self._desk, TENANT, TEAM, day))

    def _mutation(self, kind: str) -> Mutation:
        number = next(self._numbers)
        return Mutation(TENANT, kind, f"call-{number}", number.to_bytes(8))


class _Keep:
    """Stands for the server's conversion: keeps what would be told."""

    placed: Placed

    def __call__(self, placed: Placed) -> bytes:
        self.placed = placed
        return b"told"


def template(directory: Path) -> Path:
    """An empty database, to be copied."""
    path = directory / "template.db"
    upgrade(sqlite_url(path))
    return path


def _found(tx: Any) -> None:
    noon = BreakRule(LocalInterval(time(12), time(13)), timedelta(minutes=30))
    for entity in (
        Tenant(TENANT, "Acme"),
        Team(TEAM, "Crew", ZONE),
        ActivityType(
            "service", "Service", timedelta(hours=1), frozenset(), GRID, timedelta(0),
            timedelta(days=DAYS),
        ),
        *(_technician(name, (noon,) if name == "bob" else ()) for name in TECHNICIANS),
    ):  # fmt: skip
        tx.create(TENANT, entity)


def _technician(name: str, breaks: tuple[BreakRule, ...]) -> Technician:
    day = DayHours(LocalInterval(time(8), time(18)), breaks)
    return Technician(name, name.title(), TEAM, ZONE, HOME, HOME, WorkingTime((day,) * 7))


def _seen(tx: Any) -> dict[RouteKey, Seen]:
    now = tx.now()
    first, last = (now + timedelta(days=n) for n in (-DAYS - 3, DAYS + 3))
    routes = tx.routes(TENANT, TECHNICIANS, first.date(), last.date())
    return {route.key: _judged(tx, route, now) for route in routes.values()}


def _judged(tx: ReadTransaction, route: StoredRoute, now: datetime) -> Seen:
    live = route.live(now)
    if not live:
        return Seen(route, live, ())
    work = shift_of(tx, route.key)
    if work is None or route.block is None:
        return Seen(route, live, (_NO_SHIFT,))
    found: list[Finding] = []
    for standing in _may_stand(live):
        places = [work.shift.start_place, *(p.visit.location for p in standing)]
        legs = legs_among(route.block, [*places, work.shift.end_place])
        visits = [_checked(p) for p in standing]
        found += check_route(work.shift, visits, legs)
        unsafe = removal_safe(work.shift, visits, legs)
        found += [unsafe] if unsafe and not found else []
    return Seen(route, live, tuple(found))


_NO_SHIFT: Any = "there are visits on a day without a shift"


def _may_stand(live: Sequence[Placement]) -> Iterable[list[Placement]]:
    """The route without the old or without the new place of an open move: both must be sound."""
    pairs = replaced_pairs(live)
    if not pairs:
        yield list(live)
    for pair in pairs:
        for gone in pair:
            yield [p for p in live if p.id != gone]


def _checked(placement: Placement) -> CheckedVisit:
    assert placement.promise.covers(placement.start_window), "planned outside of the promise"
    return CheckedVisit(placement.id, placement.start_window, placement.visit.service)


def _events(tx: Any) -> list[Event]:
    return [stored.event for stored in tx.events_after(TENANT, "", 100_000)]


def local(day: date, hour: int, minute: int = 0) -> datetime:
    """An instant of summer in Monaco."""
    return datetime.combine(day, time(hour, minute), UTC) - timedelta(hours=2)
