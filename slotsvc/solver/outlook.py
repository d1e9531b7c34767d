"""What the rest of a day costs at least, whatever the order of the visits still to come.

The rest is a walk home with so many visits, which ``walks`` prices. Arcs that no order can use in
time are left out. No triangle inequality is assumed.

A day costs ``travel * a + waiting * b + overtime * c``. With the last finish T, waiting is T less
the first start, the legs and services between, and the pauses taken there. So the cost is a sum
over arcs, ``a * driving - b * (leg + service)``, plus ``b * T`` and constants, and T is bounded by
time. Where little is waited, driving alone bounds the cost better.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from slotsvc.solver.cell import NEVER, Cell
from slotsvc.solver.compiled import compiled
from slotsvc.solver.instance import END, FIRST_VISIT, INF, START, Bool, Int32, Int64
from slotsvc.solver.params import Weights
from slotsvc.solver.walks import NO_WALK, Walks, cheapest_walks

MOST_VISITS = 60
"""Visits of a cell whose sets fit an integer."""


class Outlook(NamedTuple):
    """``latest``: see ``latest_towards``. ``cost``: walks priced as above, not to be read where
    waiting weighs nothing; ``driving``: walks by driving alone. ``time``: int64 (n,), legs and
    service of entering a visit at least. ``home``: least leg from a visit to the end."""

    latest: Int32
    cost: Walks
    driving: Walks
    time: Int64
    home: int


@compiled
def outlook(cell: Cell, weights: Weights) -> Outlook:
    """Of a cell with at least one visit."""
    size = len(cell.opens)
    usable = _usable(cell)
    arcs = np.zeros((size, size), np.int64)
    drives = np.zeros((size, size), np.int64)
    time = np.full(size, INF, np.int64)
    home = INF
    for i in range(size):
        for j in range(size):
            if not usable[i, j]:
                continue
            drives[i, j] = cell.travel[i, j]
            arcs[i, j] = weights[0] * cell.travel[i, j]
            if j == END:
                home = min(home, cell.legs[i, j])
                continue
            taken = cell.legs[i, j] + cell.service[j]
            time[j] = min(time[j], taken)
            if i != START:  # before the first start nothing is waiting
                arcs[i, j] -= weights[1] * taken
    driving = cheapest_walks(drives, usable)
    cost = driving if weights[1] == 0 else cheapest_walks(arcs, usable)
    return Outlook(latest_towards(cell), cost, driving, time, home)


@compiled
def is_hopeless(cell: Cell, ahead: Outlook, limit: int, weights: Weights) -> bool:
    """Whether the driving alone shows that no order costs ``limit`` or less, or can be kept."""
    least = ahead.driving.least[-1, START] + ahead.driving.prize.sum()
    return bool(least >= NO_WALK >> 1 or least > cell.max_travel or weights[0] * least > limit)


@compiled
def _usable(cell: Cell) -> Bool:
    """bool (n, n): arcs that some order might use in time."""
    size = len(cell.opens)
    finish = _soonest_finish(cell)
    usable = np.zeros((size, size), np.bool_)
    for i in range(size):
        if i == END:
            continue
        for j in range(END, size):
            closes = cell.end if j == END else cell.closes[j]
            usable[i, j] = (
                i != j
                and (i != START or j != END)
                and cell.legs[i, j] < INF
                and finish[i] + cell.legs[i, j] <= closes
            )
    return usable


@compiled
def _soonest_finish(cell: Cell) -> Int64:
    """int64 (n,): no order finishes a visit earlier; INF: none ever does."""
    size = len(cell.opens)
    finish = np.full(size, INF, np.int64)
    finish[START] = 0
    settled = False
    while not settled:
        settled = True
        for i in range(size):
            if i == END or finish[i] >= INF:
                continue
            for j in range(FIRST_VISIT, size):
                start = max(finish[i] + cell.legs[i, j], cell.opens[j])
                if start <= cell.closes[j] and start + cell.service[j] < finish[j]:
                    finish[j] = start + cell.service[j]
                    settled = False
    return finish


@compiled
def latest_towards(cell: Cell) -> Int32:
    """int32 (n, n): latest finish at a node from which another can still be begun in time, over
    shortest paths through any visits (Floyd 1962)."""
    size = len(cell.opens)
    path = cell.legs.copy()
    for via in range(FIRST_VISIT, size):
        for i in range(size):
            reached = path[i, via] + cell.service[via]
            for j in range(size):
                path[i, j] = min(path[i, j], reached + path[via, j])
    for i in range(size):
        for j in range(size):
            path[i, j] = cell.closes[j] - path[i, j]
    return path


class Sums(NamedTuple):
    """Over visits to come: how many are ``left``, prizes of ``cost`` and ``driving``, least
    ``time`` of entering them. ``finish``: the latest of their earliest finishes, of visit ``by``,
    and ``other``, the latest without it."""

    left: int
    cost: int
    driving: int
    time: int
    finish: int
    by: int
    other: int


@compiled
def sums_of(cell: Cell, ahead: Outlook, todo: int) -> Sums:
    """Of a set of visits, bit 0 for the first."""
    left, cost, driving, time, finish, by, other = 0, 0, 0, 0, 0, -1, 0
    for k in range(FIRST_VISIT, len(cell.opens)):
        if todo >> (k - FIRST_VISIT) & 1:
            left += 1
            cost += ahead.cost.prize[k]
            driving += ahead.driving.prize[k]
            time += ahead.time[k]
            over = cell.opens[k] + cell.service[k]
            if over > finish:
                finish, by, other = over, k, finish
            else:
                other = max(other, over)
    return Sums(left, cost, driving, time, finish, by, other)


class Rest(NamedTuple):
    """What the visits still to come add at least. ``cost``, ``driving``: of the arcs, more than any
    day may drive where there is no way. ``time``: of legs and services. ``finish``: no last finish
    before it. ``home``: leg to the end."""

    cost: int
    driving: int
    time: int
    finish: int
    home: int


@compiled
def rest_after(ahead: Outlook, sums: Sums, node: int) -> Rest:
    """The rest after going to one of the visits to come, where it is not the last."""
    left = sums.left - 1
    return Rest(
        sums.cost - ahead.cost.prize[node] + ahead.cost.least[left, node],
        sums.driving - ahead.driving.prize[node] + ahead.driving.least[left, node],
        sums.time - ahead.time[node],
        sums.other if node == sums.by else sums.finish,
        ahead.home,
    )


@compiled
def reaches_all(latest: Int32, last: int, todo: int, soonest: int) -> bool:
    """Whether every visit to come can still be begun in time from ``last``, left at ``soonest``."""
    if soonest >= INF:
        return False
    for node in range(FIRST_VISIT, len(latest)):
        if todo >> (node - FIRST_VISIT) & 1 and soonest > latest[last, node]:
            return False
    return True


@compiled
def least_cost(
    cell: Cell, weights: Weights, rest: Rest, behind: int, finish: int, pausing: int
) -> int:
    """What a day costs at least that goes on from one state; NEVER: it ends too late.

    ``behind``: its cost up to ``finish``, less what waiting weighs for ``finish`` seconds.
    ``pausing``: seconds of the pauses to come.
    """
    through = finish + rest.time
    end = max(through + pausing, rest.finish) + rest.home
    if end > cell.end:
        return NEVER
    # the pauses to come may fill what would be waiting
    last = max(through, rest.finish - pausing)
    late = max(end - cell.soft_end, 0)
    least: int = behind + weights[0] * rest.driving + weights[1] * finish
    if weights[1] > 0:
        least = max(least, behind + rest.cost + weights[1] * last)
    return least + weights[2] * late
