"""A team in memory, made of what was seen of it; parts that did not change are taken over."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime

from slotsvc.domain.technician import Team, Technician
from slotsvc.domain.visit import RouteKey
from slotsvc.domain.working_time import Shift
from slotsvc.scheduling.day_of_work import AskedDay, BuiltDay
from slotsvc.scheduling.team_seen import Glance, Period, TeamSeen
from slotsvc.solver.arrays import TeamArrays, replaced, team_arrays
from slotsvc.solver.base import Base
from slotsvc.solver.day_of_work import DayOfWork
from slotsvc.solver.params import Weights
from slotsvc.solver.route_facts import RouteFacts, replaced_facts, route_facts
from slotsvc.solver.shift_windows import DaysOff, days_off
from slotsvc.solver.team_calendar import TeamCalendar

type DayKey = tuple[str, date, int]
"""Technician, service date, number of the shift."""

NEVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One team at one instant."""

    team: Team
    technicians: tuple[Technician, ...]
    revision: int
    now: datetime


@dataclass(frozen=True, slots=True, eq=False)
class Row:
    """A day as remembered. ``shift``: as the calendar has it, before anything was reported."""

    work: DayOfWork
    shift: Shift


@dataclass(frozen=True, slots=True, eq=False)
class RememberedTeam:
    """``rows``: in the order of the arrays; ``numbers``: of each. ``until``: before it time alone
    changes nothing; ``over``: nor is a shift over. ``calendars``: by weights, made when asked for,
    the last few.
    """

    seen: TeamSeen
    rows: Mapping[DayKey, Row]
    numbers: Mapping[DayKey, int]
    days: tuple[DayOfWork, ...]
    arrays: TeamArrays
    facts: RouteFacts
    off: DaysOff
    until: datetime
    over: datetime
    calendars: dict[Weights, TeamCalendar] = field(default_factory=dict)

    def shows(self, period: Period, glance: Glance) -> bool:
        """Whether it is what ``glance`` found, or newer, for all days of the period and a day
        before and after: shifts and windows may reach over midnight."""
        (first, last), known = self.seen.period, self.seen.glance
        covered = first < period[0] and period[1] < last
        newer = known.revision >= glance.revision and known.change >= glance.change
        return covered and newer and glance.now < self.until

    def snapshot(self, now: datetime) -> Snapshot:
        """As of ``now``."""
        seen = self.seen
        return Snapshot(seen.team, seen.technicians, seen.glance.revision, now)

    def calendar(self, weights: Weights, base: Base) -> TeamCalendar:
        """For searches. ``base``: of the arrays, under the weights."""
        seen = self.seen
        made = TeamCalendar(
            seen.technicians, seen.team.zone, seen.shifts, self.days, self.arrays, base,
            self.facts, self.off,
        )  # fmt: skip
        return self.calendars.setdefault(weights, made)


type Plan = tuple[Mapping[DayKey, AskedDay], Mapping[DayKey, AskedDay]]
"""All days that are not over, in the order of their rows; and those of them to be built anew."""


def changed_days(tenant: str, seen: TeamSeen, before: RememberedTeam) -> dict[DayKey, AskedDay]:
    """Days to be built anew when the calendar itself is what it was and no shift is over."""
    dirty = {(key.technician, key.day, key.shift) for key in seen.changed or ()}
    now = seen.glance.now
    if now >= before.until:
        dirty |= {key for key, row in before.rows.items() if now >= row.work.renew_at}
    return {
        key: AskedDay(row.work.technician, row.shift, seen.routes.get(RouteKey(tenant, *key)))
        for key in sorted(dirty)
        if (row := before.rows.get(key)) is not None
    }


def planned_days(tenant: str, seen: TeamSeen, before: RememberedTeam | None) -> Plan:
    """``before`` None: all are to be built."""
    days = {
        (shift.technician, shift.service_date, shift.number): (number, shift)
        for (number, _), found in seen.shifts.items()
        for shift in (found if isinstance(found, tuple) else ())
        if shift.latest_end > seen.glance.now
    }
    every = {
        key: AskedDay(*days[key], seen.routes.get(RouteKey(tenant, *key))) for key in sorted(days)
    }
    known = before.rows if before is not None else {}
    now = seen.glance.now
    return every, {k: day for k, day in every.items() if _stale(known.get(k), day, now)}


def _stale(known: Row | None, day: AskedDay, now: datetime) -> bool:
    if known is None or now >= known.work.renew_at:
        return True
    version = day.route.version if day.route else 0
    same = known.work.version == version and known.work.technician == day.number
    return not same or known.shift != day.shift


def with_days(
    seen: TeamSeen, before: RememberedTeam, fresh: Mapping[DayKey, BuiltDay]
) -> RememberedTeam:
    """The same rows, some of them built anew."""
    if not fresh:
        return replace(before, seen=seen, until=_until(before.rows, before.over), calendars={})
    rows = dict(before.rows)
    rows.update({key: Row(day.work, rows[key].shift) for key, day in fresh.items()})
    numbers = {key: before.numbers[key] for key in fresh}
    arrays = replaced(before.arrays, {numbers[k]: day.work.instance for k, day in fresh.items()})
    arrays = _with_limits_moved_out(arrays, rows, numbers, fresh)
    days = list(before.days)
    for key, number in numbers.items():
        days[number] = rows[key].work
    facts = replaced_facts(before.facts, {n: rows[key].work for key, n in numbers.items()})
    return RememberedTeam(
        seen, rows, before.numbers, tuple(days), arrays, facts, before.off,
        _until(rows, before.over), before.over,
    )  # fmt: skip


def remembered_team(
    seen: TeamSeen,
    every: Mapping[DayKey, AskedDay],
    fresh: Mapping[DayKey, BuiltDay],
    before: RememberedTeam | None,
) -> RememberedTeam:
    """``every``: all days; those that are not among the ``fresh`` ones are taken over."""
    known = before.rows if before is not None else {}
    rows = {
        key: Row(fresh[key].work, day.shift) if key in fresh else known[key]
        for key, day in every.items()
    }
    numbers = {key: number for number, key in enumerate(rows)}
    routes = [row.work.instance for row in rows.values()]
    arrays = team_arrays(routes, before.arrays if before is not None else None)
    arrays = _with_limits_moved_out(arrays, rows, {key: numbers[key] for key in fresh}, fresh)
    days = tuple(row.work for row in rows.values())
    over = min((row.shift.latest_end for row in rows.values()), default=NEVER)
    return RememberedTeam(
        seen, rows, numbers, days, arrays, route_facts(days), days_off(seen.shifts),
        _until(rows, over), over,
    )  # fmt: skip


def _with_limits_moved_out(
    arrays: TeamArrays,
    rows: dict[DayKey, Row],
    numbers: Mapping[DayKey, int],
    fresh: Mapping[DayKey, BuiltDay],
) -> TeamArrays:
    """Broken days: every limit that is broken stays where it is, and the order too. ``rows`` are
    changed."""
    changes = {}
    for key, number in numbers.items():
        if not arrays.sound[number]:
            work = fresh[key].with_limits_moved_out().work
            rows[key] = Row(work, rows[key].shift)
            changes[number] = work.instance
    return replaced(arrays, changes) if changes else arrays


def _until(rows: Mapping[DayKey, Row], over: datetime) -> datetime:
    return min(over, min((row.work.renew_at for row in rows.values()), default=over))
