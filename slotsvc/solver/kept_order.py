"""One visit into an order that is kept: every gap tried by the recurrence."""

from __future__ import annotations

import numpy as np

from slotsvc.solver import recurrence
from slotsvc.solver.cell import Cell
from slotsvc.solver.compiled import compiled
from slotsvc.solver.instance import END, FIRST_VISIT, INF, START, Int64
from slotsvc.solver.recurrence import state, state_count


@compiled
def keeps_limits(cell: Cell, order: Int64) -> bool:
    """Whether the visits can be served in this order of nodes."""
    pauses = len(cell.pauses)
    times, after = np.full((2, state_count(pauses)), INF, np.int32)
    first = np.full(pauses + 1, INF, np.int32)
    here, driven = START, 0
    for number, node in enumerate(order):
        leg = cell.legs[here, node]
        window = cell.opens[node], cell.closes[node]
        work = cell.service[node], cell.pausable[node]
        if leg >= INF:
            return False
        if number == 0:
            recurrence.first_stop(leg, *window, *work, cell.pauses, times, first)
        else:
            recurrence.next_stop(times, leg, *window, *work, cell.pauses, after)
            times, after = after, times
        driven += cell.travel[here, node]
        here = node
    leg = cell.legs[here, END]
    if leg >= INF or driven + cell.travel[here, END] > cell.max_travel:
        return False
    for before in range(pauses + 1):
        for taken in range(before, pauses + 1):
            finish = times[state(pauses, before, taken)]
            if finish < INF:
                done = recurrence.reaches_end(finish, leg, cell.pauses, taken, cell.end)
                if done < INF:
                    return True
    return False


@compiled
def order_with_last(nodes: int, gap: int) -> Int64:
    """Visits in order of their nodes, the last of all in front of number ``gap`` of the others."""
    visits = nodes - FIRST_VISIT
    order = np.empty(visits, np.int64)
    for place in range(visits):
        moved = place if place < gap else place - 1
        order[place] = nodes - 1 if place == gap else FIRST_VISIT + moved
    return order


@compiled
def gap_with_room(cell: Cell) -> int:
    """The first gap of the order 2, 3, .. that has room for the last node; -1: none has."""
    nodes = len(cell.opens)
    for gap in range(nodes - FIRST_VISIT):
        if keeps_limits(cell, order_with_last(nodes, gap)):
            return gap
    return -1
