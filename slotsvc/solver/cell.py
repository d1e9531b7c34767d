"""A cell: the ordering problem of one route, alone or with the new visit as its last node."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from slotsvc.solver.instance import Bool, Int32, RouteInstance

NEVER = (1 << 63) - 1
"""Cost of what cannot be done."""


class Cell(NamedTuple):
    """One route of n nodes: 0 START, 1 END, 2.. visits, all of which must be served.

    ``opens``, ``closes``, ``service``: int32 (n,), seconds; first and last start, both included.
    ``travel``: int32 (n, n), driving; ``legs``: the time it takes of the shift (the same array
    where that is the driving alone); INF: no road. ``pausable``: bool (n,). ``pauses``: int32
    (K, 3): opens, closes, duration. ``end`` / ``soft_end``: last second of the day, and from where
    it is overtime. ``max_travel``: most driving, INF: no limit. All arrays C-contiguous.
    """

    opens: Int32
    closes: Int32
    service: Int32
    travel: Int32
    legs: Int32
    pausable: Bool
    pauses: Int32
    end: int
    soft_end: int
    max_travel: int


def cell_of(route: RouteInstance) -> Cell:
    """The cell of a route as it stands."""
    pauses = [(b.opens, b.closes, b.duration) for b in route.breaks]
    return Cell(
        route.opens, route.closes, route.service, route.travel, route.legs, route.pausable,
        np.array(pauses, np.int32).reshape(len(pauses), 3),
        route.end, route.soft_end, route.max_travel,
    )  # fmt: skip
