"""Many small ordering problems side by side: one *cell* each.

A cell is a route, alone or with one more visit (the *request*, always the last node) that must
start in one window. Everything is padded to the largest cell of the batch.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from slotsvc.solver import timing
from slotsvc.solver.instance import END, FIRST_VISIT, INF, START, Bool, Int32, Int64, RouteInstance
from slotsvc.solver.params import Weights

NEVER = np.iinfo(np.int64).max
"""Cost of what cannot be done."""


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """C cells of at most V nodes (0 start, 1 end, 2.. visits; the request, if any, is V - 1).

    ``opens``, ``closes``, ``service``: int32 (C, V). ``travel``: int32 (C, V, V), driving;
    ``legs``: the time it takes, the same object where that is the driving alone.
    ``used``: bool (C, V), the visits that must be served. ``pausable``: bool (C, V), None when none
    is. ``end``, ``soft_end``, ``max_travel``: int32 (C,).
    ``breaks``: int32 (3, pauses, C): opens, closes, duration.
    """

    opens: Int32
    closes: Int32
    service: Int32
    travel: Int32
    legs: Int32
    used: Bool
    pausable: Bool | None
    end: Int32
    soft_end: Int32
    max_travel: Int32
    breaks: Int32

    def take(self, cells: Int32) -> Batch:
        """Some of the cells, copied."""
        travel = self.travel[cells]
        return Batch(
            self.opens[cells],
            self.closes[cells],
            self.service[cells],
            travel,
            travel if self.legs is self.travel else self.legs[cells],
            self.used[cells],
            None if self.pausable is None else self.pausable[cells],
            self.end[cells],
            self.soft_end[cells],
            self.max_travel[cells],
            self.breaks[:, :, cells],
        )

    def unlimited(self) -> Batch:
        """The same cells without a limit on driving."""
        return replace(self, max_travel=np.full_like(self.max_travel, INF))

    def pauses(self, cells: Int32) -> timing.Breaks:
        """Pauses of the given cells, one entry each."""
        return [(o[cells], c[cells], d[cells]) for o, c, d in zip(*self.breaks, strict=True)]

    def leg(self, cell: Int32, here: Int32 | int, there: Int32 | int) -> tuple[Int32, Int32]:
        """Driving from node to node, and the time it takes."""
        driving = self.travel[cell, here, there]
        return driving, driving if self.legs is self.travel else self.legs[cell, here, there]

    def may_pause(self, cell: Int32, node: Int32) -> Bool | None:
        """Per (cell, node) whether pauses may lie inside; None: nowhere in the batch."""
        return None if self.pausable is None else self.pausable[cell, node]


@dataclass(slots=True, eq=False)
class Front:
    """N partial orders. ``cell``, ``last``: int32 (N,). ``path``: int16 (N, depth), nodes so far.

    ``travel``: driving so far; ``busy``: service and legs since the first start.
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
    driving, leg = batch.leg(cell, START, node)
    service = batch.service[cell, node]
    times, first = timing.first_stop(
        leg,
        batch.opens[cell, node],
        batch.closes[cell, node],
        service,
        batch.may_pause(cell, node),
        batch.pauses(cell),
    )
    return Front(cell, node, times, first, driving.astype(np.int64), service)


def extend(batch: Batch, front: Front, rows: Int32, node: Int32) -> Front:
    """The partial orders ``rows`` of a front, each with one more visit."""
    cell, last = front.cell[rows], front.last[rows]
    driving, leg = batch.leg(cell, last, node)
    service = batch.service[cell, node]
    times = timing.next_stop(
        front.times[:, rows],
        leg,
        batch.opens[cell, node],
        batch.closes[cell, node],
        service,
        batch.may_pause(cell, node),
        batch.pauses(cell),
    )
    return Front(
        cell, node, times, front.first[:, rows], front.travel[rows] + driving,
        front.busy[rows] + leg + service,
    )  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Ended:
    """Whole orders, one column each. ``travel``: int64 (N,). ``waiting`` / ``overtime``: int32
    (states, N), of the day ended from each state; INF in ``waiting`` where it cannot end in time.
    """

    travel: Int64
    waiting: Int32
    overtime: Int32


@dataclass(frozen=True, slots=True, eq=False)
class Completed:
    """Whole orders, int64: ``cost`` (NEVER: not possible), driving, waiting and overtime."""

    cost: Int64
    travel: Int64
    waiting: Int64
    overtime: Int64


def ended(batch: Batch, front: Front) -> Ended:
    """Goes home from every partial order."""
    cell, pauses = front.cell, batch.pauses(front.cell)
    driving, leg = batch.leg(cell, front.last, END)
    end = batch.end[cell]
    done = np.stack([
        timing.reaches_end(front.times[s], leg, pauses, taken, end)
        for s, (_, taken) in enumerate(timing.states(len(pauses)))
    ])  # fmt: skip
    idle = timing.waiting(front.times, front.first, front.busy, pauses)
    over = np.maximum(done - batch.soft_end[cell], 0)
    return Ended(front.travel + driving, np.where(done < INF, idle, np.int32(INF)), over)


def complete(batch: Batch, front: Front, weights: Weights) -> Completed:
    """Goes home from every partial order and prices it: the cheapest state, if not too much driving
    (which is no question of time, so a limit on it does not cut partial orders here)."""
    day = ended(batch, front)
    least, state = timing.cheapest(day.waiting, day.overtime, weights[1], weights[2])
    possible = (least < NEVER) & (day.travel <= batch.max_travel[front.cell])
    cost = np.where(possible, day.travel * weights[0] + np.where(possible, least, 0), NEVER)
    rows = np.arange(state.size)
    idle, over = day.waiting[state, rows], day.overtime[state, rows]
    return Completed(cost, day.travel, idle.astype(np.int64), over.astype(np.int64))


def without_visits(batch: Batch, weights: Weights) -> Completed:
    """Prices every cell as a day without visits: straight from start to end."""
    cells = np.arange(batch.end.size, dtype=np.int32)
    driving, leg = batch.leg(cells, START, END)
    free = np.zeros_like(leg)
    done = timing.reaches_end(free, leg, batch.pauses(cells), 0, batch.end)
    possible = (done < INF) & (leg < INF) & (driving <= batch.max_travel)
    travel = driving.astype(np.int64)
    over = np.maximum(done - batch.soft_end, 0).astype(np.int64)
    cost = np.where(possible, travel * weights[0] + over * weights[2], NEVER)
    return Completed(cost, travel, np.zeros_like(travel), over)


def shortest_paths(batch: Batch) -> Int32:
    """int32 (C, V, V): legs and service on the quickest path through any visits (Floyd 1962).

    The service at both ends is not counted. Never more than going straight.
    """
    path = batch.legs.copy()
    for via in range(FIRST_VISIT, path.shape[1]):
        through = path[:, :, via, None] + batch.service[:, None, via, None] + path[:, None, via, :]
        through[~batch.used[:, via]] = INF
        np.minimum(path, through, out=path)
    return path


def evaluate(batch: Batch, orders: Int32, weights: Weights) -> Completed:
    """Prices one order per cell. ``orders``: int32 (C, depth), -1 after the last visit."""
    found = without_visits(batch, weights)
    for front in fronts_of(batch, orders):
        done = complete(batch, front, weights)
        for name in ("cost", "travel", "waiting", "overtime"):
            getattr(found, name)[front.cell] = getattr(done, name)
    return found


def fronts_of(batch: Batch, orders: Int32) -> Iterator[Front]:
    """The orders that have visits, followed to their last one; those of a length together."""
    depth = orders.shape[1]
    rows = np.flatnonzero(orders[:, 0] >= 0).astype(np.int32) if depth else np.zeros(0, np.int32)
    if rows.size == 0:
        return
    front = begin(batch, rows, orders[rows, 0])
    for length in range(1, depth + 1):
        more = (
            orders[front.cell, length] >= 0
            if length < depth
            else np.zeros(front.cell.size, np.bool_)
        )
        if not more.all():
            yield front.take(~more)
        keep = np.flatnonzero(more).astype(np.int32)
        if keep.size == 0:
            return
        front = extend(batch, front, keep, orders[front.cell[keep], length])


def batch_of(routes: Sequence[RouteInstance]) -> Batch:
    """Routes as cells without a request."""
    count = len(routes)
    nodes = max((r.opens.size for r in routes), default=FIRST_VISIT)
    pauses = max((len(r.breaks) for r in routes), default=0)
    size, block = (count, nodes), (count, nodes, nodes)
    opens, closes, service = np.zeros((3, *size), np.int32)
    travel = np.zeros(block, np.int32)
    batch = Batch(
        opens, closes, service, travel,
        np.zeros(block, np.int32) if any(r.legs is not r.travel for r in routes) else travel,
        np.zeros(size, np.bool_),
        np.zeros(size, np.bool_) if any(r.pausable.any() for r in routes) else None,
        np.zeros(count, np.int32), np.zeros(count, np.int32), np.zeros(count, np.int32),
        np.zeros((3, pauses, count), np.int32),
    )  # fmt: skip
    for index, route in enumerate(routes):
        _fill(batch, index, route)
    return batch


def _fill(batch: Batch, index: int, route: RouteInstance) -> None:
    """Writes one route; what it does not use can never be visited."""
    n = route.opens.size
    batch.opens[index], batch.closes[index], batch.service[index] = 0, -1, 0
    batch.travel[index], batch.used[index] = INF, False
    batch.opens[index, :n], batch.closes[index, :n] = route.opens, route.closes
    batch.service[index, :n], batch.travel[index, :n, :n] = route.service, route.travel
    batch.used[index, FIRST_VISIT:n] = True
    if batch.legs is not batch.travel:
        batch.legs[index] = INF
        batch.legs[index, :n, :n] = route.legs
    if batch.pausable is not None:
        batch.pausable[index] = False
        batch.pausable[index, :n] = route.pausable
    batch.end[index], batch.soft_end[index] = route.end, route.soft_end
    batch.max_travel[index] = route.max_travel
    batch.breaks[:, :, index] = np.array([-INF, INF, 0], np.int32)[:, None]
    for k, pause in enumerate(route.breaks):
        batch.breaks[:, k, index] = pause.opens, pause.closes, pause.duration
