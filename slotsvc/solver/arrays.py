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
    ``numbers``: the number of each. ``whole``: bool (R,), all orders that keep the times are known; ``sound``: bool (R,),
    the committed order breaks no limit (if it does, it stands alone and its amounts mean nothing).
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

    @property
    def order_count(self) -> Int32:
        """int32 (R,): how many orders of each route are known."""
        return np.diff(self.tables.at[:, t.ORDERS])

    def paths(self, row: int) -> Int32:
        """int32 (orders, visits): the known orders of a route, the committed one first."""
        first, last = self.tables.at[row : row + 2, t.GAPS]
        after = self.tables.gap[first:last, t.AFTER]
        return after.reshape(-1, len(self.routes[row].visits) + 1)[:, :-1]

    def order_around(self, row: int, gap: int) -> tuple[list[int], int]:
        """The nodes of the order that a gap (numbered among all) belongs to, and the gap's place in
        it: 0 before the first visit."""
        gaps = len(self.routes[row].visits) + 1
        number = (gap - int(self.tables.at[row, t.GAPS])) % gaps
        first = gap - number
        return self.tables.gap[first : first + gaps - 1, t.AFTER].tolist(), number

    def place_of(self, row: int) -> Int32:
        """int32 (nodes,): numbers of the places of a route's nodes."""
        first, last = self.tables.at[row : row + 2, t.NODES]
        return self.tables.node[first:last, t.PLACE]

    def limited(self, most: Int32) -> TeamArrays:
        """The same routes with no more driving than ``most``, int32 (R,)."""
        route = self.tables.route.copy()
        np.minimum(route[:, t.MAX_TRAVEL], most, out=route[:, t.MAX_TRAVEL])
        return replace(self, tables=self.tables._replace(route=route))


def team_arrays(routes: Sequence[RouteInstance]) -> TeamArrays:
    """Arrays of the routes, in the given order."""
    numbers: dict[Location, int] = {}
    tables, whole, sound = _built(routes, numbers)
    return TeamArrays(tuple(routes), tuple(numbers), numbers, tables, whole, sound)


def replaced(arrays: TeamArrays, changes: Mapping[int, RouteInstance]) -> TeamArrays:
    """The same arrays with some routes changed. The old ones stay as they are."""
    if not changes:
        return arrays
    routes = list(arrays.routes)
    for row, route in changes.items():
        routes[row] = route
    rows = sorted(changes)
    numbers = dict(arrays.numbers)
    tables, *flags = _built([changes[row] for row in rows], numbers)
    if len(numbers) > 2 * len({place for route in routes for place in route.places}):
        return team_arrays(routes)  # most places are no longer anybody's
    whole, sound = arrays.whole.copy(), arrays.sound.copy()
    whole[rows], sound[rows] = flags
    # the same object as long as no place is new: travel times are remembered by it
    places = arrays.places if len(numbers) == len(arrays.places) else tuple(numbers)
    tables = _spliced(arrays.tables, rows, tables)
    return TeamArrays(tuple(routes), places, numbers, tables, whole, sound)


def _spliced(old: Tables, rows: Sequence[int], new: Tables) -> Tables:
    """The tables with those of ``rows`` taken from ``new``, in which they are numbered 0.."""
    route = old.route.copy()
    route[rows] = new.route
    sizes = np.diff(old.at, axis=0)
    sizes[rows] = np.diff(new.at, axis=0)
    flat = {name: _woven(old, rows, new, name) for name in TABLE_OF}
    return Tables(at=_starts(sizes), route=route, **flat)


def _woven(old: Tables, rows: Sequence[int], new: Tables, name: str) -> Int32:
    """One ragged table: what lies between the changed rows stays."""
    kept, made, column = getattr(old, name), getattr(new, name), TABLE_OF[name]
    pieces, here = [], 0
    for number, row in enumerate(rows):
        pieces.append(kept[here : old.at[row, column]])
        pieces.append(made[new.at[number, column] : new.at[number + 1, column]])
        here = int(old.at[row + 1, column])
    return np.concatenate([*pieces, kept[here:]])


def _starts(sizes: Int32) -> Int32:
    """int32 (R + 1, columns): sums of the sizes before each route."""
    starts = np.zeros((len(sizes) + 1, sizes.shape[1]), np.int32)
    np.cumsum(sizes, axis=0, out=starts[1:])
    return starts


def _built(
    routes: Sequence[RouteInstance], numbers: dict[Location, int]
) -> tuple[Tables, Bool, Bool]:
    """Tables of some routes, and whether all their orders are known, and sound. Places not yet
    numbered get the next numbers."""
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


def _node_table(routes: Sequence[RouteInstance], numbers: dict[Location, int]) -> Int32:
    place = [numbers.setdefault(p, len(numbers)) for r in routes for p in r.places]
    columns = [place]
    for name in ("opens", "closes", "service", "access", "pausable"):
        columns.append(_joined([getattr(r, name) for r in routes]))
    return np.ascontiguousarray(np.array(columns, np.int32).T)


def _pause_table(routes: Sequence[RouteInstance]) -> Int32:
    rows = [(b.opens, b.closes, b.duration) for r in routes for b in r.breaks]
    return np.array(rows, np.int32).reshape(len(rows), 3)
