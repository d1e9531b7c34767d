"""Which cells are open: rules applied from the cheapest to the dearest, closures counted.

A cell is an asked window on a route in whose shift it lies. A window that lies in no shift of a
technician is one cell all the same, of the nearest shift of its day. Every cell is either open (and
goes to the search) or closed by exactly one rule, the first that says no.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

import numpy as np

from slotsvc.domain.booking_rules import free_for_all
from slotsvc.domain.time_window import TimeWindow, from_epoch
from slotsvc.domain.working_time import NoShiftReason, at_pace
from slotsvc.solver.arrays import TeamArrays
from slotsvc.solver.asked_windows import asked_windows
from slotsvc.solver.constraints import (
    Closed,
    max_travel,
    max_visits,
    opening_hours,
    pending_move,
    reach,
    reserve,
    sector,
    shift,
    soundness,
    tags,
    technician_choice,
)
from slotsvc.solver.costs import days_away, technician, window
from slotsvc.solver.insertion import Request, Windows
from slotsvc.solver.instance import END, FIRST_VISIT, INF, START, Bool, Int32, Int64
from slotsvc.solver.params import CostWeights
from slotsvc.solver.query import AskedWindow, Legs, SlotQuery
from slotsvc.solver.ranking import Cells
from slotsvc.solver.shift_windows import Laid, lay, own_windows
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
    """The open cells, and the window each slot stands for. ``origin``: int64 (R,), Unix time from
    which the seconds of each route count."""

    cells: Cells
    windows: tuple[AskedWindow, ...]
    origin: Int64

    def window_of(self, row: int, slot: int) -> AskedWindow:
        """A slot's window on one route: service must start early enough for closing time there."""
        asked = self.windows[slot]
        column = int(np.flatnonzero(self.cells.slot[row] == slot)[0])
        last = int(self.origin[row]) + int(self.cells.windows.closes[row, column])
        starts = TimeWindow(asked.window.start_window.start, from_epoch(last + 1))
        return replace(asked, window=replace(asked.window, start_window=starts))


def row_service(calendar: TeamCalendar, query: SlotQuery) -> Int32:
    """int32 (R,): seconds on site of the request at each route's pace, rounded up."""
    paces = [day.shift.pace for day in calendar.days]
    seconds = {pace: int(at_pace(query.service, pace).total_seconds()) for pace in set(paces)}
    return np.array([seconds[pace] for pace in paces], np.int32)


def limited_arrays(calendar: TeamCalendar, query: SlotQuery, insert_only: bool) -> TeamArrays:
    """The routes as the request may change them: no more driving than it may add."""
    if query.max_added_travel is None:
        return calendar.arrays
    fixed = np.array([day.keep_order or insert_only for day in calendar.days], np.bool_)
    driven = np.where(fixed, calendar.base.today_travel, calendar.base.travel)
    return max_travel.limited(calendar.arrays, driven, query.max_added_travel)


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
    everybody = len(calendar.technicians)
    asked, closed_windows = asked_windows(query, calendar.zone, now)
    for closed, window_ in closed_windows:
        closures.add(-1, closed, window_, everybody)
    off_map = reach.check_snap(legs.snap_m, legs.snap_limit_m)
    if off_map is not None:
        closures.add(-1, off_map, None, len(asked) * everybody)
        return None, closures
    allowed = _technicians(calendar, query, len(asked), closures)
    if not asked or not calendar.days:
        _days_off(calendar, asked, allowed, None, closures)
        return None, closures
    laid = lay(calendar, asked, request, allowed)
    _days_off(calendar, asked, allowed, laid, closures)
    rows = _routes(calendar, query, asked, request, laid, closures)
    _outside(calendar, asked, laid, rows, closures)
    return _opened(calendar, query, asked, request, laid, rows, weights, closures), closures


def _technicians(
    calendar: TeamCalendar, query: SlotQuery, windows: int, closures: Closures
) -> Bool:
    """bool (T,): who may be asked."""
    allowed = np.ones(len(calendar.technicians), np.bool_)
    for number, who in enumerate(calendar.technicians):
        closed = technician_choice.check(who.id, query.required, query.forbidden)
        if closed is not None:
            allowed[number] = False
            if windows:
                closures.add(number, closed, None, windows)
    return allowed


def _days_off(
    calendar: TeamCalendar,
    asked: Sequence[AskedWindow],
    allowed: Bool,
    laid: Laid | None,
    closures: Closures,
) -> None:
    """Days without a shift: their windows, but those that lie in the night shift before."""
    of_day = own_windows(asked)
    off = [(k, why) for k, why in calendar.shifts.items() if isinstance(why, NoShiftReason)]
    for (number, day), found in off:
        if day not in of_day or not allowed[number]:
            continue
        start, stop = of_day[day]
        free = [w for w in range(start, stop) if laid is None or not laid.covered[number, w]]
        if free:
            closures.add(number, shift.off(found), asked[free[0]], len(free))


def _routes(
    calendar: TeamCalendar,
    query: SlotQuery,
    asked: Sequence[AskedWindow],
    request: Request,
    laid: Laid,
    closures: Closures,
) -> list[int]:
    """Rows of routes that may take the visit."""
    free = _free(calendar, query, request)
    sound = calendar.base.sound.tolist()
    there, back = _nearest(request)
    cells = laid.cells.tolist()
    rows: list[int] = []
    for row in laid.rows.tolist():
        day = calendar.days[row]
        closed = (
            tags.check(day.shift.offers, query.requires)
            or sector.check(day.shift, query.sector)
            or soundness.check(sound[row])
            or pending_move.check(day.move_pending)
            or max_visits.check(day.shift, len(day.placements))
            or (free and reserve.check(*free[row]))
            or reach.check_road(there[row], back[row])
        )
        if closed:
            closures.add(day.technician, closed, asked[laid.first(row)], cells[row])
        else:
            rows.append(row)
    return rows


def _outside(
    calendar: TeamCalendar,
    asked: Sequence[AskedWindow],
    laid: Laid,
    rows: Sequence[int],
    closures: Closures,
) -> None:
    """Windows outside every shift of open routes, those of each technician together."""
    missed: dict[int, tuple[int, int, int]] = {}
    outside, missing = laid.outside[list(rows)].tolist(), laid.missing[list(rows)].tolist()
    for row, count, size in zip(rows, outside, missing, strict=True):
        if count:
            who = calendar.days[row].technician
            least, mildest, before = missed.get(who, (size, row, 0))
            missed[who] = (*min((least, mildest), (size, row)), before + count)
    for who, (size, row, count) in missed.items():
        closures.add(who, shift.outside(size), asked[int(laid.nearest[row])], count)


def _free(
    calendar: TeamCalendar, query: SlotQuery, request: Request
) -> list[tuple[int, int]] | None:
    """Per row: time on site that is free for all, and what would be taken; None: no reserve."""
    if not query.reserve or query.priority > 0:
        return None
    taken = calendar.arrays.batch.service.sum(axis=1) + request.service
    for row, day in enumerate(calendar.days):
        settled = set(day.instance.done)
        taken[row] += sum(int(p.on_site.total_seconds()) for p in day.placements if p.id in settled)
    free = (int(free_for_all(d.shift, query.reserve).total_seconds()) for d in calendar.days)
    return list(zip(free, taken.tolist(), strict=True))


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


def _opened(
    calendar: TeamCalendar,
    query: SlotQuery,
    asked: Sequence[AskedWindow],
    request: Request,
    laid: Laid,
    rows: Sequence[int],
    weights: CostWeights,
    closures: Closures,
) -> OpenCells | None:
    """What is left of the windows on the open routes; None: nothing."""
    slot = laid.slots(rows)
    windows = _windows(calendar, query, request, laid, slot)
    too_late = np.argwhere((slot >= 0) & (windows.closes < windows.opens))
    for row, column in too_late.tolist():
        missing = int(windows.opens[row, column] - windows.closes[row, column])
        one = asked[int(slot[row, column])]
        closures.add(calendar.days[row].technician, opening_hours.closed(missing), one, 1)
    slot[too_late[:, 0], too_late[:, 1]] = -1
    real = slot >= 0
    if not real.any():
        return None
    windows = Windows(np.where(real, windows.opens, 0), np.where(real, windows.closes, -1))
    first = min(a.day for a in asked)
    day = np.array([(a.day - first).days for a in asked], np.int32)
    extra = np.where(real, _extra(calendar, query, asked, weights, np.maximum(slot, 0)), 0)
    fixed = np.array([d.keep_order for d in calendar.days], np.bool_)
    return OpenCells(Cells(windows, slot, extra, day, fixed), tuple(asked), laid.origin)


def _windows(
    calendar: TeamCalendar, query: SlotQuery, request: Request, laid: Laid, slot: Int32
) -> Windows:
    """Start windows per route, seconds from its origin; service is over by closing time."""
    origin, safe = laid.origin[:, None], np.maximum(slot, 0)
    opens = np.maximum(laid.opens[safe] - origin, 0).astype(np.int32)
    closes = laid.closes[safe] - origin
    if laid.has_closing:
        over = laid.finish[safe] - origin
        closes = np.minimum(closes, over - _on_site(calendar, query, request, opens, over))
    return Windows(opens, closes.astype(np.int32))


def _on_site(
    calendar: TeamCalendar, query: SlotQuery, request: Request, opens: Int32, over: Int64
) -> Int64:
    """int64, (R, 1) or (R, W): time on site, with every pause that can fall into it."""
    service = np.broadcast_to(request.service, len(calendar.days))[:, None].astype(np.int64)
    if not query.pausable:
        return service
    for begins, until, duration in zip(*calendar.arrays.batch.breaks, strict=True):
        inside = (begins[:, None] < over) & (until[:, None] >= opens)
        service = service + np.where(inside, duration[:, None], 0)
    return service


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
