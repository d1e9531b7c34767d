"""What a day with the new visit costs at least, gap by gap, before its window is looked at.

Let ``o`` be an order, and the visit q be put into one of its gaps with ``detour`` seconds more
driving. Leave q out, with the pauses where they were (those inside q or beside it: in the gap that
closes). What is left is ``o`` without q. Where nobody gets later by that (``leaves_safely``):

- it has no more overtime than the day with q;
- q *saved* waiting at most by pushing what follows it: no more than ``SLACK`` seconds, for what
  follows can be reached only so much later and still be in time (``tables``); and, behind a stop,
  no more than the time it takes, ``leg(i,q) + service + leg(q,j) - leg(i,j)``. What is waited
  before the gap stays.

So the day with q costs at least ``own + detour - saved``, where ``own`` is the least cost of ``o``;
and at least its driving, the waiting before the gap, and the overtime of ``o``. No triangle
inequality is needed. What depends on the weights alone is worked out here, once per route version.
"""

from __future__ import annotations

from typing import NamedTuple

from slotsvc.solver import tables as t
from slotsvc.solver.cell import NEVER
from slotsvc.solver.compiled import compiled
from slotsvc.solver.instance import INF, Int32, Int64
from slotsvc.solver.params import Weights
from slotsvc.solver.recurrence import state_count
from slotsvc.solver.tables import Tables

OWN, FLOOR = 0, 1


class Floors(NamedTuple):
    """int64 (gaps, 2) and (arcs, 2). ``OWN``: the least cost of the order; ``FLOOR``: the least of
    the day with the visit there, its detour not counted. Of an arc: the least of its gaps."""

    gap: Int64
    arc: Int64


class Zero(NamedTuple):
    """int64 (R,): cost (NEVER: none keeps the limits), driving, waiting, overtime of an order."""

    cost: Int64
    travel: Int64
    waiting: Int64
    overtime: Int64


class _Own(NamedTuple):
    """An order in its cheapest state, whatever it drives. ``late``: least overtime of all states.
    ``cost``: NEVER when it cannot be kept."""

    cost: int
    waiting: int
    overtime: int
    late: int


@compiled
def _own(ended: Int32, driven: int, weights: Weights) -> _Own:
    """``ended``: int32 (states, 2), rows of ``Tables.ended``."""
    cost, waiting, overtime, late = NEVER, 0, 0, INF
    for s in range(len(ended)):
        if ended[s, 0] < INF:
            key = weights[0] * driven + weights[1] * ended[s, 0] + weights[2] * ended[s, 1]
            late = min(late, 0 + ended[s, 1])
            if key < cost:
                cost, waiting, overtime = key, 0 + ended[s, 0], 0 + ended[s, 1]
    return _Own(cost, waiting, overtime, late)


@compiled
def _own_of(tables: Tables, row: int, order: int, weights: Weights) -> _Own:
    states = state_count(tables.at[row + 1, t.PAUSES] - tables.at[row, t.PAUSES])
    at = tables.at[row, t.ENDED] + order * states
    driven = 0 + tables.driven[tables.at[row, t.ORDERS] + order]
    return _own(tables.ended[at : at + states], driven, weights)


@compiled
def fill_zero(tables: Tables, weights: Weights, best: Zero, today: Zero) -> None:
    """The cheapest known order of each route (equal ones: the first) and the committed one."""
    for row in range(len(tables.route)):
        first, most = tables.at[row, t.ORDERS], tables.route[row, t.MAX_TRAVEL]
        for order in range(tables.at[row + 1, t.ORDERS] - first):
            own = _own_of(tables, row, order, weights)
            driven = 0 + tables.driven[first + order]
            cost = own.cost if driven <= most else NEVER
            if order == 0:
                _write(today, row, cost, driven, own)
            if order == 0 or cost < best.cost[row]:
                _write(best, row, cost, driven, own)


@compiled
def _write(zero: Zero, row: int, cost: int, driven: int, own: _Own) -> None:
    zero.cost[row], zero.travel[row] = cost, driven
    zero.waiting[row], zero.overtime[row] = own.waiting, own.overtime


@compiled
def fill_floors(tables: Tables, weights: Weights, floors: Floors) -> None:
    """Works out the floors of every gap and arc."""
    for row in range(len(tables.route)):
        here, end = tables.at[row], tables.at[row + 1]
        size, gap = end[t.NODES] - here[t.NODES], 0 + here[t.GAPS]
        for order in range(end[t.ORDERS] - here[t.ORDERS]):
            own = _own_of(tables, row, order, weights)
            for number in range(size - 1):
                _floor_of_gap(tables.gap, gap, number, own, weights, floors.gap)
                gap += 1
        _arcs_of_route(
            tables.gap[here[t.GAPS] : end[t.GAPS]], floors.gap[here[t.GAPS] : end[t.GAPS]],
            tables.arc[here[t.ARCS] : end[t.ARCS]], floors.arc[here[t.ARCS] : end[t.ARCS]],
        )  # fmt: skip


@compiled
def _floor_of_gap(
    gaps: Int32, gap: int, number: int, own: _Own, weights: Weights, floors: Int64
) -> None:
    if own.cost == NEVER:
        return
    floor = weights[0] * gaps[gap, t.TRAVEL] + weights[2] * own.late
    if number > 0:
        floor += weights[1] * gaps[gap, t.IDLE]
    floors[gap, OWN] = own.cost
    floors[gap, FLOOR] = max(floor, own.cost - weights[1] * gaps[gap, t.SLACK])


@compiled
def _arcs_of_route(gaps: Int32, of_gaps: Int64, arcs: Int32, of_arcs: Int64) -> None:
    """The least of the gaps of each arc."""
    for arc in range(len(of_arcs)):
        of_arcs[arc, OWN] = of_arcs[arc, FLOOR] = NEVER
    for gap in range(len(gaps)):
        arc = 0
        while (
            arcs[arc, t.FROM_NODE] != gaps[gap, t.BEFORE]
            or arcs[arc, t.TO_NODE] != gaps[gap, t.AFTER]
        ):
            arc += 1
        for part in range(2):
            of_arcs[arc, part] = min(of_arcs[arc, part], of_gaps[gap, part])
