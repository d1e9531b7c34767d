"""What adding a visit costs at least, per route and window, without trying any order.

Take the best order with the visit q and leave q out. What is left is an order without q, so it
costs at least the route's best (``base``). Between its neighbours i and j, q added
``detour = t(i,q) + t(q,j) - t(i,j)`` of driving, and it can have *saved* waiting:
- q in the middle: at most ``detour + service`` (everything after q was later by no more),
- q last: nothing,
- q first: the idle time before the first visit is free, so leaving q out can turn up to
  ``start(q) + service + t(q,j) - start of j as first visit`` into waiting.
The least of all that over i and j is the bound. It needs no triangle inequality, only that
leaving q out does not make anybody later: ``t(i,j) <= t(i,q) + service + t(q,j)`` for all i, j.
Where that fails the bound is -infinity.
"""

from __future__ import annotations

import numpy as np

from slotsvc.solver import timing
from slotsvc.solver.arrays import TeamArrays
from slotsvc.solver.batch import NEVER
from slotsvc.solver.instance import END, FIRST_VISIT, INF, START, Bool, Int32, Int64
from slotsvc.solver.screen import Request, Windows

NO_BOUND = -(NEVER >> 8)
"""The bound of a cell of which nothing is known."""


def lower_bound(
    arrays: TeamArrays, request: Request, windows: Windows, weights: tuple[int, int]
) -> Int64:
    """int64 (R, W): least added driving and waiting, weighted; NO_BOUND where none is known.

    Neighbours are left out that cannot stand before or after the visit in that window; a cell with
    none left is not possible in any order and gets NEVER.
    """
    batch, alpha = arrays.batch, weights[0]
    detour = request.into[:, :, None] + request.out[:, None, :] - batch.travel
    visits = slice(FIRST_VISIT, None)
    inner = _inner_pairs(arrays, request, detour, weights)
    last = detour[:, visits, END].astype(np.int64) * alpha
    before, after, home = _neighbours(arrays, request, windows)
    bound = _as_first(arrays, request, windows, weights)
    for i in range(last.shape[1]):
        onward = np.where(after, inner[:, i, None, :], NEVER).min(axis=2)
        onward = np.minimum(onward, np.where(home, last[:, i, None], NEVER))
        bound = np.minimum(bound, np.where(before[:, :, i], onward, NEVER))
    alone = detour[:, START, END].astype(np.int64) * alpha
    empty = ~batch.used.any(axis=1)
    bound[empty] = np.where(home, alone[:, None], NEVER)[empty]
    return np.where(_safe(arrays, request, detour)[:, None], bound, NO_BOUND)


def _inner_pairs(
    arrays: TeamArrays, request: Request, detour: Int32, weights: tuple[int, int]
) -> Int64:
    """int64 (R, visits, visits): bound with the visit between two others, NEVER on the diagonal."""
    alpha, beta = weights
    visits = slice(FIRST_VISIT, None)
    middle = detour[:, visits, visits]
    cost = middle.astype(np.int64) * alpha
    if beta:
        cost -= np.maximum(middle + request.service, 0).astype(np.int64) * beta
    nodes = np.arange(cost.shape[1])
    cost[:, nodes, nodes] = NEVER
    return cost


def _neighbours(arrays: TeamArrays, request: Request, windows: Windows) -> tuple[Bool, Bool, Bool]:
    """bool (R, W, visits) twice and (R, W): who can come right before, right after, going home."""
    batch = arrays.batch
    visits = slice(FIRST_VISIT, None)
    reached = arrays.soonest_finish + request.into
    source = batch.used[:, visits]
    before = source[:, None, :] & (reached[:, None, visits] <= windows.closes[:, :, None])
    soonest = np.minimum(
        np.where(source, reached[:, visits], INF).min(axis=1, initial=INF),
        request.into[:, START],
    )
    finish = np.maximum(windows.opens, soonest[:, None]) + np.int32(request.service)
    onward = finish[:, :, None] + request.out[:, None, visits]
    after = source[:, None, :] & (onward <= batch.closes[:, None, visits])
    home = finish + request.out[:, END, None] <= batch.end[:, None]
    return before, after, home


def _safe(arrays: TeamArrays, request: Request, detour: Int32) -> Bool:
    """bool (R,): leaving the visit out makes nobody later, whoever its neighbours were."""
    batch = arrays.batch
    source, target = batch.used.copy(), batch.used.copy()
    source[:, START], target[:, END] = True, True
    pair = source[:, :, None] & target[:, None, :]
    nodes = np.arange(pair.shape[1])
    pair[:, nodes, nodes] = False
    safe: Bool = np.where(pair, detour, INF).min(axis=(1, 2)) >= -request.service
    return safe


def _as_first(
    arrays: TeamArrays, request: Request, windows: Windows, weights: tuple[int, int]
) -> Int64:
    """The bound when the visit comes first and j follows, int64 (R, W)."""
    batch, (alpha, beta) = arrays.batch, weights
    visits = slice(FIRST_VISIT, None)
    pauses = [(o[:, None], c[:, None], d[:, None]) for o, c, d in zip(*batch.breaks, strict=True)]
    to_q = request.into[:, START, None]
    detour = to_q + request.out[:, visits] - batch.travel[:, START, visits]
    driving = detour.astype(np.int64)[:, None, :] * alpha
    best = np.full(windows.opens.shape, NEVER, np.int64)
    for taken in range(len(pauses) + 1):
        later = sum((d for _, _, d in pauses[taken:]), np.int32(0))
        arrival = timing.drive(np.zeros_like(to_q), to_q, pauses, 0, taken)
        start = np.maximum(arrival, windows.opens)
        onward = start[:, :, None] + np.int32(request.service) + request.out[:, None, visits]
        possible = (start <= windows.closes)[:, :, None] & batch.used[:, None, visits]
        possible &= onward <= batch.closes[:, None, visits]
        alone = np.maximum(arrays.first_arrival[taken][:, visits], batch.opens[:, visits] - later)
        saved = (onward - alone[:, None, :]).astype(np.int64) * beta
        cost = np.where(possible, driving - saved, NEVER).min(axis=2, initial=NEVER)
        np.minimum(best, cost, out=best)
    return best
