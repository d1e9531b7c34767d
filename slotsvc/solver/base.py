"""What every route costs without the request, under the same freedom: the ranking's zero line."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from slotsvc.solver.arrays import TeamArrays
from slotsvc.solver.batch import NEVER
from slotsvc.solver.exact import best_orders
from slotsvc.solver.instance import Bool, Int32, Int64


@dataclass(frozen=True, slots=True, eq=False)
class Base:
    """Per route, all (R,). ``cost``, ``travel``, ``waiting``: the best order.

    ``today_cost``, ``today_travel``, ``today_waiting``: the committed order. ``sound``: that order
    breaks no rule; a route that is not sound is offered to nobody. ``finished``: the best order is
    proven.
    """

    cost: Int64
    travel: Int64
    waiting: Int64
    today_cost: Int64
    today_travel: Int64
    today_waiting: Int64
    sound: Bool
    finished: Bool


def base_costs(arrays: TeamArrays, weights: tuple[int, int], budget: int) -> Base:
    """Best orders of all routes: read off the known orders, searched where not all are known."""
    alpha, beta = weights
    orders = arrays.orders
    counts = np.array([len(o.paths) for o in orders], np.int64)
    first = np.cumsum(counts) - counts
    none = np.zeros(0, np.int64)
    travel = np.concatenate([o.travel for o in orders]) if orders else none
    waiting = np.concatenate([o.waiting for o in orders]) if orders else none
    cost = travel * alpha + waiting * beta
    # the cheapest order of each route; equal ones: the committed one, else the first
    best = first.copy()
    for place in range(1, int(counts.max(initial=1))):
        rival = np.minimum(first + place, first + counts - 1)
        best = np.where(cost[rival] < cost[best], rival, best)
    sound = np.array([o.sound for o in orders], np.bool_)
    base = Base(
        cost[best], travel[best], waiting[best],
        np.where(sound, cost[first], NEVER), travel[first], waiting[first],
        sound, np.array([o.whole for o in orders], np.bool_),
    )  # fmt: skip
    _search(arrays, base, np.flatnonzero(~base.finished).astype(np.int32), weights, budget)
    return base


def _search(
    arrays: TeamArrays, base: Base, rows: Int32, weights: tuple[int, int], budget: int
) -> None:
    """Fills in the best orders of routes with too many orders to know."""
    if rows.size == 0:
        return
    best = best_orders(arrays.batch.take(rows), base.today_cost[rows], weights, budget)
    found = np.flatnonzero(best.finished & (best.cost < NEVER))
    base.cost[rows[found]] = best.cost[found]
    base.travel[rows[found]] = best.travel[found]
    base.waiting[rows[found]] = best.waiting[found]
    base.finished[rows[found]] = True
