"""One visit into every gap of every feasible order, in every window, at once.

For each it says whether that works, and what the day then costs at least. Feasibility and driving
are exact. Waiting is exact on days without pauses; with pauses still to come it may be put too low
by at most their length, never too high, so the result is a bound.

Why insertions into known orders are enough: leave the visit q out of a feasible order with it.
While ``t(i,j) <= t(i,q) + service + t(q,j)`` for all i, j (``leaves_safely``), nobody gets later,
so what is left is a feasible order of the others, and those are all known.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from slotsvc.solver import timing
from slotsvc.solver.arrays import TeamArrays
from slotsvc.solver.gaps import Gaps
from slotsvc.solver.instance import END, INF, START, Bool, Int32, Int64


@dataclass(frozen=True, slots=True, eq=False)
class Request:
    """The visit to place. ``service`` seconds; ``into`` / ``out``: int32 (R, V), driving from each
    node to it and from it to each node."""

    service: int
    into: Int32
    out: Int32


@dataclass(frozen=True, slots=True, eq=False)
class Windows:
    """Start windows per route, int32 (R, W), both ends included; ``closes < 0``: no cell."""

    opens: Int32
    closes: Int32


def request_legs(arrays: TeamArrays, service: int, into: Int32, out: Int32) -> Request:
    """``into`` / ``out``: int32 (places,), driving from each place to the visit and back."""
    pad = np.where(arrays.batch.closes >= 0, 0, INF).astype(np.int32)
    return Request(
        service,
        np.minimum(np.maximum(into[arrays.place], pad), INF),
        np.minimum(np.maximum(out[arrays.place], pad), INF),
    )


def leaves_safely(arrays: TeamArrays, request: Request) -> Bool:
    """bool (R,): leaving the visit out of any order makes nobody later."""
    batch = arrays.batch
    source, target = batch.used.copy(), batch.used.copy()
    source[:, START], target[:, END] = True, True
    via = request.into[:, :, None] + request.out[:, None, :] + np.int32(request.service)
    nodes = np.arange(batch.travel.shape[1])
    late = batch.travel > via
    late[:, nodes, nodes] = False
    unsafe: Bool = (late & source[:, :, None] & target[:, None, :]).any(axis=(1, 2))
    return ~unsafe


@dataclass(frozen=True, slots=True, eq=False)
class Insertions:
    """P ways to put the visit in, arrays (P,): ``gap`` and window ``column``, and of the whole day
    then ``travel``, ``waiting`` (seconds) and ``cost``. Where ``exact`` is False the waiting, and
    with it the cost, may be more."""

    gap: Int32
    column: Int32
    travel: Int64
    waiting: Int64
    cost: Int64
    exact: Bool


def insertions(
    arrays: TeamArrays,
    request: Request,
    windows: Windows,
    weights: tuple[int, int],
    wanted: Bool | None = None,
) -> Insertions:
    """All that are possible. ``wanted``: bool (G, W), where to look; None: everywhere."""
    gaps = arrays.gaps
    gap, column = _promising(arrays, request, windows, wanted)
    route = gaps.route[gap]
    into = request.into[route, gaps.before[gap]]
    out = request.out[route, gaps.after[gap]]
    pairs = _Pairs(
        gap, windows.opens[route, column], windows.closes[route, column], into, out,
        request.service, arrays.batch.pauses(route),
    )  # fmt: skip
    least, settled = _waiting(gaps, pairs)
    fits = np.flatnonzero(least < INF)
    travel = (gaps.travel[gap] + (into + out - gaps.leg[gap]))[fits]
    waiting = least[fits].astype(np.int64)
    cost = travel * weights[0] + waiting * weights[1]
    exact = (least == settled)[fits] | (weights[1] == 0)
    return Insertions(gap[fits], column[fits], travel, waiting, cost, exact)


def _promising(
    arrays: TeamArrays, request: Request, windows: Windows, wanted: Bool | None
) -> tuple[Int32, Int32]:
    """(gap, column) pairs that work with the most favourable pauses: a cheap first sieve."""
    gaps = arrays.gaps
    opens = windows.opens.take(gaps.route, axis=0)
    closes = windows.closes.take(gaps.route, axis=0)
    arrival = gaps.soonest_of_all + request.into[gaps.route, gaps.before]
    by = gaps.latest_of_all - (request.out[gaps.route, gaps.after] + np.int32(request.service))
    last = np.minimum(closes, by[:, None])
    good = np.maximum(opens, arrival[:, None]) <= last
    if wanted is not None:
        good &= wanted
    pairs = np.argwhere(good)
    return pairs[:, 0].astype(np.int32), pairs[:, 1].astype(np.int32)


@dataclass(frozen=True, slots=True, eq=False)
class _Pairs:
    """Arrays (P,): the gap, its window, the legs, and the route's pauses."""

    gap: Int32
    opens: Int32
    closes: Int32
    into: Int32
    out: Int32
    service: int
    pauses: timing.Breaks


def _waiting(gaps: Gaps, pairs: _Pairs) -> tuple[Int32, Int32]:
    """int32 (P,) twice: least waiting of the day, never too high, INF where the visit does not
    fit; and the least with no pause left to come, which is exact."""
    zero = np.zeros(1, np.int32)
    pauses = pairs.pauses
    first, tail = gaps.number[pairs.gap] == 0, gaps.after[pairs.gap] != END
    latest = gaps.latest[:, pairs.gap]
    rest, last = gaps.rest[pairs.gap], gaps.last[pairs.gap]
    best = np.full(pairs.gap.shape, INF, np.int32)
    settled = best.copy()
    for state, (_, taken) in enumerate(timing.states(len(pauses))):
        soonest, idle = gaps.soonest[state, pairs.gap], gaps.idle[state, pairs.gap]
        for here in range(taken, len(pauses) + 1):
            paused = sum((d for _, _, d in pauses[taken:here]), zero)
            arrival = timing.drive(soonest, pairs.into, pauses, taken, here)
            start = np.maximum(arrival, pairs.opens)
            waited = np.where(first, zero, start - (soonest + pairs.into + paused) + idle)
            finish = np.where(start <= pairs.closes, start + np.int32(pairs.service), np.int32(INF))
            for until in range(here, len(pauses) + 1):
                onward = timing.drive(finish, pairs.out, pauses, here, until)
                later = _waiting_after(pairs, finish, onward, here, until, rest, last)
                total = waited + np.where(tail, later, zero)
                fits = onward <= latest[until]
                total = np.where(fits, total, np.int32(INF))
                least = settled if until == len(pauses) else best
                np.minimum(least, total, out=least)
    return np.minimum(best, settled), settled


def _waiting_after(
    pairs: _Pairs, finish: Int32, onward: Int32, here: int, until: int, rest: Int32, last: Int32
) -> Int32:
    """Idle time between the visit and the day's last finish: before a pause on the way, and what
    windows still to open force, less what pauses to come could fill."""
    zero = np.zeros(1, np.int32)
    paused = sum((d for _, _, d in pairs.pauses[here:until]), zero)
    to_come = sum((d for _, _, d in pairs.pauses[until:]), zero)
    forced = last - (onward + rest) - to_come
    gap: Int32 = onward - finish - pairs.out - paused
    return gap + np.maximum(forced, zero)
