"""The in-memory calendar: one named home of every team's arrays, by route version.

Nothing here is truth. A search looks at the store's clock, the calendar's revision and the number
of the last change of a route; only what changed since (routes written, lapsed holds, the calendar
itself, the minute for days under way) is read and built anew, in threads. Searches read an
immutable ``TeamCalendar``, the same object as long as nothing changes.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import date, timedelta

from slotsvc.scheduling.day_of_work import built_days
from slotsvc.scheduling.ports import Store
from slotsvc.scheduling.remembered_team import (
    RememberedTeam,
    Snapshot,
    changed_days,
    planned_days,
    remembered_team,
    with_days,
)
from slotsvc.scheduling.team_seen import Glance, Period, TeamSeen, glance_at, look
from slotsvc.scheduling.travel_port import TravelTimes
from slotsvc.solver.arrays import TeamArrays
from slotsvc.solver.base import Base, base_costs
from slotsvc.solver.params import Weights
from slotsvc.solver.team_calendar import BASE_BUDGET, TeamCalendar

DAY = timedelta(days=1)
LONGEST_MEMORY = 62
"""Days of a team kept in memory when searches ask for different ones."""

MOST_TEAMS = 64
"""Teams kept in memory; the one not asked for longest goes first."""

MOST_WEIGHTS = 4
"""Calendars and zero lines of a team kept in memory, for different weights."""


@dataclass(slots=True)
class _TeamMemory:
    """What is remembered of a team between searches. ``bases``: by weights, the last ones.

    ``refreshing``: goes on when who began it no longer waits. A large team takes longer to read
    than a call may last; the next call then finds it read.
    """

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    team: RememberedTeam | None = None
    refreshing: asyncio.Task[RememberedTeam] | None = None
    bases: dict[Weights, tuple[TeamArrays, Base]] = field(default_factory=dict)


class LiveCalendar:
    """Teams in memory. One instance per process."""

    def __init__(self, store: Store, travel: TravelTimes) -> None:
        self._store, self._travel = store, travel
        self._teams: dict[tuple[str, str], _TeamMemory] = {}

    async def read(
        self,
        tenant: str,
        team: str,
        first: date,
        last: date,
        weights: Weights,
        glance: Glance | None = None,
    ) -> tuple[TeamCalendar, Snapshot]:
        """The team's calendar from ``first`` to ``last`` at least, as of ``glance`` or later; None:
        as of now.

        ``weights``: for the routes' zero line. Raises ``NotFoundError``, ``TravelError``.
        """
        memory, period = self._memory(tenant, team), (first, last)
        if glance is None:
            glance = await self._store.read(lambda tx: glance_at(tx, tenant))
        known = memory.team
        while known is None or not known.shows(period, glance):
            known = await self._next(memory, tenant, team, period)
        calendar = known.calendars.get(weights)
        if calendar is None:
            calendar = await _with_base(memory, known, weights)
        return calendar, known.snapshot(max(glance.now, known.seen.glance.now))

    def _memory(self, tenant: str, team: str) -> _TeamMemory:
        key = (tenant, team)
        memory = self._teams.pop(key, None) or _TeamMemory()
        self._teams[key] = memory
        while len(self._teams) > MOST_TEAMS:
            self._teams.pop(next(iter(self._teams)))
        return memory

    async def _next(
        self, memory: _TeamMemory, tenant: str, team: str, period: Period
    ) -> RememberedTeam:
        """The team after the refresh that runs, or after one for ``period`` begun now."""
        if memory.refreshing is None:
            refresh = self._refresh(memory, tenant, team, period)
            memory.refreshing = asyncio.create_task(refresh, name="refresh-team")
            # those who wait are told of a failure; when they have all gone, it is nobody's
            memory.refreshing.add_done_callback(lambda over: over.cancelled() or over.exception())
        return await asyncio.shield(memory.refreshing)

    async def _refresh(
        self, memory: _TeamMemory, tenant: str, team: str, period: Period
    ) -> RememberedTeam:
        """Reads and keeps; a failure is told to those who wait for it. What is remembered and that
        nothing is read any more change in one step: who comes then must not wait for what is over.
        """
        try:
            memory.team = await self._refreshed(tenant, team, period, memory.team)
            return memory.team
        finally:
            memory.refreshing = None

    async def _refreshed(
        self, tenant: str, team: str, period: Period, before: RememberedTeam | None
    ) -> RememberedTeam:
        """The team as it is now. Only what changed is built anew."""
        span = _covering(before.seen.period if before is not None else None, *period)
        known = before.seen if before is not None else None
        seen = await self._store.read(lambda tx: look(tx, tenant, team, span, known))
        if before is not None and seen.changed is not None and seen.glance.now < before.over:
            asked = await asyncio.to_thread(changed_days, tenant, seen, before)
            built = await built_days(self._travel, list(asked.values()), seen.glance.now)
            fresh = dict(zip(asked, built, strict=True))
            return await asyncio.to_thread(with_days, seen, before, fresh)
        return await self._rebuilt(tenant, seen, before)

    async def _rebuilt(
        self, tenant: str, seen: TeamSeen, before: RememberedTeam | None
    ) -> RememberedTeam:
        every, asked = await asyncio.to_thread(planned_days, tenant, seen, before)
        built = await built_days(self._travel, list(asked.values()), seen.glance.now)
        fresh = dict(zip(asked, built, strict=True))
        return await asyncio.to_thread(remembered_team, seen, every, fresh, before)


async def _with_base(memory: _TeamMemory, team: RememberedTeam, weights: Weights) -> TeamCalendar:
    """The team's calendar with its zero line, worked out once for each weights."""
    async with memory.lock:
        if weights in team.calendars:
            return team.calendars[weights]
        known = memory.bases.pop(weights, None)
        base = await asyncio.to_thread(base_costs, team.arrays, weights, BASE_BUDGET, known)
        memory.bases[weights] = team.arrays, base
        calendar = team.calendar(weights, base)
        _forget_first(memory.bases)
        _forget_first(team.calendars)
        return calendar


def _forget_first[Kept](by_weights: dict[Weights, Kept]) -> None:
    """Callers choose the weights: there may be any number of them."""
    while len(by_weights) > MOST_WEIGHTS:
        by_weights.pop(next(iter(by_weights)))


def _covering(known: Period | None, first: date, last: date) -> Period:
    """What is remembered and what is asked for, so that searches for different days do not drive
    each other out; only what is asked for when that would be too long. A day before and after
    belong to it: shifts and windows may reach over midnight."""
    first, last = first - DAY, last + DAY
    if known is None:
        return first, last
    start, end = min(first, known[0]), max(last, known[1])
    return (start, end) if (end - start).days < LONGEST_MEMORY else (first, last)
