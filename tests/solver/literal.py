"""The literal answer to a question: every technician, window, order and place for the breaks.

Reads shifts, placements and roads only; of the solver it uses the words of question and answer,
and nothing that computes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from slotsvc.domain.offer_windows import OfferWindow
from slotsvc.domain.technician import Technician
from slotsvc.domain.time_window import TimeWindow, to_epoch
from slotsvc.domain.visit import Placement
from slotsvc.domain.working_time import Shift
from slotsvc.solver.day_of_work import DayOfWork
from slotsvc.solver.params import CostWeights, Freedom, SearchParams
from slotsvc.solver.query import AskedWindow, SlotQuery
from slotsvc.solver.team_calendar import TeamCalendar
from tests.solver.brute_force import (
    UNREACHABLE,
    TinyRoute,
    cross_gap,
    within_limits,
    work_through,
    working_time,
)
from tests.solver.calendars import Roads, a_placement, number_of
from tests.solver.compiled_brute import NEVER as NEVER_SO_DEAR
from tests.solver.compiled_brute import cheapest, plain
from tests.solver.literal_rules import leaves_the_reserve, offered_parts, open_until

SECOND = timedelta(seconds=1)
NEVER = TimeWindow(datetime(1970, 1, 1, tzinfo=UTC), datetime(1970, 1, 2, tzinfo=UTC))


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

    stops = (p.visit.location for p in placements)
    places = (shift.start_place, *stops, shift.end_place)
    soft_end = span(shift.window)[1]
    return TinyRoute(
        shift_start=0,
        shift_end=soft_end + shift.overtime // SECOND,
        windows=tuple(span(p.start_window) for p in placements),
        services=tuple(p.on_site // SECOND for p in placements),
        breaks=tuple((*span(b.begins), b.duration // SECOND) for b in shift.breaks),
        travel=tuple(tuple(int(leg) for leg in row) for row in roads.among(places)),
        soft_end=soft_end,
        access=tuple(p.visit.access // SECOND for p in placements),
        places=places,
        pausable=frozenset(n for n, p in enumerate(placements, start=1) if p.visit.pausable),
        most_travel=None if shift.max_travel is None else shift.max_travel // SECOND,
        most_visits=shift.max_visits,
        unpaid_first=shift.unpaid_first_leg,
        unpaid_last=shift.unpaid_last_leg,
    )


def on_site_of(shift: Shift, query: SlotQuery) -> timedelta:
    """Time on site of the request at this technician's pace."""
    return -(-(query.service // SECOND) * shift.pace // 100) * SECOND


def new_visit(shift: Shift, query: SlotQuery, window: OfferWindow) -> Placement:
    """The request as this technician would serve it.

    When service cannot be over by closing time its start window is ``NEVER``.
    """
    on_site = on_site_of(shift, query)
    starts = open_until(shift, window, on_site, pausable=query.pausable)
    return a_placement(
        "",
        starts or NEVER,
        number_of(query.location),
        query.service,
        on_site=on_site,
        visit={"access": query.access, "pausable": query.pausable, "sector": query.sector},
    )


def tiny(day: DayOfWork, roads: Roads, query: SlotQuery, window: OfferWindow) -> TinyRoute:
    """The day with the request as its last visit."""
    new = new_visit(day.shift, query, window)
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
    tried = [tuple(order) for order in orders if within_limits(route, order)]
    ways = _every_way(route, tried, _Walk(0, route.shift_start, 0, 0, 0), 0)
    return min(
        (
            weights.travel * driven + weights.waiting * idle + weights.overtime * overtime
            for driven, idle, overtime in ways
        ),
        default=-1,
    )


def _every_way(
    route: TinyRoute, orders: Sequence[tuple[int, ...]], walk: _Walk, depth: int
) -> Iterator[tuple[int, int, int]]:
    """Driving, waiting and overtime of every way to go on; ``orders`` agree on their first
    ``depth``."""
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
    """The walk to one more visit, with every number of breaks on the way and inside."""
    leg = working_time(route, walk.here, visit)
    if leg >= UNREACHABLE:
        return
    opens, closes = route.windows[visit - 1]
    driven = walk.driven + route.travel[walk.here][visit]
    for until in range(walk.taken, len(route.breaks) + 1):
        breaks = route.breaks[walk.taken : until]
        arrival = cross_gap(walk.clock, leg, breaks)
        if arrival is None or max(arrival, opens) >= closes:
            continue
        start = max(arrival, opens)
        idle = 0 if first else start - walk.clock - leg - sum(b[2] for b in breaks)
        for taken, finish in _served(route, visit, start, until):
            yield _Walk(visit, finish, taken, driven, walk.idle + idle)


def _served(route: TinyRoute, visit: int, start: int, taken: int) -> Iterator[tuple[int, int]]:
    """Breaks taken by its finish, and the finish, of a visit that starts with ``taken`` of them."""
    most = len(route.breaks) if visit in route.pausable else taken
    for until in range(taken, most + 1):
        finish = work_through(start, route.services[visit - 1], route.breaks[taken:until])
        if finish is not None:
            yield until, finish


def _home(route: TinyRoute, walk: _Walk) -> Iterator[tuple[int, int, int]]:
    leg = working_time(route, walk.here, route.home)
    if leg >= UNREACHABLE:
        return
    driven = walk.driven + route.travel[walk.here][route.home]
    soft_end = route.shift_end if route.soft_end is None else route.soft_end
    for until in range(walk.taken, len(route.breaks) + 1):
        there = cross_gap(walk.clock, leg, route.breaks[walk.taken : until])
        done = None if there is None else cross_gap(there, 0, route.breaks[until:])
        if done is not None and done <= route.shift_end:
            yield driven, walk.idle, max(0, done - soft_end)


def orders_without(day: DayOfWork, keep: bool) -> list[tuple[int, ...]]:
    """Orders of the committed visits that the freedom allows."""
    committed = tuple(range(1, len(day.placements) + 1))
    return [committed] if keep else _orders(committed)


def orders_with(day: DayOfWork, keep: bool) -> list[tuple[int, ...]]:
    """Orders of all visits and the request (the last number)."""
    committed, new = tuple(range(1, len(day.placements) + 1)), len(day.placements) + 1
    if keep:
        return [(*committed[:i], new, *committed[i:]) for i in range(len(committed) + 1)]
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


class Ambiguous(Exception):  # noqa: N818 - it is no error
    """Two orders of a day cost the same and drive differently, and a request may add only so much
    to the driving: to which of them is not said anywhere."""


class Room:
    """What the last visit of a day adds to its cost: driving, waiting and overtime, weighted.

    ``keep``: the other visits keep their order. ``most_added``: most driving it may add to the
    cheapest order without it. Raises ``Ambiguous``.
    """

    def __init__(
        self, route: TinyRoute, keep: bool, weights: CostWeights, most_added: int | None = None
    ) -> None:
        self._day, self._visits, committed = plain(route), route.visits, route.visits[:-1]
        self._weights, self._chain = weights.of_orders, committed if keep else ()
        broken = cheapest(self._day, self._weights, committed, committed) is None
        full = route.most_visits is not None and len(route.visits) > route.most_visits
        without = cheapest(self._day, self._weights, committed, self._chain)
        self._without = None if broken or full else without
        self._most = NEVER_SO_DEAR
        if without is not None and most_added is not None:
            if without.driving != without.most_driving:
                raise Ambiguous
            self._most = without.driving + most_added

    def added(self, window: tuple[int, int] | None = None) -> int | None:
        """With another window, if one is given; None: not possible."""
        if self._without is None:
            return None
        if window is not None:
            self._day.windows[-1] = window
        best = cheapest(self._day, self._weights, self._visits, self._chain, self._most)
        return None if best is None else best.cost - self._without.cost


def room_of(day: DayOfWork, roads: Roads, query: SlotQuery, params: SearchParams) -> Room | None:
    """The room for a request on one day; None: there is none whatever the window."""
    if not leaves_the_reserve(query, day.shift, day.placements, on_site_of(day.shift, query)):
        return None
    route = tiny(day, roads, query, query.windows[0].window)
    return Room(route, kept_in_order(day, params), params.weights, most_added(query))


def most_added(query: SlotQuery) -> int | None:
    """Most seconds of driving an offer may add to its day."""
    return None if query.max_added_travel is None else query.max_added_travel // SECOND


def literal_slots(
    calendar: TeamCalendar, roads: Roads, query: SlotQuery, params: SearchParams, now: datetime
) -> list[LiteralSlot]:
    """Every window that can be offered, best first, without caps."""
    found: dict[tuple[AskedWindow, OfferWindow], tuple[int, int]] = {}
    parts = [(asked, p) for asked in query.windows for p in offered_parts(query, asked, now)]
    for row, day in enumerate(calendar.days):
        who = calendar.technicians[day.technician]
        room = room_of(day, roads, query, params) if may_serve(who, day.shift, query) else None
        if room is None:
            continue
        origin = to_epoch(day.shift.window.start)
        for asked, part in parts:
            starts = new_visit(day.shift, query, part).start_window
            span = to_epoch(starts.start) - origin, to_epoch(starts.end) - origin
            added = room.added(span)
            if added is not None:
                cost = added + known_cost(who, query, asked, params)
                found[asked, part] = min(found.get((asked, part), (cost, row)), (cost, row))
    slots = [
        LiteralSlot(cost, part.promise, row, replace(asked, window=part))
        for (asked, part), (cost, row) in found.items()
    ]
    return sorted(slots, key=lambda s: (s.cost, s.window, s.row))


def may_serve(who: Technician, shift: Shift, query: SlotQuery) -> bool:
    """Tags and sectors of that day, and choice of technician."""
    chosen = who.id in query.required or not query.required
    allowed = chosen and who.id not in query.forbidden
    near = shift.sectors is None or query.sector in ("", *shift.sectors)
    return allowed and near and query.requires <= shift.offers


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
