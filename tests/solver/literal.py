"""The literal answer to a question: every technician, window, order and place for the breaks.

Reads shifts, placements and roads only; of the solver it uses the words of question and answer,
and nothing that computes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

from slotsvc.domain.technician import Technician
from slotsvc.domain.time_window import TimeWindow, to_epoch
from slotsvc.domain.visit import Placement
from slotsvc.domain.working_time import Shift
from slotsvc.solver.params import CostWeights, Freedom, SearchParams
from slotsvc.solver.query import AskedWindow, SlotQuery
from slotsvc.solver.team_calendar import DayOfWork, TeamCalendar
from tests.solver.brute_force import UNREACHABLE, TinyRoute, cross_gap
from tests.solver.calendars import Roads, a_placement, number_of

SECOND = timedelta(seconds=1)


@dataclass(frozen=True)
class LiteralSlot:
    """A window at its least cost, and the first row (technician, day) that has that cost."""

    cost: int
    window: TimeWindow
    row: int
    asked: AskedWindow


def tiny_route(shift: Shift, placements: Sequence[Placement], roads: Roads) -> TinyRoute:
    """A day in seconds from its shift's start."""
    origin = to_epoch(shift.window.start)

    def span(of: TimeWindow) -> tuple[int, int]:
        return to_epoch(of.start) - origin, to_epoch(of.end) - origin

    stops = [p.visit.location for p in placements]
    block = roads.among([shift.start_place, *stops, shift.end_place])
    return TinyRoute(
        0,
        span(shift.window)[1],
        tuple(span(p.start_window) for p in placements),
        tuple(p.visit.service // SECOND for p in placements),
        tuple((*span(b.begins), b.duration // SECOND) for b in shift.breaks),
        tuple(tuple(int(leg) for leg in row) for row in block),
    )


def tiny(day: DayOfWork, roads: Roads, query: SlotQuery, window: TimeWindow) -> TinyRoute:
    """The day with the request as its last visit."""
    new = a_placement("", window, number_of(query.location), query.service)
    return tiny_route(day.shift, [*day.placements, new], roads)


@dataclass(frozen=True)
class _Walk:
    """A day so far: where, when, breaks taken, driving, idle time since the first start."""

    here: int
    clock: int
    taken: int
    driven: int
    idle: int


def least_cost(route: TinyRoute, orders: Sequence[Sequence[int]], weights: CostWeights) -> int:
    """Least cost of the orders over all places for the breaks; -1: none is possible.

    The same as ``brute_force.brute_best`` over ``orders``, walked as a tree.
    """
    costs = _every_way(route, [tuple(o) for o in orders], _Walk(0, 0, 0, 0, 0), 0)
    weighed = (weights.travel * driven + weights.waiting * idle for driven, idle in costs)
    return min(weighed, default=-1)


def _every_way(
    route: TinyRoute, orders: Sequence[tuple[int, ...]], walk: _Walk, depth: int
) -> Iterator[tuple[int, int]]:
    """Driving and waiting of every way to go on; ``orders`` agree on their first ``depth``."""
    if not orders:
        return
    if depth == len(orders[0]):
        yield from _home(route, walk)
        return
    branches: dict[int, list[tuple[int, ...]]] = {}
    for order in orders:
        branches.setdefault(order[depth], []).append(order)
    for visit, those in branches.items():
        for after in _to_visit(route, walk, visit, first=depth == 0):
            yield from _every_way(route, those, after, depth + 1)


def _to_visit(route: TinyRoute, walk: _Walk, visit: int, *, first: bool) -> Iterator[_Walk]:
    """The walk to one more visit, with every number of breaks on the way."""
    drive = route.travel[walk.here][visit]
    opens, closes = route.windows[visit - 1]
    for until in range(walk.taken, len(route.breaks) + 1):
        breaks = route.breaks[walk.taken : until]
        arrival = None if drive >= UNREACHABLE else cross_gap(walk.clock, drive, breaks)
        if arrival is None or max(arrival, opens) >= closes:
            continue
        start = max(arrival, opens)
        idle = 0 if first else start - walk.clock - drive - sum(b[2] for b in breaks)
        finish = start + route.services[visit - 1]
        yield _Walk(visit, finish, until, walk.driven + drive, walk.idle + idle)


def _home(route: TinyRoute, walk: _Walk) -> Iterator[tuple[int, int]]:
    drive = route.travel[walk.here][len(route.windows) + 1]
    if drive >= UNREACHABLE:
        return
    for until in range(walk.taken, len(route.breaks) + 1):
        there = cross_gap(walk.clock, drive, route.breaks[walk.taken : until])
        done = None if there is None else cross_gap(there, 0, route.breaks[until:])
        if done is not None and done <= route.shift_end:
            yield walk.driven + drive, walk.idle


def orders_without(day: DayOfWork, keep: bool) -> list[tuple[int, ...]]:
    """Orders of the committed visits that the freedom allows."""
    committed = tuple(range(1, len(day.placements) + 1))
    return [committed] if keep else _orders(committed)


def orders_with(day: DayOfWork, keep: bool) -> list[tuple[int, ...]]:
    """Orders of all visits and the request (the last number)."""
    count = len(day.placements)
    committed, new = tuple(range(1, count + 1)), count + 1
    if keep:
        return [(*committed[:i], new, *committed[i:]) for i in range(count + 1)]
    return _orders((*committed, new))


def _orders(visits: tuple[int, ...]) -> list[tuple[int, ...]]:
    if not visits:
        return [()]
    return [
        (visit, *rest)
        for i, visit in enumerate(visits)
        for rest in _orders(visits[:i] + visits[i + 1 :])
    ]


def kept_in_order(day: DayOfWork, params: SearchParams) -> bool:
    """Whether the other visits of the day keep their order."""
    return day.keep_order or params.freedom is Freedom.INSERT_ONLY


def added_cost(
    day: DayOfWork, roads: Roads, query: SlotQuery, window: TimeWindow, params: SearchParams
) -> int | None:
    """Driving and waiting that the request adds to one day, weighted; None: not possible."""
    route, weights = tiny(day, roads, query, window), params.weights
    keep = kept_in_order(day, params)
    if least_cost(route, orders_without(day, keep=True), weights) < 0:
        return None  # a day that is broken as it stands
    without = least_cost(route, orders_without(day, keep), weights)
    with_it = least_cost(route, orders_with(day, keep), weights)
    return None if with_it < 0 else with_it - without


def literal_slots(
    calendar: TeamCalendar, roads: Roads, query: SlotQuery, params: SearchParams, now: object
) -> list[LiteralSlot]:
    """Every window that can be offered, best first, without caps."""
    slots = []
    for asked in query.windows:
        lead = asked.window.promise.start - now  # type: ignore[operator]
        if lead < max(query.notice, timedelta(seconds=1)) or lead > query.horizon:
            continue
        costs = [
            (cost + known_cost(calendar.technicians[day.technician], query, asked, params), row)
            for row, day in enumerate(calendar.days)
            if may_serve(calendar.technicians[day.technician], query)
            for cost in [added_cost(day, roads, query, asked.window.start_window, params)]
            if cost is not None
        ]
        if costs:
            cost, row = min(costs)
            slots.append(LiteralSlot(cost, asked.window.promise, row, asked))
    return sorted(slots, key=lambda s: (s.cost, s.window, s.row))


def may_serve(who: Technician, query: SlotQuery) -> bool:
    """Tags and choice of technician."""
    chosen = who.id in query.required or not query.required
    return chosen and who.id not in query.forbidden and query.requires <= who.tags


def known_cost(who: Technician, query: SlotQuery, asked: AskedWindow, params: SearchParams) -> int:
    """What a slot costs whatever the order."""
    weights, liked = params.weights, query.preferred_windows
    promise = asked.window.promise
    cost = (asked.day - query.first_day).days * weights.day_away
    if query.preferred and who.id not in query.preferred:
        cost += weights.other_technician
    if liked and not any(w.start <= promise.start and promise.end <= w.end for w in liked):
        cost += weights.other_window
    return cost


def capped(slots: Sequence[LiteralSlot], params: SearchParams) -> list[LiteralSlot]:
    """The first K of those that keep the cap of offers a day."""
    offered: list[LiteralSlot] = []
    for slot in slots:
        same_day = sum(other.asked.day == slot.asked.day for other in offered)
        if same_day < params.max_per_day:
            offered.append(slot)
    return offered[: params.max_slots]
