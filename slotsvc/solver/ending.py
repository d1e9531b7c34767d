"""Whole orders: the way home from the last visit, and what the day then costs."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from slotsvc.solver import recurrence
from slotsvc.solver.cell import NEVER, Cell
from slotsvc.solver.compiled import compiled
from slotsvc.solver.instance import END, INF, START, Int32, Int64
from slotsvc.solver.params import Weights
from slotsvc.solver.recurrence import drive, paused, reaches_end, state


class Price(NamedTuple):
    """Cost of a whole order (NEVER: it cannot be kept), its driving, waiting and overtime."""

    cost: int
    travel: int
    waiting: int
    overtime: int


@compiled
def home(
    cell: Cell, weights: Weights, times: Int32, first: Int32, last: int, travel: int, busy: int
) -> Price:
    """Goes home from the last visit, in the cheapest state; equal ones: the first.

    ``times`` (states,), ``first`` (K + 1,): of the recurrence; ``travel`` / ``busy``: so far.
    """
    pauses = cell.pauses
    count = len(pauses)
    driven = travel + cell.travel[last, END]
    best = Price(NEVER, driven, 0, 0)
    if driven > cell.max_travel:
        return best
    for before in range(count + 1):
        for taken in range(before, count + 1):
            finish = times[state(count, before, taken)]
            if finish >= INF:
                continue
            done = reaches_end(finish, cell.legs[last, END], pauses, taken, cell.end)
            if done >= INF:
                continue
            idle = finish - first[before] - busy - paused(pauses, before, taken)
            late = max(done - cell.soft_end, 0)
            cost = weights[0] * driven + weights[1] * idle + weights[2] * late
            if cost < best.cost:
                best = Price(cost, driven, idle, late)
    return best


@compiled
def straight_home(cell: Cell, weights: Weights) -> Price:
    """A day without visits: from start to end."""
    driven = 0 + cell.travel[START, END]  # wide, as all sums are
    done = drive(0, cell.legs[START, END], cell.pauses, 0, len(cell.pauses))
    if done > cell.end or cell.legs[START, END] >= INF or driven > cell.max_travel:
        return Price(NEVER, driven, 0, 0)
    late = max(done - cell.soft_end, 0)
    return Price(weights[0] * driven + weights[2] * late, driven, 0, late)


@compiled
def price(cell: Cell, weights: Weights, order: Int64) -> Price:
    """Prices one order, int64 (visits,), of nodes."""
    if len(order) == 0:
        return straight_home(cell, weights)
    count = len(cell.pauses)
    times = np.zeros(recurrence.state_count(count), np.int32)
    after = np.zeros(recurrence.state_count(count), np.int32)
    first = np.zeros(count + 1, np.int32)
    here, travel, busy = START, 0, 0
    for k in order:
        stop = cell.opens[k], cell.closes[k], cell.service[k], cell.pausable[k], cell.pauses
        leg = cell.legs[here, k]
        if here == START:
            recurrence.first_stop(leg, *stop, after, first)
        else:
            recurrence.next_stop(times, leg, *stop, after)
            busy += leg
        times, after = after, times
        busy += cell.service[k]
        travel += cell.travel[here, k]
        here = k
    return home(cell, weights, times, first, here, travel, busy)
