"""The cheapest walks home of so many visits: what is left of an order when visits may repeat.

A walk may come back to a visit, but not at once (Christofides, Mingozzi and Toth 1981; Houck et al.
1980). A prize for each visit, paid back once, makes repeating dear and skipping cheap; whatever the
prizes, no order costs less than the walk and all prizes together. They are raised step by step
where a visit is left out, and lowered where it repeats (Held and Karp 1971).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from slotsvc.solver.compiled import compiled
from slotsvc.solver.instance import END, FIRST_VISIT, START, Bool, Int32, Int64

NO_WALK = 1 << 60
"""Cost of a walk that cannot be."""

FEW = 10
"""Below so many visits the prizes settle sooner."""

WORK = 1_000_000
"""Arcs looked at before the prizes are left as they are: about two milliseconds."""


class Walks(NamedTuple):
    """``least``: int64 (visits + 1, n), the cheapest walk from a node to the end with so many
    visits on the way, less their prizes. ``prize``: int64 (n,), 0 but for visits."""

    least: Int64
    prize: Int64


class _Table(NamedTuple):
    """Per number of visits and node the best walk and the best that goes on differently, (visits +
    1, n, 2). ``cost``: int64; ``onward``: int32, where it goes first."""

    cost: Int64
    onward: Int32


@compiled
def cheapest_walks(arcs: Int64, usable: Bool) -> Walks:
    """``arcs``: int64 (n, n), cost of going from node to node, below 0 allowed; ``usable``: bool
    (n, n), those that some order may use. Only costs matter here, not times."""
    size = len(arcs)
    visits = size - FIRST_VISIT
    shape = visits + 1, size, 2
    table = _Table(np.full(shape, NO_WALK, np.int64), np.full(shape, -1, np.int32))
    prize, best = np.zeros(size, np.int64), np.zeros(size, np.int64)
    times = np.zeros(size, np.int64)
    steps, pace = (20, 17) if visits < FEW else (min(60, max(15, WORK // visits**3)), 19)
    most, step = -NO_WALK, _spread(arcs, usable) // (4 if visits < FEW else 8)
    for _ in range(steps):
        _fill(arcs, usable, prize, table)
        told = table.cost[visits, START, 0] + prize.sum()
        if told > most:
            most, best[:] = told, prize
        if told >= NO_WALK >> 1 or not _count_visits(table, times):
            break
        for node in range(FIRST_VISIT, size):
            prize[node] += step * (1 - times[node])
        step = step * pace // 20
    _fill(arcs, usable, best, table)
    return Walks(table.cost[:, :, 0].copy(), best)


@compiled
def _spread(arcs: Int64, usable: Bool) -> int:
    """What an arc costs on average beyond the cheapest."""
    total, count, least = 0, 0, NO_WALK
    for i in range(len(arcs)):
        for j in range(len(arcs)):
            if usable[i, j]:
                total += arcs[i, j]
                count += 1
                least = min(least, arcs[i, j])
    return total // max(count, 1) - least


@compiled
def _fill(arcs: Int64, usable: Bool, prize: Int64, table: _Table) -> None:
    size = len(arcs)
    for node in range(size):
        if usable[node, END]:
            table.cost[0, node, 0], table.onward[0, node, 0] = arcs[node, END], END
    for left in range(1, size - END):
        for node in range(size):
            if node >= FIRST_VISIT or (node == START and left == size - FIRST_VISIT):
                _extend(arcs, usable, prize, table, left, node)


@compiled
def _extend(arcs: Int64, usable: Bool, prize: Int64, table: _Table, left: int, node: int) -> None:
    """The two best walks from a node with so many visits left."""
    first, second, by_first, by_second = NO_WALK, NO_WALK, -1, -1
    for onward in range(FIRST_VISIT, len(arcs)):
        if usable[node, onward]:
            back = 1 if table.onward[left - 1, onward, 0] == node else 0
            cost = arcs[node, onward] - prize[onward] + table.cost[left - 1, onward, back]
            if cost < first:
                first, second, by_first, by_second = cost, first, onward, by_first
            elif cost < second:
                second, by_second = cost, onward
    table.cost[left, node, 0], table.cost[left, node, 1] = first, second
    table.onward[left, node, 0], table.onward[left, node, 1] = by_first, by_second


@compiled
def _count_visits(table: _Table, times: Int64) -> bool:
    """Fills in how often the best walk from the start makes each visit; False: once each."""
    times[:] = 0
    here, before, again = START, -1, False
    for left in range(len(table.cost) - 1, 0, -1):
        back = 1 if table.onward[left, here, 0] == before else 0
        before, here = here, int(table.onward[left, here, back])
        again = again or times[here] > 0
        times[here] += 1
    return again
