"""The recurrence: every time on a route comes from here.

    arrival = finish of the stop before + travel (+ pauses taken on the way)
    start   = max(arrival, window opens), at the latest window closes
    finish  = start + service

A pause lies in the gap between two stops, on the way if need be (ADR 3). For every number of
pauses taken the earliest time is kept, and, because waiting before the first visit does not count,
also how many of them were taken before the first visit: a *state* is ``(before, taken)``.
Earlier is never worse, so one time per state is enough (compare Desaulniers et al., "Time
constrained routing and scheduling", 1995).

Arrays: a front of N partial orders has ``times`` int32 (states, N), ``first`` int32
(pauses + 1, N): when the first visit starts for each ``before``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import combinations_with_replacement

import numpy as np

from slotsvc.solver.instance import END, INF, START, Int32, Int64, RouteInstance

Breaks = Sequence[tuple[Int32, Int32, Int32]]
"""Per pause: opens, closes, duration; each int32 (N,)."""


@cache
def states(pauses: int) -> tuple[tuple[int, int], ...]:
    """All ``(before, taken)`` with ``before <= taken <= pauses``, in a fixed order."""
    return tuple((b, j) for b in range(pauses + 1) for j in range(b, pauses + 1))


def drive(finish: Int32, travel: Int32, breaks: Breaks, taken: int, until: int) -> Int32:
    """Earliest arrival when pauses ``taken`` .. ``until - 1`` are taken on the way.

    INF or more: impossible. While waiting for a pause to begin the technician drives on.
    """
    arrival = finish + travel
    if taken == until:
        return arrival
    free, possible = finish, np.ones(finish.shape, np.bool_)
    for opens, closes, duration in breaks[taken:until]:
        possible &= free <= closes
        arrival = np.maximum(arrival, opens) + duration
        free = np.maximum(free, opens) + duration
    return np.where(possible, arrival, np.int32(INF))


def serve(arrival: Int32, opens: Int32, closes: Int32, service: Int32) -> Int32:
    """Finish of a visit, INF when it would start too late."""
    start = np.maximum(arrival, opens)
    return np.where(start <= closes, start + service, np.int32(INF))


def first_stop(
    travel: Int32, opens: Int32, closes: Int32, service: Int32, breaks: Breaks
) -> tuple[Int32, Int32]:
    """Times and first starts after going straight to a first visit at second 0."""
    pauses = len(breaks)
    zero = np.zeros_like(travel)
    times = np.full((len(states(pauses)), travel.size), INF, np.int32)
    first = np.full((pauses + 1, travel.size), INF, np.int32)
    for s, (before, taken) in enumerate(states(pauses)):
        if before == taken:
            times[s] = serve(drive(zero, travel, breaks, 0, taken), opens, closes, service)
            first[before] = np.where(times[s] < INF, times[s] - service, np.int32(INF))
    return times, first


def next_stop(
    times: Int32, travel: Int32, opens: Int32, closes: Int32, service: Int32, breaks: Breaks
) -> Int32:
    """Times after one more visit."""
    pauses = len(breaks)
    after = np.empty_like(times)
    index = {state: s for s, state in enumerate(states(pauses))}
    for s, (before, taken) in enumerate(states(pauses)):
        arrival = times[s] + travel
        for earlier in range(before, taken):
            via = drive(times[index[before, earlier]], travel, breaks, earlier, taken)
            arrival = np.minimum(arrival, via)
        after[s] = serve(arrival, opens, closes, service)
    return after


def reaches_end(finish: Int32, travel: Int32, breaks: Breaks, taken: int, end: Int32) -> Int32:
    """Earliest end of the day with every pause taken, on the way home or there; INF if too late."""
    pauses = len(breaks)
    best = np.full_like(finish, INF)
    for on_the_way in range(taken, pauses + 1):
        home = drive(finish, travel, breaks, taken, on_the_way)
        done = drive(home, np.zeros_like(home), breaks, on_the_way, pauses)
        best = np.minimum(best, done)
    return np.where(best <= end, best, np.int32(INF))


def latest_finish(arrive_by: Int32, travel: Int32, breaks: Breaks, taken: int, until: int) -> Int32:
    """Latest finish from which ``drive`` still arrives at ``arrive_by``; -INF when none does."""
    drive_by, free_by, possible = arrive_by, np.full_like(arrive_by, INF), arrive_by >= 0
    for opens, closes, duration in reversed(breaks[taken:until]):
        possible = possible & (opens + duration <= drive_by) & (opens + duration <= free_by)
        drive_by, free_by = drive_by - duration, np.minimum(closes, free_by - duration)
    return np.where(possible, np.minimum(drive_by - travel, free_by), np.int32(-INF))


def waiting(times: Int32, first: Int32, busy: Int32, breaks: Breaks) -> Int32:
    """Idle seconds between the first start and the last finish, per state; INF if impossible.

    ``busy``: service and driving between the first and the last visit.
    """
    idle = np.empty_like(times)
    for s, (before, taken) in enumerate(states(len(breaks))):
        paused = sum((b[2] for b in breaks[before:taken]), np.int32(0))
        idle[s] = times[s] - first[before] - busy - paused
    return np.where(times < INF, idle, np.int32(INF))


@dataclass(frozen=True, slots=True)
class StopTimes:
    """Seconds from the route's origin."""

    node: int
    arrival: int
    start: int
    finish: int


@dataclass(frozen=True, slots=True)
class Timetable:
    """An order with its times, pauses placed where they cost least.

    ``breaks``: (gap, begin, end) per pause; gap g lies before stop g, gap len(stops) on the way
    home or there. ``end``: back at the end place, pauses there included.
    """

    stops: tuple[StopTimes, ...]
    breaks: tuple[tuple[int, int, int], ...]
    end: int
    travel: int
    waiting: int


def timetable(
    route: RouteInstance, order: Sequence[int], travel_weight: int = 1000, waiting_weight: int = 250
) -> Timetable | None:
    """The cheapest timetable of an order of nodes, None when it cannot be kept.

    Ties: earliest last finish, then pauses as early as possible.
    """
    gaps = len(order) + 2
    best: tuple[tuple[int, int], Timetable] | None = None
    for assignment in combinations_with_replacement(range(gaps), len(route.breaks)):
        table = _simulate(route, order, assignment)
        if table is None:
            continue
        cost = travel_weight * table.travel + waiting_weight * table.waiting
        key = (cost, table.stops[-1].finish if table.stops else 0)
        if best is None or key < best[0]:
            best = key, table
    return best[1] if best else None


def _simulate(
    route: RouteInstance, order: Sequence[int], assignment: Sequence[int]
) -> Timetable | None:
    """Times of an order with pause ``i`` in gap ``assignment[i]``."""
    clock, node, travel, idle = 0, START, 0, 0
    stops: list[StopTimes] = []
    taken: list[tuple[int, int, int]] = []
    for gap, target in enumerate((*order, END, END)):
        leg = int(route.travel[node, target]) if gap <= len(order) else 0
        arrival = _gap(route, clock, leg, gap, assignment, taken)
        if arrival is None:
            return None
        if gap >= len(order):
            travel, clock, node = travel + leg, arrival, target
            continue
        start = max(arrival, int(route.opens[target]))
        if start > int(route.closes[target]):
            return None
        if gap:
            paused = sum(end - begin for at, begin, end in taken if at == gap)
            idle += start - clock - leg - paused
        clock, node, travel = start + int(route.service[target]), target, travel + leg
        stops.append(StopTimes(target, arrival, start, clock))
    if clock > route.end:
        return None
    return Timetable(tuple(stops), tuple(taken), clock, travel, idle)


def _gap(
    route: RouteInstance,
    finish: int,
    leg: int,
    gap: int,
    assignment: Sequence[int],
    taken: list[tuple[int, int, int]],
) -> int | None:
    """Arrival after one gap; appends its pauses to ``taken``. None: no road, or too late."""
    if leg >= INF:
        return None
    free, arrival = finish, finish + leg
    for pause, at in zip(route.breaks, assignment, strict=True):
        if at != gap:
            continue
        if free > pause.closes:
            return None
        begin = max(free, pause.opens)
        taken.append((gap, begin, begin + pause.duration))
        free = begin + pause.duration
        arrival = max(arrival, pause.opens) + pause.duration
    return arrival


def order_cost(
    times: Int32, first: Int32, busy: Int32, travel: Int64, done: Int32, breaks: Breaks,
    travel_weight: int, waiting_weight: int,
) -> tuple[Int64, Int32]:  # fmt: skip
    """Cost and waiting of complete orders: the cheapest state from which the day still ends.

    ``done``: int32 (states, N), the end of the day from each state, INF when it fails.
    """
    idle = np.where(done < INF, waiting(times, first, busy, breaks), np.int32(INF))
    least = idle.min(axis=0)
    cost = travel * travel_weight + least.astype(np.int64) * waiting_weight
    return np.where(least < INF, cost, np.iinfo(np.int64).max), least
