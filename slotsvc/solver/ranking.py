"""The best K slots of a request, proven.

A *slot* is an offered window; a *cell* is a slot on one route; a slot costs what its cheapest cell
costs. Routes are looked at by what they cost at least, the cheapest first (``screen``); the best
insertion into the known orders is the answer on nearly all of them (``scan``). Cells of the rare
routes whose orders are not all known are searched (``exact``), the lowest bound first (``bound``),
while their bound could still change the answer. The answer is a total order: cost, then window,
then route (technician).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from slotsvc.solver.arrays import TeamArrays
from slotsvc.solver.base import Base
from slotsvc.solver.board import EVALUATED, PRICED, new_board, redraw
from slotsvc.solver.cell import NEVER
from slotsvc.solver.cell_search import NOTHING_SEARCHED, CellSearch, Searched
from slotsvc.solver.cells import Cells
from slotsvc.solver.instance import Int64
from slotsvc.solver.legs import Request
from slotsvc.solver.params import Freedom, SearchParams
from slotsvc.solver.scan import REQUEST, describe, left_out, look, scan
from slotsvc.solver.screen import CELLS, KNOWN, ROUTES, UNKNOWN, Team, new_screened
from slotsvc.solver.unproven import NOTHING_KNOWN, Known, Unproven, told

WORK = 100_000
"""Gaps and windows looked at before the clock is asked again: at most about a millisecond."""


class Winner(NamedTuple):
    """A ranked slot. ``order``: nodes of the route's best order, REQUEST among them. ``opens`` /
    ``closes``: first and last start of the slot, seconds of the route.

    Costs in thousandths of a weighted second; ``travel``, ``waiting``, ``overtime`` in added
    seconds.
    """

    route: int
    slot: int
    cost: int
    travel: int
    waiting: int
    overtime: int
    order: tuple[int, ...]
    opens: int
    closes: int


class Ranked(NamedTuple):
    """Best first. Cells add up: ``cells = evaluated + pruned + skipped``.

    ``evaluated``: priced, or proven impossible. ``gap``: most that an unfinished search could still
    save, or that a cost may be too low by; 0 when all finished. ``labels``: orders and partial
    orders priced. ``unproven``: cells worth proving elsewhere.
    """

    winners: tuple[Winner, ...]
    cells: int
    evaluated: int
    pruned: int
    skipped: int
    gap: int
    labels: int
    unproven: tuple[Unproven, ...] = ()


def rank(
    arrays: TeamArrays,
    base: Base,
    request: Request,
    cells: Cells,
    params: SearchParams,
    out_of_time: Callable[[], bool] = lambda: False,
    known: Known = NOTHING_KNOWN,
) -> Ranked:
    """Ranks the slots. ``out_of_time`` is asked between chunks; True leaves the rest out.

    ``known``: what was proven elsewhere of the same arrays, request and weights.
    """
    ranking = _Ranking(arrays, base, request, cells, params)
    ranking.insert(out_of_time)
    return ranking.ranked(ranking.search(out_of_time, known))


def gap_of(searched: Searched, costs: Sequence[int], most: int) -> int:
    """What an unfinished search could still save, and what a cost could be too low by.

    ``costs``: of the slots found, at most ``most``, the last one's highest. What may come out equal
    to it counts as one: it could stand there instead.
    """
    worst = costs[-1] if costs else searched.floor
    if searched.floor == NEVER or (len(costs) == most and searched.floor > worst):
        return searched.doubt
    return max(searched.doubt, worst - searched.floor, 1)


class _Ranking:
    """One ranking: what is known of every slot, sharpened chunk by chunk."""

    def __init__(
        self, arrays: TeamArrays, base: Base, request: Request, cells: Cells, params: SearchParams
    ) -> None:
        self.arrays, self.base, self.params = arrays, base, params
        if params.freedom is Freedom.INSERT_ONLY:
            cells = cells._replace(fixed=np.ones(len(arrays), np.bool_))
        self.kept = bool(cells.fixed.any())
        zero = np.where(cells.fixed, base.today_cost, base.cost) if self.kept else base.cost
        weights, slots = params.weights.of_orders, cells.day.size
        days = int(cells.day[-1]) + 1 if slots else 0
        self.team = Team(arrays.tables, base.floors, request, cells, weights, zero, base.whole)
        self.board = new_board(slots, days, params.max_slots, params.max_per_day)
        self.screened = new_screened(len(arrays))
        self.skipped = 0

    def insert(self, out_of_time: Callable[[], bool]) -> None:
        """Insertion into known orders. On routes whose orders are not all known that is where the
        search begins."""
        place = look(self.team, self.screened, self.board, WORK)
        while place < self.screened.counts[ROUTES]:
            if out_of_time():
                redraw(self.board)
                self.skipped = left_out(self.team, self.screened, self.board, place)
                break
            place = scan(self.team, self.screened, self.board, place, WORK)

    def search(self, out_of_time: Callable[[], bool], known: Known) -> Searched:
        """Searches the cells of the other routes."""
        if not self.screened.counts[UNKNOWN]:
            return NOTHING_SEARCHED
        searched = (self.screened.least < NEVER) & ~(self.screened.known & KNOWN).astype(np.bool_)
        rows = np.flatnonzero(searched)
        search = CellSearch(
            self.arrays, self.base, self.team, self.screened, self.board,
            self.params.label_budget, known,
        )  # fmt: skip
        return search.run(rows.tolist(), out_of_time)

    def ranked(self, searched: Searched) -> Ranked:
        """The answer as far as it is known."""
        slots = self._top()
        winners = self._winners(slots, searched)
        evaluated = int(self.board.tally[EVALUATED]) + searched.evaluated
        skipped = self.skipped + searched.skipped
        cells = int(self.screened.counts[CELLS])
        gap = gap_of(searched, [winner.cost for winner in winners], self.params.max_slots)
        return Ranked(
            winners, cells, evaluated, cells - evaluated - skipped, skipped,
            gap, int(self.board.tally[PRICED]) + searched.labels,
            told(searched.left),
        )  # fmt: skip

    def _top(self) -> list[int]:
        """The slots of the answer: cost, then window."""
        best = self.board.upper.argsort(kind="stable")
        best = best[: np.searchsorted(self.board.upper[best], NEVER)]
        taken: dict[int, int] = {}
        slots: list[int] = []
        for slot, day in zip(best.tolist(), self.cells.day[best].tolist(), strict=True):
            here = taken.get(day, 0)
            if here < self.params.max_per_day and len(slots) < self.params.max_slots:
                taken[day] = here + 1
                slots.append(slot)
        return slots

    def _winners(self, slots: list[int], searched: Searched) -> tuple[Winner, ...]:
        numbers, routes = np.array(slots, np.int32), self.arrays.routes
        rows = self.board.holder[numbers, 0].tolist()
        longest = 1 + max((len(routes[row].visits) for row in rows), default=0)
        found = np.empty((len(slots), 8), np.int64)
        orders = np.empty((len(slots), longest), np.int32)
        describe(self.team, self.board, numbers, found, orders)
        zero = self._zero(found[:, 0])
        told = zip(slots, found.tolist(), orders.tolist(), zero.tolist(), strict=True)
        return tuple(self._winner(*one, searched) for one in told)

    def _winner(
        self, slot: int, day: list[int], nodes: list[int], without: list[int], searched: Searched
    ) -> Winner:
        route, gap, cost, travel, waiting, overtime, opens, closes = day
        if gap < 0:
            best = searched.orders[slot]
            travel, waiting, overtime = best.travel, best.waiting, best.overtime
            request = len(self.arrays.routes[route].places)
            order = tuple(REQUEST if node == request else node for node in best.order)
        else:
            order = tuple(nodes[: len(self.arrays.routes[route].visits) + 1])
        return Winner(
            route, slot, cost, travel - without[0], waiting - without[1], overtime - without[2],
            order, opens, closes,
        )  # fmt: skip

    def _zero(self, rows: Int64) -> Int64:
        """int64 (rows, 3): driving, waiting, overtime without the visit."""
        base, zero = self.base, np.empty((rows.size, 3), np.int64)
        for part, best in enumerate((base.travel, base.waiting, base.overtime)):
            zero[:, part] = best[rows]
        if self.kept:
            fixed = self.cells.fixed[rows]
            today = base.today_travel, base.today_waiting, base.today_overtime
            for part, kept in enumerate(today):
                zero[fixed, part] = kept[rows[fixed]]
        return zero

    @property
    def cells(self) -> Cells:
        """What may be offered where, the freedom of the search applied."""
        return self.team.cells
