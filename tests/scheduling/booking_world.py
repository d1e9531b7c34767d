"""Use cases on a real database with a clock that is set: what the booking machine plays with."""

from __future__ import annotations

import asyncio
import itertools
import shutil
import tempfile
from collections.abc import Callable, Coroutine, Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any, Protocol

from pysqlite3 import dbapi2

from slotsvc.bootstrap.stores import OpenStore
from slotsvc.domain.commitment import Promise
from slotsvc.domain.place import Location
from slotsvc.domain.time_window import TimeWindow
from slotsvc.domain.visit import Pin, RouteKey, Visit
from slotsvc.domain.working_time import Absence
from slotsvc.scheduling import (
    backlog,
    book_visit,
    changed_days,
    get_day,
    hand_moves,
    hold_slot,
    move_visit,
    publish_routes,
    report_visit,
)
from slotsvc.scheduling.calendar_ports import Entity
from slotsvc.scheduling.calendars import Calendars, EntityKey
from slotsvc.scheduling.desk import Desk, Placed
from slotsvc.scheduling.live_calendar import LiveCalendar
from slotsvc.scheduling.mutation import Mutation
from slotsvc.scheduling.ports import ReadTx, StoredVisit, WriteTx
from slotsvc.scheduling.suggest_slots import SearchLimits, SuggestSlots
from slotsvc.scheduling.travel_port import Provenance, TravelTable, TravelTimes
from slotsvc.scheduling.wish import HeldOffer, SuggestCommand, Wish
from slotsvc.solver.params import SearchParams
from slotsvc.store.engine import sqlite_url
from slotsvc.store.migrate import upgrade
from slotsvc.store.sqlite_store import SqliteStore
from slotsvc.travel.estimate import EstimatedTravelTimes
from tests.scheduling.booking_company import (
    DAYS,
    TEAM,
    TECHNICIANS,
    TENANT,
    WORKS,
    company,
)
from tests.service_fixtures import SetClock

_MEMORY = Path("/dev/shm")


class KnownRoads(EstimatedTravelTimes):
    """The estimate, passed off as read on a map, so that what is known is not asked again."""

    async def table(
        self, sources: Sequence[Location], destinations: Sequence[Location]
    ) -> TravelTable:
        found = await super().table(sources, destinations)
        return replace(found, provenance=Provenance.LIVE)


class NearStore(SqliteStore):
    """The store without its threads: one caller, who waits anyway."""

    async def read[T](self, work: Callable[[ReadTx], T]) -> T:
        return self._read(work)

    async def write[T](self, work: Callable[[WriteTx], T]) -> T:
        return self._write(work, lambda: False)

    def renew(self, path: Path) -> None:
        """All that was kept at ``path``, and nothing else."""
        self._memory.forget()
        with closing(dbapi2.connect(str(path))) as kept, self._writer.connect() as connection:
            kept.backup(connection.connection.dbapi_connection)

    def keep(self, path: Path) -> None:
        """All that is in here, at ``path``."""
        with closing(dbapi2.connect(str(path))) as copy, self._writer.connect() as connection:
            driver: Any = connection.connection.dbapi_connection
            driver.backup(copy)


class KeepingStore(OpenStore, Protocol):
    """A store whose whole contents can be kept and brought back."""

    def keep(self, path: Path) -> None: ...
    def renew(self, path: Path) -> None: ...


@dataclass(frozen=True, slots=True)
class Memory:
    """A state of a world: its database, the next number for ids, and the time."""

    path: Path
    number: int
    now: datetime


class BookingWorld:
    """Three technicians, two days, four places, and every use case that changes a route."""

    def __init__(self, template: Path, travel: TravelTimes | None = None) -> None:
        self._scratch = scratch()
        self.clock = SetClock()
        self.first_day = self.clock.now().date()
        self._runner = asyncio.Runner()
        self.store = self._opened(template)
        self._calendars = Calendars(self.store, changed_days.judge_changed_days)
        self.travel = travel or KnownRoads()
        self._begin()

    def _opened(self, template: Path) -> KeepingStore:
        path = Path(shutil.copyfile(template, Path(self._scratch.name) / "slotsvc.db"))
        return NearStore(path, self.clock, readers=1)

    def _begin(self, number: int = 1) -> None:
        self._numbers = itertools.count(number)
        self._desk = Desk(self.store, self.travel, lambda kind: f"{kind}-{next(self._numbers)}")
        calendar = LiveCalendar(self.store, self.travel)
        self._suggest = SuggestSlots(self.store, self.travel, calendar, SearchLimits())

    def keep(self, path: Path) -> Memory:
        """What stands now, to come back to."""
        self.store.keep(path)
        return Memory(path, next(self._numbers), self.clock.now())

    def renew(self, memory: Memory) -> None:
        """Everything as it was then; much quicker than a world of its own."""
        self.clock.instant = memory.now
        self.store.renew(memory.path)
        self._begin(memory.number)

    def close(self) -> None:
        """Gives everything back."""
        self.store.close()
        self._runner.close()
        self._scratch.cleanup()

    def run[T](self, work: Coroutine[Any, Any, T]) -> T:
        """To its end."""
        return self._runner.run(work)

    def read[T](self, work: Callable[[ReadTx], T]) -> T:
        """One snapshot."""
        return self.run(self.store.read(work))

    def day(self, number: int) -> date:
        """Today is 0."""
        return self.first_day + timedelta(days=number)

    # --- offers and what is taken -------------------------------------------------------------

    def search(self, wish: Wish) -> tuple[HeldOffer, ...]:
        """What each offer needs to be taken."""
        params = SearchParams(max_slots=4, max_per_day=3)
        return self.run(self._suggest(SuggestCommand(TENANT, TEAM, wish, params))).held

    def hold(self, offer: HeldOffer, length: timedelta) -> Placed:
        """Raises as ``hold_slot``."""
        return self._kept(
            lambda keep: hold_slot.hold_slot(self._desk, self._mutation("h"), offer, length, keep)
        )

    def extend(self, hold: str, length: timedelta) -> Placed:
        """Raises as ``extend_hold``."""
        return self._kept(
            lambda keep: hold_slot.extend_hold(self._desk, self._mutation("e"), hold, length, keep)
        )

    def release(self, hold: str) -> None:
        """Raises as ``release_hold``."""
        self.run(hold_slot.release_hold(self._desk, self._mutation("r"), hold))

    def confirm(self, hold: str, pin: Pin, visit: str = "") -> Placed:
        """Raises as ``confirm_hold``."""
        mutation = self._mutation("c")
        return self._kept(
            lambda keep: book_visit.confirm_hold(self._desk, mutation, hold, pin, keep, visit)
        )

    def book(self, offer: HeldOffer, pin: Pin = Pin.NONE) -> Placed:
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

    # --- the backlog --------------------------------------------------------------------------

    def create(self, visit: Visit) -> Placed:
        """Into the backlog, under an id of its own."""
        mutation = self._mutation("v")
        return self._kept(
            lambda keep: backlog.create_visit(
                self._desk, mutation, lambda _, id: replace(visit, id=id), keep
            )
        )

    def unplace(self, visit: str) -> Placed:
        """Raises as ``unplace_visit``."""
        mutation = self._mutation("u")
        return self._kept(
            lambda keep: backlog.unplace_visit(self._desk, mutation, visit, None, keep)
        )

    def announce(
        self, visit: str, windows: tuple[TimeWindow, ...], *, instead: bool = False
    ) -> Placed:
        """Raises as ``announce_promise``."""
        mutation = self._mutation("p")
        told = Promise(windows, self.clock.now(), "phone")
        return self._kept(
            lambda keep: backlog.announce_promise(
                self._desk, mutation, visit, lambda _: told, keep, instead=instead
            )
        )

    # --- by hand, and from the road -----------------------------------------------------------

    def tried(self, *moves: hand_moves.HandMove) -> tuple[hand_moves.TriedRoute, ...]:
        """Raises as ``check_plan``."""
        return self.run(hand_moves.check_plan(self._desk, TENANT, moves))

    def move(
        self, move: hand_moves.HandMove, reason: str = "", pin: Pin = Pin.NONE
    ) -> tuple[Placed, Sequence[hand_moves.TriedRoute]]:
        """Raises as ``move_visit``."""
        told: list[tuple[Placed, Sequence[hand_moves.TriedRoute]]] = []

        def keep(placed: Placed, routes: Sequence[hand_moves.TriedRoute]) -> bytes:
            told.append((placed, routes))
            return b"told"

        wanted = move_visit.Wanted(move, pin, reason)
        self.run(move_visit.move_visit(self._desk, self._mutation("m"), wanted, keep))
        return told[0]

    def report(self, visit: str, report: report_visit.Report) -> Placed:
        """Raises as ``report_visit``."""
        mutation = self._mutation("t")
        return self._kept(
            lambda keep: report_visit.report_visit(self._desk, mutation, visit, report, keep)
        )

    def publish(self, technician: str, first: date, last: date, *, withdraw: bool = False) -> int:
        """How many routes changed. Raises as ``publish_routes``."""
        wanted = publish_routes.Publishing(TEAM, technician, first, last, withdraw)
        told: list[int] = []

        def keep(changed: int) -> bytes:
            told.append(changed)
            return b"told"

        self.run(publish_routes.publish_routes(self._desk, self._mutation("s"), wanted, keep))
        return told[0]

    # --- the calendar -------------------------------------------------------------------------

    def leave(self, technician: str, window: TimeWindow) -> str:
        """The technician is away; the absence's id."""
        return self.run(self.leaving(technician, window))

    async def leaving(self, technician: str, window: TimeWindow) -> str:
        """``leave``, for use while something else runs."""
        absence = Absence(f"a-{next(self._numbers)}", technician, window)
        key = EntityKey(Absence, TENANT, absence.id, technician)
        await self._calendars.create(
            self._mutation("a"), key, lambda _: absence, lambda *_: b"told"
        )
        return absence.id

    def come_back(self, technician: str, absence: str) -> None:
        """As if the absence had never been."""
        key = EntityKey(Absence, TENANT, absence, technician)
        self.run(self._calendars.delete(self._mutation("d"), key, None))

    def fall_ill(self, technician: str, window: TimeWindow) -> tuple[str, tuple[str, ...]]:
        """The absence's id, and the visits that went back to the backlog."""
        absence = Absence(f"a-{next(self._numbers)}", technician, window)
        told: list[tuple[str, ...]] = []

        def keep(_absence: Absence, _etag: str, visits: Sequence[str]) -> bytes:
            told.append(tuple(visits))
            return b"told"

        mutation = self._mutation("i")
        self.run(self._calendars.create_absence(mutation, lambda _: absence, keep))
        return absence.id, told[0]

    def change[E: Entity](self, kind: type[E], id: str, revise: Callable[[E], E]) -> None:
        """Raises as ``Calendars.update``."""
        key = EntityKey(kind, TENANT, id)
        self.run(
            self._calendars.update(
                self._mutation("y"), key, None, lambda _, old: revise(old), lambda *_: b"told"
            )
        )

    # --- what stands --------------------------------------------------------------------------

    def visit(self, visit: str) -> StoredVisit:
        """As it is stored."""
        stored = self.read(lambda tx: tx.visit(TENANT, visit))
        assert stored is not None, visit
        return stored

    def backlog(self, wanted: backlog.BacklogFilter) -> set[str]:
        """The visits that wait for a place."""
        found = self.run(backlog.list_unplaced(self._desk, wanted))
        return {placed.stored.visit.id for placed in found}

    def show(self, keys: Iterable[RouteKey]) -> dict[RouteKey, get_day.TechnicianDay]:
        """The days of these routes, as a planner would see them."""
        shown: dict[RouteKey, get_day.TechnicianDay] = {}
        for day, technician in sorted({(key.day, key.technician) for key in keys}):
            found = self.run(get_day.get_day(self._desk, TENANT, TEAM, day, technician))
            shown |= {one.route.key: one for one in found}
        return shown

    def _kept(self, work: Callable[[_Keep], Coroutine[Any, Any, bytes]]) -> Placed:
        keep = _Keep()
        self.run(work(keep))
        return keep.placed

    def _mutation(self, kind: str) -> Mutation:
        number = next(self._numbers)
        return Mutation(TENANT, kind, f"call-{number}", number.to_bytes(8))


class _Keep:
    """Stands for the server's conversion: keeps what would be told."""

    placed: Placed

    def __call__(self, placed: Placed) -> bytes:
        self.placed = placed
        return b"told"


def scratch() -> tempfile.TemporaryDirectory[str]:
    """In memory where there is a place for that: every write waits for the disk otherwise."""
    where = _MEMORY if _MEMORY.is_dir() else None
    return tempfile.TemporaryDirectory(prefix="slotsvc-machine-", dir=where)


def template(directory: Path) -> Path:
    """A database with the company and nothing booked, to be copied."""
    path = directory / "template.db"
    upgrade(sqlite_url(path))
    store = NearStore(path, SetClock(), readers=1)
    asyncio.run(store.write(found_company))
    store.close()
    return path


def found_company(tx: WriteTx) -> None:
    """The company, and nothing booked."""
    for entity in company():
        tx.create(TENANT, entity)


def work_at(place: Location, work: str = "service", hours: float = 0) -> Wish:
    """A wish for one of the company's activities; ``hours`` 0: as long as usual."""
    return Wish(
        location=place, activity_type=work, service=timedelta(hours=hours) if hours else None
    )


def local(day: date, hour: int, minute: int = 0) -> datetime:
    """An instant of summer in Monaco."""
    return datetime.combine(day, time(hour, minute), UTC) - timedelta(hours=2)


__all__ = [
    "DAYS",
    "TEAM",
    "TECHNICIANS",
    "TENANT",
    "WORKS",
    "BookingWorld",
    "KnownRoads",
    "local",
    "scratch",
    "template",
    "work_at",
]
