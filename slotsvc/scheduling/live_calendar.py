"""The in-memory calendar: one named home of every team's arrays, by route version.

Nothing here is truth. A search refreshes what changed (versions, lapsed holds, the calendar's
revision, the minute for days under way) from one snapshot of the store, then reads an immutable
``TeamCalendar``.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from slotsvc.domain.errors import NotFoundError
from slotsvc.domain.technician import Team, Technician
from slotsvc.domain.visit import RouteKey
from slotsvc.domain.working_time import Shift, WorkDay
from slotsvc.scheduling.day_of_work import RememberedDay, remembered_day
from slotsvc.scheduling.ports import ReadTx, Store, StoredRoute
from slotsvc.scheduling.travel_port import TravelTimes
from slotsvc.scheduling.work_calendar import read_work_days
from slotsvc.solver.arrays import TeamArrays, replaced, team_arrays
from slotsvc.solver.base import Base, base_costs
from slotsvc.solver.team_calendar import BASE_BUDGET, TeamCalendar, team_calendar

DAY = timedelta(days=1)
LONGEST_MEMORY = 62
"""Days of a team kept in memory when searches ask for different ones."""

MOST_TEAMS = 64
"""Teams kept in memory; the one not asked for longest goes first."""

type Weights = tuple[int, int, int]
"""Of driving, waiting and overtime; see ``slotsvc.solver.params.CostWeights``."""

type DayKey = tuple[str, date, int]
"""Technician, service date, number of the shift."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One team at one instant: everything a search reads from the store.

    ``routes``: touched ones only.
    """

    team: Team
    technicians: tuple[Technician, ...]
    revision: int
    shifts: Mapping[tuple[int, date], WorkDay]
    routes: Mapping[RouteKey, StoredRoute]
    now: datetime


@dataclass(slots=True)
class _TeamMemory:
    """What is remembered of a team between searches."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    period: tuple[date, date] | None = None
    snapshot: Snapshot | None = None
    days: dict[DayKey, RememberedDay] = field(default_factory=dict)
    order: tuple[DayKey, ...] = ()
    arrays: TeamArrays | None = None
    bases: dict[Weights, tuple[TeamArrays, Base]] = field(default_factory=dict)


class LiveCalendar:
    """Teams in memory. One instance per process."""

    def __init__(self, store: Store, travel: TravelTimes) -> None:
        self._store, self._travel = store, travel
        self._teams: dict[tuple[str, str], _TeamMemory] = {}

    async def read(
        self, tenant: str, team: str, first: date, last: date, weights: Weights
    ) -> tuple[TeamCalendar, Snapshot]:
        """The team's calendar from ``first`` to ``last`` at least, as of now.

        ``weights``: for the routes' zero line. Raises ``NotFoundError``, ``TravelError``.
        """
        memory = self._memory(tenant, team)
        async with memory.lock:
            period = _covering(memory.period, first, last)
            snapshot = await self._store.read(
                lambda tx: _snapshot(tx, tenant, team, period, memory)
            )
            await self._refresh(tenant, memory, snapshot, period)
            return await self._calendar(memory, snapshot, weights), snapshot

    def _memory(self, tenant: str, team: str) -> _TeamMemory:
        key = (tenant, team)
        memory = self._teams.pop(key, None) or _TeamMemory()
        self._teams[key] = memory
        while len(self._teams) > MOST_TEAMS:
            self._teams.pop(next(iter(self._teams)))
        return memory

    async def _refresh(
        self, tenant: str, memory: _TeamMemory, snapshot: Snapshot, period: tuple[date, date]
    ) -> None:
        """Rebuilds the days that changed, then the arrays where they did."""
        fresh: set[DayKey] = set()
        days: dict[DayKey, RememberedDay] = {}
        for number, shift in _shifts_ahead(snapshot):
            key = (shift.technician, shift.service_date, shift.number)
            known = memory.days.get(key)
            route = snapshot.routes.get(RouteKey(tenant, *key))
            if known is None or _stale(known, number, shift, route, snapshot.now):
                known = await remembered_day(self._travel, number, shift, route, snapshot.now)
                fresh.add(key)
            days[key] = known
        order = tuple(sorted(days))
        if memory.arrays is None or order != memory.order:
            instances = [days[key].work.instance for key in order]
            memory.arrays = await asyncio.to_thread(team_arrays, instances)
        elif fresh:
            await self._replace(memory, days, order, fresh)
        await self._relax(memory, days, order)
        memory.period, memory.snapshot = period, snapshot
        memory.days, memory.order = days, order

    async def _relax(
        self, memory: _TeamMemory, days: dict[DayKey, RememberedDay], order: Sequence[DayKey]
    ) -> None:
        """Broken days: every limit that is broken stays where it is, and the order too."""
        assert memory.arrays is not None
        orders = memory.arrays.orders
        broken = {
            key for row, key in enumerate(order) if not orders[row].sound and not days[key].relaxed
        }
        for key in broken:
            days[key] = days[key].with_limits_moved_out()
        if broken:
            await self._replace(memory, days, order, broken)

    async def _replace(
        self,
        memory: _TeamMemory,
        days: Mapping[DayKey, RememberedDay],
        order: Sequence[DayKey],
        changed: Iterable[DayKey],
    ) -> None:
        assert memory.arrays is not None
        rows = {key: row for row, key in enumerate(order)}
        changes = {rows[key]: days[key].work.instance for key in changed}
        memory.arrays = await asyncio.to_thread(replaced, memory.arrays, changes)

    async def _calendar(
        self, memory: _TeamMemory, snapshot: Snapshot, weights: Weights
    ) -> TeamCalendar:
        arrays = memory.arrays
        assert arrays is not None
        known = memory.bases.get(weights)
        if known is None or known[0] is not arrays:
            base = await asyncio.to_thread(base_costs, arrays, weights, BASE_BUDGET, known)
            known = arrays, base
            memory.bases[weights] = known
            while len(memory.bases) > 4:
                memory.bases.pop(next(iter(memory.bases)))
        days = tuple(memory.days[key].work for key in memory.order)
        return team_calendar(
            snapshot.technicians, snapshot.team.zone, snapshot.shifts, days, arrays, known[1]
        )


def _shifts_ahead(snapshot: Snapshot) -> Iterator[tuple[int, Shift]]:
    """Technician number and shift of everything that is not over.

    A shift whose route has begun goes on until its visits are done.
    """
    for (number, _), found in snapshot.shifts.items():
        for shift in found if isinstance(found, tuple) else ():
            if shift.latest_end > snapshot.now:
                yield number, shift


def _covering(known: tuple[date, date] | None, first: date, last: date) -> tuple[date, date]:
    """What is remembered and what is asked for, so that searches for different days do not drive
    each other out; only what is asked for when that would be too long. A day before and after
    belong to it: shifts and windows may reach over midnight."""
    first, last = first - DAY, last + DAY
    if known is None:
        return first, last
    start, end = min(first, known[0]), max(last, known[1])
    return (start, end) if (end - start).days < LONGEST_MEMORY else (first, last)


def _snapshot(
    tx: ReadTx, tenant: str, team: str, period: tuple[date, date], memory: _TeamMemory
) -> Snapshot:
    found = tx.team(tenant, team)
    if found is None:
        raise NotFoundError("no such team")
    now, revision, old = tx.now(), tx.calendar_revision(tenant), memory.snapshot
    if old is not None and old.revision == revision and memory.period == period:
        technicians, shifts = old.technicians, old.shifts
    else:
        technicians = tuple(tx.technicians(tenant, team, *period))
        shifts = _shifts(tx, tenant, team, technicians, period)
    routes = _routes(tx, tenant, [t.id for t in technicians], period, old)
    return Snapshot(found, technicians, revision, shifts, routes, now)


def _routes(
    tx: ReadTx,
    tenant: str,
    technicians: Sequence[str],
    period: tuple[date, date],
    old: Snapshot | None,
) -> Mapping[RouteKey, StoredRoute]:
    """Routes whose version changed are read, the others taken over."""
    versions = tx.route_versions(tenant, technicians, *period)
    known = old.routes if old else {}
    routes = {key: known[key] for key, v in versions.items() if _version(known, key) == v}
    changed = [key for key in versions if key not in routes]
    routes.update(tx.routes_by_key(changed))
    return routes


def _version(known: Mapping[RouteKey, StoredRoute], key: RouteKey) -> int:
    return known[key].version if key in known else -1


def _shifts(
    tx: ReadTx,
    tenant: str,
    team: str,
    technicians: Sequence[Technician],
    period: tuple[date, date],
) -> Mapping[tuple[int, date], WorkDay]:
    numbers = {who.id: number for number, who in enumerate(technicians)}
    found = read_work_days(tx, tenant, technicians, *period, team)
    return {(numbers[who], day): work for (who, day), work in found.items()}


def _stale(
    known: RememberedDay, number: int, shift: Shift, route: StoredRoute | None, now: datetime
) -> bool:
    work = known.work
    if work.version != (route.version if route else 0) or now >= work.renew_at:
        return True
    return work.technician != number or known.shift != shift
