"""Best order of every cell of a batch: breadth first, all cells at once, nothing cut unproven.

A partial order is dropped only when
- it breaks a window, or a visit still to come can no longer be reached in time by any path,
- its cost so far plus what every remaining visit costs at least exceeds the cell's limit, or
- it drives more than the cell's limit allows, with the least that must be driven yet, or
- another partial order of the same visits with the same last one is nowhere later and nowhere
  dearer (dominance as in Desrochers and Soumis 1988; waiting is counted by the clock, see
  ``_keys``), and, where driving is limited, has not driven more.
A cell whose front outgrows the budget is given up and says so.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from slotsvc.solver import timing
from slotsvc.solver.batch import (
    NEVER,
    Batch,
    Completed,
    Front,
    begin,
    complete,
    extend,
    shortest_paths,
)
from slotsvc.solver.batch import without_visits as price_without_visits
from slotsvc.solver.cell import Cell
from slotsvc.solver.depth_first import Found, depth_first
from slotsvc.solver.instance import END, FIRST_VISIT, INF, START, Bool, Int32, Int64
from slotsvc.solver.label_setting import label_setting
from slotsvc.solver.params import Weights

DOMINANCE_FROM = 1_500
"""Front size from which looking for dominated orders pays."""

LEADERS = 6
"""With how many best rivals each partial order is compared."""


type OutOfTime = Callable[[], bool]
"""Asked now and then; True: stop and say what was not done."""


def never() -> bool:
    """There is time."""
    return False


@dataclass(frozen=True, slots=True, eq=False)
class BestOrders:
    """Per cell: the cheapest order not dearer than its limit.

    ``cost``: int64, NEVER when there is none. ``order``: int16 (C, depth), -1 padded.
    ``finished``: False where the budget ended the search; ``cost`` then is an upper bound only.
    ``labels``: partial orders looked at, all cells together.
    """

    cost: Int64
    travel: Int64
    waiting: Int64
    overtime: Int64
    order: Int32
    finished: Bool
    labels: int


class OrderSearch:
    """One run over one batch."""

    def __init__(
        self,
        batch: Batch,
        limit: Int64,
        weights: Weights,
        budget: int,
        out_of_time: OutOfTime = never,
    ) -> None:
        self.batch, self.limit, self.budget = batch, limit.copy(), budget
        self.out_of_time = out_of_time
        self.weights = weights
        cells, nodes = batch.opens.shape
        self.bits = np.left_shift(np.int64(1), np.arange(nodes, dtype=np.int64))
        self.todo = np.where(batch.used, self.bits, 0).sum(axis=1)
        self.latest = _latest_finish_towards(batch)
        self.late = bool((batch.soft_end < batch.end).any())
        self.limited = bool((batch.max_travel < INF).any())
        # what every visit and the way home cost at least: driving, and time where it can be late
        entries = [least_entry(batch.travel, batch.used)]
        if self.late:
            entries.append(least_entry(batch.legs, batch.used) + batch.service)
        self.enter = np.stack(entries, axis=-1)
        own = np.where(batch.used[:, :, None], self.enter, 0)
        self.left = own.sum(axis=1) + self.enter[:, END]
        depth = int(batch.used.sum(axis=1).max(initial=0))
        self.cost = np.full(cells, NEVER, np.int64)
        self.travel = np.zeros(cells, np.int64)
        self.waiting = np.zeros(cells, np.int64)
        self.overtime = np.zeros(cells, np.int64)
        self.order = np.full((cells, max(depth, 1)), -1, np.int32)
        self.finished = np.ones(cells, np.bool_)
        self.labels = 0

    def run(self) -> BestOrders:
        self._days_without_visits()
        pairs = np.argwhere(self.batch.used & (self.limit >= 0)[:, None]).astype(np.int32)
        cell, node = pairs[:, 0], pairs[:, 1]
        front = begin(self.batch, cell, node)
        path: Int32 = node[:, None]
        done = self.bits[node]
        left = self.left[cell] - self.enter[cell, node]
        while front.cell.size:
            if self.out_of_time():
                self.finished[front.cell] = False
                break
            self.labels += front.cell.size
            rows = self._promising(front, done, left)
            front, path, done, left = front.take(rows), path[rows], done[rows], left[rows]
            whole = done == self.todo[front.cell]
            if whole.any():
                self._complete(front.take(whole), path[whole])
                front, path, done, left = (
                    front.take(~whole),
                    path[~whole],
                    done[~whole],
                    left[~whole],
                )
            front, path, done, left = self._grow(front, path, done, left)
        return BestOrders(
            self.cost, self.travel, self.waiting, self.overtime, self.order, self.finished,
            self.labels,
        )  # fmt: skip

    def _days_without_visits(self) -> None:
        empty = price_without_visits(self.batch, self.weights)
        rows = (self.todo == 0) & (empty.cost <= self.limit)
        self.cost[rows], self.travel[rows] = empty.cost[rows], empty.travel[rows]
        self.overtime[rows] = empty.overtime[rows]

    def _grow(
        self, front: Front, path: Int32, done: Int64, left: Int64
    ) -> tuple[Front, Int32, Int64, Int64]:
        keep = self._thinned(front, done)
        if keep.size < front.cell.size:
            front, path, done, left = front.take(keep), path[keep], done[keep], left[keep]
        rows, node = self._children(front, done)
        grown = extend(self.batch, front, rows, node)
        return (
            grown,
            np.concatenate([path[rows], node[:, None]], axis=1),
            done[rows] | self.bits[node],
            left[rows] - self.enter[grown.cell, node],
        )

    def _children(self, front: Front, done: Int64) -> tuple[Int32, Int32]:
        """Pairs (row, next visit) that keep the visit's window in the most favourable state."""
        cell = front.cell
        soonest = front.times.min(axis=0)
        arrival = soonest[:, None] + self.batch.legs[cell, front.last]
        fits = arrival <= self.batch.closes[cell]
        fits &= ((done[:, None] | ~self.todo[cell][:, None]) & self.bits) == 0
        rows, node = np.nonzero(fits)
        return rows.astype(np.int32), node.astype(np.int32)

    def _promising(self, front: Front, done: Int64, left: Int64) -> Int32:
        """Rows from which every visit left can be reached in time, within both limits."""
        cell, (travel_weight, waiting_weight, overtime_weight) = front.cell, self.weights
        soonest = front.times.min(axis=0)
        towards = self.latest[cell, front.last]
        open_ = ((~done & self.todo[cell])[:, None] & self.bits) != 0
        reach = np.where(open_, towards, np.int32(INF)).min(axis=1)
        driving = front.travel + left[:, 0]
        cost = driving * travel_weight
        if waiting_weight:
            idle = timing.waiting(
                front.times, front.first, front.busy, self.batch.pauses(cell)
            ).min(axis=0)
            cost = cost + idle.astype(np.int64) * waiting_weight
        if self.late:
            over = soonest + left[:, 1] - self.batch.soft_end[cell]
            cost = cost + np.maximum(over, 0) * overtime_weight
        keeps = (soonest < INF) & (soonest <= reach) & (cost <= self.limit[cell])
        if self.limited:
            keeps &= driving <= self.batch.max_travel[cell]
        return np.flatnonzero(keeps).astype(np.int32)

    def _complete(self, front: Front, path: Int32) -> None:
        found = complete(self.batch, front, self.weights)
        good = np.flatnonzero(found.cost <= self.limit[front.cell])
        # the best of each cell; equal ones in the order of the paths, which is committed order
        rank = good[np.lexsort((good, found.cost[good], front.cell[good]))]
        cell, where = np.unique(front.cell[rank], return_index=True)
        self._record(cell.astype(np.int32), rank[where].astype(np.int32), found, path)

    def _record(self, cell: Int32, rows: Int32, found: Completed, path: Int32) -> None:
        better = found.cost[rows] < self.cost[cell]
        cell, rows = cell[better], rows[better]
        self.cost[cell], self.travel[cell] = found.cost[rows], found.travel[rows]
        self.waiting[cell], self.overtime[cell] = found.waiting[rows], found.overtime[rows]
        self.order[cell, : path.shape[1]] = path[rows]
        self.limit[cell] = found.cost[rows]

    def _thinned(self, front: Front, done: Int64) -> Int32:
        """Rows worth going on with: not dominated, and within the budget."""
        if front.cell.size <= DOMINANCE_FROM:
            return np.arange(front.cell.size, dtype=np.int32)
        rows = self._undominated(front, done)
        if rows.size <= self.budget:
            return rows
        return self._within_budget(front.cell[rows], rows)

    def _within_budget(self, cell: Int32, rows: Int32) -> Int32:
        """Gives up the largest cells until the front fits the budget."""
        sizes = np.bincount(cell, minlength=self.finished.size)
        largest_last = np.argsort(sizes, kind="stable")
        kept = largest_last[np.cumsum(sizes[largest_last]) <= self.budget]
        stays = np.isin(np.arange(self.finished.size), kept)
        self.finished &= stays | (sizes == 0)
        return rows[stays[cell]]

    def _keys(self, front: Front) -> Int64:
        """What must not be larger for one partial order to beat another, int64 (keys, N).

        The times of every state (with them the end of the day, so overtime), and per number of
        pauses before the first visit the cost with waiting counted up to now: whoever is earlier by
        x may have to wait x longer. Driving too where it is limited.
        """
        pauses, (travel_weight, waiting_weight, _) = front.first.shape[0], self.weights
        spent = front.travel * travel_weight - waiting_weight * front.busy.astype(np.int64)
        behind = spent - waiting_weight * front.first.astype(np.int64)
        alive = np.stack([
            front.times[[s for s, (b, _) in enumerate(timing.states(pauses - 1)) if b == before]]
            .min(axis=0) < INF
            for before in range(pauses)
        ])  # fmt: skip
        driven = front.travel[None] if self.limited else np.zeros((0, front.cell.size), np.int64)
        times = front.times.astype(np.int64)
        return np.concatenate([times, np.where(alive, behind, NEVER), driven])

    def _undominated(self, front: Front, done: Int64) -> Int32:
        keys = self._keys(front)
        by = np.lexsort((keys.sum(axis=0, dtype=np.float64), front.last, done, front.cell))
        same = np.zeros(by.size, np.bool_)
        same[1:] = (
            (front.cell[by[1:]] == front.cell[by[:-1]])
            & (done[by[1:]] == done[by[:-1]])
            & (front.last[by[1:]] == front.last[by[:-1]])
        )
        head = np.maximum.accumulate(np.where(same, 0, np.arange(by.size)))
        sorted_keys = keys[:, by]
        worse = np.zeros(by.size, np.bool_)
        for place in range(LEADERS):
            rival = head + place
            own = np.arange(by.size)
            valid = rival < own
            rival = np.minimum(rival, own)
            worse |= valid & (sorted_keys[:, rival] <= sorted_keys).all(axis=0)
        return np.sort(by[~worse]).astype(np.int32)


def _latest_finish_towards(batch: Batch) -> Int32:
    """int32 (C, V, V): latest finish at a node from which another can still be begun in time.

    Over shortest paths through other visits: no triangle inequality is assumed.
    """
    return batch.closes[:, None, :] - shortest_paths(batch)


def least_entry(block: Int32, used: Bool) -> Int64:
    """int64 (C, V): the least of ``block`` (C, V, V) into each node from any node of its cell."""
    legs = block.astype(np.int64)
    nodes = np.arange(legs.shape[1])
    legs[:, nodes, nodes] = INF
    source = used.copy()
    source[:, START] = True
    return np.where(source[:, :, None], legs, INF).min(axis=1)


def best_orders(
    batch: Batch,
    limit: Int64,
    weights: Weights,
    budget: int,
    out_of_time: OutOfTime = never,
) -> BestOrders:
    """The cheapest order of each cell that costs at most ``limit`` (int64 (C,), inclusive).

    ``budget``: partial orders kept at once. ``out_of_time``: asked at every depth; True ends the
    search, unfinished.
    """
    return OrderSearch(batch, limit, weights, budget, out_of_time).run()


class BestOrder(NamedTuple):
    """The cheapest order of one cell within a limit.

    ``cost``, ``travel``, ``waiting``, ``overtime``: of the day; ``cost`` is NEVER where none was
    found. ``order``: nodes. ``finished``: proven; else ``cost`` is an upper bound only. ``floor``:
    no order within the limit costs less, proven. ``labels``: partial orders looked at.
    """

    cost: int
    travel: int
    waiting: int
    overtime: int
    order: tuple[int, ...]
    finished: bool
    floor: int
    labels: int


NODES = 2_500
"""Partial orders that the depth first search looks at: about a millisecond."""

DEEPEST = 20
"""With more visits depth first would not come to an end."""


def best_order(
    cell: Cell, limit: int, weights: Weights, room: int, out_of_time: OutOfTime = never
) -> BestOrder:
    """The cheapest order of a cell that costs at most ``limit`` (inclusive, below NEVER).

    First depth first, then, where that has not finished, by label setting. ``room``: labels kept at
    most. ``out_of_time``: asked about every millisecond; True ends the search, unfinished.
    """
    if len(cell.opens) - FIRST_VISIT > DEEPEST:
        found = label_setting(cell, limit, weights, room, out_of_time)
        return _told(found, found.floor, found.labels)
    quick = depth_first(cell, limit, weights, NODES)
    if quick.floor >= quick.price.cost:
        return _told(quick, quick.floor, quick.labels)
    below = min(limit, quick.price.cost - 1)
    thorough = label_setting(cell, below, weights, room, out_of_time)
    best = thorough if thorough.price.cost < NEVER else quick
    floor = min(max(quick.floor, thorough.floor), best.price.cost)
    return _told(best, floor, quick.labels + thorough.labels)


def _told(found: Found, floor: int, labels: int) -> BestOrder:
    order = tuple(found.order.tolist()) if found.price.cost < NEVER else ()
    return BestOrder(*found.price, order, floor >= found.price.cost, floor, labels)
