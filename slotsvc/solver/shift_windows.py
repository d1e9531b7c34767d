"""Asked windows laid on shifts: which lie in which, and what misses every shift by how much.

The shift decides, not the date: a night shift also takes windows of the next morning, and a day of
two shifts has each of its windows in one of them, in both, or in neither.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from slotsvc.domain.time_window import to_epoch
from slotsvc.solver.insertion import Request
from slotsvc.solver.instance import Bool, Int32, Int64
from slotsvc.solver.query import AskedWindow
from slotsvc.solver.team_calendar import TeamCalendar

NO_CLOSING = np.iinfo(np.int64).max // 2
"""Closing time of a site that is always open."""


@dataclass(frozen=True, slots=True, eq=False)
class Laid:
    """R routes, A asked windows, T technicians; Unix seconds.

    ``opens``, ``closes``, ``finish``: int64 (A,), first and last start, and closing time.
    ``origin``: int64 (R,). ``low``, ``high``: int64 (R,), the windows ``[low, high)`` lie in the
    shift. ``covered``: bool (T, A), some shift of the technician has the window.
    ``rows``: routes with a window in or nearest to them. Of the windows that lie in no shift and
    nearest to each route's: ``outside`` how many, ``nearest`` the mildest, ``missing`` by how much.
    """

    opens: Int64
    closes: Int64
    finish: Int64
    origin: Int64
    low: Int64
    high: Int64
    covered: Bool
    rows: Int64
    outside: Int64
    nearest: Int64
    missing: Int64

    @property
    def has_closing(self) -> bool:
        """Whether the site is not always open."""
        return bool(self.finish.min() < NO_CLOSING)

    @property
    def cells(self) -> Int64:
        """int64 (R,): cells of each route, open or not."""
        return self.high - self.low + self.outside

    def first(self, row: int) -> int:
        """A window of the row, one inside the shift if there is one."""
        inside = self.low[row] < self.high[row]
        return int(self.low[row] if inside else self.nearest[row])

    def slots(self, rows: Sequence[int]) -> Int32:
        """int32 (R, W): the windows in the shifts of ``rows``, -1 padded."""
        count = np.zeros(self.low.size, np.int64)
        count[list(rows)] = (self.high - self.low)[list(rows)]
        column = np.arange(max(int(count.max(initial=0)), 1))
        slot = np.where(column < count[:, None], self.low[:, None] + column, -1)
        return slot.astype(np.int32)


def own_windows(asked: Sequence[AskedWindow]) -> Mapping[date, tuple[int, int]]:
    """Per day the numbers of its windows, [first, last + 1): windows are sorted, so days are."""
    spans: dict[date, tuple[int, int]] = {}
    for number, one in enumerate(asked):
        first, _ = spans.get(one.day, (number, number))
        spans[one.day] = first, number + 1
    return spans


def lay(
    calendar: TeamCalendar, asked: Sequence[AskedWindow], request: Request, allowed: Bool
) -> Laid:
    """Lays every window on every shift of the technicians ``allowed``, bool (T,).

    Service, begun in the window, must lie inside the shift, overtime included.
    """
    starts = [a.window.start_window for a in asked]
    opens = np.array([to_epoch(s.start) for s in starts], np.int64)
    closes = np.array([to_epoch(s.end) - 1 for s in starts], np.int64)
    finish = np.array([_closing(a) for a in asked], np.int64)
    origin = np.array([d.instance.origin for d in calendar.days], np.int64)
    who = np.array([d.technician for d in calendar.days], np.intp)
    latest = origin + calendar.arrays.batch.end - request.service
    low = np.searchsorted(closes, origin)
    high = np.maximum(np.searchsorted(opens, latest, side="right"), low)
    high = np.where(allowed[who] & (latest >= origin), high, low)
    covered = np.zeros((len(calendar.technicians), len(asked)), np.bool_)
    column = np.arange(int((high - low).max(initial=0)))
    row, step = np.nonzero(column < (high - low)[:, None])
    covered[who[row], low[row] + step] = True
    pairs = _uncovered(calendar, asked, who, allowed, covered)
    outside, nearest, missing = _outside(*pairs, who, opens, closes, origin, latest)
    rows = np.flatnonzero((high > low) | (outside > 0))
    return Laid(opens, closes, finish, origin, low, high, covered, rows, outside, nearest, missing)


def _closing(asked: AskedWindow) -> int:
    by = asked.window.finish_by
    return NO_CLOSING if by is None else to_epoch(by)


def _uncovered(
    calendar: TeamCalendar,
    asked: Sequence[AskedWindow],
    who: Int64,
    allowed: Bool,
    covered: Bool,
) -> tuple[Int64, Int64]:
    """(route, window) of each route's own day, for windows that lie in no shift."""
    own = own_windows(asked)
    number_of = {day: number for number, day in enumerate(own)}
    table = np.array([*own.values(), (0, 0)], np.int64)  # the last one: a day not asked for
    spans = table[np.array([number_of.get(d.day, -1) for d in calendar.days], np.intp)]
    spans[~allowed[who]] = 0
    start, stop = spans[:, :1], spans[:, 1:]
    number = start + np.arange(int((stop - start).max()))
    there = number < stop
    row, column = np.nonzero(there & ~covered[who[:, None], np.where(there, number, 0)])
    return row, number[row, column]


def _outside(
    row: Int64, number: Int64, who: Int64, opens: Int64, closes: Int64, origin: Int64, latest: Int64
) -> tuple[Int64, Int64, Int64]:
    """int64 (R,) three times: ``outside``, ``nearest`` and ``missing`` of ``Laid``."""
    outside, nearest, missing = np.zeros((3, origin.size), np.int64)
    if row.size == 0:
        return outside, nearest, missing
    short = np.maximum(opens[number], origin[row]) - np.minimum(closes[number], latest[row])
    # each window to the nearest shift of its day, the first of two as near
    kept = _least_of_each(who[row] * opens.size + number, short, row)
    row, number, short = row[kept], number[kept], short[kept]
    outside[:] = np.bincount(row, minlength=origin.size)
    mildest = _least_of_each(row, short, number)
    nearest[row[mildest]], missing[row[mildest]] = number[mildest], short[mildest]
    return outside, nearest, missing


def _least_of_each(group: Int64, size: Int64, tie: Int64) -> Int64:
    """Of each group the entry of least size; of equals the least ``tie``."""
    order = np.lexsort((tie, size, group))
    _, first = np.unique(group[order], return_index=True)
    return order[first]
