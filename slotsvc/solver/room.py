"""Where some known order has room for the visit, and how far a limit on driving is from it."""

from __future__ import annotations

import numpy as np

from slotsvc.solver import tables as t
from slotsvc.solver.arrays import TeamArrays
from slotsvc.solver.cell import NEVER
from slotsvc.solver.cells import Cells, lay
from slotsvc.solver.compiled import compiled
from slotsvc.solver.insertion import least_of_ways, spot_of
from slotsvc.solver.instance import INF, Int64
from slotsvc.solver.legs import INTO, OUT, Request, fill_legs, most_nodes
from slotsvc.solver.tables import Tables

NO_CELL = -1


def over_max_travel(arrays: TeamArrays, request: Request, cells: Cells) -> Int64:
    """int64 (R, W), column c is slot ``low + c``: by how much the limit on driving is missed by the
    insertion that keeps all times and drives least; 0: it is kept, so there is room; INF: no
    insertion into a known order keeps the times; NO_CELL: the slot is closed there."""
    over = np.full((len(arrays), max(int((cells.high - cells.low).max(initial=0)), 1)), NO_CELL)
    fill_over(arrays.tables, request, cells, over)
    return over


@compiled
def fill_over(tables: Tables, request: Request, cells: Cells, over: Int64) -> None:
    """Fills what ``over_max_travel`` gives; what is closed stays as it is."""
    laid = np.empty((2, over.shape[1]), np.int64)
    legs = np.empty((4, most_nodes(tables)), np.int64)
    for row in range(len(cells.low)):
        pauses = tables.pause[tables.at[row, t.PAUSES] : tables.at[row + 1, t.PAUSES]]
        service = 0 + request.service[row]
        first, last = 0 + tables.at[row, t.GAPS], 0 + tables.at[row + 1, t.GAPS]
        if cells.fixed[row]:
            last = first + tables.at[row + 1, t.NODES] - tables.at[row, t.NODES] - 1
        count = lay(cells, row, service, pauses, request.pausable, laid)
        if count:
            fill_legs(tables, request, row, legs)
        for column in range(count):
            if laid[0, column] > laid[1, column]:
                continue
            over[row, column] = INF
            for gap in range(first, last):
                missed = _missed(tables, row, gap, legs)
                if missed < over[row, column]:
                    spot = spot_of(tables, row, gap, legs, service, request.pausable)
                    found = least_of_ways(
                        tables.state, tables.latest, pauses, spot, laid[0, column],
                        laid[1, column], (0, 0, 0),
                    )  # fmt: skip
                    if found.bound < NEVER:
                        over[row, column] = missed


@compiled
def _missed(tables: Tables, row: int, gap: int, legs: Int64) -> int:
    """Driving above the limit with the visit in a gap; INF: no road."""
    into, out = legs[INTO, tables.gap[gap, t.BEFORE]], legs[OUT, tables.gap[gap, t.AFTER]]
    if into >= INF or out >= INF:
        return INF
    driving = tables.gap[gap, t.TRAVEL] + into + out - tables.gap[gap, t.LEG]
    missed: int = max(driving - tables.route[row, t.MAX_TRAVEL], 0)
    return missed
