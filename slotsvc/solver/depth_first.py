"""Depth first, the most promising next visit first, cutting what cannot beat the best known."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from slotsvc.solver import recurrence
from slotsvc.solver.cell import NEVER, Cell
from slotsvc.solver.compiled import compiled
from slotsvc.solver.ending import Price, home, straight_home
from slotsvc.solver.instance import FIRST_VISIT, INF, START, Int32, Int64
from slotsvc.solver.outlook import (
    MOST_VISITS,
    Outlook,
    Sums,
    is_hopeless,
    least_cost,
    outlook,
    reaches_all,
    rest_after,
    sums_of,
)
from slotsvc.solver.params import Weights
from slotsvc.solver.recurrence import paused, state, state_count


class Found(NamedTuple):
    """The cheapest order found within the limit. ``price.cost``: NEVER, none was found. ``order``:
    int64 (visits,), nodes; equal ones: the first by number. ``floor``: no order within the limit
    costs less, proven; it is the cost itself where the search is finished. ``labels``: partial
    orders looked at."""

    price: Price
    order: Int64
    floor: int
    labels: int


class Branches(NamedTuple):
    """The partial orders along one path and beside it, by depth and last node.

    ``times``: int32 (visits, n, states); ``first``: int32 (n, K + 1), by first visit; ``travel``,
    ``busy``, ``least`` (least cost): int64 (visits, n). ``onward``: int64 (visits, n), the next
    nodes worth a try, the most promising first; ``worth``, so many of them, and ``tried``: int64
    (visits,). ``path``: int64 (visits,).
    """

    times: Int32
    first: Int32
    travel: Int64
    busy: Int64
    least: Int64
    onward: Int64
    worth: Int64
    tried: Int64
    path: Int64


@compiled
def depth_first(cell: Cell, limit: int, weights: Weights, budget: int) -> Found:
    """The cheapest order that costs at most ``limit``, of up to about ``budget`` partial ones."""
    visits = len(cell.opens) - FIRST_VISIT
    order = np.full(visits, -1, np.int64)
    none = Price(NEVER, 0, 0, 0)
    if visits == 0:
        alone = straight_home(cell, weights)
        if alone.cost > limit:
            alone = none
        return Found(alone, order, alone.cost, 1)
    if visits > MOST_VISITS:
        return Found(none, order, -NEVER, 0)
    ahead = outlook(cell, weights)
    if is_hopeless(cell, ahead, limit, weights):
        return Found(none, order, NEVER, 1)
    tree = _branches(len(cell.opens), len(cell.pauses))
    best, cut, depth, todo = none, limit, 0, (1 << visits) - 1
    labels = _branch(cell, weights, ahead, tree, todo, 0, cut)
    while depth >= 0 and labels <= budget:
        node = _next(tree, order, depth, cut, best.cost)
        if node < 0:
            depth -= 1
            if depth >= 0:
                todo |= 1 << (tree.path[depth] - FIRST_VISIT)
        elif depth == visits - 1:
            tree.path[depth] = node
            best = _day(cell, weights, tree, node, depth)
            order[:], cut = tree.path, best.cost
        else:
            tree.path[depth] = node
            todo &= ~(1 << (node - FIRST_VISIT))
            depth += 1
            labels += _branch(cell, weights, ahead, tree, todo, depth, cut)
    return Found(best, order, _floor(tree, depth, best.cost), labels)


@compiled
def _branches(size: int, pauses: int) -> Branches:
    visits = size - FIRST_VISIT
    return Branches(
        np.zeros((visits, size, state_count(pauses)), np.int32),
        np.zeros((size, pauses + 1), np.int32),
        np.zeros((visits, size), np.int64),
        np.zeros((visits, size), np.int64),
        np.zeros((visits, size), np.int64),
        np.zeros((visits, size), np.int64),
        np.zeros(visits, np.int64),
        np.zeros(visits, np.int64),
        np.full(visits, -1, np.int64),
    )


@compiled
def _branch(
    cell: Cell, weights: Weights, ahead: Outlook, tree: Branches, todo: int, depth: int, cut: int
) -> int:
    """Looks at every visit that may come next; gives how many."""
    looked, kept = 0, 0
    sums = sums_of(cell, ahead, todo)
    for node in range(FIRST_VISIT, len(cell.opens)):
        if not todo >> (node - FIRST_VISIT) & 1:
            continue
        looked += 1
        _go(cell, tree, node, depth)
        least = _least(cell, weights, ahead, tree, sums, node, depth)
        left = todo & ~(1 << (node - FIRST_VISIT))
        soonest = tree.times[depth, node].min()
        if least > cut or not reaches_all(ahead.latest, node, left, soonest):
            continue
        tree.least[depth, node] = least
        place = kept
        while place > 0 and tree.least[depth, tree.onward[depth, place - 1]] > least:
            tree.onward[depth, place] = tree.onward[depth, place - 1]
            place -= 1
        tree.onward[depth, place] = node
        kept += 1
    tree.worth[depth], tree.tried[depth] = kept, 0
    return looked


@compiled
def _go(cell: Cell, tree: Branches, node: int, depth: int) -> None:
    """From the end of the path to one more visit."""
    times = tree.times[depth, node]
    opens, closes, service = cell.opens[node], cell.closes[node], cell.service[node]
    pausable, pauses = cell.pausable[node], cell.pauses
    if depth == 0:
        leg = cell.legs[START, node]
        recurrence.first_stop(
            leg, opens, closes, service, pausable, pauses, times, tree.first[node]
        )
        tree.travel[0, node], tree.busy[0, node] = cell.travel[START, node], service
        return
    last = tree.path[depth - 1]
    leg, before = cell.legs[last, node], tree.times[depth - 1, last]
    recurrence.next_stop(before, leg, opens, closes, service, pausable, pauses, times)
    tree.travel[depth, node] = tree.travel[depth - 1, last] + cell.travel[last, node]
    tree.busy[depth, node] = tree.busy[depth - 1, last] + leg + service


@compiled
def _least(
    cell: Cell, weights: Weights, ahead: Outlook, tree: Branches, sums: Sums, node: int, depth: int
) -> int:
    """What a day that begins so costs at least; exactly, when it is whole. NEVER: there is none.

    ``sums``: of what was to come before the node.
    """
    if sums.left == 1:
        return _day(cell, weights, tree, node, depth).cost
    times, travel = tree.times[depth, node], tree.travel[depth, node]
    rest = rest_after(ahead, sums, node)
    if travel + rest.driving > cell.max_travel:
        return NEVER
    first = tree.first[node if depth == 0 else tree.path[0]]
    count = len(cell.pauses)
    least = NEVER
    for before in range(count + 1):
        spent = weights[0] * travel - weights[1] * (tree.busy[depth, node] + first[before])
        for taken in range(before, count + 1):
            finish = times[state(count, before, taken)]
            behind = spent - weights[1] * paused(cell.pauses, before, taken)
            pausing = paused(cell.pauses, taken, count)
            if finish < INF:
                least = min(least, least_cost(cell, weights, rest, behind, finish, pausing))
    return least


@compiled
def _day(cell: Cell, weights: Weights, tree: Branches, node: int, depth: int) -> Price:
    """The whole day that ends with this visit."""
    first = tree.first[node if depth == 0 else tree.path[0]]
    travel, busy = tree.travel[depth, node], tree.busy[depth, node]
    return home(cell, weights, tree.times[depth, node], first, node, travel, busy)


@compiled
def _next(tree: Branches, order: Int64, depth: int, cut: int, cost: int) -> int:
    """The next node worth a try at this depth, -1 when there is none.

    As dear as the best is worth it only where the path comes before that one's by number.
    """
    while tree.tried[depth] < tree.worth[depth]:
        node = int(tree.onward[depth, tree.tried[depth]])
        least = tree.least[depth, node]
        if least > cut:
            break
        tree.tried[depth] += 1
        if least < cost or _comes_before(tree.path, node, order, depth):
            return node
    return -1


@compiled
def _comes_before(path: Int64, node: int, order: Int64, depth: int) -> bool:
    """True when the path with this node at its end may still come before the order by number."""
    for place in range(depth):
        if path[place] != order[place]:
            return bool(path[place] < order[place])
    return bool(node <= order[depth])


@compiled
def _floor(tree: Branches, depth: int, cost: int) -> int:
    """The least of what was found and of all that is still open."""
    floor = cost
    for level in range(depth + 1):
        if tree.tried[level] < tree.worth[level]:
            floor = min(floor, tree.least[level, tree.onward[level, tree.tried[level]]])
    return floor
