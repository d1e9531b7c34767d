"""The first look at a request: what a cell of each route costs at least, the most promising first.

Every pair of stops that follow each other in some order is looked at once (``floors``); windows are
not. A route whose orders are not all known, or on which leaving the visit out might make somebody
later, has no bound here.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from slotsvc.solver import tables as t
from slotsvc.solver.cell import NEVER
from slotsvc.solver.cells import NO_CLOSING, Cells, lay
from slotsvc.solver.compiled import compiled
from slotsvc.solver.floors import FLOOR, OWN, Floors
from slotsvc.solver.instance import START, Bool, Int32, Int64
from slotsvc.solver.legs import INTO_TIME, OUT_TIME, Request, fill_legs, leaves_safely, most_nodes
from slotsvc.solver.params import Weights
from slotsvc.solver.tables import Tables

UNBOUNDED = -(NEVER >> 8)
"""The bound of a cell of which nothing is known."""

KNOWN, SAFE = 1, 2
"""Bits of ``Screened.known``."""

ROUTES, CELLS, UNKNOWN = range(3)
"""Entries of ``Screened.counts``: routes with cells, their cells, routes that must be searched."""


class Team(NamedTuple):
    """What a ranking reads and never writes. ``zero``: int64 (R,), cost of each route without the
    visit. ``whole``: bool (R,), all orders of the route are known."""

    tables: Tables
    floors: Floors
    request: Request
    cells: Cells
    weights: Weights
    zero: Int64
    whole: Bool


class Screened(NamedTuple):
    """``least``: int64 (R,), no cell of the route costs less; UNBOUNDED: not known, NEVER: it has
    no cells. ``known``: int32 (R,), KNOWN: the best insertion into a known order is the best there
    is; SAFE: see ``leaves_safely``. ``order``: int32 (R,), routes with cells, about the cheapest
    first. ``counts``: int64 (3,)."""

    least: Int64
    known: Int32
    order: Int32
    counts: Int64


def new_screened(routes: int) -> Screened:
    """Nothing is known yet."""
    return Screened(
        np.empty(routes, np.int64), np.empty(routes, np.int32), np.empty(routes, np.int32),
        np.zeros(3, np.int64),
    )  # fmt: skip


@compiled
def screen(team: Team, found: Screened) -> None:
    """Fills ``found``."""
    tables, request, cells, weights = team.tables, team.request, team.cells, team.weights
    low, high, extra, who = cells.low, cells.high, cells.extra, cells.who
    at, route, service = tables.at, tables.route, request.service
    arcs, floors, into, out = tables.arc, team.floors.arc, request.into, request.out
    legs = np.empty((4, most_nodes(tables)), np.int64)
    nearest, always_open = _nearest(request), cells.finish.min() >= NO_CLOSING
    for row in range(len(low)):
        if low[row] >= high[row]:
            found.least[row] = NEVER
            continue
        on_site = 0 + service[row]
        safe = route[row, t.LONGEST] <= nearest + on_site
        if not safe or not request.plain:
            fill_legs(tables, request, row, legs)
            safe = leaves_safely(tables, row, on_site, legs)
        known = cells.fixed[row] or (safe and team.whole[row])
        found.known[row] = known * KNOWN + safe * SAFE
        found.counts[ROUTES] += 1
        found.counts[UNKNOWN] += not known
        found.counts[CELLS] += high[row] - low[row] if always_open else _cells_of(team, row)
        found.least[row] = UNBOUNDED
        if known and safe:
            if request.plain or not weights[1]:
                first, last = 0 + at[row, t.ARCS], 0 + at[row + 1, t.ARCS]
                least = _least(arcs, floors, first, last, into, out, on_site, weights)
            else:
                least = _least_timed(team, row, legs)
            least += _least_extra(extra, 0 + low[row], 0 + high[row]) + who[row] - team.zero[row]
            found.least[row] = min(least, NEVER - 1)
    _sort(found.least, found.order)


@compiled
def _least_extra(extra: Int64, low: int, high: int) -> int:
    least: int = extra[low]
    for slot in range(low + 1, high):
        least = min(least, extra[slot])
    return least


@compiled
def _nearest(request: Request) -> int:
    """Least time into the visit and out of it, over all places."""
    if len(request.into) == 0:
        return 0
    return int(request.into.min()) + int(request.out.min())


@compiled
def _cells_of(team: Team, row: int) -> int:
    """Slots of a route that are not closed there."""
    tables, cells, request = team.tables, team.cells, team.request
    laid = np.empty((2, cells.high[row] - cells.low[row]), np.int64)
    pauses = tables.pause[tables.at[row, t.PAUSES] : tables.at[row + 1, t.PAUSES]]
    slots, count = lay(cells, row, 0 + request.service[row], pauses, request.pausable, laid), 0
    for column in range(slots):
        if laid[0, column] <= laid[1, column]:
            count += 1
    return count


@compiled
def _least(
    arcs: Int32, floors: Int64, first: int, last: int, into: Int32, out: Int32, service: int,
    weights: Weights,
) -> int:  # fmt: skip
    """Least cost of the day with the visit, over all gaps of a route (its arcs ``[first, last)``),
    where legs take the time of driving."""
    best = NEVER
    for arc in range(first, last):
        detour = 0 + into[arcs[arc, t.FROM_PLACE]] + out[arcs[arc, t.TO_PLACE]]
        detour -= arcs[arc, t.ARC_LEG]
        least = floors[arc, FLOOR]
        if weights[1] and arcs[arc, t.FROM_NODE] != START:
            least = max(least, floors[arc, OWN] - weights[1] * max(detour + service, 0))
        best = min(best, least + weights[0] * detour)
    return best


@compiled
def _least_timed(team: Team, row: int, legs: Int64) -> int:
    """The same where they take another time. ``legs``: ``fill_legs``."""
    tables, request, weights, floors = team.tables, team.request, team.weights, team.floors
    size = tables.at[row + 1, t.NODES] - tables.at[row, t.NODES]
    best = NEVER
    for arc in range(tables.at[row, t.ARCS], tables.at[row + 1, t.ARCS]):
        before, after = tables.arc[arc, t.FROM_NODE], tables.arc[arc, t.TO_NODE]
        detour = 0 + request.into[tables.arc[arc, t.FROM_PLACE]]
        detour += request.out[tables.arc[arc, t.TO_PLACE]] - tables.arc[arc, t.ARC_LEG]
        least = floors.arc[arc, FLOOR]
        if before != START:
            direct = tables.legs[tables.at[row, t.BLOCK] + before * size + after]
            longer = legs[INTO_TIME, before] + legs[OUT_TIME, after] - direct + request.service[row]
            least = max(least, floors.arc[arc, OWN] - weights[1] * max(longer, 0))
        best = min(best, least + weights[0] * detour)
    return best


BINS = 256


@compiled
def _sort(least: Int64, order: Int32) -> None:
    """The routes with cells by bins of equal width; what has no bound comes first."""
    low, high = NEVER, UNBOUNDED
    for bound in least:
        if UNBOUNDED < bound < NEVER:
            low, high = min(low, bound), max(high, bound)
    width = max(high - low, 0) // (BINS - 2) + 1
    starts = np.zeros(BINS + 1, np.int64)
    for bound in least:
        if bound < NEVER:
            starts[_bin(bound, low, width) + 1] += 1
    for number in range(BINS):
        starts[number + 1] += starts[number]
    for row in range(len(least)):
        if least[row] < NEVER:
            number = _bin(least[row], low, width)
            order[starts[number]] = row
            starts[number] += 1


@compiled
def _bin(least: int, low: int, width: int) -> int:
    return 0 if least == UNBOUNDED else (least - low) // width + 1
