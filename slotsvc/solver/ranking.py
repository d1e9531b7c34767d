"""The best K slots of a request, proven: screen, bound, then exact where it can still matter.

A *slot* is an offered window; a *cell* is a slot on one route. A slot costs what its cheapest cell
costs. The answer is a total order: cost, then window, then route (technician).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from slotsvc.solver.arrays import TeamArrays
from slotsvc.solver.base import Base
from slotsvc.solver.batch import NEVER, Batch, evaluate
from slotsvc.solver.bound import lower_bound
from slotsvc.solver.cells import inserted, with_requests
from slotsvc.solver.exact import best_orders
from slotsvc.solver.instance import Bool, Int32, Int64
from slotsvc.solver.params import Freedom, SearchParams
from slotsvc.solver.screen import Request, Screened, Windows, screen

REQUEST = -1
"""Stands for the new visit in an order of nodes."""

CHUNK = 256
"""Cells searched exactly before the cut is drawn anew."""


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """What may be offered where. ``windows``: per route; ``slot``: int32 (R, W), the slot of each
    window, -1 where there is none. ``extra``: int64 (R, W), cost known before any search.
    ``day``: int32 (S,), the day of each slot, for the cap of offers a day. ``fixed``: bool (R,),
    routes on which the other visits keep their order.
    """

    windows: Windows
    slot: Int32
    extra: Int64
    day: Int32
    fixed: Bool


@dataclass(frozen=True, slots=True)
class Winner:
    """A ranked slot. ``order``: nodes of the route's best order, REQUEST among them.

    Costs in thousandths of a weighted second; ``travel`` and ``waiting`` in added seconds.
    """

    route: int
    slot: int
    cost: int
    travel: int
    waiting: int
    order: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Ranked:
    """Best first. Cells add up: ``cells = evaluated + pruned + skipped``.

    ``gap``: most that an unfinished search could still save; 0 when all finished.
    ``possible``: (route, column) pairs known to be possible are not listed; see ``fits``.
    """

    winners: tuple[Winner, ...]
    cells: int
    evaluated: int
    pruned: int
    skipped: int
    gap: int
    labels: int


def rank(
    arrays: TeamArrays,
    base: Base,
    request: Request,
    cells: Cells,
    params: SearchParams,
    out_of_time: Callable[[], bool] = lambda: False,
) -> Ranked:
    """Ranks the slots. ``out_of_time`` is asked between chunks; True leaves the rest out."""
    return _Ranking(arrays, base, request, cells, params).run(out_of_time)


class _Ranking:
    """One ranking: what is known of every slot, sharpened chunk by chunk."""

    def __init__(
        self, arrays: TeamArrays, base: Base, request: Request, cells: Cells, params: SearchParams
    ) -> None:
        self.arrays, self.base, self.request = arrays, base, request
        self.cells, self.params = cells, params
        self.weights = (params.weights.travel, params.weights.waiting)
        self.fixed = cells.fixed | (params.freedom is Freedom.INSERT_ONLY)
        self.zero = np.where(self.fixed, base.today_cost, base.cost)
        self.zero_travel = np.where(self.fixed, base.today_travel, base.travel)
        self.zero_waiting = np.where(self.fixed, base.today_waiting, base.waiting)
        pairs = np.argwhere(cells.slot >= 0).astype(np.int32)
        self.route, self.column = pairs[:, 0], pairs[:, 1]
        self.slot = cells.slot[self.route, self.column]
        self.extra = cells.extra[self.route, self.column]
        self.upper = np.full(cells.day.size, NEVER, np.int64)
        self.best: dict[int, Winner] = {}
        self.gap_floor = NEVER

    def run(self, out_of_time: Callable[[], bool]) -> Ranked:
        screened = screen(self.arrays, self.request, self.cells.windows, self.weights)
        bound = lower_bound(self.arrays, self.request, self.cells.windows, self.weights)
        least = bound[self.route, self.column] + self.extra
        least = np.where(self._doubtful(), np.iinfo(np.int64).min >> 8, least)
        self._upper_bounds(screened)
        waiting = np.argsort(least, kind="stable").astype(np.int32)
        evaluated, labels, skipped = 0, 0, 0
        while True:
            waiting = waiting[least[waiting] <= self._limit(waiting)]
            if waiting.size == 0:
                break
            if evaluated and out_of_time():
                skipped = waiting.size
                break
            now, waiting = waiting[:CHUNK], waiting[CHUNK:]
            labels += self._search(now, least, screened)
            evaluated += now.size
        winners = self._top()
        cells = self.route.size
        return Ranked(
            winners, cells, evaluated, cells - evaluated - skipped, skipped,
            self._gap(winners), labels,
        )  # fmt: skip

    def _doubtful(self) -> Bool:
        """Cells of routes whose own best order is not proven: no bound holds for them."""
        return ~(self.base.finished | self.fixed)[self.route]

    def _limit(self, cells: Int32) -> Int64:
        """Most that a cell may cost and still change the answer, int64 per cell."""
        overall, per_day = _cuts(self.upper, self.cells.day, self.params)
        slot = self.slot[cells]
        return np.minimum(np.minimum(self.upper[slot], per_day[self.cells.day[slot]]), overall)

    def _upper_bounds(self, screened: Screened) -> None:
        """Prices the most promising insertion of every slot: a first cut."""
        guess = screened.guess[self.route, self.column]
        good = np.flatnonzero(guess < NEVER)
        if good.size == 0:
            return
        cost = guess[good] + self.extra[good]
        by = good[np.lexsort((cost, self.slot[good]))]
        slot, first = np.unique(self.slot[by], return_index=True)
        cells = by[first].astype(np.int32)
        gap = screened.gap[self.route[cells], self.column[cells]]
        batch = self._batch(cells)
        found = evaluate(batch, inserted(batch, gap), *self.weights)
        total = found.cost - self.zero[self.route[cells]] + self.extra[cells]
        self.upper[slot] = np.where(found.cost < NEVER, total, NEVER)

    def _search(self, cells: Int32, least: Int64, screened: Screened) -> int:
        fixed = self.fixed[self.route[cells]]
        labels = self._search_insertions(cells[fixed], screened) if fixed.any() else 0
        return labels + (0 if fixed.all() else self._search_orders(cells[~fixed], least))

    def _search_orders(self, cells: Int32, least: Int64) -> int:
        zero = self.zero[self.route[cells]] - self.extra[cells]
        limit = self._limit(cells)
        limit = np.where(limit == NEVER, NEVER - 1, limit + zero)
        batch = self._batch(cells)
        found = best_orders(batch, limit, self.weights, self.params.label_budget)
        possible = np.flatnonzero(found.cost < NEVER)
        request = batch.opens.shape[1] - 1
        for c in possible:
            nodes = [int(n) for n in found.order[c] if n >= 0]
            order = tuple(REQUEST if n == request else n for n in nodes)
            self._keep(
                int(cells[c]),
                int(found.cost[c]),
                int(found.travel[c]),
                int(found.waiting[c]),
                order,
            )
        unfinished = cells[~found.finished]
        if unfinished.size:
            self.gap_floor = min(self.gap_floor, int(least[unfinished].min()))
        return found.labels

    def _search_insertions(self, cells: Int32, screened: Screened) -> int:
        """Every gap that fits, in committed order."""
        gaps = self.arrays.gaps
        count = np.diff(np.append(gaps.start_of, gaps.route.size))[self.route[cells]]
        cell = np.repeat(cells, count)
        offset = np.arange(cell.size) - np.repeat(np.cumsum(count) - count, count)
        number = gaps.start_of[self.route[cell]] + offset
        fits = screened.fits[number, self.column[cell]]
        cell, gap = cell[fits], offset[fits].astype(np.int32)
        if cell.size == 0:
            return 0
        batch = self._batch(cell)
        orders = inserted(batch, gap)
        found = evaluate(batch, orders, *self.weights)
        request = batch.opens.shape[1] - 1
        for i in np.lexsort((gap, found.cost, cell)):
            if found.cost[i] < NEVER:
                nodes = [int(n) for n in orders[i] if n >= 0]
                order = tuple(REQUEST if n == request else n for n in nodes)
                self._keep(
                    int(cell[i]), int(found.cost[i]), int(found.travel[i]),
                    int(found.waiting[i]), order,
                )  # fmt: skip
        return int(cell.size)

    def _keep(
        self, cell: int, cost: int, travel: int, waiting: int, order: tuple[int, ...]
    ) -> None:
        route, slot = int(self.route[cell]), int(self.slot[cell])
        total = cost - int(self.zero[route]) + int(self.extra[cell])
        known = self.best.get(slot)
        if known is None or (total, route) < (known.cost, known.route):
            added = travel - int(self.zero_travel[route])
            idle = waiting - int(self.zero_waiting[route])
            self.best[slot] = Winner(route, slot, total, added, idle, order)
            self.upper[slot] = min(int(self.upper[slot]), total)

    def _top(self) -> tuple[Winner, ...]:
        taken: dict[int, int] = {}
        winners: list[Winner] = []
        for winner in sorted(self.best.values(), key=lambda w: (w.cost, w.slot, w.route)):
            day = int(self.cells.day[winner.slot])
            if taken.get(day, 0) < self.params.max_per_day:
                taken[day] = taken.get(day, 0) + 1
                winners.append(winner)
        return tuple(winners[: self.params.max_slots])

    def _gap(self, winners: tuple[Winner, ...]) -> int:
        if self.gap_floor == NEVER:
            return 0
        full = len(winners) == self.params.max_slots
        worst = winners[-1].cost if full else max(self.gap_floor, 0) + 1
        return max(0, worst - self.gap_floor)

    def _batch(self, cells: Int32) -> Batch:
        return with_requests(
            self.arrays, self.request, self.cells.windows, self.route[cells], self.column[cells]
        )


def _cuts(upper: Int64, day: Int32, params: SearchParams) -> tuple[int, Int64]:
    """The K-th best of the capped list (NEVER if shorter), and each day's last place."""
    days = int(day.max(initial=-1)) + 1
    per_day = np.full(days, NEVER, np.int64)
    by = np.lexsort((upper, day))
    first = np.searchsorted(day[by], np.arange(days))
    place = np.arange(by.size) - first[day[by]]
    last = place == params.max_per_day - 1
    per_day[day[by[last]]] = upper[by[last]]
    listed = np.sort(upper[by[place < params.max_per_day]])
    full = listed.size >= params.max_slots
    return int(listed[params.max_slots - 1]) if full else NEVER, per_day
