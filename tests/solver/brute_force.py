"""The oracle: tiny routes by literal simulation. No cleverness, so that it can be believed.

Everything is small plain integers. Node 0 is the start place, node ``i`` visit ``i`` (1..n), node
``n + 1`` the end place. An *order* is a tuple of visit numbers; an *assignment* says for each break
in which gap it is taken: gap ``g`` lies behind the ``g``-th stop of the order (0: before the first
visit; ``len(order)``: on the way to the end place; ``len(order) + 1``: after arriving there).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, combinations_with_replacement, pairwise, permutations

UNREACHABLE = 1 << 29


@dataclass(frozen=True)
class TinyRoute:
    """A day. ``windows``: (open, close), service starts in ``[open, close)``. ``breaks``: (b0, b1,
    length), begins in ``[b0, b1)``. ``travel``: (n + 2) x (n + 2) whole units of time.
    """

    shift_start: int
    shift_end: int
    windows: tuple[tuple[int, int], ...]
    services: tuple[int, ...]
    breaks: tuple[tuple[int, int, int], ...]
    travel: tuple[tuple[int, ...], ...]

    @property
    def visits(self) -> tuple[int, ...]:
        """The visit numbers, 1..n."""
        return tuple(range(1, len(self.windows) + 1))


@dataclass(frozen=True)
class TinyTimes:
    """When everything happens: one entry per visit of the order, and the arrival at the end."""

    arrivals: tuple[int, ...]
    starts: tuple[int, ...]
    finishes: tuple[int, ...]
    home: int


def assignments(breaks: int, visits: int) -> Iterator[tuple[int, ...]]:
    """Every way to put the breaks, in their order, into the gaps of a route."""
    return combinations_with_replacement(range(visits + 2), breaks)


def cross_gap(clock: int, drive: int, breaks: Sequence[tuple[int, int, int]]) -> int | None:
    """Earliest arrival when all of ``breaks`` are taken on the way; None when one cannot begin."""
    left = drive
    for opens, closes, length in breaks:
        while clock < opens and left > 0:  # still too early for the break: drive on
            ahead = min(left, opens - clock)
            clock, left = clock + ahead, left - ahead
        clock = max(clock, opens)  # nothing left to drive: wait for the break
        if clock >= closes:
            return None
        clock += length
    return clock + left


def simulate(route: TinyRoute, order: Sequence[int], assignment: Sequence[int]) -> TinyTimes | None:
    """The times of one order with its breaks in the given gaps; None when a rule is broken."""
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
        clock, here = start + route.services[visit - 1], visit
        arrivals.append(arrival)
        starts.append(start)
        finishes.append(clock)
    home = _arrive(route, clock, here, len(route.windows) + 1, assignment, len(order))
    if home is not None:
        home = cross_gap(home, 0, _breaks_in(route, assignment, len(order) + 1))
    if home is None or home > route.shift_end:
        return None
    return TinyTimes(tuple(arrivals), tuple(starts), tuple(finishes), home)


def cost(
    route: TinyRoute, order: Sequence[int], assignment: Sequence[int], alpha: int, beta: int
) -> int | None:
    """``alpha * travel + beta * waiting`` of a simulated order; None when it is infeasible."""
    times = simulate(route, order, assignment)
    if times is None:
        return None
    nodes = [0, *order, len(route.windows) + 1]
    legs = [route.travel[i][j] for i, j in pairwise(nodes)]
    waiting = 0
    if order:
        between = [gap for gap in assignment if 1 <= gap <= len(order) - 1]
        paused = sum(route.breaks[b][2] for b, gap in enumerate(assignment) if gap in between)
        served = sum(route.services[visit - 1] for visit in order)
        waiting = times.finishes[-1] - times.starts[0] - served - sum(legs[1:-1]) - paused
    return alpha * sum(legs) + beta * waiting


def feasible(route: TinyRoute, order: Sequence[int]) -> bool:
    """True when some assignment of the breaks makes the order feasible."""
    choices = assignments(len(route.breaks), len(order))
    return any(simulate(route, order, assignment) is not None for assignment in choices)


def brute_cost(
    route: TinyRoute, order: Sequence[int], alpha: int = 1000, beta: int = 250
) -> int | None:
    """Least cost of one order over all assignments; None when it is infeasible."""
    choices = assignments(len(route.breaks), len(order))
    costs = [cost(route, order, assignment, alpha, beta) for assignment in choices]
    return min((c for c in costs if c is not None), default=None)


def brute_best(
    route: TinyRoute,
    alpha: int = 1000,
    beta: int = 250,
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
        least = brute_cost(route, order, alpha, beta)
        if least is not None and (best is None or least < best[0]):
            best = (least, tuple(order))
    return best


def insertions(order: Sequence[int], request: int) -> list[tuple[int, ...]]:
    """``order`` with ``request`` put at position 0, 1, … len(order)."""
    return [(*order[:i], request, *order[i:]) for i in range(len(order) + 1)]


def brute_insertions(
    route: TinyRoute, order: Sequence[int], request: int, alpha: int = 1000, beta: int = 250
) -> list[int | None]:
    """Cost of ``order`` with ``request`` at each position; None where that is infeasible."""
    return [brute_cost(route, tried, alpha, beta) for tried in insertions(order, request)]


def brute_added_cost(
    route: TinyRoute,
    order: Sequence[int],
    request: int,
    alpha: int = 1000,
    beta: int = 250,
    *,
    insert_only: bool = False,
) -> int | None:
    """Cost added by ``request`` to the visits of ``order``: best with minus best without.

    Both under the same freedom: all orders, or ``order`` kept. None when either is infeasible.
    """
    kept = [order] if insert_only else None
    without = brute_best(route, alpha, beta, visits=order, orders=kept)
    both = (*order, request)
    with_it = brute_best(route, alpha, beta, visits=both, insert_only=insert_only)
    return None if without is None or with_it is None else with_it[0] - without[0]


def subsets_feasible(
    route: TinyRoute, order: Sequence[int], pairs: Sequence[tuple[int, int]] = ()
) -> bool:
    """True when every subset of ``order`` that may be left over is feasible."""
    return infeasible_subset(route, order, pairs) is None


def infeasible_subset(
    route: TinyRoute, order: Sequence[int], pairs: Sequence[tuple[int, int]] = ()
) -> tuple[int, ...] | None:
    """The first subset of ``order`` (same relative order) that is infeasible; None when none is.

    ``pairs``: (old, new) visit numbers that never stand together.
    """
    for size in range(len(order) + 1):
        for subset in combinations(order, size):
            together = any(old in subset and new in subset for old, new in pairs)
            if not together and not feasible(route, subset):
                return subset
    return None


def _arrive(
    route: TinyRoute, clock: int, here: int, there: int, assignment: Sequence[int], gap: int
) -> int | None:
    drive = route.travel[here][there]
    if drive >= UNREACHABLE:
        return None
    return cross_gap(clock, drive, _breaks_in(route, assignment, gap))


def _breaks_in(route: TinyRoute, assignment: Sequence[int], gap: int) -> list[tuple[int, int, int]]:
    return [route.breaks[b] for b, chosen in enumerate(assignment) if chosen == gap]
