"""What adding a visit costs at least, per route and window, without trying any order.

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

from dataclasses import dataclass

import numpy as np

from slotsvc.solver import timing
from slotsvc.solver.arrays import TeamArrays
from slotsvc.solver.batch import NEVER, Batch
from slotsvc.solver.costs import overtime, travel, waiting
from slotsvc.solver.insertion import Request, Windows, leaves_safely
from slotsvc.solver.instance import END, FIRST_VISIT, INF, START, Bool, Int32, Int64
from slotsvc.solver.params import Weights

NO_BOUND = -(NEVER >> 8)
"""The bound of a cell of which nothing is known."""


@dataclass(frozen=True, slots=True, eq=False)
class _Rows:
    """Some routes: their cells, the visit's legs, and when each node is reached at the earliest."""

    batch: Batch
    first_arrival: Int32
    soonest_finish: Int32
    request: Request
    windows: Windows


def lower_bound(
    arrays: TeamArrays, request: Request, windows: Windows, weights: Weights, rows: Int32
) -> Int64:
    """int64 (rows, W): least added cost of driving, waiting and overtime; NO_BOUND: not known.

    Neighbours are left out that cannot stand before or after the visit in that window; a cell with
    none left is not possible in any order and gets NEVER.
    """
    some = _Rows(
        arrays.batch.take(rows),
        arrays.first_arrival[:, rows],
        arrays.soonest_finish[rows],
        request.at(rows),
        Windows(windows.opens[rows], windows.closes[rows]),
    )
    detour = some.request.into[:, :, None] + some.request.out[:, None, :] - some.batch.travel
    sure = leaves_safely(arrays, request)[rows] & ~_frees_driving(some, detour)
    return np.where(sure[:, None], _bound(some, detour, weights), NO_BOUND)


def _frees_driving(some: _Rows, detour: Int32) -> Bool:
    """bool (R,): driving is limited, and the day without the visit might drive more."""
    batch = some.batch
    source, target = batch.used.copy(), batch.used.copy()
    source[:, START], target[:, END] = True, True
    shorter = (detour < 0) & source[:, :, None] & target[:, None, :]
    nodes = np.arange(detour.shape[1])
    shorter[:, nodes, nodes] = False
    return (batch.max_travel < INF) & shorter.any(axis=(1, 2))


def _bound(some: _Rows, detour: Int32, weights: Weights) -> Int64:
    batch, alpha = some.batch, weights[0]
    visits = slice(FIRST_VISIT, None)
    inner = _inner_pairs(some, detour, weights)
    last = travel.lower_bound(detour[:, visits, END], alpha)
    before, after, home = _neighbours(some)
    bound = _as_first(some, detour, weights)
    for i in range(last.shape[1]):
        onward = np.where(after, inner[:, i, None, :], NEVER).min(axis=2)
        onward = np.minimum(onward, np.where(home, last[:, i, None], NEVER))
        bound = np.minimum(bound, np.where(before[:, :, i], onward, NEVER))
    alone = travel.lower_bound(detour[:, START, END], alpha)
    empty = ~batch.used.any(axis=1)
    bound[empty] = np.where(home, alone[:, None], NEVER)[empty]
    return np.where(bound < NEVER, bound + overtime.lower_bound(), NEVER)


def _inner_pairs(some: _Rows, detour: Int32, weights: Weights) -> Int64:
    """int64 (R, visits, visits): bound with the visit between two others, NEVER on the diagonal."""
    alpha, beta, _ = weights
    visits, request = slice(FIRST_VISIT, None), some.request
    onward = request.out_legs[:, None, visits] + request.service[:, None, None]
    longer = request.into_legs[:, visits, None] + onward - some.batch.legs[:, visits, visits]
    middle = detour[:, visits, visits]
    cost = travel.lower_bound(middle, alpha) + waiting.lower_bound(longer, beta)
    nodes = np.arange(cost.shape[1])
    cost[:, nodes, nodes] = NEVER
    return cost


def _neighbours(some: _Rows) -> tuple[Bool, Bool, Bool]:
    """bool (R, W, visits) twice and (R, W): who can come right before, right after, going home."""
    batch, request = some.batch, some.request
    visits = slice(FIRST_VISIT, None)
    reached = some.soonest_finish + request.into_legs
    source = batch.used[:, visits]
    before = source[:, None, :] & (reached[:, None, visits] <= some.windows.closes[:, :, None])
    soonest = np.minimum(
        np.where(source, reached[:, visits], INF).min(axis=1, initial=INF),
        request.into_legs[:, START],
    )
    finish = np.maximum(some.windows.opens, soonest[:, None]) + request.service[:, None]
    onward = finish[:, :, None] + request.out_legs[:, None, visits]
    after = source[:, None, :] & (onward <= batch.closes[:, None, visits])
    home = finish + request.out_legs[:, END, None] <= batch.end[:, None]
    return before, after, home


def _as_first(some: _Rows, detour: Int32, weights: Weights) -> Int64:
    """The bound when the visit comes first and j follows, int64 (R, W)."""
    batch, request, (alpha, beta, _) = some.batch, some.request, weights
    visits = slice(FIRST_VISIT, None)
    pauses = [(o[:, None], c[:, None], d[:, None]) for o, c, d in zip(*batch.breaks, strict=True)]
    to_q = request.into_legs[:, START, None]
    driving = travel.lower_bound(detour[:, START, visits], alpha)[:, None, :]
    best = np.full(some.windows.opens.shape, NEVER, np.int64)
    for taken in range(len(pauses) + 1):
        later = sum((d for _, _, d in pauses[taken:]), np.int32(0))
        arrival = timing.drive(np.zeros_like(to_q), to_q, pauses, 0, taken)
        start = np.maximum(arrival, some.windows.opens)
        finish = start + request.service[:, None]
        onward = finish[:, :, None] + request.out_legs[:, None, visits]
        possible = (start <= some.windows.closes)[:, :, None] & batch.used[:, None, visits]
        possible &= onward <= batch.closes[:, None, visits]
        alone = np.maximum(some.first_arrival[taken][:, visits], batch.opens[:, visits] - later)
        saved = (onward - alone[:, None, :]).astype(np.int64) * beta
        cost = np.where(possible, driving - saved, NEVER).min(axis=2, initial=NEVER)
        np.minimum(best, cost, out=best)
    return best
