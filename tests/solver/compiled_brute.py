"""The oracle at volume: every order and every place for the breaks, compiled, nothing cut.

The same rules as ``brute_force``, from which ``test_compiled_brute`` checks it, walked as one tree:
a *walk* is a beginning of a day. The only walks dropped are those that broke a rule. Shares no code
with the search. Nodes as in ``brute_force``: 0 the start place, 1..n visits, n + 1 the end place.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from slotsvc.solver.compiled import compiled
from slotsvc.solver.params import Weights
from tests.solver.brute_force import TinyRoute, working_time

NEVER = 1 << 60
NO_ROAD = 1 << 29

Seconds = NDArray[np.int64]


class Plain(NamedTuple):
    """A day in plain numbers. ``windows``: (n, 2), half-open; ``services``: (n,); ``driving`` and
    ``working``: (n + 2, n + 2), of each leg; ``breaks``: (K, 3): opens, closes (half-open), length;
    ``limits``: shift start, hard end, soft end, most driving; ``pausable``: (n,), 0 or 1."""

    windows: Seconds
    services: Seconds
    driving: Seconds
    working: Seconds
    breaks: Seconds
    limits: Seconds
    pausable: Seconds


@dataclass(frozen=True)
class Best:
    """The least cost, with it the least driving, and the first order that has both.
    ``most_driving``: of another order that costs as little."""

    cost: int
    driving: int
    waiting: int
    overtime: int
    order: tuple[int, ...]
    most_driving: int


def plain(route: TinyRoute) -> Plain:
    """A route as arrays."""
    nodes = range(route.home + 1)
    soft_end = route.shift_end if route.soft_end is None else route.soft_end
    most = NEVER if route.most_travel is None else route.most_travel
    working = [[working_time(route, i, j) if j else 0 for j in nodes] for i in nodes]
    inside = [visit in route.pausable for visit in route.visits]
    return Plain(
        np.array(route.windows, np.int64).reshape(-1, 2),
        np.array(route.services, np.int64),
        np.array(route.travel, np.int64),
        np.array(working, np.int64),
        np.array(route.breaks, np.int64).reshape(-1, 3),
        np.array([route.shift_start, route.shift_end, soft_end, most], np.int64),
        np.array(inside, np.int64),
    )


def cheapest(
    day: Plain,
    weights: Weights,
    visits: Sequence[int] | None = None,
    chain: Sequence[int] = (),
    most_driving: int = NEVER,
) -> Best | None:
    """The best order of ``visits`` (None: all) in which those of ``chain`` keep their order; None
    when there is none. ``most_driving``: a limit beside the day's own."""
    chosen = range(1, len(day.services) + 1) if visits is None else visits
    todo = sum(1 << visit for visit in chosen)
    found = np.zeros(6, np.int64)
    kept, worth = np.array(chain, np.int64), np.array(weights, np.int64)
    _search(day, worth, todo, kept, most_driving, found)
    if found[0] >= NEVER:
        return None
    path, order = int(found[4]), []
    while path:
        order.append(path & 15)
        path >>= 4
    return Best(*(int(n) for n in found[:4]), tuple(reversed(order)), int(found[5]))


_HERE, _CLOCK, _TAKEN, _DRIVEN, _IDLE, _DONE, _PATH = range(7)
_DEEP = 4096


@compiled
def _search(
    day: Plain, weights: Seconds, todo: int, chain: Seconds, most: int, found: Seconds
) -> None:
    """Fills ``found``: cost, driving, waiting, overtime, path (four bits a visit, the last lowest),
    most driving at that cost; the cost is NEVER when there is no order."""
    found[0] = NEVER
    walks = np.zeros((_DEEP, 7), np.int64)
    walks[0, _CLOCK] = day.limits[0]
    count = 1
    while count:
        count -= 1
        walk = walks[count].copy()
        if walk[_DONE] == todo:
            _home(day, weights, walk, most, found)
            continue
        for visit in range(1, len(day.services) + 1):
            if todo >> visit & 1 and _may_follow(walk[_DONE], visit, chain):
                count = _to_visit(day, walk, visit, walks, count)


@compiled
def _may_follow(done: int, visit: int, chain: Seconds) -> bool:
    """Not served yet, and not before those of the chain that stand before it."""
    if done >> visit & 1:
        return False
    for link in range(len(chain)):
        if chain[link] == visit:
            return True
        if not done >> chain[link] & 1:
            for later in range(link + 1, len(chain)):
                if chain[later] == visit:
                    return False
    return True


@compiled
def _cross(clock: int, leg: int, breaks: Seconds, taken: int, until: int) -> int:
    """Arrival with breaks ``taken`` .. ``until - 1`` on the way, driving on while it is too early
    for one; NEVER when one cannot begin."""
    left = leg
    for k in range(taken, until):
        if clock < breaks[k, 0]:
            ahead = min(left, breaks[k, 0] - clock)
            clock += ahead
            left -= ahead
            clock = max(clock, breaks[k, 0])
        if clock >= breaks[k, 1]:
            return NEVER
        clock += breaks[k, 2]
    return clock + left


@compiled
def _work(start: int, service: int, breaks: Seconds, taken: int, until: int) -> int:
    """Finish of a visit with those breaks inside; NEVER: one would begin too late, or only when the
    work is over."""
    clock, left = start, service
    for k in range(taken, until):
        ahead = max(0, breaks[k, 0] - clock)
        if ahead > left or clock + ahead >= breaks[k, 1]:
            return NEVER
        clock += ahead + breaks[k, 2]
        left -= ahead
    return clock + left


@compiled
def _lengths(breaks: Seconds, taken: int, until: int) -> int:
    total = 0
    for k in range(taken, until):
        total += breaks[k, 2]
    return total


@compiled
def _to_visit(day: Plain, walk: Seconds, visit: int, walks: Seconds, count: int) -> int:
    """Adds every walk that goes on to ``visit``; gives the number of walks."""
    here, clock, taken = walk[_HERE], walk[_CLOCK], walk[_TAKEN]
    leg = day.working[here, visit]
    if day.driving[here, visit] >= NO_ROAD:
        return count
    breaks = len(day.breaks)
    for until in range(taken, breaks + 1):
        arrival = _cross(clock, leg, day.breaks, taken, until)
        start = max(arrival, day.windows[visit - 1, 0])
        if start >= day.windows[visit - 1, 1]:
            continue
        idle = start - clock - leg - _lengths(day.breaks, taken, until)
        for inside in range(until, breaks + 1 if day.pausable[visit - 1] else until + 1):
            finish = _work(start, day.services[visit - 1], day.breaks, until, inside)
            if finish < NEVER:
                after = walks[count]
                after[_HERE], after[_CLOCK], after[_TAKEN] = visit, finish, inside
                after[_DRIVEN] = walk[_DRIVEN] + day.driving[here, visit]
                spare = finish - start - day.services[visit - 1]
                spare -= _lengths(day.breaks, until, inside)
                after[_IDLE] = walk[_IDLE] + spare + (idle if walk[_DONE] else 0)
                after[_DONE] = walk[_DONE] | 1 << visit
                after[_PATH] = walk[_PATH] << 4 | visit
                count += 1
    return count


@compiled
def _home(day: Plain, weights: Seconds, walk: Seconds, most: int, found: Seconds) -> None:
    """Ends a walk at the end place, with the rest of the breaks on the way or there."""
    end = len(day.services) + 1
    driven = walk[_DRIVEN] + day.driving[walk[_HERE], end]
    if driven > min(most, day.limits[3]) or day.driving[walk[_HERE], end] >= NO_ROAD:
        return
    leg, taken, breaks = day.working[walk[_HERE], end], walk[_TAKEN], len(day.breaks)
    for until in range(taken, breaks + 1):
        there = _cross(walk[_CLOCK], leg, day.breaks, taken, until)
        if there < NEVER:
            there = _cross(there, 0, day.breaks, until, breaks)
        if there <= day.limits[1]:
            late = max(0, there - day.limits[2])
            cost = weights[0] * driven + weights[1] * walk[_IDLE] + weights[2] * late
            path = walk[_PATH]
            if cost <= found[0]:
                found[5] = max(driven, found[5] if cost == found[0] else 0)
            same = cost == found[0] and driven == found[1]
            better = cost < found[0] or (cost == found[0] and driven < found[1])
            if better or (same and path < found[4]):
                found[0], found[1], found[2], found[3] = cost, driven, walk[_IDLE], late
                found[4] = path
