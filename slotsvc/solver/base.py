"""What every route costs without the request, under the same freedom: the ranking's zero line."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from slotsvc.solver.arrays import TeamArrays
from slotsvc.solver.batch import NEVER, evaluate
from slotsvc.solver.exact import best_orders
from slotsvc.solver.instance import FIRST_VISIT, Bool, Int32, Int64


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


def base_costs(
    arrays: TeamArrays,
    weights: tuple[int, int],
    budget: int,
    before: tuple[TeamArrays, Base] | None = None,
) -> Base:
    """Best orders of all routes; those unchanged since ``before`` are taken over from it."""
    base = _empty(len(arrays))
    fresh = _take_over(arrays, base, before)
    if fresh.size:
        _compute(arrays, base, fresh, weights, budget)
    return base


def committed_orders(visits: Int32, depth: int) -> Int32:
    """int32 (R, depth): nodes in committed order, -1 padded."""
    column = np.arange(depth, dtype=np.int32)
    return np.where(column < visits[:, None], column + FIRST_VISIT, -1).astype(np.int32)


def _empty(count: int) -> Base:
    cost, travel, waiting, today_cost, today_travel, today_waiting = (
        np.zeros(count, np.int64) for _ in range(6)
    )
    sound, finished = np.ones(count, np.bool_), np.ones(count, np.bool_)
    return Base(cost, travel, waiting, today_cost, today_travel, today_waiting, sound, finished)


def _take_over(arrays: TeamArrays, base: Base, before: tuple[TeamArrays, Base] | None) -> Int32:
    """Copies what is known; gives the numbers of the routes that are not."""
    if before is None:
        return np.arange(len(arrays), dtype=np.int32)
    old_arrays, old = before
    known = {id(route): index for index, route in enumerate(old_arrays.routes)}
    source = np.array([known.get(id(route), -1) for route in arrays.routes], np.int32)
    kept = source >= 0
    for name in Base.__slots__:
        getattr(base, name)[kept] = getattr(old, name)[source[kept]]
    return np.flatnonzero(~kept).astype(np.int32)


def _compute(
    arrays: TeamArrays, base: Base, rows: Int32, weights: tuple[int, int], budget: int
) -> None:
    batch = arrays.batch.take(rows)
    visits = batch.used.sum(axis=1).astype(np.int32)
    orders = committed_orders(visits, int(visits.max(initial=0)))
    today = evaluate(batch, orders, *weights)
    sound = today.cost < NEVER
    best = best_orders(batch, np.where(sound, today.cost, -1), weights, budget)
    found = best.finished & (best.cost < NEVER)
    base.cost[rows] = np.where(found, best.cost, today.cost)
    base.travel[rows] = np.where(found, best.travel, today.travel)
    base.waiting[rows] = np.where(found, best.waiting, today.waiting)
    base.today_cost[rows], base.today_travel[rows] = today.cost, today.travel
    base.today_waiting[rows] = today.waiting
    base.sound[rows], base.finished[rows] = sound, found | ~sound
