"""A team's routes as arrays: built once per route version, read by every search.

R routes, V nodes (padded), K pauses (padded: a pad pause is always over and lasts 0 seconds),
G gaps in all (a gap lies between two stops that follow each other in committed order).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from slotsvc.domain.place import Location
from slotsvc.solver import timing
from slotsvc.solver.batch import Batch, shortest_paths
from slotsvc.solver.instance import END, FIRST_VISIT, INF, START, Bool, Int32, RouteInstance


@dataclass(frozen=True, slots=True, eq=False)
class Gaps:
    """Where a visit can be put without re-ordering. All arrays (G,), or (K + 1, G) by pauses taken.

    ``soonest``: earliest finish before the gap. ``latest``: latest arrival after it from which the
    rest of the day still works; -INF: none. ``start_of``: (R,), first gap of each route.
    """

    route: Int32
    number: Int32
    before: Int32
    after: Int32
    leg: Int32
    soonest: Int32
    latest: Int32
    start_of: Int32


@dataclass(frozen=True, slots=True, eq=False)
class TeamArrays:
    """Routes side by side. ``place``: int32 (R, V), number of each node's place in ``places``.

    ``first_arrival``: int32 (K + 1, R, V), arrival at each node straight from the start after so
    many pauses. ``soonest_finish``: int32 (R, V), no order finishes a visit earlier.
    ``batch``: the routes as cells without a request.
    """

    routes: tuple[RouteInstance, ...]
    batch: Batch
    place: Int32
    places: tuple[Location, ...]
    first_arrival: Int32
    soonest_finish: Int32
    gaps: Gaps

    def __len__(self) -> int:
        return len(self.routes)


def team_arrays(routes: Sequence[RouteInstance]) -> TeamArrays:
    """Arrays of the routes, in the given order."""
    batch = _padded(routes)
    numbers: dict[Location, int] = {}
    place = np.zeros(batch.opens.shape, np.int32)
    for r, route in enumerate(routes):
        _number_places(place, r, route, numbers)
    return _with_tables(routes, batch, place, numbers)


def replaced(arrays: TeamArrays, changes: Mapping[int, RouteInstance]) -> TeamArrays:
    """The same arrays with some routes changed. The old ones stay as they are."""
    routes = list(arrays.routes)
    for index, route in changes.items():
        routes[index] = route
    old = arrays.batch
    nodes, pauses = old.opens.shape[1], old.breaks.shape[1]
    if any(r.opens.size > nodes or len(r.breaks) > pauses for r in changes.values()):
        return team_arrays(routes)
    batch = Batch(
        old.opens.copy(), old.closes.copy(), old.service.copy(), old.travel.copy(),
        old.used.copy(), old.end.copy(), old.breaks.copy(),
    )  # fmt: skip
    numbers = {place: number for number, place in enumerate(arrays.places)}
    place = arrays.place.copy()
    for index, route in changes.items():
        _fill(batch, index, route)
        _number_places(place, index, route, numbers)
    return _with_tables(routes, batch, place, numbers)


def _with_tables(
    routes: Sequence[RouteInstance], batch: Batch, place: Int32, numbers: Mapping[Location, int]
) -> TeamArrays:
    first, finish, gaps = _first_arrival(batch), _soonest_finish(batch), _gaps(batch)
    return TeamArrays(tuple(routes), batch, place, tuple(numbers), first, finish, gaps)


def _number_places(
    place: Int32, index: int, route: RouteInstance, numbers: dict[Location, int]
) -> None:
    place[index] = 0
    place[index, : len(route.places)] = [numbers.setdefault(p, len(numbers)) for p in route.places]


def _padded(routes: Sequence[RouteInstance]) -> Batch:
    count = len(routes)
    nodes = max((r.opens.size for r in routes), default=FIRST_VISIT)
    pauses = max((len(r.breaks) for r in routes), default=0)
    batch = Batch(
        np.zeros((count, nodes), np.int32),
        np.zeros((count, nodes), np.int32),
        np.zeros((count, nodes), np.int32),
        np.zeros((count, nodes, nodes), np.int32),
        np.zeros((count, nodes), np.bool_),
        np.zeros(count, np.int32),
        np.zeros((3, pauses, count), np.int32),
    )
    for index, route in enumerate(routes):
        _fill(batch, index, route)
    return batch


def _fill(batch: Batch, index: int, route: RouteInstance) -> None:
    """Writes one route; what it does not use can never be visited."""
    n = route.opens.size
    batch.opens[index], batch.closes[index], batch.service[index] = 0, -1, 0
    batch.travel[index], batch.used[index] = INF, False
    batch.opens[index, :n], batch.closes[index, :n] = route.opens, route.closes
    batch.service[index, :n], batch.travel[index, :n, :n] = route.service, route.travel
    batch.used[index, FIRST_VISIT:n] = True
    batch.end[index] = route.end
    batch.breaks[:, :, index] = np.array([-INF, INF, 0], np.int32)[:, None]
    for k, pause in enumerate(route.breaks):
        batch.breaks[:, k, index] = pause.opens, pause.closes, pause.duration


def _first_arrival(batch: Batch) -> Int32:
    count, nodes = batch.opens.shape
    pauses = [(o[:, None], c[:, None], d[:, None]) for o, c, d in zip(*batch.breaks, strict=True)]
    free = np.zeros((count, nodes), np.int32)
    leg = batch.travel[:, START]
    return np.stack([timing.drive(free, leg, pauses, 0, k) for k in range(len(pauses) + 1)])


def _soonest_finish(batch: Batch) -> Int32:
    """Over shortest paths from the start, through any visits (no triangle inequality assumed)."""
    path = shortest_paths(batch)[:, START]
    finish = np.maximum(path, batch.opens) + batch.service
    finish[:, START] = 0
    return np.minimum(finish, INF)


def _gaps(batch: Batch) -> Gaps:
    count, nodes = batch.opens.shape
    visits = batch.used.sum(axis=1).astype(np.int32)
    number = np.arange(nodes - FIRST_VISIT + 1, dtype=np.int32)
    real: Bool = number[None, :] <= visits[:, None]
    route, gap = (axis.astype(np.int32) for axis in np.nonzero(real))
    before = np.where(gap == 0, START, gap + FIRST_VISIT - 1).astype(np.int32)
    after = np.where(gap == visits[route], END, gap + FIRST_VISIT).astype(np.int32)
    start_of = np.searchsorted(route, np.arange(count)).astype(np.int32)
    soonest, latest = _forward(batch, visits), _backward(batch, visits)
    return Gaps(
        route,
        gap,
        before,
        after,
        batch.travel[route, before, after],
        np.ascontiguousarray(soonest[:, route, gap]),
        np.ascontiguousarray(latest[:, route, gap]),
        start_of,
    )


def _forward(batch: Batch, visits: Int32) -> Int32:
    """int32 (K + 1, R, gaps): earliest finish before each gap of the committed order."""
    count, nodes = batch.opens.shape
    cells = np.arange(count, dtype=np.int32)
    pauses = batch.pauses(cells)
    kinds = timing.states(len(pauses))
    soonest = np.full((len(pauses) + 1, count, nodes - FIRST_VISIT + 1), INF, np.int32)
    soonest[0, :, 0] = 0
    times, node = np.empty(0, np.int32), START
    for gap in range(1, int(visits.max(initial=0)) + 1):
        last, node = node, gap + FIRST_VISIT - 1
        visit = (batch.opens[:, node], batch.closes[:, node], batch.service[:, node])
        if gap == 1:
            times, _ = timing.first_stop(batch.travel[:, START, node], *visit, pauses)
        else:
            times = timing.next_stop(times, batch.travel[:, last, node], *visit, pauses)
        for s, (_, taken) in enumerate(kinds):
            np.minimum(soonest[taken, :, gap], times[s], out=soonest[taken, :, gap])
    return soonest


def _backward(batch: Batch, visits: Int32) -> Int32:
    """int32 (K + 1, R, gaps): latest arrival after each gap of the committed order."""
    count, nodes = batch.opens.shape
    cells = np.arange(count, dtype=np.int32)
    pauses = batch.pauses(cells)
    number = len(pauses)
    latest = np.full((number + 1, count, nodes - FIRST_VISIT + 1), -INF, np.int32)
    stay = np.zeros(count, np.int32)
    home = np.stack([
        timing.latest_finish(batch.end, stay, pauses, k, number) for k in range(number + 1)
    ])  # fmt: skip
    for gap in range(int(visits.max(initial=0)), -1, -1):
        ends = visits == gap
        latest[:, ends, gap] = home[:, ends]
        on = np.flatnonzero(visits > gap).astype(np.int32)
        if on.size:
            latest[:, on, gap] = _before_visit(batch, on, gap, visits[on], latest[:, on, gap + 1])
    return latest


def _before_visit(batch: Batch, on: Int32, gap: int, visits: Int32, after: Int32) -> Int32:
    """Latest arrival at visit ``gap`` given the latest arrival at what follows it."""
    node = gap + FIRST_VISIT
    following = np.where(visits == gap + 1, END, node + 1).astype(np.int32)
    leg, pauses = batch.travel[on, node, following], batch.pauses(on)
    service = batch.service[on, node]
    opens, closes = batch.opens[on, node], batch.closes[on, node]
    best = np.full_like(after, -INF)
    for taken in range(len(pauses) + 1):
        for until in range(taken, len(pauses) + 1):
            finish = timing.latest_finish(after[until], leg, pauses, taken, until)
            np.maximum(best[taken], finish - service, out=best[taken])
        start = np.minimum(best[taken], closes)
        # a latest start before the window opens is no start at all
        best[taken] = np.where(start >= opens, start, np.int32(-INF))
    return best
