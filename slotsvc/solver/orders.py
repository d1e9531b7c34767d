"""Every feasible order of every route, found once per route version.

Promised windows leave few orders: a day of five visits has one to a dozen. Knowing them all makes
a request simple: leaving the new visit out of a feasible order leaves a feasible order (where that
holds, see ``slotsvc.solver.insertion``), so the best order with it is the best *insertion* into any
of these. Routes with more than ``MOST_ORDERS`` keep only the committed one and are searched anew
for each request.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from slotsvc.solver.batch import NEVER, Batch, Front, complete, evaluate
from slotsvc.solver.exact import OrderSearch
from slotsvc.solver.instance import FIRST_VISIT, Int32, Int64

MOST_ORDERS = 128


@dataclass(frozen=True, slots=True, eq=False)
class RouteOrders:
    """Orders of one route, the committed one first. ``paths``: int32 (orders, visits), nodes.

    ``travel`` / ``waiting``: int64 (orders,), seconds; waiting with the pauses where they leave
    least. ``whole``: all feasible orders are here. ``sound``: the committed order is feasible; if
    not, it stands here alone and ``travel`` and ``waiting`` mean nothing.
    """

    paths: Int32
    travel: Int64
    waiting: Int64
    whole: bool
    sound: bool


def feasible_orders(batch: Batch) -> list[RouteOrders]:
    """The orders of every cell of a batch without requests."""
    visits = batch.used.sum(axis=1).astype(np.int32)
    committed = committed_orders(visits, int(visits.max(initial=0)))
    today = evaluate(batch, committed, 0, 1)
    search = _Enumeration(batch, np.where(today.cost < NEVER, NEVER - 1, -1))
    search.run()
    found = []
    for cell in range(visits.size):
        mine = committed[cell, : visits[cell]]
        sound = bool(today.cost[cell] < NEVER)
        first = RouteOrders(
            mine[None], today.travel[cell : cell + 1], today.waiting[cell : cell + 1],
            not sound or bool(search.finished[cell]), sound,
        )  # fmt: skip
        found.append(search.with_others(first, cell) if sound else first)
    return found


def committed_orders(visits: Int32, depth: int) -> Int32:
    """int32 (R, depth): nodes in committed order, -1 padded."""
    column = np.arange(depth, dtype=np.int32)
    return np.where(column < visits[:, None], column + FIRST_VISIT, -1).astype(np.int32)


class _Enumeration(OrderSearch):
    """Collects whole orders instead of keeping the cheapest; gives up cells with too many."""

    def __init__(self, batch: Batch, limit: Int64) -> None:
        super().__init__(batch, limit, (0, 0), 0)
        self._found: dict[int, list[tuple[Int32, int, int]]] = {}

    def with_others(self, first: RouteOrders, cell: int) -> RouteOrders:
        """The committed order and, when all are known, the others."""
        others = [
            entry
            for entry in self._found.get(cell, ())
            if not np.array_equal(entry[0], first.paths[0])
        ]
        if not first.whole or not others:
            return first
        return RouteOrders(
            np.concatenate([first.paths, np.stack([path for path, _, _ in others])]),
            np.concatenate([first.travel, [t for _, t, _ in others]]),
            np.concatenate([first.waiting, [w for _, _, w in others]]),
            first.whole,
            first.sound,
        )

    def _thinned(self, front: Front, done: Int64) -> Int32:
        sizes = np.bincount(front.cell, minlength=self.finished.size)
        self.finished &= sizes <= 4 * MOST_ORDERS
        return np.flatnonzero(self.finished[front.cell]).astype(np.int32)

    def _complete(self, front: Front, path: Int32) -> None:
        priced = complete(self.batch, front, 0, 1)
        for row in np.flatnonzero(priced.cost < NEVER):
            orders = self._found.setdefault(int(front.cell[row]), [])
            orders.append((path[row], int(priced.travel[row]), int(priced.waiting[row])))
        for cell, orders in self._found.items():
            if len(orders) >= MOST_ORDERS:
                self.finished[cell] = False
