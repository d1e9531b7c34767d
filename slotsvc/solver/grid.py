"""Which cells are open: rules applied from the cheapest to the dearest, closures counted.

A cell is an asked window on a route in whose shift it lies. A window that lies in no shift of a
technician is one cell all the same, of the nearest shift of its day. Every cell is either open (and
goes to the search) or closed by exactly one rule, the first that says no.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np

from slotsvc.domain.time_window import TimeWindow, from_epoch
from slotsvc.domain.working_time import NoShiftReason
from slotsvc.solver.arrays import TeamArrays
from slotsvc.solver.asked_windows import NO_CLOSING, AskedWindows, asked_windows
from slotsvc.solver.cells import Cells, windows_of
from slotsvc.solver.closures import Closures, Entry, mildest
from slotsvc.solver.constraints import (
    max_travel,
    opening_hours,
    reach,
    shift,
    technician_choice,
)
from slotsvc.solver.costs import days_away, technician, window
from slotsvc.solver.instance import Bool, Int32, Int64
from slotsvc.solver.legs import Request
from slotsvc.solver.params import CostWeights
from slotsvc.solver.query import AskedWindow, Legs, SlotQuery
from slotsvc.solver.route_rules import shut_routes
from slotsvc.solver.shift_windows import Laid, lay
from slotsvc.solver.team_calendar import TeamCalendar


@dataclass(frozen=True, slots=True, eq=False)
class OpenCells:
    """The open cells, and the window each slot stands for. ``origin``: int64 (R,), Unix time from
    which the seconds of each route count."""

    cells: Cells
    windows: AskedWindows
    origin: Int64

    def window_of(self, row: int, slot: int, closes: int) -> AskedWindow:
        """A slot's window on one route, where service must start by ``closes``, seconds of the
        route, so that it is over at closing time."""
        asked = self.windows[slot]
        last = int(self.origin[row]) + closes
        starts = TimeWindow(asked.window.start_window.start, from_epoch(last + 1))
        return replace(asked, window=replace(asked.window, start_window=starts))


def row_service(calendar: TeamCalendar, query: SlotQuery) -> Int32:
    """int32 (R,): seconds on site of the request at each route's pace, rounded up."""
    return calendar.facts.service(int(query.service.total_seconds()))


def limited_arrays(calendar: TeamCalendar, query: SlotQuery, insert_only: bool) -> TeamArrays:
    """The routes as the request may change them: no more driving than it may add."""
    if query.max_added_travel is None:
        return calendar.arrays
    fixed = calendar.facts.keep_order | insert_only
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
    for closed, window_, windows in closed_windows:
        closures.add(-1, closed, window_, windows * everybody)
    off_map = reach.check_snap(legs.snap_m, legs.snap_limit_m)
    if off_map is not None:
        closures.add(-1, off_map, None, len(asked) * everybody)
        return None, closures
    allowed = _technicians(calendar, query, len(asked), closures)
    if not asked:
        return None, closures
    laid = lay(calendar.facts, calendar.off, asked, request.service, allowed)
    _days_off(calendar, asked, laid, closures)
    open_ = _routes(calendar, query, asked, request, laid, closures)
    _outside(calendar, asked, laid, open_, closures)
    return _opened(calendar, query, asked, request, laid, open_, weights, closures), closures


def _technicians(
    calendar: TeamCalendar, query: SlotQuery, windows: int, closures: Closures
) -> Bool:
    """bool (T,): who may be asked."""
    allowed = np.ones(len(calendar.technicians), np.bool_)
    if not query.required and not query.forbidden:
        return allowed
    for number, who in enumerate(calendar.technicians):
        closed = technician_choice.check(who.id, query.required, query.forbidden)
        if closed is not None:
            allowed[number] = False
            closures.add(number, closed, None, windows)
    return allowed


_WHY_OFF = {why: number for number, why in enumerate(NoShiftReason)}


def _days_off(calendar: TeamCalendar, asked: AskedWindows, laid: Laid, closures: Closures) -> None:
    """Days without a shift: their windows, but those that lie in the night shift before."""

    def told() -> Iterator[Entry]:
        off, numbers = calendar.off, np.flatnonzero(laid.off)
        why = np.array([_WHY_OFF[off.why[number]] for number in numbers.tolist()], np.int64)
        group = off.technician[numbers] * len(_WHY_OFF) + why
        for one, cells in mildest(group, np.zeros_like(group), laid.off[numbers]):
            number = int(numbers[one])
            first = asked[int(laid.first_off[number])]
            yield int(off.technician[number]), shift.off(off.why[number]), first, cells

    closures.add_all(int(laid.off.sum()), told)


def _routes(
    calendar: TeamCalendar,
    query: SlotQuery,
    asked: AskedWindows,
    request: Request,
    laid: Laid,
    closures: Closures,
) -> Bool:
    """bool (R,): routes that may take the visit."""
    cells, first = laid.cells, laid.first
    shut = shut_routes(calendar, query, request)
    closed = shut.closed & (cells > 0)

    def told() -> Iterator[Entry]:
        rows = np.flatnonzero(closed)
        rule, margin = (found[rows] for found in shut.rules())
        who = calendar.facts.technician[rows]
        for one, count in mildest(who * (int(rule.max()) + 1) + rule, margin, cells[rows]):
            row = int(rows[one])
            yield int(who[one]), shut.why(row), asked[int(first[row])], count

    closures.add_all(int(cells[closed].sum()), told)
    return ~shut.closed


def _outside(
    calendar: TeamCalendar, asked: AskedWindows, laid: Laid, open_: Bool, closures: Closures
) -> None:
    """Windows outside every shift of open routes."""
    rows = np.flatnonzero(open_ & (laid.outside > 0))

    def told() -> Iterator[Entry]:
        who, size, nearest = calendar.facts.technician[rows], laid.missing[rows], laid.nearest[rows]
        for one, cells in mildest(who, size, laid.outside[rows]):
            yield int(who[one]), shift.outside(int(size[one])), asked[int(nearest[one])], cells

    closures.add_all(int(laid.outside[rows].sum()), told)


def _opened(
    calendar: TeamCalendar,
    query: SlotQuery,
    asked: AskedWindows,
    request: Request,
    laid: Laid,
    open_: Bool,
    weights: CostWeights,
    closures: Closures,
) -> OpenCells | None:
    """What is left of the windows on the open routes; None: nothing."""
    facts, times = calendar.facts, asked.times
    of_slot, of_who = _known_costs(calendar, query, asked, weights)
    cells = Cells(
        np.where(open_, laid.low, 0).astype(np.int32),
        np.where(open_, laid.high, 0).astype(np.int32),
        times.opens, times.closes, times.finish, facts.origin,
        of_slot, of_who[facts.technician], (times.day - times.day[0]).astype(np.int32),
        facts.keep_order,
    )  # fmt: skip
    left = int((cells.high - cells.low).sum())
    if left and times.finish.min() < NO_CLOSING:
        left -= _closed_too_soon(calendar, asked, request, cells, closures)
    return OpenCells(cells, asked, facts.origin) if left else None


def _closed_too_soon(
    calendar: TeamCalendar, asked: AskedWindows, request: Request, cells: Cells, closures: Closures
) -> int:
    """Closes the windows in which service would not be over by closing time; gives how many."""
    opens, closes = windows_of(calendar.arrays, request, cells)
    real = np.arange(opens.shape[1]) < (cells.high - cells.low)[:, None]
    row, column = np.nonzero(real & (closes < opens))

    def told() -> Iterator[Entry]:
        who = calendar.facts.technician[row]
        missing = (opens - closes)[row, column].astype(np.int64)
        for one, count in mildest(who, missing, np.ones_like(missing)):
            slot = int(cells.low[row[one]]) + int(column[one])
            yield int(who[one]), opening_hours.closed(int(missing[one])), asked[slot], count

    closures.add_all(len(row), told)
    return len(row)


def _known_costs(
    calendar: TeamCalendar, query: SlotQuery, asked: AskedWindows, weights: CostWeights
) -> tuple[Int64, Int64]:
    """Costs known before any search, int64: of each slot (S,) and of each technician (T,)."""
    first, spans = asked.spans
    away = [first + n - query.first_day.toordinal() for n in range(len(spans))]
    per_day = np.array([days_away.lower_bound(days, weights) for days in away], np.int64)
    of_slot = per_day[asked.times.day - first]
    if query.preferred_windows:
        liked = asked.inside(query.preferred_windows)
        of_slot = of_slot + window.lower_bounds(liked, weights)
    who = calendar.technicians if query.preferred else ()
    of_who = np.zeros(len(calendar.technicians), np.int64)
    of_who[: len(who)] = [technician.lower_bound(w.id, query.preferred, weights) for w in who]
    return of_slot, of_who
