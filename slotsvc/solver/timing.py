"""The recurrence: every time on a route comes from here.

    arrival = finish of the stop before + leg (+ pauses taken on the way)
    start   = max(arrival, window opens), at the latest window closes
    finish  = start + service (+ pauses taken inside, where the visit is pausable)

A *leg* is the time between two stops: driving, and access at its end (``instance.time_legs``).
A pause lies in the gap between two stops, on the way if need be (ADR 3), or inside a pausable
visit: working then takes the place of driving, so one function, ``drive``, serves both. For every
number of pauses taken the earliest time is kept, and, because waiting before the first visit does
not count, also how many of them were taken before the first visit: a *state* is
``(before, taken)``. Earlier is never worse (``drive`` and ``serve`` never fall when their input
grows), so one time per state is enough (compare Desaulniers et al., "Time constrained routing and
scheduling", 1995).

Which state is the cheapest depends on the weights: a pause before the first visit can save waiting
and cost overtime. So complete orders keep waiting and overtime of every state.

Arrays: a front of N partial orders has ``times`` int32 (states, N), ``first`` int32
(pauses + 1, N): when the first visit starts for each ``before``. ``pausable``: bool (N,), None when
no visit of the batch is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import combinations_with_replacement, pairwise

import numpy as np

from slotsvc.solver.instance import END, INF, START, Bool, Int32, Int64, RouteInstance
from slotsvc.solver.params import CostWeights, Weights

Breaks = Sequence[tuple[Int32, Int32, Int32]]
"""Per pause: opens, closes, duration; each int32 (N,)."""


@cache
def states(pauses: int) -> tuple[tuple[int, int], ...]:
    """All ``(before, taken)`` with ``before <= taken <= pauses``, in a fixed order."""
    return tuple((b, j) for b in range(pauses + 1) for j in range(b, pauses + 1))


def drive(finish: Int32, leg: Int32, breaks: Breaks, taken: int, until: int) -> Int32:
    """Earliest arrival when pauses ``taken`` .. ``until - 1`` are taken on the way.

    INF or more: impossible. While waiting for a pause to begin the technician drives on. Also the
    finish of a pausable visit begun at ``finish`` that takes ``leg`` seconds of work.
    """
    arrival = finish + leg
    if taken == until:
        return arrival
    free, possible = finish, np.ones(finish.shape, np.bool_)
    for opens, closes, duration in breaks[taken:until]:
        possible &= free <= closes
        arrival = np.maximum(arrival, opens) + duration
        free = np.maximum(free, opens) + duration
    return np.where(possible, arrival, np.int32(INF))


def begun(arrival: Int32, opens: Int32, closes: Int32) -> Int32:
    """Start of a visit, INF when it would start too late."""
    start = np.maximum(arrival, opens)
    return np.where(start <= closes, start, np.int32(INF))


def worked(
    start: Int32, service: Int32, pausable: Bool, breaks: Breaks, taken: int, until: int
) -> Int32:
    """Finish of a visit with at least one pause inside; INF when it is not pausable."""
    finish = drive(start, service, breaks, taken, until)
    return np.where(pausable & (start < INF), finish, np.int32(INF))


def first_stop(
    leg: Int32, opens: Int32, closes: Int32, service: Int32, pausable: Bool | None, breaks: Breaks
) -> tuple[Int32, Int32]:
    """Times and first starts after going straight to a first visit at second 0."""
    pauses = len(breaks)
    zero = np.zeros_like(leg)
    times = np.full((len(states(pauses)), leg.size), INF, np.int32)
    first = np.full((pauses + 1, leg.size), INF, np.int32)
    for s, (before, taken) in enumerate(states(pauses)):
        if before == taken:
            first[before] = begun(drive(zero, leg, breaks, 0, taken), opens, closes)
            times[s] = np.where(first[before] < INF, first[before] + service, np.int32(INF))
        elif pausable is not None:
            times[s] = worked(first[before], service, pausable, breaks, before, taken)
    return times, first


def next_stop(
    times: Int32,
    leg: Int32,
    opens: Int32,
    closes: Int32,
    service: Int32,
    pausable: Bool | None,
    breaks: Breaks,
) -> Int32:
    """Times after one more visit."""
    pauses = len(breaks)
    after = np.empty_like(times)
    index = {state: s for s, state in enumerate(states(pauses))}
    for s, (before, taken) in enumerate(states(pauses)):
        arrival = times[s] + leg
        for earlier in range(before, taken):
            via = drive(times[index[before, earlier]], leg, breaks, earlier, taken)
            arrival = np.minimum(arrival, via)
        after[s] = begun(arrival, opens, closes)
    if pausable is None:
        return np.where(after < INF, after + service, np.int32(INF))
    return _interrupted(after, service, pausable, breaks)


def _interrupted(starts: Int32, service: Int32, pausable: Bool, breaks: Breaks) -> Int32:
    """Times after a visit begun at ``starts``, per state, pauses inside it allowed."""
    index = {state: s for s, state in enumerate(states(len(breaks)))}
    after = np.where(starts < INF, starts + service, np.int32(INF))
    for s, (before, taken) in enumerate(states(len(breaks))):
        for earlier in range(before, taken):
            start = starts[index[before, earlier]]
            finish = worked(start, service, pausable, breaks, earlier, taken)
            np.minimum(after[s], finish, out=after[s])
    return after


def reaches_end(finish: Int32, leg: Int32, breaks: Breaks, taken: int, end: Int32) -> Int32:
    """Earliest end of the day with every pause taken, on the way home or there; INF if too late.

    Taking them on the way is never later than waiting for them at the end place, and may begin
    them no later.
    """
    done = drive(finish, leg, breaks, taken, len(breaks))
    return np.where(done <= end, done, np.int32(INF))


def latest_finish(arrive_by: Int32, leg: Int32, breaks: Breaks, taken: int, until: int) -> Int32:
    """Latest finish from which ``drive`` still arrives at ``arrive_by``; -INF when none does."""
    drive_by, free_by, possible = arrive_by, np.full_like(arrive_by, INF), arrive_by >= 0
    for opens, closes, duration in reversed(breaks[taken:until]):
        possible = possible & (opens + duration <= drive_by) & (opens + duration <= free_by)
        drive_by, free_by = drive_by - duration, np.minimum(closes, free_by - duration)
    return np.where(possible, np.minimum(drive_by - leg, free_by), np.int32(-INF))


def waiting(times: Int32, first: Int32, busy: Int32, breaks: Breaks) -> Int32:
    """Idle seconds between the first start and the last finish, per state; INF if impossible.

    ``busy``: service and legs between the first and the last visit.
    """
    idle = np.empty_like(times)
    for s, (before, taken) in enumerate(states(len(breaks))):
        paused = sum((b[2] for b in breaks[before:taken]), np.int32(0))
        idle[s] = times[s] - first[before] - busy - paused
    return np.where(times < INF, idle, np.int32(INF))


def cheapest(
    idle: Int32, over: Int32, waiting_weight: int, overtime_weight: int
) -> tuple[Int64, Int32]:
    """Cost, int64 (N,), and number of the cheapest state of each order.

    ``idle`` / ``over``: int32 (states, N), waiting and overtime of the day ended from that state,
    INF in ``idle`` where it cannot be; the cost is the largest int64 where no state can.
    """
    cost = idle.astype(np.int64) * waiting_weight + over.astype(np.int64) * overtime_weight
    cost = np.where(idle < INF, cost, np.iinfo(np.int64).max)
    best = cost.argmin(axis=0)
    return np.take_along_axis(cost, best[None], axis=0)[0], best.astype(np.int32)


@dataclass(frozen=True, slots=True)
class StopTimes:
    """Seconds from the route's origin. Between start and finish also lie pauses taken inside."""

    node: int
    arrival: int
    start: int
    finish: int


@dataclass(frozen=True, slots=True)
class Timetable:
    """An order with its times, pauses placed where they cost least.

    ``breaks``: (number, begin, end) per pause. Number g: it lies before stop g, or inside it when
    it begins at its start or later; number len(stops): on the way home or there. ``end``: back at
    the end place, pauses there included. ``travel``: driving; ``overtime``: after the soft end.
    """

    stops: tuple[StopTimes, ...]
    breaks: tuple[tuple[int, int, int], ...]
    end: int
    travel: int
    waiting: int
    overtime: int


ORDINARY = CostWeights().of_orders


def timetable(
    route: RouteInstance, order: Sequence[int], weights: Weights = ORDINARY
) -> Timetable | None:
    """The cheapest timetable of an order of nodes, None when it cannot be kept.

    Ties: earliest last finish, then pauses as early as possible.
    """
    day, spots = _Day.of(route), _spots(route, order)
    best: tuple[tuple[int, int], Timetable] | None = None
    for chosen in combinations_with_replacement(spots, len(route.breaks)):
        table = _Simulation(day, chosen).run(order)
        if table is None:
            continue
        amounts = table.travel, table.waiting, table.overtime
        cost = sum(w * amount for w, amount in zip(weights, amounts, strict=True))
        key = (cost, table.stops[-1].finish if table.stops else 0)
        if best is None or key < best[0]:
            best = key, table
    return best[1] if best else None


def _spots(route: RouteInstance, order: Sequence[int]) -> list[tuple[int, bool]]:
    """Where a pause may be taken, in the order of time: before stop g (False) or inside (True)."""
    spots: list[tuple[int, bool]] = []
    for gap, node in enumerate(order):
        spots.append((gap, False))
        if route.pausable[node]:
            spots.append((gap, True))
    return [*spots, (len(order), False)]


@dataclass(frozen=True, slots=True)
class _Day:
    """A route in plain numbers: reading arrays one number at a time is slow."""

    route: RouteInstance
    opens: list[int]
    closes: list[int]
    service: list[int]
    travel: list[list[int]]
    legs: list[list[int]]

    @staticmethod
    def of(route: RouteInstance) -> _Day:
        travel = route.travel.tolist()
        legs = travel if route.legs is route.travel else route.legs.tolist()
        marks = (route.opens.tolist(), route.closes.tolist(), route.service.tolist())
        return _Day(route, *marks, travel, legs)


class _Simulation:
    """One day with pause ``i`` taken at ``spots[i]``."""

    def __init__(self, day: _Day, spots: Sequence[tuple[int, bool]]) -> None:
        self.day, self.route, self.spots = day, day.route, spots
        self.taken: list[tuple[int, int, int]] = []
        self.idle = 0

    def run(self, order: Sequence[int]) -> Timetable | None:
        """Its timetable; None when it breaks a limit."""
        route, clock, node = self.route, 0, START
        stops: list[StopTimes] = []
        for gap, target in enumerate(order):
            stop = self._stop(clock, node, gap, target)
            if stop is None:
                return None
            stops.append(stop)
            clock, node = stop.finish, target
        end = self._onward(clock, node, len(order), END)
        travel = _driving(self.day, order)
        if end is None or end > route.end or travel > route.max_travel:
            return None
        late = max(0, end - route.soft_end)
        return Timetable(tuple(stops), tuple(self.taken), end, travel, self.idle, late)

    def _stop(self, clock: int, here: int, gap: int, node: int) -> StopTimes | None:
        """The next visit; None: not reachable, or too late."""
        day, before = self.day, len(self.taken)
        arrival = self._onward(clock, here, gap, node)
        if arrival is None:
            return None
        start = max(arrival, day.opens[node])
        if start > day.closes[node]:
            return None
        if gap:
            paused = sum(end - begin for _, begin, end in self.taken[before:])
            self.idle += start - clock - day.legs[here][node] - paused
        finish = self._through(start, day.service[node], (gap, True))
        return None if finish is None else StopTimes(node, arrival, start, finish)

    def _onward(self, clock: int, here: int, gap: int, node: int) -> int | None:
        leg = self.day.legs[here][node]
        return None if leg >= INF else self._through(clock, leg, (gap, False))

    def _through(self, clock: int, work: int, spot: tuple[int, bool]) -> int | None:
        """The end of a leg, or of a service, with its pauses. None: one of them cannot begin."""
        free, done = clock, clock + work
        if spot not in self.spots:
            return done
        for pause, at in zip(self.route.breaks, self.spots, strict=True):
            if at != spot:
                continue
            begin = max(free, pause.opens)
            if free > pause.closes or (spot[1] and begin >= done):
                return None  # inside a visit, a pause interrupts something
            self.taken.append((spot[0], begin, begin + pause.duration))
            free = begin + pause.duration
            done = max(done, pause.opens) + pause.duration
        return done


def _driving(day: _Day, order: Sequence[int]) -> int:
    return sum(day.travel[i][j] for i, j in pairwise((START, *order, END)))
