"""Where a visit can be put: every gap of every feasible order, with what an O(1) test needs.

G gaps in all, those of a route side by side. A gap lies between two stops that follow each other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from slotsvc.solver import timing
from slotsvc.solver.batch import Batch, Front, begin, extend
from slotsvc.solver.instance import END, INF, START, Bool, Int32, Int64
from slotsvc.solver.orders import RouteOrders


@dataclass(frozen=True, slots=True, eq=False)
class Gaps:
    """Arrays (G,) unless said otherwise; S states (``timing.states``), K pauses.

    ``order``: number of the order among all; ``number``: of the gap in it, 0 before the first
    visit. ``before`` / ``after``: nodes, ``leg``: driving between them. ``soonest``: int32 (S, G),
    earliest finish before the gap; ``idle``: int32 (S, G), waiting until then. ``latest``: int32
    (K + 1, G), latest arrival after the gap, by pauses taken, from which the rest still works.
    ``rest``: service and legs from that arrival to the last finish. ``last``: the last finish if
    nothing came late and no pause was to come; -INF after the last visit. ``home``: the leg from
    the last visit to the end place, 0 after the last visit. ``travel``: int64, the order's driving.
    ``soonest_of_all`` / ``latest_of_all``: int32 (G,), over all states.
    ``committed``: the order is the committed one. ``start_of``: (R,), first gap of each
    route. ``paths``: int32 (orders, depth).
    """

    route: Int32
    order: Int32
    number: Int32
    before: Int32
    after: Int32
    leg: Int32
    soonest: Int32
    idle: Int32
    latest: Int32
    rest: Int32
    last: Int32
    home: Int32
    travel: Int64
    committed: Bool
    start_of: Int32
    paths: Int32
    soonest_of_all: Int32
    latest_of_all: Int32

    @property
    def count(self) -> int:
        """G."""
        return int(self.route.size)


@dataclass(frozen=True, slots=True, eq=False)
class _Orders:
    """All orders side by side: O of them. ``path``: int32 (O, depth), -1 padded."""

    route: Int32
    path: Int32
    visits: Int32
    travel: Int64
    committed: Bool
    batch: Batch

    def node(self, depth: int) -> Int32:
        """Node after ``depth`` visits of each order; END behind the last."""
        column = self.path[:, depth] if depth < self.path.shape[1] else np.full_like(self.route, -1)
        return np.where(column < 0, END, column).astype(np.int32)


def gaps_of(batch: Batch, orders: Sequence[RouteOrders]) -> Gaps:
    """The gaps of all orders of all routes (``batch``: the routes as cells)."""
    flat = _flat(batch, orders)
    depth = flat.path.shape[1]
    number = np.arange(depth + 1, dtype=np.int32)
    real = number[None, :] <= flat.visits[:, None]
    order, gap = (axis.astype(np.int32) for axis in np.nonzero(real))
    nodes = np.stack([flat.node(d) for d in range(depth + 1)], axis=1)
    before = np.where(gap == 0, START, nodes[order, np.maximum(gap - 1, 0)]).astype(np.int32)
    after = nodes[order, gap]
    route = flat.route[order]
    soonest, idle = _forward(flat)
    latest = _backward(flat, nodes)
    rest, last, home = _tails(flat, nodes)
    return Gaps(
        route=route,
        order=order,
        number=gap,
        before=before,
        after=after,
        leg=batch.travel[route, before, after],
        soonest=np.ascontiguousarray(soonest[:, order, gap]),
        idle=np.ascontiguousarray(idle[:, order, gap]),
        latest=np.ascontiguousarray(latest[:, order, gap]),
        rest=rest[order, gap],
        last=last[order, gap],
        home=home[order, gap],
        travel=flat.travel[order],
        committed=flat.committed[order],
        start_of=np.searchsorted(route, np.arange(len(orders))).astype(np.int32),
        paths=flat.path,
        soonest_of_all=soonest[:, order, gap].min(axis=0),
        latest_of_all=latest[:, order, gap].max(axis=0),
    )


def _flat(batch: Batch, orders: Sequence[RouteOrders]) -> _Orders:
    counts = np.array([len(o.paths) for o in orders], np.int32)
    depth = max((o.paths.shape[1] for o in orders), default=0)
    path = np.full((int(counts.sum()), depth), -1, np.int32)
    at = 0
    for found in orders:
        path[at : at + len(found.paths), : found.paths.shape[1]] = found.paths
        at += len(found.paths)
    committed = np.zeros(path.shape[0], np.bool_)
    committed[np.cumsum(counts) - counts] = True
    route = np.repeat(np.arange(len(orders), dtype=np.int32), counts)
    none = np.zeros(0, np.int64)
    travel = np.concatenate([o.travel for o in orders]) if orders else none
    visits = (path >= 0).sum(axis=1).astype(np.int32)
    return _Orders(route, path, visits, travel, committed, batch.take(route))


def _forward(flat: _Orders) -> tuple[Int32, Int32]:
    """int32 (S, O, depth + 1) twice: earliest finish before each gap, and waiting until then."""
    count, depth = flat.path.shape
    pauses = flat.batch.breaks.shape[1]
    shape = (len(timing.states(pauses)), count, depth + 1)
    soonest, idle = np.full(shape, INF, np.int32), np.zeros(shape, np.int32)
    soonest[0, :, 0] = 0
    rows = np.flatnonzero(flat.visits > 0).astype(np.int32)
    front: Front | None = None
    for gap in range(1, depth + 1):
        node = flat.path[rows, gap - 1]
        keep = np.flatnonzero(node >= 0).astype(np.int32)
        front = (
            begin(flat.batch, rows[keep], node[keep])
            if front is None
            else extend(flat.batch, front, keep, node[keep])
        )
        rows = front.cell
        soonest[:, rows, gap] = np.minimum(front.times, INF)
        idle[:, rows, gap] = timing.waiting(
            front.times, front.first, front.busy, flat.batch.pauses(rows)
        )
    return soonest, idle


def _backward(flat: _Orders, nodes: Int32) -> Int32:
    """int32 (K + 1, O, depth + 1): latest arrival after each gap."""
    count, depth = flat.path.shape
    batch = flat.batch
    pauses = batch.pauses(np.arange(count, dtype=np.int32))
    latest = np.full((len(pauses) + 1, count, depth + 1), -INF, np.int32)
    stay = np.zeros(count, np.int32)
    home = np.stack([
        timing.latest_finish(batch.end, stay, pauses, k, len(pauses))
        for k in range(len(pauses) + 1)
    ])  # fmt: skip
    for gap in range(depth, -1, -1):
        ends = flat.visits == gap
        latest[:, ends, gap] = home[:, ends]
        on = np.flatnonzero(flat.visits > gap).astype(np.int32)
        if on.size:
            latest[:, on, gap] = _before_visit(
                batch, on, nodes[on, gap], nodes[on, gap + 1], latest[:, on, gap + 1]
            )
    return latest


def _before_visit(batch: Batch, on: Int32, node: Int32, following: Int32, after: Int32) -> Int32:
    """Latest arrival at a visit given the latest arrival at what follows it."""
    leg, pauses = batch.legs[on, node, following], batch.pauses(on)
    opens, closes = batch.opens[on, node], batch.closes[on, node]
    finish = np.full_like(after, -INF)
    for taken in range(len(pauses) + 1):
        for until in range(taken, len(pauses) + 1):
            left = timing.latest_finish(after[until], leg, pauses, taken, until)
            np.maximum(finish[taken], left, out=finish[taken])
    best = _begun_by(finish, batch.service[on, node], batch.may_pause(on, node), pauses)
    for taken in range(len(pauses) + 1):
        start = np.minimum(best[taken], closes)
        # a latest start before the window opens is no start at all
        best[taken] = np.where(start >= opens, start, np.int32(-INF))
    return best


def _begun_by(finish: Int32, service: Int32, pausable: Bool | None, pauses: timing.Breaks) -> Int32:
    """Latest start of a visit from which it is finished in time; by pauses taken, as ``finish``."""
    best: Int32 = finish - service
    if pausable is None:
        return best
    for taken in range(len(pauses) + 1):
        for until in range(taken + 1, len(pauses) + 1):
            start = timing.latest_finish(finish[until], service, pauses, taken, until)
            np.maximum(best[taken], start, out=best[taken], where=pausable)
    return best


def _tails(flat: _Orders, nodes: Int32) -> tuple[Int32, Int32, Int32]:
    """int32 (O, depth + 1) each: ``Gaps.rest``, ``Gaps.last`` and ``Gaps.home``."""
    count, depth = flat.path.shape
    batch = flat.batch
    rest = np.zeros((count, depth + 1), np.int32)
    last = np.full((count, depth + 1), -INF, np.int32)
    home = np.zeros((count, depth + 1), np.int32)
    for gap in range(depth - 1, -1, -1):
        on = np.flatnonzero(flat.visits > gap).astype(np.int32)
        node, following = nodes[on, gap], nodes[on, gap + 1]
        leg, ends = batch.legs[on, node, following], following == END
        home[on, gap] = np.where(ends, leg, home[on, gap + 1])
        more = np.where(ends, 0, leg + rest[on, gap + 1])
        rest[on, gap] = batch.service[on, node] + more
        last[on, gap] = np.maximum(batch.opens[on, node] + rest[on, gap], last[on, gap + 1])
    return rest, last, home
