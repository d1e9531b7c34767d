"""Cells of routes whose orders are not all known, searched the lowest bound first."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np

from slotsvc.solver.arrays import TeamArrays
from slotsvc.solver.base import Base
from slotsvc.solver.board import CUT, Board, limit, offer, redraw
from slotsvc.solver.bound import bounds_of
from slotsvc.solver.cell import NEVER, Cell, cell_of
from slotsvc.solver.cells import windows_of, with_request
from slotsvc.solver.exact import BestOrder, best_order
from slotsvc.solver.instance import Int64
from slotsvc.solver.screen import SAFE, Screened, Team
from slotsvc.solver.unproven import NOTHING_KNOWN, Known, Unproven


@dataclass(slots=True)
class Searched:
    """``orders``: by slot, where a searched order is the cheapest. ``floor``: no cell that was not
    searched to the end costs less; NEVER: all were. ``doubt``: most that a cost may be too low by,
    for a route whose own best order is not proven. ``left``: cells whose search did not finish for
    want of room. The rest as in ``ranking.Ranked``."""

    orders: dict[int, BestOrder] = field(default_factory=dict)
    evaluated: int = 0
    skipped: int = 0
    labels: int = 0
    floor: int = NEVER
    doubt: int = 0
    left: list[Unproven] = field(default_factory=list)


NOTHING_SEARCHED = Searched()

type _Entry = tuple[int, int, int]
"""Bound, slot, row."""


class CellSearch:
    """One run over some routes."""

    def __init__(
        self,
        arrays: TeamArrays,
        base: Base,
        team: Team,
        screened: Screened,
        board: Board,
        budget: int,
        known: Known = NOTHING_KNOWN,
    ) -> None:
        self.arrays, self.base, self.team = arrays, base, team
        self.board, self.budget, self.known = board, budget, known
        self.screened = screened
        self.cells: dict[int, Cell] = {}
        self.laid: dict[int, Int64] = {}
        self.found = Searched()

    def run(self, rows: list[int], out_of_time: Callable[[], bool]) -> Searched:
        """Searches every cell that can still change the answer."""
        entries = sorted(self._entries(rows, out_of_time))
        for number, entry in enumerate(entries):
            redraw(self.board)
            if entry[0] > self._limit(entry[1]):
                continue
            if out_of_time():
                self.found.skipped += self._still_matter(entries[number:])
                break
            self._search(entry, out_of_time)
        return self.found

    def _entries(self, rows: list[int], out_of_time: Callable[[], bool]) -> Iterator[_Entry]:
        """The cells that may be possible; all those of routes that time leaves out are skipped."""
        for number, row in enumerate(rows):
            if out_of_time():
                windows = windows_of(self.arrays, self.team.request, self.team.cells)
                real = windows.opens[rows[number:]] <= windows.closes[rows[number:]]
                self.found.skipped += int(np.count_nonzero(real))
                return
            yield from self._bounded(row)

    def _still_matter(self, left: list[_Entry]) -> int:
        """How many of these could change the answer (``limit``, of thousands at once)."""
        least, slot, _ = np.array(left, np.int64).T
        board, day = self.board, self.team.cells.day[slot]
        most = np.minimum(board.upper[slot], board.last_of_day[day])
        return int(np.count_nonzero(least <= np.minimum(most, board.tally[CUT])))

    def _bounded(self, row: int) -> list[_Entry]:
        """The cells of a route that may be possible."""
        team, low = self.team, int(self.team.cells.low[row])
        safe = bool(self.screened.known[row] & SAFE)
        laid, bounds = bounds_of(team.tables, team.request, team.cells, team.weights, row, safe)
        self.laid[row] = laid
        real = laid[0] <= laid[1]
        self.found.evaluated += int((real & (bounds == NEVER)).sum())
        return [
            (
                int(bounds[column]) + self._known(row, low + column) - self._doubt(row),
                low + column,
                row,
            )
            for column in np.flatnonzero(real & (bounds < NEVER)).tolist()
        ]

    def _known(self, row: int, slot: int) -> int:
        return int(self.team.cells.extra[slot]) + int(self.team.cells.who[row])

    def _doubt(self, row: int) -> int:
        """A slot on a route whose best order is not proven costs up to this much more."""
        return 0 if self.base.finished[row] else int(self.base.cost[row] - self.base.floor[row])

    def _limit(self, slot: int) -> int:
        return int(limit(self.board, slot, int(self.team.cells.day[slot])))

    def _search(self, entry: _Entry, out_of_time: Callable[[], bool]) -> None:
        least, slot, row = entry
        more = self._known(row, slot) - int(self.team.zero[row])
        most = min(self._limit(slot) - more, NEVER - 1)
        settled = self.known.get((row, slot))
        if settled is not None and settled.limit >= most:
            best = settled.best
        else:
            cell = self._cell(row, slot)
            best = best_order(cell, most, self.team.weights, self.budget, out_of_time)
        self.found.labels += best.labels
        self.found.doubt = max(self.found.doubt, self._doubt(row))
        if best.cost < NEVER:
            self._keep(row, slot, best.cost + more, best)
        if best.finished:
            self.found.evaluated += 1
            return
        floor = max(least, best.floor + more - self._doubt(row))
        self.found.floor = min(self.found.floor, floor)
        if out_of_time():
            self.found.skipped += 1
        else:
            self.found.evaluated += 1
            if settled is None:
                cell = self._cell(row, slot)
                self.found.left.append(Unproven(row, slot, cell, most, best, floor))

    def _keep(self, row: int, slot: int, total: int, best: BestOrder) -> None:
        """The order, if it is cheaper than what was known, or as cheap on an earlier route."""
        if (total, row) < (self.board.upper[slot], self.board.holder[slot, 0]):
            board = self.board
            offer(board.upper, board.holder, board.tally, slot, total, row, -1)
            self.found.orders[slot] = best

    def _cell(self, row: int, slot: int) -> Cell:
        """The route with the visit in one window."""
        opens, closes = self.laid[row][:, slot - int(self.team.cells.low[row])].tolist()
        if row not in self.cells:
            route = with_request(self.arrays, self.team.request, row, opens, closes)
            self.cells[row] = cell_of(route)
        cell = self.cells[row]
        first, last = cell.opens.copy(), cell.closes.copy()
        first[-1], last[-1] = opens, closes
        return cell._replace(opens=first, closes=last)
