"""Every feasible order of every route, found once per route version.

Promised windows leave few orders: a day of five visits has one to a dozen. Knowing them all makes
a request simple: leaving the new visit out of a feasible order leaves a feasible order (where that
holds, see ``slotsvc.solver.insertion``), so the best order with it is the best *insertion* into any
of these. They are enumerated by time alone, whatever limit there is on driving: without the
triangle inequality an order with the visit may drive less than the same order without it. Routes
with more than ``MOST_ORDERS`` keep only the committed one and are searched anew for each request.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from slotsvc.solver import recurrence
from slotsvc.solver.cell import Cell
from slotsvc.solver.compiled import compiled
from slotsvc.solver.instance import END, FIRST_VISIT, INF, START, Int32, Int64
from slotsvc.solver.outlook import MOST_VISITS, latest_towards, reaches_all
from slotsvc.solver.recurrence import idle, reaches_end, state, state_count

MOST_ORDERS = 128

LOOKED_AT = 64
"""Partial orders looked at for each order that may be kept, before a route is given up."""


class RouteOrders(NamedTuple):
    """Orders of one route, the committed one first. ``paths``: int32 (orders, visits), nodes.

    ``travel``: int64 (orders,), seconds. ``waiting`` / ``overtime``: int32 (states, orders), of the
    day ended from each state (``timing.states``), INF in ``waiting`` where it cannot be: which is
    the cheapest depends on the weights. ``whole``: all orders that keep the times are here.
    ``sound``: the committed order keeps every limit; if not, it stands here alone and ``travel``,
    ``waiting`` and ``overtime`` mean nothing.
    """

    paths: Int32
    travel: Int64
    waiting: Int32
    overtime: Int32
    whole: bool
    sound: bool


@compiled
def all_orders(cell: Cell, most: int) -> RouteOrders:
    """Every order of the visits that keeps the times, the committed one first, the others by node
    number; that one alone when there are more than ``most``."""
    visits, pauses = len(cell.opens) - FIRST_VISIT, len(cell.pauses)
    states = state_count(pauses)
    paths = np.zeros((most + 1, visits), np.int32)
    travel = np.zeros(most + 1, np.int64)
    waiting = np.full((most + 1, states), INF, np.int32)
    overtime = np.zeros((most + 1, states), np.int32)
    orders = paths, travel, waiting, overtime
    times = np.zeros((visits + 1, states), np.int32)
    first = np.zeros(pauses + 1, np.int32)
    for place in range(visits):
        paths[0, place] = FIRST_VISIT + place
        _go_on(cell, paths[0], place, times, first)
    sound = _go_home(cell, orders, 0, times, first) and travel[0] <= cell.max_travel
    count, whole = 1, True
    if sound and visits > 1:
        count, whole = _others(cell, orders, times, first, most)
        if not whole:
            count = 1
    return RouteOrders(
        paths[:count].copy(), travel[:count].copy(), waiting[:count].T.copy(),
        overtime[:count].T.copy(), whole, sound,
    )  # fmt: skip


type Orders = tuple[Int32, Int64, Int32, Int32]
"""Paths, driving, waiting and overtime, one row an order; states are columns here."""


@compiled
def _others(cell: Cell, orders: Orders, times: Int32, first: Int32, most: int) -> tuple[int, bool]:
    """Adds the others; gives how many there are, and whether that is all."""
    visits = len(cell.opens) - FIRST_VISIT
    if visits > MOST_VISITS:
        return 1, False
    latest = latest_towards(cell)
    path = np.full(visits, FIRST_VISIT - 1, np.int32)
    count, looked, depth, todo = 1, 0, 0, (1 << visits) - 1
    while depth >= 0:
        if path[depth] >= FIRST_VISIT:
            todo |= 1 << (path[depth] - FIRST_VISIT)
        path[depth] = _following(path[depth], todo)
        if path[depth] < 0:
            path[depth] = FIRST_VISIT - 1
            depth -= 1
            continue
        looked += 1
        if looked > LOOKED_AT * most:
            return count, False
        todo &= ~(1 << (path[depth] - FIRST_VISIT))
        _go_on(cell, path, depth, times, first)
        if not reaches_all(latest, path[depth], todo, times[depth + 1].min()):
            continue
        if depth < visits - 1:
            depth += 1
        elif not _is_committed(path):
            if count > most:
                return count, False
            orders[0][count] = path
            count += _go_home(cell, orders, count, times, first)
    return count, count <= most


@compiled
def _following(node: int, todo: int) -> int:
    """The next visit to come by number, -1: none."""
    node += 1
    while todo >> (node - FIRST_VISIT):
        if todo >> (node - FIRST_VISIT) & 1:
            return node
        node += 1
    return -1


@compiled
def _is_committed(path: Int32) -> bool:
    place = 0
    while place < len(path) and path[place] == FIRST_VISIT + place:
        place += 1
    return place == len(path)


@compiled
def _go_on(cell: Cell, path: Int32, place: int, times: Int32, first: Int32) -> None:
    """Fills in the times after the visit at this place of the path."""
    node = path[place]
    here = START if place == 0 else path[place - 1]
    leg, opens, closes = cell.legs[here, node], cell.opens[node], cell.closes[node]
    service, pausable, pauses = cell.service[node], cell.pausable[node], cell.pauses
    after = times[place + 1]
    if place == 0:
        recurrence.first_stop(leg, opens, closes, service, pausable, pauses, after, first)
    else:
        recurrence.next_stop(times[place], leg, opens, closes, service, pausable, pauses, after)


@compiled
def _go_home(cell: Cell, orders: Orders, order: int, times: Int32, first: Int32) -> bool:
    """Fills in what the order costs in every state; False: the day cannot end in time."""
    paths, travel, waiting, overtime = orders
    path, pauses = paths[order], cell.pauses
    here, driven, busy = START, 0, 0
    for node in path:
        driven += cell.travel[here, node]
        busy += cell.service[node] + (0 if here == START else cell.legs[here, node])
        here = node
    travel[order] = driven + cell.travel[here, END]
    kept = False
    for before in range(len(pauses) + 1):
        for taken in range(before, len(pauses) + 1):
            at = state(len(pauses), before, taken)
            done = INF
            if len(path) > 0 and times[len(path), at] < INF:
                finish = times[len(path), at]
                done = reaches_end(finish, cell.legs[here, END], pauses, taken, cell.end)
                waited = idle(times[len(path)], first, busy, pauses, before, taken)
            elif len(path) == 0 and at == 0 and cell.legs[START, END] < INF:
                done = reaches_end(0, cell.legs[START, END], pauses, 0, cell.end)
                waited = 0
            if done < INF:
                waiting[order, at], kept = waited, True
                overtime[order, at] = max(done - cell.soft_end, 0)
    return kept
