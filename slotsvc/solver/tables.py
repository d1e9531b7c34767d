"""A team's routes as flat tables: what compiled code reads, without padding.

Everything of a route lies side by side; ``at[row]`` says where it begins, ``at[row + 1]`` where it
ends. A route with many visits takes the room it needs and nobody else's.
"""

from __future__ import annotations

from typing import NamedTuple

from slotsvc.solver.compiled import compiled
from slotsvc.solver.instance import Int32

NODES, BLOCK, PAUSES, ORDERS, GAPS, STATES, LATEST, ENDED, ARCS = range(9)
"""Columns of ``Tables.at``: where a route begins in each table."""

END_BY, SOFT_END, MAX_TRAVEL, LONGEST, UNPAID_FIRST, UNPAID_LAST, TIMED, BUSY = range(8)
"""Columns of ``Tables.route``. ``LONGEST``: its longest leg; ``TIMED``: 1 where legs take another
time than driving; ``BUSY``: seconds of service."""

PLACE, OPENS, CLOSES, SERVICE, ACCESS, PAUSABLE = range(6)
"""Columns of ``Tables.node``; ``PLACE`` is the number of its place in the team."""

BEFORE, AFTER, LEG, REST, LAST, HOME, SOONEST, LATEST_ARRIVAL, TRAVEL, IDLE, SLACK = range(11)
"""Columns of ``Tables.gap``, a place between two stops of one order:

- ``BEFORE``, ``AFTER``: the nodes, ``LEG``: driving between them;
- ``REST``: service and legs from the arrival after the gap to the last finish; ``LAST``: the last
  finish if nothing came late and no pause was to come, -INF after the last visit; ``HOME``: the leg
  from the last visit to the end place, 0 after the last visit;
- ``SOONEST``: earliest finish before the gap, ``LATEST_ARRIVAL``: latest arrival after it from
  which the rest still works, both over all states;
- ``TRAVEL``: the order's driving; ``IDLE``: least waiting before the gap;
- ``SLACK``: no visit put here saves more waiting than this.
"""

FROM_PLACE, TO_PLACE, ARC_LEG, FROM_NODE, TO_NODE = range(5)
"""Columns of ``Tables.arc``: what follows what in some order of the route, each pair once. Places,
driving between them, nodes."""


class Tables(NamedTuple):
    """R routes. All int32 and C-contiguous.

    ``at``: (R + 1, 9). ``route``: (R, 8). ``node``: (nodes, 6). ``travel`` / ``legs``: a square
    block per route, row by row. ``pause``: (pauses, 3): opens, closes, duration. ``driven``:
    (orders,), driving of each order, the committed one first. ``gap``: (gaps, 11), those of an
    order in its order. ``state``: (gaps x states, 2), earliest finish before the gap and waiting
    until then. ``latest``: (gaps x (K + 1),), latest arrival after the gap by pauses taken.
    ``ended``: (orders x states, 2), waiting (INF: it cannot be) and overtime of the whole day.
    ``arc``: (arcs, 5).
    """

    at: Int32
    route: Int32
    node: Int32
    travel: Int32
    legs: Int32
    pause: Int32
    driven: Int32
    gap: Int32
    state: Int32
    latest: Int32
    ended: Int32
    arc: Int32


TABLE_OF = {
    "node": NODES, "travel": BLOCK, "legs": BLOCK, "pause": PAUSES, "driven": ORDERS,
    "gap": GAPS, "state": STATES, "latest": LATEST, "ended": ENDED, "arc": ARCS,
}  # fmt: skip
"""Which column of ``at`` each ragged table goes by."""


class RouteView(NamedTuple):
    """One route: its rows of ``Tables``, n nodes. ``ends``: its row of ``route``; ``node``: (n, 6);
    ``travel`` / ``legs``: (n, n); ``pauses``: (K, 3)."""

    ends: Int32
    node: Int32
    travel: Int32
    legs: Int32
    pauses: Int32


@compiled
def view_of(tables: Tables, row: int) -> RouteView:
    """The rows of one route."""
    at, end = tables.at[row], tables.at[row + 1]
    size = end[NODES] - at[NODES]
    return RouteView(
        tables.route[row],
        tables.node[at[NODES] : end[NODES]],
        tables.travel[at[BLOCK] : end[BLOCK]].reshape(size, size),
        tables.legs[at[BLOCK] : end[BLOCK]].reshape(size, size),
        tables.pause[at[PAUSES] : end[PAUSES]],
    )
