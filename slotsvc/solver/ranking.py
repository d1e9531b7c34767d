"""The best K slots of a request, proven.

A *slot* is an offered window; a *cell* is a slot on one route; a slot costs what its cheapest cell
costs. Every cell has a lower bound: of all insertions into the route's known orders
(``insertion``), or, on the rare routes whose orders are not all known, from the neighbours alone
(``bound``). Cells are priced exactly, the lowest bound first, while their bound could still change
the answer. The answer is a total order: cost, then window, then route (technician).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from slotsvc.solver.arrays import TeamArrays
from slotsvc.solver.base import Base
from slotsvc.solver.batch import NEVER, evaluate
from slotsvc.solver.bound import lower_bound
from slotsvc.solver.cells import with_order, with_requests
from slotsvc.solver.exact import best_orders
from slotsvc.solver.insertion import Insertions, Request, Windows, insertions, leaves_safely
from slotsvc.solver.instance import Bool, Int32, Int64
from slotsvc.solver.params import Freedom, SearchParams

REQUEST = -1
"""Stands for the new visit in an order of nodes."""

CHUNK = 512
"""Candidates priced before the cut is drawn anew."""


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


@dataclass(frozen=True, slots=True)
class Ranked:
    """Best first. Cells add up: ``cells = evaluated + pruned + skipped``.

    ``evaluated``: priced, or proven impossible. ``gap``: most that an unfinished search could still
    save, or that a cost may be too low by; 0 when all finished. ``labels``: orders and partial
    orders priced.
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
    ranking = _Ranking(arrays, base, request, cells, params)
    ranking.insert(out_of_time)
    ranking.search(out_of_time)
    return ranking.ranked()


class _Ranking:
    """One ranking: what is known of every slot, sharpened chunk by chunk."""

    def __init__(
        self, arrays: TeamArrays, base: Base, request: Request, cells: Cells, params: SearchParams
    ) -> None:
        self.arrays, self.request = arrays, request
        self.cells, self.params = cells, params
        self.weights = params.weights.of_orders
        self.fixed = cells.fixed | (params.freedom is Freedom.INSERT_ONLY)
        self.zero = np.where(self.fixed, base.today_cost, base.cost)
        self.zero_travel = np.where(self.fixed, base.today_travel, base.travel)
        self.zero_waiting = np.where(self.fixed, base.today_waiting, base.waiting)
        self.zero_overtime = np.where(self.fixed, base.today_overtime, base.overtime)
        # on a route whose best order is not proven, a slot costs up to this much more
        self.doubt = np.where(base.finished | self.fixed, 0, base.cost - base.floor)
        self.known = (base.whole & leaves_safely(arrays, request)) | self.fixed
        self.real = cells.slot >= 0
        self.slot = np.maximum(cells.slot, 0)
        self.upper = np.full(cells.day.size, NEVER, np.int64)
        self.best: dict[int, Winner] = {}
        self.state = np.zeros(cells.slot.shape, np.int8)
        self.gap_floor = NEVER
        self.labels = 0

    # insertion into known orders

    def insert(self, out_of_time: Callable[[], bool]) -> None:
        """Prices insertions into known orders, the lowest bound first. On routes whose orders are
        not all known that is where the search begins."""
        gaps = self.arrays.gaps
        usable = self.real & self.known[:, None]
        gap_usable = (gaps.committed | ~self.fixed[gaps.route])[:, None] & self.real[gaps.route]
        found = insertions(self.arrays, self.request, self.cells.windows, self.weights, gap_usable)
        route = gaps.route[found.gap]
        self.state[usable] = _PRICED  # where nothing is found, no order has room
        self.state[route, found.column] = 0  # possible, not priced yet
        total = found.cost + (self.cells.extra[route, found.column] - self.zero[route])
        slot = self.slot[route, found.column]
        self._take(found, np.flatnonzero(found.exact).astype(np.int32), total)
        left = ~found.exact
        while True:
            open_ = np.flatnonzero(left & (total <= self._slot_limit()[slot]))
            if open_.size == 0:
                break
            if out_of_time():
                mine = open_[self.known[route[open_]]]
                self._mark(np.stack([route[mine], found.column[mine]], axis=1), _SKIPPED)
                break
            now = open_[np.argsort(total[open_], kind="stable")[:CHUNK]].astype(np.int32)
            self._price(found, now)
            left[now] = False

    def _price(self, found: Insertions, now: Int32) -> None:
        """Prices insertions whose cost is not settled, and keeps what is better than known."""
        gaps, column = self.arrays.gaps, found.column[now]
        gap = found.gap[now]
        route = gaps.route[gap]
        batch = with_requests(self.arrays, self.request, self.cells.windows, route, column)
        orders = with_order(gaps.paths[gaps.order[gap]], gaps.number[gap], batch)
        done = evaluate(batch, orders, self.weights)
        self.labels += gap.size
        priced = replace(
            found, gap=gap, column=column, travel=done.travel, waiting=done.waiting,
            overtime=done.overtime,
        )  # fmt: skip
        total = done.cost - self.zero[route] + self.cells.extra[route, column]
        total = np.where(done.cost < NEVER, total, NEVER)
        self._take(priced, np.flatnonzero(done.cost < NEVER).astype(np.int32), total)

    def _take(self, found: Insertions, rows: Int32, total: Int64) -> None:
        """Keeps the best of ``rows`` for every slot; equal ones: the first route, the committed
        order before others, the first gap."""
        gaps = self.arrays.gaps
        route = gaps.route[found.gap]
        settled = rows[self.known[route[rows]]]
        self.state[route[settled], found.column[settled]] = _PRICED
        slot = self.slot[route, found.column]
        rows = rows[total[rows] <= self.upper[slot[rows]]]
        # gaps are numbered by route, order and place, so the first gap decides between equals
        by = rows[np.lexsort((found.gap[rows], total[rows], slot[rows]))]
        _, first = np.unique(slot[by], return_index=True)
        best = by[first]
        self.upper[slot[best]] = total[best]
        # what lies beyond the cut now will lie beyond it at the end
        for i in best[total[best] <= self._slot_limit()[slot[best]]]:
            gap = int(found.gap[i])
            path = [int(n) for n in gaps.paths[gaps.order[gap]] if n >= 0]
            place = int(gaps.number[gap])
            self._keep(
                int(route[i]), int(slot[i]), int(total[i]), int(found.travel[i]),
                int(found.waiting[i]), int(found.overtime[i]),
                (*path[:place], REQUEST, *path[place:]),
            )  # fmt: skip

    # search where not all orders are known

    def search(self, out_of_time: Callable[[], bool]) -> None:
        """Searches the cells of the other routes, the lowest bound first."""
        rows = np.flatnonzero(~self.known & self.real.any(axis=1)).astype(np.int32)
        if rows.size == 0:
            return
        bound = lower_bound(self.arrays, self.request, self.cells.windows, self.weights, rows)
        shift = self.cells.extra[rows] - self.doubt[rows][:, None]
        least = np.where(self.real[rows] & (bound < NEVER), bound + shift, NEVER)
        self.state[rows] = np.where(self.real[rows] & (bound == NEVER), _PRICED, 0)
        while True:
            picked = np.argwhere(least <= self._limit()[rows]).astype(np.int32)
            if picked.size == 0:
                return
            cells = np.stack([rows[picked[:, 0]], picked[:, 1]], axis=1)
            if out_of_time():
                self._mark(cells, _SKIPPED)
                return
            values = least[picked[:, 0], picked[:, 1]]
            order = np.argsort(values, kind="stable")[: CHUNK // 8]
            self._search_cells(cells[order], values[order], out_of_time)
            least[picked[order][:, 0], picked[order][:, 1]] = NEVER

    def _search_cells(self, cells: Int32, least: Int64, out_of_time: Callable[[], bool]) -> None:
        route, column = cells[:, 0], cells[:, 1]
        extra = self.cells.extra[route, column]
        limit = self._limit()[route, column]
        limit = np.where(limit >= NEVER - 1, NEVER - 1, limit + self.zero[route] - extra)
        batch = with_requests(self.arrays, self.request, self.cells.windows, route, column)
        found = best_orders(batch, limit, self.weights, self.params.label_budget, out_of_time)
        self.labels += found.labels
        self.state[route, column] = _PRICED
        total = found.cost - self.zero[route] + extra
        request = batch.opens.shape[1] - 1
        for i in np.flatnonzero(found.cost < NEVER):
            order = (REQUEST if n == request else int(n) for n in found.order[i] if n >= 0)
            self._keep(
                int(route[i]), int(self.slot[route[i], column[i]]), int(total[i]),
                int(found.travel[i]), int(found.waiting[i]), int(found.overtime[i]), tuple(order),
            )  # fmt: skip
        if not found.finished.all():
            self.gap_floor = min(self.gap_floor, int(least[~found.finished].min()))
            if out_of_time():
                self._mark(cells[~found.finished], _SKIPPED)

    # what is known

    def _keep(
        self, route: int, slot: int, total: int, travel: int, waiting: int, overtime: int,
        order: tuple[int, ...],
    ) -> None:  # fmt: skip
        known = self.best.get(slot)
        if known is None or (total, route) < (known.cost, known.route):
            added = travel - int(self.zero_travel[route])
            idle = waiting - int(self.zero_waiting[route])
            late = overtime - int(self.zero_overtime[route])
            self.best[slot] = Winner(route, slot, total, added, idle, late, order)
            self.upper[slot] = min(int(self.upper[slot]), total)

    def _slot_limit(self) -> Int64:
        """int64 (S,): most that a slot may cost and still change the answer; below NEVER."""
        overall, per_day = _cuts(self.upper, self.cells.day, self.params)
        limit = np.minimum(np.minimum(self.upper, per_day[self.cells.day]), overall)
        return np.minimum(limit, NEVER - 1)

    def _limit(self) -> Int64:
        """int64 (R, W): the same per cell, -NEVER where there is none."""
        return np.where(self.real, self._slot_limit()[self.slot], -NEVER)

    def _mark(self, cells: Int32, state: int) -> None:
        self.state[cells[:, 0], cells[:, 1]] = state

    def ranked(self) -> Ranked:
        """The answer as far as it is known."""
        winners = self._top()
        cells = int(self.real.sum())
        evaluated = int((self.real & (self.state == _PRICED)).sum())
        skipped = int((self.real & (self.state == _SKIPPED)).sum())
        return Ranked(
            winners, cells, evaluated, cells - evaluated - skipped, skipped,
            self._gap(winners), self.labels,
        )  # fmt: skip

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
        """What an unfinished search could still save, and what a cost could be too low by."""
        priced = (self.real & (self.state == _PRICED)).any(axis=1)
        doubt = int(self.doubt[priced].max(initial=0))
        if self.gap_floor == NEVER:
            return doubt
        worst = winners[-1].cost if winners else self.gap_floor
        if len(winners) < self.params.max_slots:
            worst = max(worst, self.gap_floor + 1)  # a slot more
        return max(doubt, worst - self.gap_floor, 0)


_PRICED, _SKIPPED = 1, 2


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
