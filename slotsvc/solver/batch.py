"""Many small ordering problems side by side: one *cell* each.

A cell is a route, alone or with one more visit (the *request*, always the last node) that must
start in one window. Everything is padded to the largest cell of the batch.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from slotsvc.solver import timing
from slotsvc.solver.instance import END, FIRST_VISIT, INF, START, Bool, Int32, Int64

NEVER = np.iinfo(np.int64).max
"""Cost of what cannot be done."""


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """C cells of at most V nodes (0 start, 1 end, 2.. visits; the request, if any, is V - 1).

    ``opens``, ``closes``, ``service``: int32 (C, V). ``travel``: int32 (C, V, V).
    ``used``: bool (C, V), the visits that must be served. ``end``: int32 (C,).
    ``breaks``: int32 (3, pauses, C): opens, closes, duration.
    """

    opens: Int32
    closes: Int32
    service: Int32
    travel: Int32
    used: Bool
    end: Int32
    breaks: Int32

    def take(self, cells: Int32) -> Batch:
        """Some of the cells, copied."""
        return Batch(
            self.opens[cells],
            self.closes[cells],
            self.service[cells],
            self.travel[cells],
            self.used[cells],
            self.end[cells],
            self.breaks[:, :, cells],
        )

    def pauses(self, cells: Int32) -> timing.Breaks:
        """Pauses of the given cells, one entry each."""
        return [(o[cells], c[cells], d[cells]) for o, c, d in zip(*self.breaks, strict=True)]


@dataclass(slots=True, eq=False)
class Front:
    """N partial orders. ``cell``, ``last``: int32 (N,). ``path``: int16 (N, depth), nodes so far.

    ``travel``: driving so far; ``busy``: service and driving since the first start.
    """

    cell: Int32
    last: Int32
    times: Int32
    first: Int32
    travel: Int64
    busy: Int32

    def take(self, rows: Int32 | Bool) -> Front:
        """The chosen rows."""
        return Front(
            self.cell[rows],
            self.last[rows],
            self.times[:, rows],
            self.first[:, rows],
            self.travel[rows],
            self.busy[rows],
        )


def begin(batch: Batch, cell: Int32, node: Int32) -> Front:
    """Partial orders of one visit."""
    leg = batch.travel[cell, START, node]
    service = batch.service[cell, node]
    times, first = timing.first_stop(
        leg, batch.opens[cell, node], batch.closes[cell, node], service, batch.pauses(cell)
    )
    return Front(cell, node, times, first, leg.astype(np.int64), service)


def extend(batch: Batch, front: Front, rows: Int32, node: Int32) -> Front:
    """The partial orders ``rows`` of a front, each with one more visit."""
    cell, last = front.cell[rows], front.last[rows]
    leg = batch.travel[cell, last, node]
    service = batch.service[cell, node]
    times = timing.next_stop(
        front.times[:, rows],
        leg,
        batch.opens[cell, node],
        batch.closes[cell, node],
        service,
        batch.pauses(cell),
    )
    return Front(
        cell, node, times, front.first[:, rows], front.travel[rows] + leg,
        front.busy[rows] + leg + service,
    )  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Completed:
    """Whole orders: ``cost`` int64 (NEVER: not possible), ``travel`` int64, ``waiting`` int64."""

    cost: Int64
    travel: Int64
    waiting: Int64


def complete(batch: Batch, front: Front, travel_weight: int, waiting_weight: int) -> Completed:
    """Goes home from every partial order and prices it."""
    cell, pauses = front.cell, batch.pauses(front.cell)
    leg = batch.travel[cell, front.last, END]
    end = batch.end[cell]
    done = np.stack([
        timing.reaches_end(front.times[s], leg, pauses, taken, end)
        for s, (_, taken) in enumerate(timing.states(len(pauses)))
    ])  # fmt: skip
    travel = front.travel + leg
    cost, idle = timing.order_cost(
        front.times, front.first, front.busy, travel, done, pauses, travel_weight, waiting_weight
    )
    return Completed(cost, travel, idle.astype(np.int64))


def without_visits(batch: Batch, travel_weight: int) -> Completed:
    """Prices every cell as a day without visits: straight from start to end."""
    cells = np.arange(batch.end.size, dtype=np.int32)
    leg = batch.travel[cells, START, END]
    free = np.zeros_like(leg)
    done = timing.reaches_end(free, leg, batch.pauses(cells), 0, batch.end)
    possible = (done < INF) & (leg < INF)
    travel = leg.astype(np.int64)
    cost = np.where(possible, travel * travel_weight, NEVER)
    return Completed(cost, travel, np.zeros_like(travel))


def shortest_paths(batch: Batch) -> Int32:
    """int32 (C, V, V): driving and service on the quickest path through any visits (Floyd 1962).

    The service at both ends is not counted. Never more than driving straight.
    """
    path = batch.travel.copy()
    for via in range(FIRST_VISIT, path.shape[1]):
        through = path[:, :, via, None] + batch.service[:, None, via, None] + path[:, None, via, :]
        through[~batch.used[:, via]] = INF
        np.minimum(path, through, out=path)
    return path


def evaluate(batch: Batch, orders: Int32, travel_weight: int, waiting_weight: int) -> Completed:
    """Prices one order per cell. ``orders``: int32 (C, depth), -1 after the last visit."""
    empty = without_visits(batch, travel_weight)
    cost, travel, idle = empty.cost, empty.travel, empty.waiting
    if orders.shape[1] == 0:
        return empty
    rows = np.flatnonzero(orders[:, 0] >= 0).astype(np.int32)
    if rows.size == 0:
        return empty
    front = begin(batch, rows, orders[rows, 0])
    for depth in range(1, orders.shape[1] + 1):
        more = (
            orders[front.cell, depth] >= 0
            if depth < orders.shape[1]
            else np.zeros(front.cell.size, np.bool_)
        )
        if not more.all():
            last = front.take(~more)
            done = complete(batch, last, travel_weight, waiting_weight)
            cost[last.cell], travel[last.cell] = done.cost, done.travel
            idle[last.cell] = done.waiting
        keep = np.flatnonzero(more).astype(np.int32)
        if keep.size == 0:
            break
        front = extend(batch, front, keep, orders[front.cell[keep], depth])
    return Completed(cost, travel, idle)
