"""Open cells in which no order is possible, and why: all of them, or none when time is over."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from slotsvc.solver import tables as t
from slotsvc.solver.arrays import TeamArrays
from slotsvc.solver.cell import NEVER, cell_of
from slotsvc.solver.cells import Cells, Windows, windows_of, with_request
from slotsvc.solver.closures import mildest
from slotsvc.solver.constraints import Closed, Reason, max_travel
from slotsvc.solver.constraints.sentences import UNKNOWN
from slotsvc.solver.exact import best_order
from slotsvc.solver.grid import OpenCells, limited_arrays
from slotsvc.solver.instance import INF, Bool, Int64
from slotsvc.solver.legs import Request, safe_rows
from slotsvc.solver.query import AskedWindow, SlotQuery
from slotsvc.solver.room import NO_CELL, over_max_travel
from slotsvc.solver.team_calendar import TeamCalendar

MOST_SEARCHED = 64
"""Cells of days with too many orders to know that are searched to explain "no room"."""

MARGINS_EACH = 2
"""Cells of each technician for which the missing time is worked out."""

GAPS_AT_ONCE = 30_000
"""Windows times gaps looked at between two questions for the time: about three milliseconds."""


@dataclass(frozen=True, slots=True)
class Full:
    """An open cell in which no order is possible, and why. ``count``: it stands for so many of its
    technician, closed for the same reason. ``kept``: on some of their days the other visits keep
    their order, so another order may have room."""

    row: int
    slot: int
    closes: int
    closed: Closed
    cells: OpenCells
    count: int = 1
    kept: bool = False

    @property
    def asked(self) -> AskedWindow:
        """The window; thousands are full, and few of them are told."""
        return self.cells.window_of(self.row, self.slot, self.closes)


def without_room(
    calendar: TeamCalendar,
    query: SlotQuery,
    request: Request,
    cells: OpenCells,
    insert_only: bool,
    out_of_time: Callable[[], bool],
) -> Sequence[Full]:
    """Open cells in which no order is possible, all of them. Proven: by all orders of the day where
    they are known, by search for the first few cells of other days. None when time is over before
    the last: half of them would be a wrong count."""
    arrays = limited_arrays(calendar, query, insert_only)
    fixed = cells.cells.fixed | insert_only
    over = _over(arrays, request, cells.cells._replace(fixed=fixed), out_of_time)
    if over is None:
        return ()
    known = ((arrays.whole & safe_rows(arrays, request)) | fixed)[:, None]
    look = _Look(calendar, arrays, request, cells, windows_of(arrays, request, cells.cells), fixed)
    found = list(look.known(np.where(known, over, NO_CELL)))
    for row, column in np.argwhere((over > 0) & ~known)[:MOST_SEARCHED].tolist():
        full = None if out_of_time() else look.searched(row, column, out_of_time)
        if out_of_time():
            return ()
        found += [] if full is None else [full]
    return found


def _over(
    arrays: TeamArrays, request: Request, cells: Cells, out_of_time: Callable[[], bool]
) -> Int64 | None:
    """What ``over_max_travel`` gives, some routes at a time; None: time is over."""
    slots = cells.high - cells.low
    over = np.full((len(arrays), max(int(slots.max(initial=0)), 1)), NO_CELL)
    work = np.cumsum(slots * np.diff(arrays.tables.at[:, t.GAPS]))
    begins = np.flatnonzero(np.diff(work // GAPS_AT_ONCE, prepend=-1)).tolist()
    for first, last in zip(begins, [*begins[1:], len(arrays)], strict=True):
        if out_of_time():
            return None
        high = cells.low[:last].copy()
        high[first:] = cells.high[first:last]
        some = over_max_travel(arrays, request, cells._replace(low=cells.low[:last], high=high))
        over[first:last, : some.shape[1]] = some[first:last]
    return over


@dataclass(frozen=True, slots=True, eq=False)
class _Look:
    """``arrays``: with the request's limit on driving. ``fixed``: bool (R,), days whose other
    visits keep their order in this search."""

    calendar: TeamCalendar
    arrays: TeamArrays
    request: Request
    cells: OpenCells
    windows: Windows
    fixed: Bool

    def known(self, over: Int64) -> Iterator[Full]:
        """The full cells of days whose orders are known, those alike told by one.

        ``over``: as of ``over_max_travel``, NO_CELL on other days.
        """
        row, column = np.nonzero(over > 0)
        missed, added = over[row, column], self._added[row]
        reason = np.where(missed >= INF, 0, np.where(added, 1, 2))
        group = self.calendar.facts.technician[row] * 3 + reason
        for one, count in mildest(group, missed, np.ones_like(missed)):
            alike = np.flatnonzero(group == group[one])
            kept = bool(self.fixed[row[alike]].any())
            # the cells whose margin may be worked out are told by themselves
            told = alike[:MARGINS_EACH].tolist() if reason[one] == 0 else [one]
            for number, cell in enumerate(told):
                stands_for = 1 if number else count - len(told) + 1
                where = int(row[cell]), int(column[cell])
                yield self._full(*where, int(missed[cell]), stands_for, kept)

    def searched(self, row: int, column: int, out_of_time: Callable[[], bool]) -> Full | None:
        """A cell of another day; None: it has room, or the search gave up before it knew."""
        opens, closes = (int(side[row, column]) for side in self.windows)
        driving = _least_driving(self.arrays, self.request, row, opens, closes, out_of_time)
        too_much = INF if driving == NEVER else driving - int(self.arrays.max_travel[row])
        if driving < 0 or too_much <= 0:
            return None
        return self._full(row, column, too_much, 1, bool(self.fixed[row]))

    @property
    def _added(self) -> Bool:
        """bool (R,): the request's limit on driving is narrower than the shift's."""
        narrower: Bool = self.arrays.max_travel < self.calendar.arrays.max_travel
        return narrower

    def _full(self, row: int, column: int, over: int, count: int, kept: bool) -> Full:
        """``over``: seconds of driving too much where there is time enough; INF: there is not."""
        slot = int(self.cells.cells.low[row]) + column
        closed = Closed(Reason.NO_ROOM, margin=UNKNOWN)
        if over < INF:
            closed = max_travel.closed(over, added=bool(self._added[row]))
        closes = int(self.windows.closes[row, column])
        return Full(row, slot, closes, closed, self.cells, count, kept)


_DRIVING = (1, 0, 0)
"""Weights of an order that is priced by its driving alone."""


def _least_driving(
    arrays: TeamArrays,
    request: Request,
    row: int,
    opens: int,
    closes: int,
    out_of_time: Callable[[], bool],
) -> int:
    """Least driving of any order with the visit that keeps all times, whatever the limit on
    driving; NEVER: no order has room; -1: the search gave up before it knew."""
    cell = cell_of(with_request(arrays, request, row, opens, closes))
    best = best_order(cell._replace(max_travel=INF), NEVER - 1, _DRIVING, 20_000, out_of_time)
    return best.cost if best.finished or best.cost < NEVER else -1
