"""The in-memory calendar: one named home of every team's arrays, by route version.

Nothing here is truth. A search refreshes what changed (versions, lapsed holds, the calendar's
revision, the minute for days under way) from one snapshot of the store, then reads an immutable
``TeamCalendar``.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta

from slotsvc.domain.errors import NotFoundError, TravelError
from slotsvc.domain.place import Location
from slotsvc.domain.shifts import resolve_shifts
from slotsvc.domain.technician import Team, Technician
from slotsvc.domain.visit import RouteKey
from slotsvc.domain.working_time import NoShiftReason, Shift
from slotsvc.scheduling.placing import without_replaced
from slotsvc.scheduling.ports import ReadTx, Store, StoredRoute, TravelBlock
from slotsvc.scheduling.travel_blocks import block_over, legs_among
from slotsvc.scheduling.travel_port import Provenance, TravelTimes, TravelUnavailableError
from slotsvc.solver.arrays import TeamArrays, replaced, team_arrays
from slotsvc.solver.base import Base, base_costs
from slotsvc.solver.instance import route_instance
from slotsvc.solver.started import rest_of_day
from slotsvc.solver.team_calendar import BASE_BUDGET, DayOfWork, TeamCalendar

DAY = timedelta(days=1)
LONGEST_MEMORY = 62
"""Days of a team kept in memory when searches ask for different ones."""

MOST_TEAMS = 64
"""Teams kept in memory; the one not asked for longest goes first."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One team at one instant: everything a search reads from the store."""

    team: Team
    technicians: tuple[Technician, ...]
    revision: int
    shifts: Mapping[tuple[int, date], Shift | NoShiftReason]
    routes: Mapping[tuple[str, date], StoredRoute]
    now: datetime


@dataclass(slots=True)
class _TeamMemory:
    """What is remembered of a team between searches."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    period: tuple[date, date] | None = None
    snapshot: Snapshot | None = None
    days: dict[tuple[str, date], DayOfWork] = field(default_factory=dict)
    order: tuple[tuple[str, date], ...] = ()
    arrays: TeamArrays | None = None
    bases: dict[tuple[int, int], tuple[TeamArrays, Base]] = field(default_factory=dict)


class LiveCalendar:
    """Teams in memory. One instance per process."""

    def __init__(self, store: Store, travel: TravelTimes) -> None:
        self._store, self._travel = store, travel
        self._teams: dict[tuple[str, str], _TeamMemory] = {}

    async def read(
        self, tenant: str, team: str, first: date, last: date, weights: tuple[int, int]
    ) -> tuple[TeamCalendar, Snapshot]:
        """The team's calendar from ``first`` to ``last`` at least, as of now.

        ``weights``: of driving and waiting, for the routes' zero line. Raises ``NotFoundError``,
        ``TravelError``.
        """
        memory = self._memory(tenant, team)
        async with memory.lock:
            period = _covering(memory.period, first, last)
            snapshot = await self._store.read(
                lambda tx: _snapshot(tx, tenant, team, period, memory)
            )
            await self._refresh(memory, snapshot, period)
            return await self._calendar(memory, snapshot, weights), snapshot

    def _memory(self, tenant: str, team: str) -> _TeamMemory:
        key = (tenant, team)
        memory = self._teams.pop(key, None) or _TeamMemory()
        self._teams[key] = memory
        while len(self._teams) > MOST_TEAMS:
            self._teams.pop(next(iter(self._teams)))
        return memory

    async def _refresh(
        self, memory: _TeamMemory, snapshot: Snapshot, period: tuple[date, date]
    ) -> None:
        """Rebuilds the days that changed, then the arrays where they did."""
        fresh: dict[tuple[str, date], DayOfWork] = {}
        days: dict[tuple[str, date], DayOfWork] = {}
        for (number, day), shift in snapshot.shifts.items():
            if isinstance(shift, Shift) and shift.window.end > snapshot.now:
                key = (snapshot.technicians[number].id, day)
                known = memory.days.get(key)
                route = snapshot.routes.get(key)
                if known is None or _stale(known, number, shift, route, snapshot.now):
                    known = await self._day(number, day, shift, route, snapshot.now)
                    fresh[key] = known
                days[key] = known
        order = tuple(sorted(days))
        if memory.arrays is None or order != memory.order:
            instances = [days[key].instance for key in order]
            memory.arrays = await asyncio.to_thread(team_arrays, instances)
        elif fresh:
            rows = {key: row for row, key in enumerate(order)}
            changes = {rows[key]: day.instance for key, day in fresh.items()}
            memory.arrays = await asyncio.to_thread(replaced, memory.arrays, changes)
        memory.period, memory.snapshot = period, snapshot
        memory.days, memory.order = days, order

    async def _day(
        self, number: int, day: date, shift: Shift, route: StoredRoute | None, now: datetime
    ) -> DayOfWork:
        live = route.live(now) if route else ()
        placements = without_replaced(live)
        places = [shift.start_place, shift.end_place, *(p.visit.location for p in placements)]
        block = await _block(self._travel, places, route)
        instance = route_instance(shift, placements, legs_among(block, places))
        estimated = block.provenance is Provenance.ESTIMATE
        return DayOfWork(
            technician=number,
            day=day,
            shift=shift,
            version=route.version if route else 0,
            valid_until=route.valid_until(now) if route else None,
            renew_at=_renew_at(shift, route, now, estimated),
            placements=placements,
            instance=rest_of_day(instance, int(now.timestamp())),
            estimated=estimated,
            move_pending=len(placements) < len(live),
        )

    async def _calendar(
        self, memory: _TeamMemory, snapshot: Snapshot, weights: tuple[int, int]
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
        days = tuple(memory.days[key] for key in memory.order)
        return TeamCalendar(
            snapshot.technicians, snapshot.team.zone, snapshot.shifts, days, arrays, known[1]
        )


def _covering(known: tuple[date, date] | None, first: date, last: date) -> tuple[date, date]:
    """What is remembered and what is asked for, so that searches for different days do not drive
    each other out; only what is asked for when that would be too long. A day before and after
    belong to it: shifts and windows may reach over midnight."""
    first, last = first - DAY, last + DAY
    if known is None:
        return first, last
    start, end = min(first, known[0]), max(last, known[1])
    return (start, end) if (end - start).days <= LONGEST_MEMORY else (first, last)


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
        technicians = tuple(tx.technicians(tenant, team))
        shifts = _shifts(tx, tenant, technicians, period)
    routes = _routes(tx, tenant, [t.id for t in technicians], period, old)
    return Snapshot(found, technicians, revision, shifts, routes, now)


def _routes(
    tx: ReadTx,
    tenant: str,
    technicians: Sequence[str],
    period: tuple[date, date],
    old: Snapshot | None,
) -> Mapping[tuple[str, date], StoredRoute]:
    """Routes whose version changed are read, the others taken over."""
    versions = tx.route_versions(tenant, technicians, *period)
    known = old.routes if old else {}
    routes = {key: known[key] for key, v in versions.items() if _version(known, key) == v}
    changed = [RouteKey(tenant, *key) for key in versions if key not in routes]
    for key, route in tx.routes_by_key(changed).items():
        routes[(key.technician, key.day)] = route
    return routes


def _version(known: Mapping[tuple[str, date], StoredRoute], key: tuple[str, date]) -> int:
    return known[key].version if key in known else -1


def _shifts(
    tx: ReadTx, tenant: str, technicians: Sequence[Technician], period: tuple[date, date]
) -> Mapping[tuple[int, date], Shift | NoShiftReason]:
    first, last = period
    ids = [t.id for t in technicians]
    days = [first + n * DAY for n in range((last - first).days + 1)]
    exceptions = tx.shift_exceptions(tenant, ids, first, last)
    absences = tx.absences(tenant, ids, *_instants(first, last))
    shifts: dict[tuple[int, date], Shift | NoShiftReason] = {}
    for number, who in enumerate(technicians):
        resolved = resolve_shifts(
            who, days, exceptions.get(who.id, {}).values(), absences.get(who.id, ())
        )
        shifts.update({(number, day): shift for day, shift in resolved.items()})
    return shifts


def _instants(first: date, last: date) -> tuple[datetime, datetime]:
    """A UTC span that covers the local days in every zone."""
    return (
        datetime.combine(first - DAY, time(), UTC),
        datetime.combine(last + 3 * DAY, time(), UTC),
    )


def _stale(
    known: DayOfWork, number: int, shift: Shift, route: StoredRoute | None, now: datetime
) -> bool:
    if known.version != (route.version if route else 0) or now >= known.renew_at:
        return True
    return known.technician != number or known.shift != shift


def _renew_at(shift: Shift, route: StoredRoute | None, now: datetime, estimated: bool) -> datetime:
    """When this day must be built anew although nobody writes: the earliest expiry, the start of
    the shift, every minute while it is under way, or while roads did not answer."""
    expiry = route.valid_until(now) if route else None
    waits = now < shift.window.start and not estimated
    turn = shift.window.start if waits else now + timedelta(minutes=1)
    return min(turn, expiry) if expiry else turn


async def _block(
    travel: TravelTimes, places: Sequence[Location], route: StoredRoute | None
) -> TravelBlock:
    try:
        return await block_over(travel, places, route.block if route else None)
    except TravelUnavailableError as error:
        raise TravelError("no travel time can be had") from error
