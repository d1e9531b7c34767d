"""One visit into one gap of a known order, in one window: O(1), and the whole day where it must be.

Feasibility and driving are exact. Waiting and overtime are exact on days without pauses; with
pauses still to come after the next stop they may be put too low, never too high, so the result is a
bound:

- no pause to come: the rest of the day is ``finish = max(arrival, opens) + service`` alone, so the
  last finish is ``max(onward + rest, last)`` and the day ends a leg ``home`` later, exactly;
- pauses to come (``p`` seconds in all): each of them lies before the end of the day and none of
  them makes anybody earlier, so the day ends at ``max(onward + rest + p, last) + home`` or later,
  and between ``onward`` and the last finish at least ``last - onward - rest - p`` is idle.

A way of taking the pauses is priced with both; the least over all ways is the bound, and it is
exact where the least of the ways with no pause to come is no dearer than any other way.

Why insertions into known orders are enough: leave the visit q out of a feasible order with it.
While ``leg(i,j) <= leg(i,q) + service + leg(q,j)`` for all i, j (``leaves_safely``), nobody
gets later: pauses taken inside q or beside it fit into the gap that closes, whose drive is shorter
than what it replaces. So what is left is an order of the others that keeps the times, and those are
all known. This is about time; a limit on driving is applied to the day with the visit.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from slotsvc.solver import tables as t
from slotsvc.solver.cell import NEVER
from slotsvc.solver.compiled import compiled
from slotsvc.solver.instance import END, INF, Int32, Int64
from slotsvc.solver.legs import INTO_TIME, OUT_TIME
from slotsvc.solver.params import Weights
from slotsvc.solver.recurrence import (
    begun,
    drive,
    first_stop,
    next_stop,
    paused,
    reaches_end,
    state,
    state_count,
)
from slotsvc.solver.tables import Tables


class Spot(NamedTuple):
    """A gap for one visit. ``state_at`` / ``latest_at``: where its rows begin in ``Tables.state``
    and ``Tables.latest``; ``first``: nothing comes before it, ``ending``: nothing comes after it;
    ``rest``, ``last``, ``home``: as in ``tables``; the time of the legs in and out and on site."""

    state_at: int
    latest_at: int
    first: bool
    ending: bool
    rest: int
    last: int
    home: int
    into: int
    out: int
    service: int
    pausable: bool
    soft_end: int


@compiled
def spot_of(tables: Tables, row: int, gap: int, legs: Int64, service: int, pausable: bool) -> Spot:
    """A gap, numbered among all, for a visit. ``legs``: ``legs.fill_legs``."""
    at, count = tables.at, tables.at[row + 1, t.PAUSES] - tables.at[row, t.PAUSES]
    local, gaps = gap - at[row, t.GAPS], at[row + 1, t.NODES] - at[row, t.NODES] - 1
    return Spot(
        at[row, t.STATES] + local * state_count(count),
        at[row, t.LATEST] + local * (count + 1),
        local % gaps == 0,
        tables.gap[gap, t.AFTER] == END,
        0 + tables.gap[gap, t.REST],
        0 + tables.gap[gap, t.LAST],
        0 + tables.gap[gap, t.HOME],
        legs[INTO_TIME, tables.gap[gap, t.BEFORE]],
        legs[OUT_TIME, tables.gap[gap, t.AFTER]],
        service,
        pausable,
        0 + tables.route[row, t.SOFT_END],
    )


class Least(NamedTuple):
    """Waiting and overtime, weighed: least of the ways with no pause to come (``settled``), and of
    all ways (``bound``, never too dear). NEVER: there is none."""

    settled: int
    bound: int


@compiled
def least_of_ways(
    states: Int32, latest: Int32, pauses: Int32, spot: Spot, opens: int, closes: int,
    weights: Weights,
) -> Least:  # fmt: skip
    """The least of all ways to take the pauses around the visit in the window given.

    ``states`` / ``latest``: of ``Tables``; ``pauses``: of the route.
    """
    count = len(pauses)
    settled, bound = NEVER, NEVER
    for before in range(count + 1):
        for taken in range(before, count + 1):
            at = spot.state_at + state(count, before, taken)
            soonest = 0 + states[at, 0]
            if soonest >= INF:
                continue
            for here in range(taken, count + 1):
                start = begun(drive(soonest, spot.into, pauses, taken, here), opens, closes)
                if start >= INF:
                    break
                waited = 0
                if not spot.first:
                    waited = start - soonest - spot.into - paused(pauses, taken, here)
                    waited += states[at, 1]
                for inside in range(here, count + 1 if spot.pausable else here + 1):
                    finish = drive(start, spot.service, pauses, here, inside)
                    if finish >= INF:
                        break
                    # a pause that opens after the work is done was waited for
                    spare = finish - start - spot.service - paused(pauses, here, inside)
                    found = _onward(latest, pauses, spot, weights, waited + spare, finish, inside)
                    settled, bound = min(settled, found.settled), min(bound, found.bound)
    return Least(settled, bound)


@compiled
def _onward(
    latest: Int32, pauses: Int32, spot: Spot, weights: Weights, waited: int, finish: int, taken: int
) -> Least:
    """From the end of the visit to the end of the day."""
    count = len(pauses)
    settled, bound = NEVER, NEVER
    # going home, pauses are best taken on the way
    for until in range(count if spot.ending else taken, count + 1):
        onward = drive(finish, spot.out, pauses, taken, until)
        if onward > latest[spot.latest_at + until]:
            continue
        to_come, waiting = paused(pauses, until, count), waited
        if not spot.ending:
            # idle before a pause on the way, and what windows still to open force, less what pauses
            # to come could fill
            waiting += onward - finish - spot.out - paused(pauses, taken, until)
            waiting += max(spot.last - onward - spot.rest - to_come, 0)
        end = max(onward + spot.rest + to_come, spot.last) + spot.home
        key = weights[1] * waiting + weights[2] * max(end - spot.soft_end, 0)
        bound = min(bound, key)
        if until == count:
            settled = min(settled, key)
    return Least(settled, bound)


class Amounts(NamedTuple):
    """Waiting and overtime of a whole day, and both weighed; ``key`` NEVER: it cannot be kept."""

    key: int
    waiting: int
    overtime: int


@compiled
def whole_day(
    tables: Tables, row: int, gap: int, spot: Spot, opens: int, closes: int, weights: Weights
) -> Amounts:
    """The day with the visit in a gap (numbered among all), stop by stop, in its cheapest state."""
    pauses = tables.pause[tables.at[row, t.PAUSES] : tables.at[row + 1, t.PAUSES]]
    node_at, block = tables.at[row, t.NODES], tables.at[row, t.BLOCK]
    size, states = tables.at[row + 1, t.NODES] - node_at, state_count(len(pauses))
    times, after = np.empty(states, np.int32), np.empty(states, np.int32)
    begins = np.zeros(len(pauses) + 1, np.int32)
    stop = spot.into, opens, closes, spot.service, spot.pausable, pauses
    busy = spot.service
    if spot.first:
        first_stop(*stop, after, begins)
    else:
        _resumed(tables.state, pauses, spot.state_at, times, begins)
        next_stop(times, *stop, after)
        busy += spot.into
    here, leg = -1, spot.out
    node = 0 + tables.gap[gap, t.AFTER]
    while node != END:
        times, after = after, times
        at = node_at + node
        opened, closed = 0 + tables.node[at, t.OPENS], 0 + tables.node[at, t.CLOSES]
        service, may = 0 + tables.node[at, t.SERVICE], tables.node[at, t.PAUSABLE] != 0
        next_stop(times, leg, opened, closed, service, may, pauses, after)
        busy += leg + service
        gap += 1
        here, node = node, 0 + tables.gap[gap, t.AFTER]
        leg = 0 + tables.legs[block + here * size + node]
    end = 0 + tables.route[row, t.END_BY]
    return _ended(pauses, after, begins, busy, leg, end, spot.soft_end, weights)


@compiled
def _resumed(states: Int32, pauses: Int32, at: int, times: Int32, begins: Int32) -> None:
    """The states before a gap; ``begins``: finish less waiting and pauses, as if the day had begun
    there and nothing had been done, which is all that waiting needs to know."""
    count = len(pauses)
    for before in range(count + 1):
        for taken in range(before, count + 1):
            s = state(count, before, taken)
            times[s] = states[at + s, 0]
            if times[s] < INF:
                waited = states[at + s, 1]
                begins[before] = times[s] - waited - paused(pauses, before, taken)


@compiled
def _ended(
    pauses: Int32, times: Int32, begins: Int32, busy: int, leg: int, end: int, soft_end: int,
    weights: Weights,
) -> Amounts:  # fmt: skip
    """Goes home in the cheapest state."""
    count = len(pauses)
    best = Amounts(NEVER, 0, 0)
    for before in range(count + 1):
        for taken in range(before, count + 1):
            finish = 0 + times[state(count, before, taken)]
            if finish >= INF:
                continue
            done = reaches_end(finish, leg, pauses, taken, end)
            if done >= INF:
                continue
            waiting = finish - begins[before] - busy - paused(pauses, before, taken)
            late = max(done - soft_end, 0)
            key = weights[1] * waiting + weights[2] * late
            if key < best.key:
                best = Amounts(key, waiting, late)
    return best
