"""Asked windows laid on shifts: which lie in which, and what misses every shift by how much.

The shift decides, not the date: a night shift also takes windows of the next morning, and a day of
two shifts has each of its windows in one of them, in both, or in neither. A window that lies in no
shift belongs to the nearest shift of its day, or to the day off.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

import numpy as np

from slotsvc.domain.working_time import NoShiftReason, WorkDay
from slotsvc.solver.asked_windows import AskedWindows
from slotsvc.solver.compiled import compiled
from slotsvc.solver.instance import Bool, Int32, Int64
from slotsvc.solver.route_facts import RouteFacts


class DaysOff(NamedTuple):
    """Days without a shift, by technician. ``technician``, ``day`` (ordinal): int64 (O,)."""

    technician: Int64
    day: Int64
    why: tuple[NoShiftReason, ...]


def days_off(shifts: Mapping[tuple[int, date], WorkDay]) -> DaysOff:
    """Those of a calendar, in its order where they are one technician's."""
    off = [(who, day, why) for (who, day), why in shifts.items() if isinstance(why, NoShiftReason)]
    off.sort(key=lambda one: one[0])
    return DaysOff(
        np.array([who for who, _, _ in off], np.int64),
        np.array([day.toordinal() for _, day, _ in off], np.int64),
        tuple(why for _, _, why in off),
    )


@dataclass(frozen=True, slots=True, eq=False)
class Laid:
    """R routes, O days off, all int64. ``low`` / ``high``: (R,), the windows ``[low, high)`` lie in
    the shift. Of the windows that lie in no shift and are nearest to each route's: ``outside`` how
    many, ``nearest`` the mildest, ``missing`` by how many seconds. ``off``: (O,), windows of each
    day off that lie in no shift; ``first_off``: the first of them.
    """

    low: Int64
    high: Int64
    outside: Int64
    nearest: Int64
    missing: Int64
    off: Int64
    first_off: Int64

    @property
    def cells(self) -> Int64:
        """int64 (R,): cells of each route, open or not."""
        return self.high - self.low + self.outside

    @property
    def first(self) -> Int64:
        """int64 (R,): a window of each route that has one, one inside the shift if there is one."""
        return np.where(self.low < self.high, self.low, self.nearest)


class _Windows(NamedTuple):
    """Unix seconds of the first and last start; ``own``: (days, 2), from ``first_day`` on."""

    opens: Int64
    closes: Int64
    own: Int64
    first_day: int


class _Routes(NamedTuple):
    """``latest``: Unix time of the last start in the shift. The others as in ``RouteFacts``."""

    by_day: Int64
    technician: Int64
    day: Int64
    origin: Int64
    latest: Int64


def lay(
    facts: RouteFacts, off: DaysOff, asked: AskedWindows, service: Int32, allowed: Bool
) -> Laid:
    """Lays every window on every shift of the technicians ``allowed``, bool (T,).

    ``service``: int32 (R,), on site; begun in the window, it must lie inside the shift, overtime
    included.
    """
    first_day, own = asked.spans
    windows = _Windows(asked.times.opens, asked.times.closes, own, first_day)
    routes = _Routes(
        facts.by_day, facts.technician, facts.day, facts.origin, facts.latest - service
    )
    low = np.searchsorted(windows.closes, routes.origin)
    after = np.searchsorted(windows.opens, routes.latest, side="right")
    inside = allowed[routes.technician] & (routes.latest >= routes.origin)
    high = np.where(inside, np.maximum(after, low), low)
    outside = _lay_outside(windows, routes, low, high, off.technician, off.day, allowed)
    return Laid(low, high, *outside)


@compiled
def _lay_outside(
    windows: _Windows,
    routes: _Routes,
    low: Int64,
    high: Int64,
    off_technician: Int64,
    off_day: Int64,
    allowed: Bool,
) -> tuple[Int64, Int64, Int64, Int64, Int64]:
    """``outside`` .. ``first_off`` of ``Laid``, one technician after the other."""
    outside, nearest, missing = np.zeros_like(low), np.zeros_like(low), np.zeros_like(low)
    off, first_off = np.zeros_like(off_day), np.zeros_like(off_day)
    covered = np.zeros(windows.opens.size, np.bool_)
    every_off = np.arange(off_day.size)
    at, gone = 0, 0
    for who in range(allowed.size):
        begin, at = at, _behind(routes.by_day, routes.technician, at, who)
        free_from, gone = gone, _behind(every_off, off_technician, gone, who)
        rows = routes.by_day[begin:at]
        if allowed[who]:
            for row in rows:
                covered[low[row] : high[row]] = True
            _lay_off(windows, off_day, free_from, gone, covered, off, first_off)
            _lay_beside(windows, routes, rows, covered, outside, nearest, missing)
            for row in rows:
                covered[low[row] : high[row]] = False
    return outside, nearest, missing, off, first_off


@compiled
def _behind(rows: Int64, group: Int64, at: int, wanted: int) -> int:
    """Where the rows of one group end that begin at ``at``."""
    while at < rows.size and group[rows[at]] == wanted:
        at += 1
    return at


@compiled
def _lay_off(
    windows: _Windows,
    day: Int64,
    first: int,
    last: int,
    covered: Bool,
    off: Int64,
    first_off: Int64,
) -> None:
    """A technician's days off, from number ``first`` to ``last`` - 1."""
    for number in range(first, last):
        start, stop = _own(windows, day[number])
        for window in range(start, stop):
            if not covered[window]:
                if off[number] == 0:
                    first_off[number] = window
                off[number] += 1


@compiled
def _lay_beside(
    windows: _Windows,
    routes: _Routes,
    rows: Int64,
    covered: Bool,
    outside: Int64,
    nearest: Int64,
    missing: Int64,
) -> None:
    """Windows of a technician's days that lie in no shift, each to the nearest shift of its day."""
    one = 0
    while one < rows.size:
        day = routes.day[rows[one]]
        other = _behind(rows, routes.day, one, day)
        start, stop = _own(windows, day)
        for window in range(start, stop):
            if not covered[window]:
                row, short = _mildest(windows, routes, rows[one:other], window)
                if outside[row] == 0 or short < missing[row]:
                    nearest[row], missing[row] = window, short
                outside[row] += 1
        one = other


@compiled
def _mildest(windows: _Windows, routes: _Routes, rows: Int64, window: int) -> tuple[int, int]:
    """The nearest shift, the first of two as near, and by how many seconds it is missed."""
    best, least = -1, 0
    for row in rows:
        early = max(windows.opens[window], routes.origin[row])
        short = early - min(windows.closes[window], routes.latest[row])
        if best < 0 or short < least:
            best, least = row, short
    return best, least


@compiled
def _own(windows: _Windows, day: int) -> tuple[int, int]:
    """The windows of a day, [first, last + 1); none for a day not asked for."""
    number = day - windows.first_day
    if 0 <= number < windows.own.shape[0]:
        return windows.own[number, 0], windows.own[number, 1]
    return 0, 0
