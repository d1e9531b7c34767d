"""The legs between a new visit and the stops of a route: driving, and the time it takes.

Access is charged at the end of a leg unless it begins at the same place; an unpaid first drive and
an unpaid last one take no time of the shift (``instance.time_legs``).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from slotsvc.domain.place import Location
from slotsvc.solver import tables as t
from slotsvc.solver.arrays import TeamArrays
from slotsvc.solver.compiled import compiled
from slotsvc.solver.instance import END, INF, START, Bool, Int32, Int64
from slotsvc.solver.tables import Tables

INTO, OUT, INTO_TIME, OUT_TIME = range(4)
"""Rows of legs: driving to the visit and back, and the time that takes."""


class Request(NamedTuple):
    """The visit to place. ``into`` / ``out``: int32 (places,), driving from each place of the team
    to it and back. ``service``: int32 (R,), seconds on site on each route. ``access``: seconds from
    the road to the start of service. ``here``: number of its place, -1: none of the team's.
    ``pausable``: pauses may begin during the service. ``plain``: on every route legs take the time
    of driving, no more, no less."""

    into: Int32
    out: Int32
    service: Int32
    access: int
    here: int
    pausable: bool
    plain: bool


@compiled
def fill_legs(tables: Tables, request: Request, row: int, legs: Int64) -> None:
    """Fills ``legs``, int64 (4, at least the nodes of the route): driving from each stop to the
    visit and back, and the time that takes; INF: no road."""
    first = tables.at[row, t.NODES]
    for node in range(tables.at[row + 1, t.NODES] - first):
        place = tables.node[first + node, t.PLACE]
        legs[INTO, node] = legs[INTO_TIME, node] = min(0 + request.into[place], INF)
        legs[OUT, node] = legs[OUT_TIME, node] = min(0 + request.out[place], INF)
        if request.plain:
            continue
        if legs[INTO, node] < INF:
            if node == START and tables.route[row, t.UNPAID_FIRST]:
                legs[INTO_TIME, node] = 0
            if place != request.here:
                legs[INTO_TIME, node] += request.access
        if legs[OUT, node] < INF:
            if node == END and tables.route[row, t.UNPAID_LAST]:
                legs[OUT_TIME, node] = 0
            if place != request.here:
                legs[OUT_TIME, node] += tables.node[first + node, t.ACCESS]


@compiled
def leaves_safely(tables: Tables, row: int, service: int, legs: Int64) -> bool:
    """Whether leaving the visit out of any order of the route makes nobody later.

    ``leg(i, j) <= leg(i, q) + service + leg(q, j)`` for all stops i, j. ``legs``: ``fill_legs``.
    """
    size = tables.at[row + 1, t.NODES] - tables.at[row, t.NODES]
    into, out = INF, INF
    for node in range(size):
        if node != END:
            into = min(into, legs[INTO_TIME, node])
        if node != START:
            out = min(out, legs[OUT_TIME, node])
    if tables.route[row, t.LONGEST] <= into + service + out:
        return True
    block = tables.at[row, t.BLOCK]
    for here in range(size):
        if here == END:
            continue
        there = legs[INTO_TIME, here] + service
        for node in range(END, size):
            direct = tables.legs[block + here * size + node]
            if here != node and direct > there + legs[OUT_TIME, node]:
                return False
    return True


@compiled
def most_nodes(tables: Tables) -> int:
    """Nodes of the largest route."""
    most = 0
    for row in range(len(tables.route)):
        most = max(most, tables.at[row + 1, t.NODES] - tables.at[row, t.NODES])
    return most


@compiled
def fill_nearest(tables: Tables, request: Request, there: Int32, back: Int32) -> None:
    """Per route, int32 (R,): least driving to the visit from a stop it can follow, and onward."""
    at, node, into, out = tables.at, tables.node, request.into, request.out
    for row in range(len(there)):
        there[row], back[row] = INF, INF
        for number in range(at[row, t.NODES], at[row + 1, t.NODES]):
            place = node[number, t.PLACE]
            if number - at[row, t.NODES] != END:
                there[row] = min(there[row], into[place])
            if number - at[row, t.NODES] != START:
                back[row] = min(back[row], out[place])


@compiled
def fill_safe(tables: Tables, request: Request, safe: Bool) -> None:
    """Fills ``safe``, bool (R,)."""
    legs = np.empty((4, most_nodes(tables)), np.int64)
    for row in range(len(safe)):
        fill_legs(tables, request, row, legs)
        safe[row] = leaves_safely(tables, row, 0 + request.service[row], legs)


def request_legs(
    arrays: TeamArrays,
    location: Location,
    service: Int32,
    access: int,
    pausable: bool,
    into: Int32,
    out: Int32,
) -> Request:
    """A visit at ``location``, ``access`` seconds from the road. ``service``: int32 (R,).

    ``into`` / ``out``: int32 (places,), driving from each place to the visit and back.
    """
    plain = access == 0 and not arrays.timed
    here = arrays.numbers.get(location, -1)
    return Request(
        np.ascontiguousarray(into, np.int32),
        np.ascontiguousarray(out, np.int32),
        np.ascontiguousarray(service, np.int32),
        access, here, pausable, plain,
    )  # fmt: skip


def rows_of(arrays: TeamArrays, request: Request, row: int) -> Int32:
    """int32 (4, nodes): driving from each stop of a route to the visit and back, and the time that
    takes."""
    legs = np.empty((4, len(arrays.routes[row].places)), np.int64)
    fill_legs(arrays.tables, request, row, legs)
    return legs.astype(np.int32)


def nearest(arrays: TeamArrays, request: Request) -> tuple[Int32, Int32]:
    """int32 (R,) twice: least driving to the visit from a stop it can follow, and onward."""
    there, back = np.empty((2, len(arrays)), np.int32)
    fill_nearest(arrays.tables, request, there, back)
    return there, back


def safe_rows(arrays: TeamArrays, request: Request) -> Bool:
    """bool (R,): leaving the visit out of any order makes nobody later."""
    safe = np.empty(len(arrays), np.bool_)
    fill_safe(arrays.tables, request, safe)
    return safe
