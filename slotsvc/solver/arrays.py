"""A team's routes as arrays: built once per route version, read by every search.

R routes, V nodes (padded), K pauses (padded: a pad pause is always over and lasts 0 seconds).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from slotsvc.domain.place import Location
from slotsvc.solver import timing
from slotsvc.solver.batch import Batch, shortest_paths
from slotsvc.solver.gaps import Gaps, gaps_of
from slotsvc.solver.instance import FIRST_VISIT, INF, START, Bool, Int32, RouteInstance
from slotsvc.solver.orders import RouteOrders, feasible_orders


@dataclass(frozen=True, slots=True, eq=False)
class TeamArrays:
    """Routes side by side. ``place``: int32 (R, V), number of each node's place in ``places``.

    ``access``: int32 (R, V), from the road to the start of service, 0 at the ends of the shift.
    ``unpaid_first`` / ``unpaid_last``: bool (R,), drives that take no time of the shift.
    ``first_arrival``: int32 (K + 1, R, V), arrival at each node straight from the start after so
    many pauses. ``soonest_finish``: int32 (R, V), no order finishes a visit earlier.
    ``batch``: the routes as cells without a request. ``orders``: per route; ``gaps``: of all of
    them.
    """

    routes: tuple[RouteInstance, ...]
    batch: Batch
    place: Int32
    places: tuple[Location, ...]
    access: Int32
    unpaid_first: Bool
    unpaid_last: Bool
    first_arrival: Int32
    soonest_finish: Int32
    orders: tuple[RouteOrders, ...]
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
    return _with_tables(routes, batch, place, numbers, feasible_orders(batch))


def replaced(arrays: TeamArrays, changes: Mapping[int, RouteInstance]) -> TeamArrays:
    """The same arrays with some routes changed. The old ones stay as they are."""
    routes = list(arrays.routes)
    for index, route in changes.items():
        routes[index] = route
    old = arrays.batch
    nodes, pauses = old.opens.shape[1], old.breaks.shape[1]
    if any(r.opens.size > nodes or len(r.breaks) > pauses for r in changes.values()):
        return team_arrays(routes)
    batch = _copied(old, tuple(changes.values()))
    numbers = {place: number for number, place in enumerate(arrays.places)}
    place = arrays.place.copy()
    for index, route in changes.items():
        _fill(batch, index, route)
        _number_places(place, index, route, numbers)
    if len(numbers) > 2 * len({place for route in routes for place in route.places}):
        return team_arrays(routes)  # most places are no longer anybody's
    changed = np.array(sorted(changes), np.int32)
    orders = list(arrays.orders)
    for index, found in zip(changed, feasible_orders(batch.take(changed)), strict=True):
        orders[index] = found
    return _with_tables(routes, batch, place, numbers, orders)


def _copied(old: Batch, changes: Sequence[RouteInstance]) -> Batch:
    """A copy with room for what the changed routes need."""
    travel, timed = old.travel.copy(), old.legs is not old.travel or any(map(_timed, changes))
    pauses_inside = old.pausable is not None or any(r.pausable.any() for r in changes)
    return Batch(
        old.opens.copy(), old.closes.copy(), old.service.copy(), travel,
        old.legs.copy() if timed else travel, old.used.copy(),
        _pausable(old.pausable, old.opens.shape) if pauses_inside else None,
        old.end.copy(), old.soft_end.copy(), old.max_travel.copy(), old.breaks.copy(),
    )  # fmt: skip


def _pausable(known: Bool | None, shape: tuple[int, ...]) -> Bool:
    return np.zeros(shape, np.bool_) if known is None else known.copy()


def _timed(route: RouteInstance) -> bool:
    """True when its legs take another time than driving."""
    return route.legs is not route.travel


def _with_tables(
    routes: Sequence[RouteInstance],
    batch: Batch,
    place: Int32,
    numbers: Mapping[Location, int],
    orders: Sequence[RouteOrders],
) -> TeamArrays:
    first, finish = _first_arrival(batch), _soonest_finish(batch)
    access = np.zeros(batch.opens.shape, np.int32)
    for index, route in enumerate(routes):
        access[index, : route.access.size] = route.access
    return TeamArrays(
        tuple(routes), batch, place, tuple(numbers), access,
        np.array([r.unpaid_first for r in routes], np.bool_),
        np.array([r.unpaid_last for r in routes], np.bool_),
        first, finish, tuple(orders), gaps_of(batch, orders),
    )  # fmt: skip


def _number_places(
    place: Int32, index: int, route: RouteInstance, numbers: dict[Location, int]
) -> None:
    place[index] = 0
    place[index, : len(route.places)] = [numbers.setdefault(p, len(numbers)) for p in route.places]


def _padded(routes: Sequence[RouteInstance]) -> Batch:
    count = len(routes)
    nodes = max((r.opens.size for r in routes), default=FIRST_VISIT)
    pauses = max((len(r.breaks) for r in routes), default=0)
    size, block = (count, nodes), (count, nodes, nodes)
    opens, closes, service = np.zeros((3, *size), np.int32)
    travel = np.zeros(block, np.int32)
    batch = Batch(
        opens, closes, service, travel,
        np.zeros(block, np.int32) if any(map(_timed, routes)) else travel,
        np.zeros(size, np.bool_),
        np.zeros(size, np.bool_) if any(r.pausable.any() for r in routes) else None,
        np.zeros(count, np.int32), np.zeros(count, np.int32), np.zeros(count, np.int32),
        np.zeros((3, pauses, count), np.int32),
    )  # fmt: skip
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
    if batch.legs is not batch.travel:
        batch.legs[index] = INF
        batch.legs[index, :n, :n] = route.legs
    if batch.pausable is not None:
        batch.pausable[index] = False
        batch.pausable[index, :n] = route.pausable
    batch.end[index], batch.soft_end[index] = route.end, route.soft_end
    batch.max_travel[index] = route.max_travel
    batch.breaks[:, :, index] = np.array([-INF, INF, 0], np.int32)[:, None]
    for k, pause in enumerate(route.breaks):
        batch.breaks[:, k, index] = pause.opens, pause.closes, pause.duration


def _first_arrival(batch: Batch) -> Int32:
    count, nodes = batch.opens.shape
    pauses = [(o[:, None], c[:, None], d[:, None]) for o, c, d in zip(*batch.breaks, strict=True)]
    free = np.zeros((count, nodes), np.int32)
    leg = batch.legs[:, START]
    return np.stack([timing.drive(free, leg, pauses, 0, k) for k in range(len(pauses) + 1)])


def _soonest_finish(batch: Batch) -> Int32:
    """Over shortest paths from the start, through any visits (no triangle inequality assumed)."""
    path = shortest_paths(batch)[:, START]
    finish = np.maximum(path, batch.opens) + batch.service
    finish[:, START] = 0
    return np.minimum(finish, INF)
