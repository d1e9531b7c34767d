"""The best order of one cell: three searches, each for what the one before did not finish.

1. Depth first with a budget (``depth_first``): nearly every cell, in a fraction of a millisecond.
2. Label setting (``label_setting``): any dozen of visits, and more where windows leave few orders.
3. A constraint model in a process of its own (``day_model``), where there is somebody to ask
   (``unproven``).

All three price with the same recurrence and find the same cost. What stays open is told with what
is proven of it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from slotsvc.solver.cell import NEVER, Cell
from slotsvc.solver.depth_first import Found, depth_first
from slotsvc.solver.instance import FIRST_VISIT
from slotsvc.solver.label_setting import label_setting
from slotsvc.solver.params import Weights

type OutOfTime = Callable[[], bool]
"""Asked now and then; True: stop and say what was not done."""

NODES = 2_500
"""Partial orders that the depth first search looks at: about a millisecond."""

DEEPEST = 20
"""With more visits depth first would not come to an end."""


def never() -> bool:
    """There is time."""
    return False


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
