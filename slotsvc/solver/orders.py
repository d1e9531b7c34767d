"""Every feasible order of every route, found once per route version.

Promised windows leave few orders: a day of five visits has one to a dozen. Knowing them all makes
a request simple: leaving the new visit out of a feasible order leaves a feasible order (where that
holds, see ``slotsvc.solver.insertion``), so the best order with it is the best *insertion* into any
of these. They are enumerated by time alone, whatever limit there is on driving: without the
triangle inequality an order with the visit may drive less than the same order without it. Routes
with more than ``MOST_ORDERS`` keep only the committed one and are searched anew for each request.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from slotsvc.solver import timing
from slotsvc.solver.batch import NEVER, Batch, Ended, Front, ended, fronts_of, without_visits
from slotsvc.solver.exact import OrderSearch
from slotsvc.solver.instance import FIRST_VISIT, INF, Int32, Int64

MOST_ORDERS = 128


@dataclass(frozen=True, slots=True, eq=False)
class RouteOrders:
    """Orders of one route, the committed one first. ``paths``: int32 (orders, visits), nodes.

    ``travel``: int64 (orders,), seconds. ``waiting`` / ``overtime``: int32 (states, orders), of the
    day ended from each state (``timing.states``), INF in ``waiting`` where it cannot be: which is
    the cheapest depends on the weights. ``whole``: all orders that keep the times are here.
    ``sound``: the committed order keeps every limit; if not, it stands here alone and ``travel``,
    ``waiting`` and ``overtime`` mean nothing.
    """

    paths: Int32
    travel: Int64
    waiting: Int32
    overtime: Int32
    whole: bool
    sound: bool


def feasible_orders(batch: Batch) -> list[RouteOrders]:
    """The orders of every cell of a batch without requests."""
    visits = batch.used.sum(axis=1).astype(np.int32)
    committed = committed_orders(visits, int(visits.max(initial=0)))
    today = _ended(batch, committed)
    keeps = (today.waiting < INF).any(axis=0) & (today.travel <= batch.max_travel)
    search = _Enumeration(batch, np.where(keeps, NEVER - 1, -1))
    search.run()
    found = []
    for cell in range(visits.size):
        mine = committed[cell, : visits[cell]]
        sound, here = bool(keeps[cell]), slice(cell, cell + 1)
        first = RouteOrders(
            mine[None], today.travel[here], today.waiting[:, here], today.overtime[:, here],
            not sound or bool(search.finished[cell]), sound,
        )  # fmt: skip
        found.append(search.with_others(first, cell) if sound else first)
    return found


def _ended(batch: Batch, orders: Int32) -> Ended:
    """One order per cell (int32 (C, depth), -1 padded), every state of it."""
    count, pauses = batch.end.size, batch.breaks.shape[1]
    empty = without_visits(batch.unlimited(), (0, 0, 0))
    whole = Ended(
        empty.travel,
        np.full((len(timing.states(pauses)), count), INF, np.int32),
        np.zeros((len(timing.states(pauses)), count), np.int32),
    )
    whole.waiting[0] = np.where(empty.cost < NEVER, 0, INF)
    whole.overtime[0] = empty.overtime
    for front in fronts_of(batch, orders):
        day = ended(batch, front)
        whole.travel[front.cell] = day.travel
        whole.waiting[:, front.cell], whole.overtime[:, front.cell] = day.waiting, day.overtime
    return whole


def committed_orders(visits: Int32, depth: int) -> Int32:
    """int32 (R, depth): nodes in committed order, -1 padded."""
    column = np.arange(depth, dtype=np.int32)
    return np.where(column < visits[:, None], column + FIRST_VISIT, -1).astype(np.int32)


class _Enumeration(OrderSearch):
    """Collects whole orders instead of keeping the cheapest; gives up cells with too many."""

    def __init__(self, batch: Batch, limit: Int64) -> None:
        super().__init__(batch.unlimited(), limit, (0, 0, 0), 0)
        self._found: dict[int, list[tuple[Int32, int, Int32, Int32]]] = {}

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
            np.concatenate([first.paths, np.stack([path for path, _, _, _ in others])]),
            np.concatenate([first.travel, [travel for _, travel, _, _ in others]]),
            np.column_stack([first.waiting, *(idle for _, _, idle, _ in others)]),
            np.column_stack([first.overtime, *(over for _, _, _, over in others)]),
            first.whole,
            first.sound,
        )

    def _thinned(self, front: Front, done: Int64) -> Int32:
        sizes = np.bincount(front.cell, minlength=self.finished.size)
        self.finished &= sizes <= 4 * MOST_ORDERS
        return np.flatnonzero(self.finished[front.cell]).astype(np.int32)

    def _complete(self, front: Front, path: Int32) -> None:
        day = ended(self.batch, front)
        for row in np.flatnonzero((day.waiting < INF).any(axis=0)):
            orders = self._found.setdefault(int(front.cell[row]), [])
            columns = day.waiting[:, row], day.overtime[:, row]
            orders.append((path[row], int(day.travel[row]), *columns))
        for cell, orders in self._found.items():
            if len(orders) >= MOST_ORDERS:
                self.finished[cell] = False
