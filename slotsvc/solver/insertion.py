"""One visit into every gap of every feasible order, in every window, at once.

For each it says whether that works, and what the day then costs at least. Feasibility and driving
are exact. Waiting and overtime are exact on days without pauses; with pauses still to come after
the next stop they may be put too low, never too high, so the result is a bound:

- no pause to come: the rest of the day is ``finish = max(arrival, opens) + service`` alone, so the
  last finish is ``max(onward + rest, last)`` and the day ends a leg ``home`` later, exactly;
- pauses to come (``p`` seconds in all): each of them lies before the end of the day and none of
  them makes anybody earlier, so the day ends at ``max(onward + rest + p, last) + home`` or later,
  and between ``onward`` and the last finish at least ``last - onward - rest - p`` is idle.

A way of taking the pauses is priced with both; the least over all ways is the bound, and it is
exact where the least of the ways with no pause to come is no dearer than any other way.

Why insertions into known orders are enough: leave the visit q out of a feasible order with it.
While ``leg(i,j) <= leg(i,q) + service + leg(q,j)`` for all i, j (``leaves_safely``), nobody gets
later: pauses taken inside q or beside it fit into the gap that closes, whose drive is shorter than
what it replaces. So what is left is an order of the others that keeps the times, and those are all
known. This is about time; a limit on driving is applied to the day with the visit.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from slotsvc.domain.place import Location
from slotsvc.solver import timing
from slotsvc.solver.arrays import TeamArrays
from slotsvc.solver.batch import NEVER
from slotsvc.solver.gaps import Gaps
from slotsvc.solver.instance import END, INF, START, Bool, Int32, Int64
from slotsvc.solver.params import Weights


@dataclass(frozen=True, slots=True, eq=False)
class Request:
    """The visit to place. ``service``: int32 (R,), seconds on site there. ``into`` / ``out``: int32
    (R, V), driving from each node to it and from it to each node; ``into_legs`` / ``out_legs``: the
    time that takes (``instance.time_legs``), the same objects where it is the driving alone.
    ``pausable``: pauses may begin during the service."""

    service: Int32
    into: Int32
    out: Int32
    into_legs: Int32
    out_legs: Int32
    pausable: bool

    def at(self, rows: Int32) -> Request:
        """The same visit for some of the routes."""
        return Request(
            self.service[rows],
            self.into[rows],
            self.out[rows],
            self.into_legs[rows],
            self.out_legs[rows],
            self.pausable,
        )


@dataclass(frozen=True, slots=True, eq=False)
class Windows:
    """Start windows per route, int32 (R, W), both ends included; ``closes < 0``: no cell."""

    opens: Int32
    closes: Int32


def request_legs(
    arrays: TeamArrays,
    location: Location,
    service: Int32,
    access: int,
    pausable: bool,
    into: Int32,
    out: Int32,
) -> Request:
    """A visit at ``location``, ``access`` seconds from the road. ``service``: int32 (R,).

    ``into`` / ``out``: int32 (places,), driving from each place to the visit and back.
    """
    pad = np.where(arrays.batch.closes >= 0, 0, INF).astype(np.int32)
    there = np.minimum(np.maximum(into[arrays.place], pad), INF)
    back = np.minimum(np.maximum(out[arrays.place], pad), INF)
    if access == 0 and arrays.batch.legs is arrays.batch.travel:
        return Request(service, there, back, there, back, pausable)
    into_legs, out_legs = there.copy(), back.copy()
    into_legs[arrays.unpaid_first, START] = 0
    out_legs[arrays.unpaid_last, END] = 0
    here = arrays.places.index(location) if location in arrays.places else -1
    elsewhere = arrays.place != here
    into_legs = np.where(there < INF, into_legs + elsewhere * np.int32(access), np.int32(INF))
    out_legs = np.where(back < INF, out_legs + elsewhere * arrays.access, np.int32(INF))
    return Request(service, there, back, into_legs, out_legs, pausable)


def leaves_safely(arrays: TeamArrays, request: Request) -> Bool:
    """bool (R,): leaving the visit out of any order makes nobody later."""
    batch = arrays.batch
    source, target = batch.used.copy(), batch.used.copy()
    source[:, START], target[:, END] = True, True
    via = request.into_legs[:, :, None] + (request.out_legs + request.service[:, None])[:, None, :]
    nodes = np.arange(batch.legs.shape[1])
    late = batch.legs > via
    late[:, nodes, nodes] = False
    unsafe: Bool = (late & source[:, :, None] & target[:, None, :]).any(axis=(1, 2))
    return ~unsafe


@dataclass(frozen=True, slots=True, eq=False)
class Insertions:
    """P ways to put the visit in, arrays (P,): ``gap`` and window ``column``, and of the whole day
    then ``travel``, ``waiting``, ``overtime`` (seconds) and ``cost``. Where ``exact`` is False the
    cost may be more, and waiting and overtime different."""

    gap: Int32
    column: Int32
    travel: Int64
    waiting: Int64
    overtime: Int64
    cost: Int64
    exact: Bool


def insertions(
    arrays: TeamArrays,
    request: Request,
    windows: Windows,
    weights: Weights,
    wanted: Bool | None = None,
) -> Insertions:
    """All that are possible. ``wanted``: bool (G, W), where to look; None: everywhere."""
    gaps, batch = arrays.gaps, arrays.batch
    gap, column = _promising(arrays, request, windows, wanted)
    driving = _driving(gaps, request, gap)
    if (batch.max_travel < INF).any():
        kept = np.flatnonzero(driving <= batch.max_travel[gaps.route[gap]])
        gap, column, driving = gap[kept], column[kept], driving[kept]
    ways = _ways(gaps, _pairs(arrays, request, windows, gap, column), weights)
    fits = np.flatnonzero(ways.possible)
    travel, waiting = driving[fits], ways.waiting[fits].astype(np.int64)
    overtime = ways.overtime[fits].astype(np.int64)
    cost = travel * weights[0] + waiting * weights[1] + overtime * weights[2]
    return Insertions(gap[fits], column[fits], travel, waiting, overtime, cost, ways.exact[fits])


def over_max_travel(
    arrays: TeamArrays, request: Request, windows: Windows, wanted: Bool | None = None
) -> Int64:
    """int64 (R, W): by how much the limit on driving is missed by the insertion that keeps all
    times and drives least; 0: it is kept; INF: no insertion keeps the times."""
    gaps = arrays.gaps
    gap, column = _promising(arrays, request, windows, wanted)
    ways = _ways(gaps, _pairs(arrays, request, windows, gap, column), (0, 0, 0))
    fits = np.flatnonzero(ways.possible)
    route = gaps.route[gap[fits]]
    over = np.maximum(_driving(gaps, request, gap[fits]) - arrays.batch.max_travel[route], 0)
    least = np.full(windows.opens.shape, INF, np.int64)
    np.minimum.at(least, (route, column[fits]), over)
    return least


def _driving(gaps: Gaps, request: Request, gap: Int32) -> Int64:
    """Driving of the whole day with the visit in a gap."""
    route = gaps.route[gap]
    into = request.into[route, gaps.before[gap]]
    out = request.out[route, gaps.after[gap]]
    return gaps.travel[gap] + (into + out - gaps.leg[gap])


def _promising(
    arrays: TeamArrays, request: Request, windows: Windows, wanted: Bool | None
) -> tuple[Int32, Int32]:
    """(gap, column) pairs that work with the most favourable pauses: a cheap first sieve."""
    gaps = arrays.gaps
    opens = windows.opens.take(gaps.route, axis=0)
    closes = windows.closes.take(gaps.route, axis=0)
    arrival = gaps.soonest_of_all + request.into_legs[gaps.route, gaps.before]
    onward = request.out_legs[gaps.route, gaps.after] + request.service[gaps.route]
    last = np.minimum(closes, (gaps.latest_of_all - onward)[:, None])
    good = np.maximum(opens, arrival[:, None]) <= last
    if wanted is not None:
        good &= wanted
    pairs = np.argwhere(good)
    return pairs[:, 0].astype(np.int32), pairs[:, 1].astype(np.int32)


@dataclass(frozen=True, slots=True, eq=False)
class _Pairs:
    """Arrays (P,): the gap, its window, the legs, the time on site, and the route's pauses.

    ``soft_end``: None when no route of the team can have overtime.
    """

    gap: Int32
    opens: Int32
    closes: Int32
    into: Int32
    out: Int32
    service: Int32
    pausable: bool
    soft_end: Int32 | None
    pauses: timing.Breaks

    def paused(self, taken: int, until: int) -> Int32:
        """Seconds of the pauses ``taken`` .. ``until - 1``."""
        return sum((d for _, _, d in self.pauses[taken:until]), np.zeros(1, np.int32))


def _pairs(
    arrays: TeamArrays, request: Request, windows: Windows, gap: Int32, column: Int32
) -> _Pairs:
    gaps, batch = arrays.gaps, arrays.batch
    route = gaps.route[gap]
    late = bool((batch.soft_end < batch.end).any())
    return _Pairs(
        gap,
        windows.opens[route, column],
        windows.closes[route, column],
        request.into_legs[route, gaps.before[gap]],
        request.out_legs[route, gaps.after[gap]],
        request.service[route],
        request.pausable,
        batch.soft_end[route] if late else None,
        batch.pauses(route),
    )


class _Least:
    """The cheapest way so far of each pair: ``key``, with its waiting and overtime.

    Without overtime waiting alone decides, and is the key.
    """

    def __init__(self, pairs: _Pairs, weights: Weights) -> None:
        count, self.weights = pairs.gap.size, weights
        self.waiting = np.full(count, INF, np.int32)
        self.overtime = np.zeros(count, np.int32)
        self.late = pairs.soft_end is not None
        self.key = np.full(count, NEVER, np.int64) if self.late else self.waiting

    def offer(self, fits: Bool, waiting: Int32, overtime: Int32 | None) -> None:
        """One more way, where it fits."""
        if overtime is None:
            np.minimum(self.waiting, np.where(fits, waiting, np.int32(INF)), out=self.waiting)
            return
        key = waiting.astype(np.int64) * self.weights[1]
        key += overtime.astype(np.int64) * self.weights[2]
        better = fits & (key < self.key)
        for mine, theirs in (
            (self.key, key), (self.waiting, waiting), (self.overtime, overtime)
        ):  # fmt: skip
            np.copyto(mine, theirs, where=better)


@dataclass(frozen=True, slots=True, eq=False)
class _Ways:
    """Arrays (P,): the cheapest way, never too dear; whether there is one; whether it is exact."""

    waiting: Int32
    overtime: Int32
    possible: Bool
    exact: Bool


def _ways(gaps: Gaps, pairs: _Pairs, weights: Weights) -> _Ways:
    """The least of all ways to take the pauses around the visit."""
    bound, settled = _Least(pairs, weights), _Least(pairs, weights)
    pauses, tail = len(pairs.pauses), gaps.after[pairs.gap] != END
    latest = gaps.latest[:, pairs.gap]
    ending = gaps.rest[pairs.gap], gaps.last[pairs.gap], gaps.home[pairs.gap]
    for waited, finish, taken in _served(gaps, pairs):
        for until in range(taken, pauses + 1):
            onward = timing.drive(finish, pairs.out, pairs.pauses, taken, until)
            fits = onward <= latest[until]
            if until < pauses:
                fits &= tail  # going home, pauses are best taken on the way
            later = _waiting_after(pairs, finish, onward, taken, until, ending)
            waiting = waited + np.where(tail, later, np.int32(0))
            least = settled if until == pauses else bound
            least.offer(fits, waiting, _overtime(pairs, onward, until, ending))
    free = weights[1] == 0 and (weights[2] == 0 or not settled.late)
    exact = (settled.key <= bound.key) | free
    known = settled.key <= bound.key
    return _Ways(
        np.where(known, settled.waiting, bound.waiting),
        np.where(known, settled.overtime, bound.overtime),
        np.minimum(settled.waiting, bound.waiting) < INF,
        exact,
    )


def _served(gaps: Gaps, pairs: _Pairs) -> Iterator[tuple[Int32, Int32, int]]:
    """For every state before the gap and every number of pauses until the visit is done: waiting of
    the day up to then, the visit's finish, and the pauses taken. INF or more: it does not fit."""
    pauses, first = pairs.pauses, gaps.number[pairs.gap] == 0
    for state, (_, taken) in enumerate(timing.states(len(pauses))):
        soonest, idle = gaps.soonest[state, pairs.gap], gaps.idle[state, pairs.gap]
        for here in range(taken, len(pauses) + 1):
            arrival = timing.drive(soonest, pairs.into, pauses, taken, here)
            start = np.maximum(arrival, pairs.opens)
            idled = start - (soonest + pairs.into + pairs.paused(taken, here)) + idle
            waited = np.where(first, np.int32(0), idled)
            start = np.where(start <= pairs.closes, start, np.int32(INF))
            yield waited, start + pairs.service, here
            for inside in range(here + 1, len(pauses) + 1 if pairs.pausable else 0):
                finish = timing.drive(start, pairs.service, pauses, here, inside)
                # a pause that opens after the work is done was waited for
                spare = finish - start - pairs.service - pairs.paused(here, inside)
                yield waited + spare, finish, inside


def _waiting_after(
    pairs: _Pairs,
    finish: Int32,
    onward: Int32,
    taken: int,
    until: int,
    ending: tuple[Int32, Int32, Int32],
) -> Int32:
    """Idle time between the visit and the day's last finish: before a pause on the way, and what
    windows still to open force, less what pauses to come could fill."""
    rest, last, _ = ending
    forced = last - (onward + rest) - pairs.paused(until, len(pairs.pauses))
    gap: Int32 = onward - finish - pairs.out - pairs.paused(taken, until)
    return gap + np.maximum(forced, np.int32(0))


def _overtime(
    pairs: _Pairs, onward: Int32, until: int, ending: tuple[Int32, Int32, Int32]
) -> Int32 | None:
    """Overtime of the day, never too high; None: there is none in this team."""
    if pairs.soft_end is None:
        return None
    rest, last, home = ending
    to_come = pairs.paused(until, len(pairs.pauses))
    end = np.maximum(onward + rest + to_come, last) + home
    late: Int32 = np.maximum(end - pairs.soft_end, np.int32(0))
    return late
