"""What every route costs without the request, under the same freedom: the ranking's zero line."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from slotsvc.solver.arrays import TeamArrays
from slotsvc.solver.cell import NEVER, cell_of
from slotsvc.solver.exact import best_order
from slotsvc.solver.floors import Floors, Zero, fill_floors, fill_zero
from slotsvc.solver.instance import Bool, Int32, Int64
from slotsvc.solver.params import Weights


@dataclass(frozen=True, slots=True, eq=False)
class Base:
    """Per route, all (R,). ``cost``, ``travel``, ``waiting``, ``overtime``: the best order.

    ``today_cost`` .. ``today_overtime``: the committed order, its pauses where they cost least.
    ``sound``: that order breaks no rule; a route that is not sound is offered to nobody.
    ``finished``: the best order is proven. ``floor``: no order costs less, proven. ``whole``: all
    orders that keep the times are known. ``floors``: what a day with the visit in a gap costs at
    least.
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
    floors: Floors


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
    base = _read_off(arrays, weights)
    rows = np.flatnonzero(~base.finished).astype(np.int32)
    rows = rows if before is None else _take_over(arrays, base, rows, before)
    for row in rows.tolist():
        _search(arrays, base, row, weights, budget)
    return base


def _read_off(arrays: TeamArrays, weights: Weights) -> Base:
    count = len(arrays)
    best, today = (Zero(*np.zeros((4, count), np.int64)) for _ in range(2))
    fill_zero(arrays.tables, weights, best, today)
    floors = Floors(
        np.zeros((len(arrays.tables.gap), 2), np.int64),
        np.zeros((len(arrays.tables.arc), 2), np.int64),
    )
    fill_floors(arrays.tables, weights, floors)
    today.cost[~arrays.sound] = NEVER
    return Base(
        *best, *today, arrays.sound, arrays.whole.copy(), best.cost.copy(), arrays.whole, floors
    )


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


def _search(arrays: TeamArrays, base: Base, row: int, weights: Weights, budget: int) -> None:
    """Fills in the best order of a route with too many orders to know."""
    known = int(base.today_cost[row])
    found = best_order(cell_of(arrays.routes[row]), min(known, NEVER - 1), weights, budget)
    base.finished[row], base.floor[row] = found.finished, min(found.floor, known)
    if found.cost < NEVER:
        base.cost[row], base.travel[row] = found.cost, found.travel
        base.waiting[row], base.overtime[row] = found.waiting, found.overtime
