"""What adding a visit costs at least, per window of a route, without trying any order.

Take the best order with the visit q and leave q out, with the pauses where they were (those inside
q or beside it: in the gap that closes). What is left is an order without q, so it costs at least
the route's best (``base``). Between its neighbours i and j, q added
``detour = t(i,q) + t(q,j) - t(i,j)`` of driving, and it can have *saved* waiting. With ``leg``, the
time of a leg, in place of the driving:
- q in the middle: at most ``leg(i,q) + leg(q,j) - leg(i,j) + service`` (everything after q was
  later by no more),
- q last: nothing,
- q first: the idle time before the first visit is free, so leaving q out can turn up to
  ``start(q) + service + leg(q,j) - start of j as first visit`` into waiting.
It saved no overtime: without q nobody is later, so the day ends no later.
The least of all that over i and j is the bound. It needs no triangle inequality, only that
- leaving q out does not make anybody later: ``leg(i,j) <= leg(i,q) + service + leg(q,j)`` for all
  i, j (``leaves_safely``), and
- where driving is limited, what is left keeps that limit as the route's best does: no detour is
  negative.
Where that fails the bound is -infinity.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from slotsvc.solver import tables as t
from slotsvc.solver.cell import NEVER
from slotsvc.solver.cells import Cells, lay
from slotsvc.solver.compiled import compiled
from slotsvc.solver.instance import END, FIRST_VISIT, INF, START, Int64
from slotsvc.solver.legs import INTO, INTO_TIME, OUT, OUT_TIME, Request, fill_legs
from slotsvc.solver.params import Weights
from slotsvc.solver.recurrence import drive, paused
from slotsvc.solver.screen import UNBOUNDED
from slotsvc.solver.tables import RouteView, Tables, view_of


class Around(NamedTuple):
    """A route around the visit, int64. Per node: when the visit is ``reached`` from there at the
    earliest. ``detour`` (n, n): driving; ``middle`` (n, n): cost between two visits; ``service``:
    seconds on site. ``soonest``: its earliest arrival anywhere. ``legs``: ``legs.fill_legs``."""

    reached: Int64
    legs: Int64
    detour: Int64
    middle: Int64
    service: int
    soonest: int


def bounds_of(
    tables: Tables, request: Request, cells: Cells, weights: Weights, row: int, safe: bool
) -> tuple[Int64, Int64]:
    """``laid``, int64 (2, slots of the route), first and last starts; ``bounds``, int64 (slots,):
    what ``fill_bounds`` says. ``safe``: ``leaves_safely`` holds."""
    route, service = view_of(tables, row), int(request.service[row])
    laid = np.empty((2, int(cells.high[row] - cells.low[row])), np.int64)
    lay(cells, row, service, route.pauses, request.pausable, laid)
    legs, bounds = np.empty((4, len(route.node)), np.int64), np.empty(laid.shape[1], np.int64)
    fill_legs(tables, request, row, legs)
    fill_bounds(route, legs, service, safe, weights, laid, bounds)
    return laid, bounds


@compiled
def fill_bounds(
    route: RouteView, legs: Int64, service: int, safe: bool, weights: Weights, laid: Int64,
    bounds: Int64,
) -> None:  # fmt: skip
    """Fills ``bounds``, int64 (windows,): least added cost of driving, waiting and overtime;
    UNBOUNDED: not known. ``laid``: int64 (2, windows), first and last starts. ``safe``: see
    ``leaves_safely``.

    Neighbours are left out that cannot stand before or after the visit in that window; a cell with
    none left is not possible in any order and gets NEVER.
    """
    around = _around(route, legs, service, weights)
    limited = route.ends[t.MAX_TRAVEL] < INF
    sure = safe and not (limited and _shortens(around.detour))
    for column in range(len(bounds)):
        opens, closes = laid[0, column], laid[1, column]
        bounds[column] = UNBOUNDED
        if sure:
            first = _as_first(route, weights, around, opens, closes)
            bounds[column] = min(first, _behind_a_visit(route, weights, around, opens, closes))


@compiled
def _around(route: RouteView, legs: Int64, service: int, weights: Weights) -> Around:
    size, finish = len(route.node), _soonest_finish(route)
    reached = np.empty(size, np.int64)
    detour, middle = np.zeros((size, size), np.int64), np.full((size, size), NEVER, np.int64)
    for i in range(size):
        reached[i] = min(finish[i] + legs[INTO_TIME, i], INF)
        for j in range(size):
            detour[i, j] = legs[INTO, i] + legs[OUT, j] - route.travel[i, j]
            longer = legs[INTO_TIME, i] + service + legs[OUT_TIME, j] - route.legs[i, j]
            if i != j:
                middle[i, j] = weights[0] * detour[i, j] - weights[1] * max(longer, 0)
    soonest = reached[START]
    for i in range(FIRST_VISIT, size):
        soonest = min(soonest, reached[i])
    return Around(reached, legs, detour, middle, service, soonest)


@compiled
def _soonest_finish(route: RouteView) -> Int64:
    """int64 (n,): no order finishes a visit earlier (Floyd 1962; no triangle inequality)."""
    size, path = len(route.node), route.legs.copy()
    for via in range(FIRST_VISIT, size):
        for i in range(size):
            through = path[i, via] + route.node[via, t.SERVICE]
            for j in range(size):
                path[i, j] = min(path[i, j], through + path[via, j])
    finish = np.zeros(size, np.int64)
    for i in range(FIRST_VISIT, size):
        start = max(path[START, i], route.node[i, t.OPENS])
        finish[i] = min(start + route.node[i, t.SERVICE], INF)
    return finish


@compiled
def _shortens(detour: Int64) -> bool:
    """Whether the day without the visit might drive more."""
    for i in range(len(detour)):
        for j in range(END, len(detour)):
            if i != j and i != END and detour[i, j] < 0:
                return True
    return False


@compiled
def _as_first(route: RouteView, weights: Weights, around: Around, opens: int, closes: int) -> int:
    """The bound when the visit comes first and another follows; on a day without visits, alone."""
    size, pauses, best, out = len(route.node), route.pauses, NEVER, around.legs[OUT_TIME]
    if size == FIRST_VISIT:
        finish = max(opens, around.reached[START]) + around.service
        if finish + out[END] <= route.ends[t.END_BY]:
            best = weights[0] * around.detour[START, END]
        return best
    for taken in range(len(pauses) + 1):
        start = max(drive(0, around.reached[START], pauses, 0, taken), opens)
        if start > closes:
            continue
        later = paused(pauses, taken, len(pauses))
        for j in range(FIRST_VISIT, size):
            onward = start + around.service + out[j]
            if onward <= route.node[j, t.CLOSES]:
                alone = drive(0, 0 + route.legs[START, j], pauses, 0, taken)
                alone = max(alone, route.node[j, t.OPENS] - later)
                cost = weights[0] * around.detour[START, j] - weights[1] * (onward - alone)
                best = min(best, cost)
    return best


@compiled
def _behind_a_visit(
    route: RouteView, weights: Weights, around: Around, opens: int, closes: int
) -> int:
    """The bound when another visit comes right before."""
    size, best, out = len(route.node), NEVER, around.legs[OUT_TIME]
    finish = max(opens, around.soonest) + around.service
    home = finish + out[END] <= route.ends[t.END_BY]
    for i in range(FIRST_VISIT, size):
        if around.reached[i] > closes:
            continue
        if home:
            best = min(best, weights[0] * around.detour[i, END])
        for j in range(FIRST_VISIT, size):
            if finish + out[j] <= route.node[j, t.CLOSES]:
                best = min(best, around.middle[i, j])
    return best
