"""What may be offered where: slots laid over routes, and the window of each of them there.

A *slot* is an offered window; a *cell* is a slot on one route.
"""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np

from slotsvc.solver import tables as t
from slotsvc.solver.arrays import TeamArrays
from slotsvc.solver.compiled import compiled
from slotsvc.solver.instance import INF, Bool, Int32, Int64, RouteInstance
from slotsvc.solver.legs import Request, rows_of
from slotsvc.solver.tables import Tables

NO_CLOSING = 1 << 60
"""Closing time of a site that is always open."""


class Cells(NamedTuple):
    """S slots, numbered by their start, not overlapping; R routes.

    ``low`` / ``high``: int32 (R,), each route has the slots ``[low, high)``. ``opens`` /
    ``closes``: int64 (S,), first and last start (both included), Unix seconds; ``finish``: int64
    (S,), when the site closes. ``origin``: int64 (R,), Unix time at which the route's seconds
    begin. ``extra``: int64 (S,), and ``who``: int64 (R,), cost known before any search. ``day``:
    int32 (S,), day of each slot from 0 on, never falling, for the cap of offers a day. ``fixed``:
    bool (R,), routes on which the other visits keep their order.
    """

    low: Int32
    high: Int32
    opens: Int64
    closes: Int64
    finish: Int64
    origin: Int64
    extra: Int64
    who: Int64
    day: Int32
    fixed: Bool


@compiled
def lay(cells: Cells, row: int, service: int, pauses: Int32, pausable: bool, laid: Int64) -> int:
    """Fills ``laid``, int64 (2, at least the slots of the route), with the first and last start of
    each of its slots, seconds of the route; gives how many slots it has.

    Service is over when the site closes, with every pause that can fall into it. Where that leaves
    no start the last one lies before the first: there is no cell.
    """
    low, origin = cells.low[row], cells.origin[row]
    for slot in range(low, cells.high[row]):
        opens, closes = max(cells.opens[slot] - origin, 0), cells.closes[slot] - origin
        if cells.finish[slot] < NO_CLOSING:
            over, on_site = cells.finish[slot] - origin, service
            if pausable:
                for k in range(len(pauses)):
                    if pauses[k, 0] < over and pauses[k, 1] >= opens:
                        on_site += pauses[k, 2]
            closes = min(closes, over - on_site)
        laid[0, slot - low] = opens
        laid[1, slot - low] = min(max(closes, -INF), INF)
    count: int = cells.high[row] - low
    return count


@compiled
def fill_windows(
    tables: Tables, request: Request, cells: Cells, opens: Int32, closes: Int32
) -> None:
    """Fills ``Windows``."""
    laid = np.empty((2, opens.shape[1]), np.int64)
    for row in range(len(cells.low)):
        pauses = tables.pause[tables.at[row, t.PAUSES] : tables.at[row + 1, t.PAUSES]]
        count = lay(cells, row, 0 + request.service[row], pauses, request.pausable, laid)
        for column in range(opens.shape[1]):
            real = column < count
            opens[row, column] = laid[0, column] if real else 0
            closes[row, column] = laid[1, column] if real else -1


class Windows(NamedTuple):
    """Start windows of cells, int32 (R, W), seconds of their routes, both ends included: column c
    is slot ``low + c``. ``closes < opens``: no cell."""

    opens: Int32
    closes: Int32


def windows_of(arrays: TeamArrays, request: Request, cells: Cells) -> Windows:
    """The windows of all cells."""
    shape = len(arrays), max(int((cells.high - cells.low).max(initial=0)), 1)
    windows = Windows(np.empty(shape, np.int32), np.empty(shape, np.int32))
    fill_windows(arrays.tables, request, cells, windows.opens, windows.closes)
    return windows


def with_request(
    arrays: TeamArrays, request: Request, row: int, opens: int, closes: int
) -> RouteInstance:
    """A route with the request as one more node, the last. Its place and access are not filled in:
    they are in the legs. Its driving is limited as in the arrays."""
    route = arrays.routes[row]
    into, out, into_time, out_time = rows_of(arrays, request, row)
    travel = _wider(route.travel, into, out)
    same = request.plain
    return replace(
        route,
        opens=np.append(route.opens, np.int32(opens)),
        closes=np.append(route.closes, np.int32(closes)),
        service=np.append(route.service, request.service[row]),
        pausable=np.append(route.pausable, request.pausable),
        access=np.append(route.access, np.int32(0)),
        travel=travel,
        max_travel=int(arrays.max_travel[row]),
        legs=travel if same else _wider(route.legs, into_time, out_time),
    )


def _wider(block: Int32, into: Int32, out: Int32) -> Int32:
    """One node more, the last."""
    count = len(block)
    wide = np.full((count + 1, count + 1), INF, np.int32)
    wide[:count, :count] = block
    wide[:count, count], wide[count, :count] = into, out
    return wide
