"""What every route costs without the request, under the same freedom: the ranking's zero line."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from slotsvc.solver import timing
from slotsvc.solver.arrays import TeamArrays
from slotsvc.solver.batch import NEVER
from slotsvc.solver.exact import best_orders, least_entry
from slotsvc.solver.instance import END, Bool, Int32, Int64
from slotsvc.solver.params import Weights


@dataclass(frozen=True, slots=True, eq=False)
class Base:
    """Per route, all (R,). ``cost``, ``travel``, ``waiting``, ``overtime``: the best order.

    ``today_cost`` .. ``today_overtime``: the committed order, its pauses where they cost least.
    ``sound``: that order breaks no rule; a route that is not sound is offered to nobody.
    ``finished``: the best order is proven. ``floor``: no order costs less, proven. ``whole``: all
    orders that keep the times are known.
    """

    cost: Int64
    travel: Int64
    waiting: Int64
    overtime: Int64
    today_cost: Int64
    today_travel: Int64
    today_waiting: Int64
    today_overtime: Int64
    sound: Bool
    finished: Bool
    floor: Int64
    whole: Bool


def base_costs(
    arrays: TeamArrays,
    weights: Weights,
    budget: int,
    before: tuple[TeamArrays, Base] | None = None,
) -> Base:
    """Best orders of all routes: read off the known orders, searched where not all are known.

    ``before``: earlier arrays and their base for the same weights; what was searched then for
    routes that are still there is taken over.
    """
    orders = arrays.orders
    counts = np.array([len(o.paths) for o in orders], np.int64)
    first = np.cumsum(counts) - counts
    cost, travel, waiting, overtime = _priced(arrays, counts, weights)
    # the cheapest order of each route; equal ones: the committed one, else the first
    best = first.copy()
    for place in range(1, int(counts.max(initial=1))):
        rival = np.minimum(first + place, first + counts - 1)
        best = np.where(cost[rival] < cost[best], rival, best)
    sound = np.array([o.sound for o in orders], np.bool_)
    whole = np.array([o.whole for o in orders], np.bool_)
    base = Base(
        cost[best], travel[best], waiting[best], overtime[best],
        np.where(sound, cost[first], NEVER), travel[first], waiting[first], overtime[first],
        sound, whole.copy(), cost[best], whole,
    )  # fmt: skip
    rows = np.flatnonzero(~base.finished).astype(np.int32)
    rows = rows if before is None else _take_over(arrays, base, rows, before)
    for start in range(0, rows.size, CHUNK):
        _search(arrays, base, rows[start : start + CHUNK], weights, budget)
    return base


def _priced(
    arrays: TeamArrays, counts: Int64, weights: Weights
) -> tuple[Int64, Int64, Int64, Int64]:
    """Cost (NEVER: a limit is broken), driving, waiting, overtime of every known order."""
    if not arrays.orders:
        none = np.zeros(0, np.int64)
        return none, none, none, none
    travel = np.concatenate([o.travel for o in arrays.orders])
    idle = np.concatenate([o.waiting for o in arrays.orders], axis=1)
    over = np.concatenate([o.overtime for o in arrays.orders], axis=1)
    least, state = timing.cheapest(idle, over, weights[1], weights[2])
    possible = (least < NEVER) & (travel <= np.repeat(arrays.batch.max_travel, counts))
    cost = np.where(possible, travel * weights[0] + np.where(possible, least, 0), NEVER)
    rows = np.arange(state.size)
    return cost, travel, idle[state, rows].astype(np.int64), over[state, rows].astype(np.int64)


CHUNK = 32
"""Routes searched together: they share the budget."""


def _take_over(
    arrays: TeamArrays, base: Base, rows: Int32, before: tuple[TeamArrays, Base]
) -> Int32:
    """Copies what is known of ``rows``; gives those of which nothing is known."""
    old_arrays, old = before
    known = {id(route): row for row, route in enumerate(old_arrays.routes)}
    source = np.array([known.get(id(arrays.routes[row]), -1) for row in rows], np.int32)
    here, there = rows[source >= 0], source[source >= 0]
    for name in ("cost", "travel", "waiting", "overtime", "finished", "floor"):
        getattr(base, name)[here] = getattr(old, name)[there]
    return rows[source < 0]


def _search(arrays: TeamArrays, base: Base, rows: Int32, weights: Weights, budget: int) -> None:
    """Fills in the best orders of routes with too many orders to know."""
    batch = arrays.batch.take(rows)
    enter = least_entry(batch.travel, batch.used)
    least = np.where(batch.used, enter, 0).sum(axis=1) + enter[:, END]
    base.floor[rows] = np.minimum(least * weights[0], base.cost[rows])
    best = best_orders(batch, base.today_cost[rows], weights, budget)
    found = np.flatnonzero(best.finished & (best.cost < NEVER))
    base.cost[rows[found]] = best.cost[found]
    base.travel[rows[found]] = best.travel[found]
    base.waiting[rows[found]] = best.waiting[found]
    base.overtime[rows[found]] = best.overtime[found]
    base.floor[rows[found]] = best.cost[found]
    base.finished[rows[found]] = True
