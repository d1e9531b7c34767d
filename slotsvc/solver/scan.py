"""Insertion into the known orders of the routes that can still matter, the most promising first.

A route is left alone when nothing it could offer would change the answer; so is a gap, and so is a
window in a gap. What is looked at is priced exactly (``insertion``).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from slotsvc.solver import tables as t
from slotsvc.solver.board import (
    CHANGED,
    CUT,
    EVALUATED,
    PRICED,
    Board,
    draw_cut,
    find_days,
    limit,
    offer,
)
from slotsvc.solver.cell import NEVER
from slotsvc.solver.cells import lay
from slotsvc.solver.compiled import compiled
from slotsvc.solver.floors import FLOOR, OWN
from slotsvc.solver.insertion import Spot, least_of_ways, spot_of, whole_day
from slotsvc.solver.instance import END, INF, START, Int32, Int64
from slotsvc.solver.legs import INTO, INTO_TIME, OUT, OUT_TIME, fill_legs, most_nodes
from slotsvc.solver.recurrence import state_count
from slotsvc.solver.screen import KNOWN, ROUTES, SAFE, Screened, Team, screen

REQUEST = -1
"""Stands for the new visit in an order of nodes."""

OPENS, CLOSES, UNTIL, MOST, STATE = range(5)
"""Rows of a desk: per window of the route that is looked at, first and last start, latest start in
it or in any window before it, the most that the day may cost, and what was found."""

IMPOSSIBLE, LEFT_ALONE, LOOKED_AT = range(3)
"""What was found in a window."""


class Desk(NamedTuple):
    """Room to work in, for one route at a time. ``window``: int64 (5, windows); ``legs``: int64
    (4, nodes), see ``fill_legs``."""

    window: Int64
    legs: Int64


@compiled
def new_desk(team: Team) -> Desk:
    """Room for the largest route and the most windows."""
    low, high, windows = team.cells.low, team.cells.high, 0
    for row in range(len(low)):
        windows = max(windows, high[row] - low[row])
    return Desk(np.empty((5, windows), np.int64), np.empty((4, most_nodes(team.tables)), np.int64))


@compiled
def look(team: Team, screened: Screened, board: Board, work: int) -> int:
    """The first look at every route (``screen``), then ``scan`` from the most promising on."""
    screen(team, screened)
    find_days(team.cells.day, board.day_at)
    return scan(team, screened, board, 0, work)


@compiled
def scan(team: Team, screened: Screened, board: Board, start: int, work: int) -> int:
    """Visits routes from the ``start``-th on until about ``work`` gaps and windows were looked at;
    gives how far it came."""
    desk = new_desk(team)
    done, drawn, place = 0, 0, start
    while place < screened.counts[ROUTES] and done < work:
        if board.tally[CHANGED] and done >= drawn:
            draw_cut(board.upper, board.last_of_day, board.day_at, board.tally)
            drawn = done + len(board.upper)  # to draw takes about as long as so many looks
        row = 0 + screened.order[place]
        place += 1
        if screened.least[row] <= board.tally[CUT]:
            done += _visit(team, board, desk, row, 0 + screened.known[row])
    return place


# One loop, written out: what it would hand on to functions (tables of a dozen arrays) takes the
# compiled code longer to pass than the work it does takes; measured, ten times.
@compiled
def _visit(team: Team, board: Board, desk: Desk, row: int, known: int) -> int:  # noqa: C901, PLR0915
    """Looks at every gap of a route; gives how much there was to do."""
    tables, cells, request, weights = team.tables, team.cells, team.request, team.weights
    at, gap, legs, window, floors = tables.at, tables.gap, desk.legs, desk.window, team.floors.gap
    first, last, low = 0 + at[row, t.GAPS], 0 + at[row + 1, t.GAPS], 0 + cells.low[row]
    size, block = at[row + 1, t.NODES] - at[row, t.NODES], 0 + at[row, t.BLOCK]
    pauses = tables.pause[at[row, t.PAUSES] : at[row + 1, t.PAUSES]]
    states, state_at = state_count(len(pauses)), 0 + at[row, t.STATES]
    takens, latest_at = len(pauses) + 1, 0 + at[row, t.LATEST]
    service, pausable = 0 + request.service[row], request.pausable
    max_travel, soft_end = 0 + tables.route[row, t.MAX_TRAVEL], 0 + tables.route[row, t.SOFT_END]
    fixed_cost = cells.who[row] - team.zero[row]
    windows = lay(cells, row, service, pauses, pausable, window)
    most = _limits(board, cells.extra, cells.day, low, fixed_cost, window, windows)
    fill_legs(tables, request, row, legs)
    if cells.fixed[row]:
        last = first + size - 1
    work: int = windows + last - first
    for number in range(first, last):
        before, after = gap[number, t.BEFORE], gap[number, t.AFTER]
        into, out = legs[INTO_TIME, before], legs[OUT_TIME, after]
        arrival = gap[number, t.SOONEST] + into
        latest = gap[number, t.LATEST_ARRIVAL] - out - service
        detour = legs[INTO, before] + legs[OUT, after] - gap[number, t.LEG]
        driving = gap[number, t.TRAVEL] + detour
        if arrival > latest or driving > max_travel:
            continue
        least = weights[0] * driving
        if known & SAFE:
            least = floors[number, FLOOR]
            if weights[1] and before != START:
                longer = into + service + out - tables.legs[block + before * size + after]
                least = max(least, floors[number, OWN] - weights[1] * max(longer, 0))
            least += weights[0] * detour
        spot = Spot(
            state_at + (number - first) * states, latest_at + (number - first) * takens,
            before == START, after == END, 0 + gap[number, t.REST], 0 + gap[number, t.LAST],
            0 + gap[number, t.HOME], into, out, service, pausable, soft_end,
        )  # fmt: skip
        for column in range(_first_window(window, windows, arrival), windows):
            opens, closes = window[OPENS, column], window[CLOSES, column]
            if opens > latest:
                break
            if max(opens, arrival) > min(closes, latest):
                continue
            work += 4
            if least > most or least > window[MOST, column]:
                window[STATE, column] = max(window[STATE, column], LEFT_ALONE)
                continue
            found = least_of_ways(
                tables.state, tables.latest, pauses, spot, opens, closes, weights
            )  # fmt: skip
            if found.bound == NEVER:
                continue
            cost = weights[0] * driving + found.bound
            if cost > window[MOST, column]:
                window[STATE, column] = max(window[STATE, column], LEFT_ALONE)
                continue
            if found.settled > found.bound and (weights[1] or weights[2]):
                board.tally[PRICED] += 1
                day = whole_day(tables, row, number, spot, opens, closes, weights)
                cost = weights[0] * driving + day.key
            window[STATE, column] = LOOKED_AT
            window[MOST, column] = min(window[MOST, column], cost)
            total = cost + cells.extra[low + column] + fixed_cost
            offer(board.upper, board.holder, board.tally, low + column, total, row, number)
    if known & KNOWN:
        board.tally[EVALUATED] += _looked_at(window, windows)
    return work


@compiled
def _limits(
    board: Board, extra: Int64, day: Int32, low: int, fixed_cost: int, window: Int64, windows: int
) -> int:
    """Fills what is not yet known of the windows; gives the most that any of them allows."""
    until, most = -INF, -NEVER
    for column in range(windows):
        slot = low + column
        until = max(until, window[CLOSES, column])
        allowed = limit(board, slot, 0 + day[slot]) - fixed_cost - extra[slot]
        window[UNTIL, column], window[MOST, column] = until, allowed
        window[STATE, column] = IMPOSSIBLE
        most = max(most, allowed)
    return most


@compiled
def _looked_at(window: Int64, windows: int) -> int:
    """How many windows were priced, or are proven impossible."""
    count = 0
    for column in range(windows):
        if window[OPENS, column] <= window[CLOSES, column]:
            count += window[STATE, column] != LEFT_ALONE
    return count


@compiled
def _first_window(window: Int64, windows: int, arrival: int) -> int:
    """No window before this one is still open at ``arrival``."""
    low, high = 0, windows
    while low < high:
        middle = (low + high) // 2
        if window[UNTIL, middle] < arrival:
            low = middle + 1
        else:
            high = middle
    return low


@compiled
def left_out(team: Team, screened: Screened, board: Board, start: int) -> int:
    """How many cells of the routes from the ``start``-th on could still change the answer, where
    the best insertion is the best there is."""
    tables, cells, request = team.tables, team.cells, team.request
    window, count = new_desk(team).window, 0
    for place in range(start, screened.counts[ROUTES]):
        row = 0 + screened.order[place]
        if not screened.known[row] & KNOWN:
            continue
        pauses = tables.pause[tables.at[row, t.PAUSES] : tables.at[row + 1, t.PAUSES]]
        service = 0 + request.service[row]
        for column in range(lay(cells, row, service, pauses, request.pausable, window)):
            slot = cells.low[row] + column
            if window[OPENS, column] <= window[CLOSES, column]:
                count += screened.least[row] <= limit(board, slot, cells.day[slot])
    return count


@compiled
def describe(team: Team, board: Board, slots: Int32, found: Int64, orders: Int32) -> None:
    """Fills ``found``, int64 (n, 8): route and gap of the day on which each slot is cheapest, its
    cost, driving, waiting and overtime of that day, where the gap is not -1, and its first and last
    start there; and ``orders``, int32 (n, most visits): the nodes of that day's order, REQUEST
    among them, as far as it goes."""
    tables, cells, request, desk = team.tables, team.cells, team.request, new_desk(team)
    for number in range(len(slots)):
        slot = slots[number]
        row, gap = 0 + board.holder[slot, 0], 0 + board.holder[slot, 1]
        pauses = tables.pause[tables.at[row, t.PAUSES] : tables.at[row + 1, t.PAUSES]]
        service = 0 + request.service[row]
        lay(cells, row, service, pauses, request.pausable, desk.window)
        column = slot - cells.low[row]
        opens, closes = desk.window[OPENS, column], desk.window[CLOSES, column]
        found[number, 0], found[number, 1], found[number, 2] = row, gap, board.upper[slot]
        found[number, 6], found[number, 7] = opens, closes
        if gap < 0:
            continue
        fill_legs(tables, request, row, desk.legs)
        spot = spot_of(tables, row, gap, desk.legs, service, request.pausable)
        day = whole_day(tables, row, gap, spot, opens, closes, team.weights)
        into = desk.legs[INTO, tables.gap[gap, t.BEFORE]]
        out = desk.legs[OUT, tables.gap[gap, t.AFTER]]
        found[number, 3] = tables.gap[gap, t.TRAVEL] + into + out - tables.gap[gap, t.LEG]
        found[number, 4], found[number, 5] = day.waiting, day.overtime
        _order_with(tables.gap, 0 + tables.at[row, t.GAPS], gap, orders[number])


@compiled
def _order_with(gaps: Int32, first: int, gap: int, order: Int32) -> None:
    """Writes the order of a gap with REQUEST in it. ``first``: first gap of the route."""
    start = gap
    while start > first and gaps[start, t.BEFORE] != START:
        start -= 1
    place = 0
    for number in range(start, start + len(order)):
        if number == gap:
            order[place] = REQUEST
            place += 1
        if gaps[number, t.AFTER] == END:
            break
        order[place] = gaps[number, t.AFTER]
        place += 1
