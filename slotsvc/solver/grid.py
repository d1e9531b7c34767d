"""Which cells are open: rules applied from the cheapest to the dearest, closures counted.

A cell is an asked window on a route. Every cell of the team's calendar is either open (and goes to
the search) or closed by exactly one rule, the first that says no.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

import numpy as np

from slotsvc.domain.time_window import to_epoch
from slotsvc.solver.constraints import (
    Closed,
    notice,
    opening_hours,
    pending_move,
    reach,
    shift,
    soundness,
    tags,
    technician_choice,
)
from slotsvc.solver.costs import days_away, technician, window
from slotsvc.solver.insertion import Request, Windows
from slotsvc.solver.instance import END, FIRST_VISIT, INF, START, Int32, Int64
from slotsvc.solver.params import CostWeights
from slotsvc.solver.query import AskedWindow, Legs, SlotQuery
from slotsvc.solver.ranking import Cells
from slotsvc.solver.team_calendar import TeamCalendar


@dataclass(slots=True)
class Closures:
    """Closed cells: (technician number or -1 for all, closure, window or None, cells closed)."""

    entries: list[tuple[int, Closed, AskedWindow | None, int]] = field(default_factory=list)

    def add(self, who: int, closed: Closed, asked: AskedWindow | None, cells: int) -> None:
        """Notes a closure."""
        self.entries.append((who, closed, asked, cells))

    @property
    def cells(self) -> int:
        """How many cells are closed."""
        return sum(entry[3] for entry in self.entries)


@dataclass(frozen=True, slots=True, eq=False)
class OpenCells:
    """The open cells, and the window each slot stands for."""

    cells: Cells
    windows: tuple[AskedWindow, ...]


def open_cells(
    calendar: TeamCalendar,
    query: SlotQuery,
    legs: Legs,
    request: Request,
    weights: CostWeights,
    now: datetime,
) -> tuple[OpenCells | None, Closures]:
    """Applies every rule that needs no search. None: nothing is open."""
    closures = Closures()
    asked = _asked(calendar, query, now, closures)
    off_map = reach.check_snap(legs.snap_m, legs.snap_limit_m)
    if off_map is not None:
        closures.add(-1, off_map, None, len(asked) * len(calendar.technicians))
        return None, closures
    open_technicians = _technicians(calendar, query, len(asked), closures)
    rows = _routes(calendar, asked, request, open_technicians, closures)
    if not asked or not rows:
        return None, closures
    cells = _cells(calendar, query, asked, rows, weights, closures)
    return OpenCells(cells, tuple(asked)), closures


def _asked(
    calendar: TeamCalendar, query: SlotQuery, now: datetime, closures: Closures
) -> list[AskedWindow]:
    """Windows in which the site is open, neither too soon nor too far."""
    asked: list[AskedWindow] = []
    for candidate in query.closed:
        closures.add(-1, opening_hours.closed(), candidate, len(calendar.technicians))
    for candidate in query.windows:
        closed = notice.check(candidate.window.promise, now, query.notice, query.horizon)
        if closed is None:
            asked.append(candidate)
        else:
            closures.add(-1, closed, candidate, len(calendar.technicians))
    return asked


def _technicians(
    calendar: TeamCalendar, query: SlotQuery, windows: int, closures: Closures
) -> set[int]:
    allowed: set[int] = set()
    for number, who in enumerate(calendar.technicians):
        closed = technician_choice.check(who.id, query.required, query.forbidden)
        closed = closed or tags.check(who.tags, query.requires)
        if closed is None:
            allowed.add(number)
        else:
            closures.add(number, closed, None, windows)
    return allowed


def _routes(
    calendar: TeamCalendar,
    asked: Sequence[AskedWindow],
    request: Request,
    allowed: set[int],
    closures: Closures,
) -> list[int]:
    """Rows of routes that may take the visit. Each asked window belongs to one day's cells."""
    per_day: dict[date, list[AskedWindow]] = {}
    for a in asked:
        per_day.setdefault(a.day, []).append(a)
    for (number, day), found in calendar.shifts.items():
        closed = shift.check_day(found) if number in allowed and day in per_day else None
        if closed is not None:
            closures.add(number, closed, per_day[day][0], len(per_day[day]))
    rows: list[int] = []
    there, back = _nearest(request)
    near = {day + timedelta(days=n) for day in per_day for n in (-1, 0, 1)}
    for row, day_of_work in enumerate(calendar.days):
        if day_of_work.technician not in allowed or day_of_work.day not in near:
            continue
        closed = soundness.check(bool(calendar.base.sound[row]))
        closed = closed or pending_move.check(day_of_work.move_pending)
        closed = closed or reach.check_road(there[row], back[row])
        windows = per_day.get(day_of_work.day)
        if closed is None:
            rows.append(row)
        elif windows:
            closures.add(day_of_work.technician, closed, windows[0], len(windows))
    return rows


def _nearest(request: Request) -> tuple[list[int], list[int]]:
    """Per row: least driving to the visit from any node it can follow, and onward from it.

    Where no road leads from the start place, one may lead from another visit.
    """
    there = request.into[:, FIRST_VISIT:].min(axis=1, initial=INF)
    back = request.out[:, FIRST_VISIT:].min(axis=1, initial=INF)
    return (
        np.minimum(there, request.into[:, START]).tolist(),
        np.minimum(back, request.out[:, END]).tolist(),
    )


def _cells(
    calendar: TeamCalendar,
    query: SlotQuery,
    asked: Sequence[AskedWindow],
    rows: Sequence[int],
    weights: CostWeights,
    closures: Closures,
) -> Cells:
    opens = np.array([to_epoch(a.window.start_window.start) for a in asked], np.int64)
    closes = np.array([to_epoch(a.window.start_window.end) - 1 for a in asked], np.int64)
    slot = _slots_of_routes(calendar, query, asked, rows, opens, closes, closures)
    origin = np.array([d.instance.origin for d in calendar.days], np.int64)[:, None]
    real = slot >= 0
    safe = np.maximum(slot, 0)
    windows = Windows(
        np.where(real, np.maximum(opens[safe] - origin, 0), 0).astype(np.int32),
        np.where(real, closes[safe] - origin, -1).astype(np.int32),
    )
    first = min(a.day for a in asked)
    day = np.array([(a.day - first).days for a in asked], np.int32)
    extra = _extra(calendar, query, asked, weights, safe)
    fixed = np.array([d.keep_order for d in calendar.days], np.bool_)
    return Cells(windows, slot, np.where(real, extra, 0), day, fixed)


def _extra(
    calendar: TeamCalendar,
    query: SlotQuery,
    asked: Sequence[AskedWindow],
    weights: CostWeights,
    slot: Int32,
) -> Int64:
    """Costs known before any search, int64 (R, W)."""
    per_slot = [
        days_away.lower_bound((a.day - query.first_day).days, weights)
        + window.lower_bound(a.window.promise, query.preferred_windows, weights)
        for a in asked
    ]
    per_technician = [
        technician.lower_bound(who.id, query.preferred, weights) for who in calendar.technicians
    ]
    who = np.array([d.technician for d in calendar.days], np.intp)
    total: Int64 = (
        np.array(per_slot, np.int64)[slot] + np.array(per_technician, np.int64)[who][:, None]
    )
    return total


def _slots_of_routes(
    calendar: TeamCalendar,
    query: SlotQuery,
    asked: Sequence[AskedWindow],
    rows: Sequence[int],
    opens: Int64,
    closes: Int64,
    closures: Closures,
) -> Int32:
    """int32 (R, W): asked windows in which service fits into the route's shift, -1 padded.

    A night shift also takes windows of the next morning, so the shift decides, not the date.
    """
    service = int(query.service.total_seconds())
    origin = np.array([calendar.days[row].instance.origin for row in rows], np.int64)
    latest = origin + [calendar.days[row].instance.end - service for row in rows]
    low = np.searchsorted(closes, origin)
    high = np.maximum(np.searchsorted(opens, latest, side="right"), low)
    column = np.arange(max(int((high - low).max(initial=0)), 1))
    slot = np.full((len(calendar.days), column.size), -1, np.int32)
    slot[list(rows)] = np.where(column < (high - low)[:, None], low[:, None] + column, -1)
    first_of = _first_windows(asked)
    for i, row in enumerate(rows):
        day = calendar.days[row]
        start, stop = first_of.get(day.day, (0, 0))
        early, late = min(int(low[i]), stop) - start, stop - max(int(high[i]), start)
        if early > 0:
            margin = int(origin[i] - closes[start + early - 1])
            closed = shift.outside(margin)
            closures.add(day.technician, closed, asked[start + early - 1], early)
        if late > 0:
            margin = int(opens[stop - late] - latest[i])
            closed = shift.outside(margin)
            closures.add(day.technician, closed, asked[stop - late], late)
    return slot


def _first_windows(asked: Sequence[AskedWindow]) -> dict[date, tuple[int, int]]:
    """Per day the numbers of its windows, [first, last + 1): windows are sorted, so days are."""
    spans: dict[date, tuple[int, int]] = {}
    for number, one in enumerate(asked):
        first, _ = spans.get(one.day, (number, number))
        spans[one.day] = first, number + 1
    return spans
