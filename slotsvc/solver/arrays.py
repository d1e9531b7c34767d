"""A team's routes as arrays: built once per route version, read by every search.

R routes side by side in flat tables (``tables``). A change of some routes splices theirs in and
copies the rest as it is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from slotsvc.domain.place import Location
from slotsvc.solver import orders
from slotsvc.solver import tables as t
from slotsvc.solver.cell import cell_of
from slotsvc.solver.gaps import fill_arcs, fill_orders
from slotsvc.solver.instance import Bool, Int32, RouteInstance
from slotsvc.solver.orders import all_orders
from slotsvc.solver.tables import TABLE_OF, Tables


@dataclass(frozen=True, slots=True, eq=False)
class TeamArrays:
    """Routes side by side. ``places``: every place of the team, some may be nobody's any more;
    ``numbers``: the number of each. ``whole``: bool (R,), all orders that keep the times are known;
    ``sound``: bool (R,), the committed order breaks no limit (if it does, it stands alone and its
    amounts mean nothing).
    """

    routes: tuple[RouteInstance, ...]
    places: tuple[Location, ...]
    numbers: Mapping[Location, int]
    tables: Tables
    whole: Bool
    sound: Bool

    def __len__(self) -> int:
        return len(self.routes)

    @property
    def timed(self) -> bool:
        """Whether some leg takes another time than driving."""
        return bool(self.tables.route[:, t.TIMED].any())

    @property
    def end(self) -> Int32:
        """int32 (R,): last second of each day."""
        return self.tables.route[:, t.END_BY]

    @property
    def max_travel(self) -> Int32:
        """int32 (R,): most driving of each route, INF: any."""
        return self.tables.route[:, t.MAX_TRAVEL]

    @property
    def busy(self) -> Int32:
        """int32 (R,): seconds of service on each route."""
        return self.tables.route[:, t.BUSY]

    def paths(self, row: int) -> Int32:
        """int32 (orders, visits): the known orders of a route, the committed one first."""
        first, last = self.tables.at[row : row + 2, t.GAPS]
        after = self.tables.gap[first:last, t.AFTER]
        return after.reshape(-1, len(self.routes[row].visits) + 1)[:, :-1]

    def limited(self, most: Int32) -> TeamArrays:
        """The same routes with no more driving than ``most``, int32 (R,)."""
        route = self.tables.route.copy()
        np.minimum(route[:, t.MAX_TRAVEL], most, out=route[:, t.MAX_TRAVEL])
        return replace(self, tables=self.tables._replace(route=route))


type _Run = tuple[Tables, int, int]
"""The routes ``[first, last)`` of some tables."""


def team_arrays(routes: Sequence[RouteInstance], known: TeamArrays | None = None) -> TeamArrays:
    """Arrays of the routes, in the given order. ``known``: earlier arrays; routes that are the same
    object there are taken over as they are."""
    if known is None:
        return _joined_with(routes, {}, None)
    numbers = {id(route): row for row, route in enumerate(known.routes)}
    there = {row: numbers[id(r)] for row, r in enumerate(routes) if id(r) in numbers}
    return _joined_with(routes, there, known)


def replaced(arrays: TeamArrays, changes: Mapping[int, RouteInstance]) -> TeamArrays:
    """The same arrays with some routes changed. The old ones stay as they are."""
    if not changes:
        return arrays
    routes = list(arrays.routes)
    for row, route in changes.items():
        routes[row] = route
    kept = {row: row for row in range(len(routes)) if row not in changes}
    return _joined_with(routes, kept, arrays)


def _joined_with(
    routes: Sequence[RouteInstance], there: Mapping[int, int], known: TeamArrays | None
) -> TeamArrays:
    """``there``: for rows that are taken over, their row in ``known``."""
    missing = [row for row in range(len(routes)) if row not in there]
    fresh = [routes[row] for row in missing]
    numbers = _numbered(fresh, known)
    made = _built(fresh, numbers)
    if known is None or not there:
        return TeamArrays(tuple(routes), tuple(numbers), numbers, *made)
    tables = _woven(_runs(len(routes), there, known.tables, made[0]))
    if len(numbers) > 2 * np.count_nonzero(np.bincount(tables.node[:, t.PLACE])):
        return team_arrays(routes)  # most places are no longer anybody's
    # the same object where no place is new: travel times are remembered by it
    places = known.places if numbers is known.numbers else tuple(numbers)
    whole, sound = (np.empty(len(routes), np.bool_) for _ in range(2))
    old, new = list(there), list(there.values())
    whole[old], sound[old] = known.whole[new], known.sound[new]
    whole[missing], sound[missing] = made[1:]
    return TeamArrays(tuple(routes), places, numbers, tables, whole, sound)


def _numbered(routes: Sequence[RouteInstance], known: TeamArrays | None) -> Mapping[Location, int]:
    """A number for each place; the known ones, the same object, where that is enough."""
    before = {} if known is None else known.numbers
    new = [place for route in routes for place in route.places if place not in before]
    if known is not None and not new:
        return before
    numbers = dict(before)
    for place in new:
        numbers.setdefault(place, len(numbers))
    return numbers


def _runs(count: int, there: Mapping[int, int], old: Tables, new: Tables) -> list[_Run]:
    """Where each row comes from, those that follow each other there too together."""
    runs: list[_Run] = []
    fresh = 0
    for row in range(count):
        source, number = (old, there[row]) if row in there else (new, fresh)
        fresh += source is new
        if runs and runs[-1][0] is source and runs[-1][2] == number:
            runs[-1] = source, runs[-1][1], number + 1
        else:
            runs.append((source, number, number + 1))
    return runs


def _woven(runs: Sequence[_Run]) -> Tables:
    """The tables of all runs, one after the other."""
    flat = {
        name: np.concatenate([
            getattr(source, name)[source.at[first, column] : source.at[last, column]]
            for source, first, last in runs
        ])
        for name, column in TABLE_OF.items()
    }  # fmt: skip
    sizes = [np.diff(source.at[first : last + 1], axis=0) for source, first, last in runs]
    route = [source.route[first:last] for source, first, last in runs]
    return Tables(at=_starts(np.concatenate(sizes)), route=np.concatenate(route), **flat)


def _starts(sizes: Int32) -> Int32:
    """int32 (R + 1, columns): sums of the sizes before each route."""
    starts = np.zeros((len(sizes) + 1, sizes.shape[1]), np.int32)
    np.cumsum(sizes, axis=0, out=starts[1:])
    return starts


def _built(
    routes: Sequence[RouteInstance], numbers: Mapping[Location, int]
) -> tuple[Tables, Bool, Bool]:
    """Tables of some routes, and whether all their orders are known, and sound."""
    known = [all_orders(cell_of(route), orders.MOST_ORDERS) for route in routes]
    paths = [found.paths for found in known]
    at = _starts(_sizes(routes, paths))
    size = dict(zip(TABLE_OF, at[-1, list(TABLE_OF.values())].tolist(), strict=True))
    tables = Tables(
        at=at,
        route=_route_table(routes),
        node=_node_table(routes, numbers),
        travel=_joined([r.travel.ravel() for r in routes]),
        legs=_joined([r.legs.ravel() for r in routes]),
        pause=_pause_table(routes),
        driven=np.zeros(size["driven"], np.int32),
        gap=np.zeros((size["gap"], 11), np.int32),
        state=np.zeros((size["state"], 2), np.int32),
        latest=np.zeros(size["latest"], np.int32),
        ended=np.zeros((size["ended"], 2), np.int32),
        arc=np.zeros((0, 5), np.int32),
    )
    fill_orders(tables, _joined([p.ravel() for p in paths]))
    whole = np.array([found.whole for found in known], np.bool_)
    sound = np.array([found.sound for found in known], np.bool_)
    return _with_arcs(tables), whole, sound


def _with_arcs(tables: Tables) -> Tables:
    counts = np.zeros(len(tables.route), np.int32)
    arcs = np.empty((len(tables.gap), 5), np.int32)
    fill_arcs(tables, arcs, counts)
    np.cumsum(counts, out=tables.at[1:, t.ARCS])
    return tables._replace(arc=arcs[: counts.sum()].copy())


def _sizes(routes: Sequence[RouteInstance], paths: Sequence[Int32]) -> Int32:
    """int32 (R, 9): rows of each route in each table; arcs are counted later."""
    nodes = np.array([r.opens.size for r in routes], np.int32)
    pauses = np.array([len(r.breaks) for r in routes], np.int32)
    count = np.array([len(p) for p in paths], np.int32)
    gaps = count * (nodes - 1)
    states = (pauses + 1) * (pauses + 2) // 2
    sizes = np.zeros((len(routes), 9), np.int32)
    for column, values in (
        (t.NODES, nodes), (t.BLOCK, nodes * nodes), (t.PAUSES, pauses), (t.ORDERS, count),
        (t.GAPS, gaps), (t.STATES, gaps * states),
        (t.LATEST, gaps * (pauses + 1)), (t.ENDED, count * states),
    ):  # fmt: skip
        sizes[:, column] = values
    return sizes


def _joined(parts: Sequence[Int32]) -> Int32:
    joined = np.concatenate(parts) if parts else np.zeros(0)
    return np.ascontiguousarray(joined, np.int32)


def _route_table(routes: Sequence[RouteInstance]) -> Int32:
    rows = [
        (
            r.end, r.soft_end, r.max_travel, 0, r.unpaid_first, r.unpaid_last,
            r.legs is not r.travel or bool(r.access.any()), int(r.service.sum()),
        )
        for r in routes
    ]  # fmt: skip
    return np.array(rows, np.int32).reshape(len(routes), 8)


def _node_table(routes: Sequence[RouteInstance], numbers: Mapping[Location, int]) -> Int32:
    place = [numbers[p] for r in routes for p in r.places]
    columns = [np.array(place, np.int32)]
    for name in ("opens", "closes", "service", "access", "pausable"):
        columns.append(_joined([getattr(r, name) for r in routes]))
    return np.ascontiguousarray(np.stack(columns).T)


def _pause_table(routes: Sequence[RouteInstance]) -> Int32:
    rows = [(b.opens, b.closes, b.duration) for r in routes for b in r.breaks]
    return np.array(rows, np.int32).reshape(len(rows), 3)
