"""The oracle: tiny routes by literal simulation. No cleverness, so that it can be believed.

Everything is small plain integers. Node 0 is the start place, node ``i`` visit ``i`` (1..n), node
``n + 1`` the end place. An *order* is a tuple of visit numbers; an *assignment* says for each break
where it is taken: in gap ``g``, behind the ``g``-th stop of the order (0: before the first visit;
``len(order)``: on the way to the end place; ``len(order) + 1``: after arriving there), or at
``g + 0.5``, while the visit behind gap ``g`` is being served.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, combinations_with_replacement, pairwise, permutations

UNREACHABLE = 1 << 29

Break = tuple[int, int, int]
Weights = tuple[int, int, int]
WEIGHTS = (1000, 250, 2000)
"""Of driving, waiting and overtime."""


@dataclass(frozen=True)
class TinyRoute:
    """A day. ``windows``: (open, close), service starts in ``[open, close)``. ``breaks``: (b0, b1,
    length), begins in ``[b0, b1)``. ``travel``: (n + 2) x (n + 2) whole units of time, driving.

    ``shift_end``: hard; time after ``soft_end`` is overtime, None: there is none. ``access``: per
    visit, spent on arrival unless the stop before is at the same place; ``places``: per node, ():
    all different. ``pausable``: the visits in which breaks may begin. ``unpaid_first`` /
    ``unpaid_last``: driving that takes no working time.
    """

    shift_start: int
    shift_end: int
    windows: tuple[tuple[int, int], ...]
    services: tuple[int, ...]
    breaks: tuple[Break, ...]
    travel: tuple[tuple[int, ...], ...]
    soft_end: int | None = None
    access: tuple[int, ...] = ()
    places: tuple[object, ...] = ()
    pausable: frozenset[int] = frozenset()
    most_travel: int | None = None
    most_visits: int | None = None
    unpaid_first: bool = False
    unpaid_last: bool = False

    @property
    def visits(self) -> tuple[int, ...]:
        """The visit numbers, 1..n."""
        return tuple(range(1, len(self.windows) + 1))

    @property
    def home(self) -> int:
        """The end place's node."""
        return len(self.windows) + 1


@dataclass(frozen=True)
class TinyTimes:
    """When everything happens: one entry per visit of the order, and the arrival at the end."""

    arrivals: tuple[int, ...]
    starts: tuple[int, ...]
    finishes: tuple[int, ...]
    home: int


def assignments(
    breaks: int, visits: int, inside: Sequence[int] = ()
) -> Iterator[tuple[float, ...]]:
    """Every way to put the breaks, in their order, into the gaps of a route and into the stops
    ``inside``, counted from 0."""
    places = sorted([*range(visits + 2), *(stop + 0.5 for stop in inside)])
    return combinations_with_replacement(places, breaks)


def ways(route: TinyRoute, order: Sequence[int]) -> Iterator[tuple[float, ...]]:
    """Every assignment of a route's breaks when its visits are served in this order."""
    inside = [stop for stop, visit in enumerate(order) if visit in route.pausable]
    return assignments(len(route.breaks), len(order), inside)


def working_time(route: TinyRoute, here: int, there: int) -> int:
    """Paid driving of a leg, and access where it is needed; UNREACHABLE or more: no road."""
    drive = route.travel[here][there]
    if drive >= UNREACHABLE:
        return UNREACHABLE
    if route.unpaid_first and here == 0:
        drive = 0
    if route.unpaid_last and there == route.home:
        drive = 0
    if there == route.home or not route.access:
        return drive
    if route.places and route.places[here] == route.places[there]:
        return drive
    return drive + route.access[there - 1]


def cross_gap(clock: int, leg: int, breaks: Sequence[Break]) -> int | None:
    """Earliest arrival when all of ``breaks`` are taken on the way; None when one cannot begin."""
    left = leg
    for opens, closes, length in breaks:
        while clock < opens and left > 0:  # still too early for the break: drive on
            ahead = min(left, opens - clock)
            clock, left = clock + ahead, left - ahead
        clock = max(clock, opens)  # nothing left to drive: wait for the break
        if clock >= closes:
            return None
        clock += length
    return clock + left


def work_through(start: int, service: int, breaks: Sequence[Break]) -> int | None:
    """Finish of a visit in which all of ``breaks`` are taken; None when one cannot begin, or only
    when the work is over."""
    clock, left = start, service
    for opens, closes, length in breaks:
        ahead = max(0, opens - clock)
        if ahead > left or clock + ahead >= closes:
            return None
        clock, left = clock + ahead + length, left - ahead
    return clock + left


def within_limits(route: TinyRoute, order: Sequence[int]) -> bool:
    """Neither too many visits nor too much driving."""
    if route.most_visits is not None and len(order) > route.most_visits:
        return False
    return route.most_travel is None or driving(route, order) <= route.most_travel


def driving(route: TinyRoute, order: Sequence[int]) -> int:
    """On the road from the start to the end place."""
    return sum(route.travel[i][j] for i, j in pairwise([0, *order, route.home]))


def simulate(
    route: TinyRoute, order: Sequence[int], assignment: Sequence[float]
) -> TinyTimes | None:
    """The times of one order with its breaks in the given places; None when a rule is broken."""
    clock, here = route.shift_start, 0
    arrivals, starts, finishes = [], [], []
    for gap, visit in enumerate(order):
        arrival = _arrive(route, clock, here, visit, assignment, gap)
        if arrival is None:
            return None
        opens, closes = route.windows[visit - 1]
        start = max(arrival, opens)
        if start >= closes:
            return None
        inside = _breaks_in(route, assignment, gap + 0.5)
        finish = work_through(start, route.services[visit - 1], inside)
        if finish is None:
            return None
        clock, here = finish, visit
        arrivals.append(arrival)
        starts.append(start)
        finishes.append(clock)
    home = _arrive(route, clock, here, route.home, assignment, len(order))
    if home is not None:
        home = cross_gap(home, 0, _breaks_in(route, assignment, len(order) + 1))
    if home is None or home > route.shift_end or not within_limits(route, order):
        return None
    return TinyTimes(tuple(arrivals), tuple(starts), tuple(finishes), home)


def cost(
    route: TinyRoute, order: Sequence[int], assignment: Sequence[float], weights: Weights = WEIGHTS
) -> int | None:
    """Weighted driving, waiting and overtime of a simulated order; None when it is infeasible."""
    times = simulate(route, order, assignment)
    if times is None:
        return None
    waiting = 0
    if order:
        between = [b for b, at in enumerate(assignment) if 0 < at < len(order)]
        paused = sum(route.breaks[b][2] for b in between)
        served = sum(route.services[visit - 1] for visit in order)
        legs = sum(working_time(route, i, j) for i, j in pairwise(order))
        waiting = times.finishes[-1] - times.starts[0] - served - legs - paused
    soft_end = route.shift_end if route.soft_end is None else route.soft_end
    overtime = max(0, times.home - soft_end)
    spent = (driving(route, order), waiting, overtime)
    return sum(weight * seconds for weight, seconds in zip(weights, spent, strict=True))


def feasible(route: TinyRoute, order: Sequence[int]) -> bool:
    """True when some assignment of the breaks makes the order feasible."""
    return any(simulate(route, order, way) is not None for way in ways(route, order))


def brute_cost(route: TinyRoute, order: Sequence[int], weights: Weights = WEIGHTS) -> int | None:
    """Least cost of one order over all assignments; None when it is infeasible."""
    costs = [cost(route, order, way, weights) for way in ways(route, order)]
    return min((c for c in costs if c is not None), default=None)


def brute_best(
    route: TinyRoute,
    weights: Weights = WEIGHTS,
    *,
    visits: Sequence[int] | None = None,
    orders: Iterable[Sequence[int]] | None = None,
    insert_only: bool = False,
) -> tuple[int, tuple[int, ...]] | None:
    """(least cost, first optimal order) over all orders of ``visits`` (default: all).

    ``insert_only``: the last of ``visits`` is put anywhere, the others keep their order.
    ``orders``: try just these. None when no order is feasible.
    """
    chosen = route.visits if visits is None else tuple(visits)
    if orders is None:
        orders = insertions(chosen[:-1], chosen[-1]) if insert_only else permutations(chosen)
    best: tuple[int, tuple[int, ...]] | None = None
    for order in orders:
        least = brute_cost(route, order, weights)
        if least is not None and (best is None or least < best[0]):
            best = (least, tuple(order))
    return best


def insertions(order: Sequence[int], request: int) -> list[tuple[int, ...]]:
    """``order`` with ``request`` put at position 0, 1, … len(order)."""
    return [(*order[:i], request, *order[i:]) for i in range(len(order) + 1)]


def brute_insertions(
    route: TinyRoute, order: Sequence[int], request: int, weights: Weights = WEIGHTS
) -> list[int | None]:
    """Cost of ``order`` with ``request`` at each position; None where that is infeasible."""
    return [brute_cost(route, tried, weights) for tried in insertions(order, request)]


def brute_added_cost(
    route: TinyRoute,
    order: Sequence[int],
    request: int,
    weights: Weights = WEIGHTS,
    *,
    insert_only: bool = False,
) -> int | None:
    """Cost added by ``request`` to the visits of ``order``: best with minus best without.

    Both under the same freedom: all orders, or ``order`` kept. None when either is infeasible.
    """
    kept = [order] if insert_only else None
    without = brute_best(route, weights, visits=order, orders=kept)
    both = (*order, request)
    with_it = brute_best(route, weights, visits=both, insert_only=insert_only)
    return None if without is None or with_it is None else with_it[0] - without[0]


def subsets_feasible(
    route: TinyRoute, order: Sequence[int], pairs: Sequence[tuple[int, int]] = ()
) -> bool:
    """True when every subset of ``order`` that may be left over is feasible."""
    return infeasible_subset(route, order, pairs) is None


def infeasible_subset(
    route: TinyRoute,
    order: Sequence[int],
    pairs: Sequence[tuple[int, int]] = (),
    fixed: Collection[int] = (),
) -> tuple[int, ...] | None:
    """The first subset of ``order`` (same relative order) that is infeasible; None when none is.

    ``pairs``: (old, new) visit numbers that never stand together. ``fixed``: those that stay.
    """
    apart = [pair for pair in pairs if not set(pair) <= set(fixed)]
    for size in range(len(order) + 1):
        for subset in combinations(order, size):
            together = any(old in subset and new in subset for old, new in apart)
            left = not together and set(fixed) <= set(subset)
            if left and not feasible(route, subset):
                return subset
    return None


def _arrive(
    route: TinyRoute, clock: int, here: int, there: int, assignment: Sequence[float], gap: int
) -> int | None:
    leg = working_time(route, here, there)
    if leg >= UNREACHABLE:
        return None
    return cross_gap(clock, leg, _breaks_in(route, assignment, gap))


def _breaks_in(route: TinyRoute, assignment: Sequence[float], where: float) -> list[Break]:
    return [route.breaks[b] for b, chosen in enumerate(assignment) if chosen == where]
