"""Whether a visit fits into one window, and in which order of the day."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import Enum
from functools import partial

from slotsvc.domain.time_window import TimeWindow, from_epoch
from slotsvc.domain.visit import Placement
from slotsvc.solver.blocks import rules, times, too_far
from slotsvc.solver.cell import NEVER, Cell, cell_of
from slotsvc.solver.checked_day import CheckedVisit, checked_visit
from slotsvc.solver.checker import check_route
from slotsvc.solver.constraints import Closed, Reason, room
from slotsvc.solver.constraints.sentences import UNKNOWN
from slotsvc.solver.depth_first import depth_first
from slotsvc.solver.instance import FIRST_VISIT, INF, RouteInstance
from slotsvc.solver.kept_order import gap_with_room, order_with_last
from slotsvc.solver.one_window import REQUEST, OneWindow, routes
from slotsvc.solver.outlook import MOST_VISITS
from slotsvc.solver.params import Weights
from slotsvc.solver.timing import Timetable, timetable

NODE_BUDGET = 20_000
"""Partial orders of a day of eight visits looked at before a question is left open."""
LEAST_BUDGET = 200


def _budget(visits: int) -> int:
    """Of a larger day fewer: each takes longer, and more changes are tried."""
    return NODE_BUDGET if visits <= 8 else max(NODE_BUDGET * 512 // visits**3, LEAST_BUDGET)


class Fit(Enum):
    """UNKNOWN: the search was given up before it knew."""

    YES = "YES"
    NO = "NO"
    UNKNOWN = "UNKNOWN"


@dataclass(frozen=True, slots=True)
class Placed:
    """Where the visit would go. ``order``: nodes of ``route``, whose last node is the visit."""

    route: RouteInstance
    order: tuple[int, ...]
    table: Timetable


def opens(case: OneWindow) -> Fit:
    """Whether every rule is kept and some order has room."""
    return Fit.NO if any(True for _ in rules(case)) else has_room(case)


def has_room(case: OneWindow) -> Fit:
    """Whether some allowed order of the day keeps every limit of time and driving."""
    found = Fit.NO
    for route in routes(case):
        if (one := _has_room(cell_of(route), keep_order=case.keep_order)) is Fit.YES:
            return one
        found = Fit.UNKNOWN if one is Fit.UNKNOWN else found
    return found


def _has_room(cell: Cell, *, keep_order: bool) -> Fit:
    if cell.closes[-1] < cell.opens[-1]:
        return Fit.NO
    if gap_with_room(cell) >= 0:
        return Fit.YES
    if keep_order:
        return Fit.NO
    visits = len(cell.opens) - FIRST_VISIT
    if visits > MOST_VISITS:
        return Fit.UNKNOWN
    found = depth_first(cell, NEVER - 1, (0, 0, 0), _budget(visits))
    if found.price.cost < NEVER:
        return Fit.YES
    return Fit.NO if found.floor == NEVER else Fit.UNKNOWN


def best_place(case: OneWindow, weights: Weights) -> Placed | None:
    """The cheapest place that the search finds; None: none."""
    found = (placed for route in routes(case) for placed in _places(case, route, weights))
    return min(found, key=lambda placed: _cost(placed.table, weights), default=None)


def _places(case: OneWindow, route: RouteInstance, weights: Weights) -> Iterator[Placed]:
    for order in _orders(case, route, weights):
        table = timetable(route, order, weights)
        if table is not None:
            yield Placed(route, order, table)


def _orders(case: OneWindow, route: RouteInstance, weights: Weights) -> Iterator[tuple[int, ...]]:
    nodes = len(route.opens)
    if route.closes[-1] < route.opens[-1]:
        return
    if not case.keep_order and nodes - FIRST_VISIT <= MOST_VISITS:
        budget = _budget(nodes - FIRST_VISIT)
        found = depth_first(cell_of(route), NEVER - 1, weights, budget)
        if found.price.cost < NEVER:
            yield tuple(int(node) for node in found.order)
            return
    for gap in range(nodes - FIRST_VISIT):
        yield tuple(int(node) for node in order_with_last(nodes, gap))


def _cost(table: Timetable, weights: Weights) -> int:
    amounts = table.travel, table.waiting, table.overtime
    return sum(weight * amount for weight, amount in zip(weights, amounts, strict=True))


def without_room(case: OneWindow) -> Closed | None:
    """Why no order has room, or none was found: opening hours, the shift, driving, or too little
    time; None: one has."""
    found = has_room(case)
    if found is Fit.YES:
        return None
    if found is Fit.UNKNOWN:
        return Closed(Reason.NO_ROOM, margin=UNKNOWN)
    if (closed := times(case)) is not None:
        return closed
    over = _driving_over(case)
    return too_far(case, over) if over > 0 else _least_missing(case)


def _driving_over(case: OneWindow) -> int:
    """Seconds of driving too much, where there is time; 0: it is not the driving."""
    shift = replace(case.shift, max_travel=None)
    query = replace(case.query, max_added_travel=None)
    free = replace(case, shift=shift, query=query)
    placed = best_place(free, (1, 0, 0))
    if placed is None:
        return 0
    return placed.table.travel - min(route.max_travel for route in routes(case))


MOST_MEASURED = 20
"""Visits of a day for which the missing time is worked out: the referee takes its time."""


def _least_missing(case: OneWindow) -> Closed:
    """By how much the mildest insertion misses."""
    visits = [checked_visit(p) for p in case.placements]
    count = len(visits)
    if count > MOST_MEASURED:
        return Closed(Reason.NO_ROOM, margin=UNKNOWN)
    nodes = [0, *range(FIRST_VISIT, FIRST_VISIT + count), 1, FIRST_VISIT + count]
    found = (
        room.closed(
            case.shift,
            visits,
            _checked_request(case, route),
            lambda i, j: int(case.travel[nodes[i], nodes[j]]),
        )
        for route in routes(case)
    )
    unknown = Closed(Reason.NO_ROOM, margin=UNKNOWN)
    return min(found, key=lambda closed: closed.margin, default=unknown)


def _checked_request(case: OneWindow, route: RouteInstance) -> CheckedVisit:
    first = from_epoch(route.origin + int(route.opens[-1]))
    last = from_epoch(route.origin + int(route.closes[-1]))
    query = case.query
    return CheckedVisit(
        REQUEST,
        TimeWindow(first, max(last, first) + timedelta(seconds=1)),
        case.on_site,
        query.requires,
        access=query.access,
        place=query.location,
        pausable=query.pausable,
        sector=query.sector,
    )


def referee_accepts(case: OneWindow, placed: Placed) -> bool:
    """Whether the independent checker finds nothing wrong with the day in this order."""
    request = len(placed.route.places) - 1
    visits = [
        _checked_request(case, placed.route)
        if node == request
        else checked_visit(_of_node(case, node))
        for node in placed.order
    ]
    nodes = [0, *placed.order, 1]
    driving = partial(_driving, case, nodes)
    shift = case.shift
    if placed.route.max_travel < INF:
        shift = replace(shift, max_travel=timedelta(seconds=placed.route.max_travel))
    if shift.max_visits is not None:
        begun = case.placed - len(case.placements)
        shift = replace(shift, max_visits=shift.max_visits - begun)
    return not check_route(shift, visits, driving)


def _driving(case: OneWindow, nodes: Sequence[int], i: int, j: int) -> int:
    return int(case.travel[nodes[i], nodes[j]])


def _of_node(case: OneWindow, node: int) -> Placement:
    return case.placements[node - FIRST_VISIT]
