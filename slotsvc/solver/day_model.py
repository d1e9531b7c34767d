"""One cell as a constraint model, for what the other searches leave open.

A circuit of arcs (start, visits, end) with a time for every stop. The first start is what the
recurrence says, for it must not be put off to save waiting; all other times may be any that keep
the rules: earlier is never worse, so the cheapest day has the earliest ones. OR-Tools is imported
when a model is built: it takes a second or two.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from slotsvc.solver.cell import NEVER, Cell
from slotsvc.solver.instance import END, FIRST_VISIT, INF, START
from slotsvc.solver.params import Weights

if TYPE_CHECKING:
    from ortools.sat.python.cp_model import CpModel, IntVar


class Proof(NamedTuple):
    """``order``: nodes of the best order found, empty: none. ``floor``: no order within the limit
    costs less, proven; NEVER: there is none."""

    order: tuple[int, ...]
    floor: int


def prove(
    cell: Cell, limit: int, weights: Weights, seconds: float, hint: Sequence[int] = ()
) -> Proof:
    """The cheapest order that costs at most ``limit``, of a cell with at least one visit.

    ``seconds``: of searching, at most about. ``hint``: an order to begin with.
    """
    from ortools.sat.python import cp_model

    model = _DayModel(cp_model.CpModel(), cell, weights)
    if limit < NEVER - 1:
        model.model.add(model.cost <= limit)
    model.suggest(hint)
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    solver.parameters.random_seed = 1
    solver.parameters.max_time_in_seconds = seconds
    status = solver.solve(model.model)
    if status == cp_model.INFEASIBLE:
        return Proof((), NEVER)
    if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        return Proof((), round(solver.best_objective_bound))
    taken = {arc for arc, used in model.arcs.items() if solver.boolean_value(used)}
    floor = solver.objective_value if status == cp_model.OPTIMAL else solver.best_objective_bound
    return Proof(_followed(taken), round(floor))


def _followed(arcs: set[tuple[int, int]]) -> tuple[int, ...]:
    onward = dict(arcs)
    order, node = [], onward[START]
    while node != END:
        order.append(node)
        node = onward[node]
    return tuple(order)


class _DayModel:
    """The variables of one cell. ``arcs``: usable ones. ``start``, ``finish``: per visit;
    ``left``: when the stop before each visit and before the end is left; ``begin``: per pause."""

    def __init__(self, model: CpModel, cell: Cell, weights: Weights) -> None:
        self.model, self.cell, self.weights = model, cell, weights
        self.visits = range(FIRST_VISIT, len(cell.opens))
        self.day = int(cell.end)
        self.arcs = {
            (i, j): model.new_bool_var(f"{i}-{j}")
            for i in (START, *self.visits)
            for j in (END, *self.visits)
            if i != j and (i, j) != (START, END) and cell.legs[i, j] < INF
        }
        self.start = {
            k: self._time(f"start {k}", int(cell.opens[k]), int(cell.closes[k]))
            for k in self.visits
        }
        self.finish = {k: self._time(f"finish {k}") for k in self.visits}
        self.left = {k: self._time(f"left for {k}") for k in (END, *self.visits)}
        self.back = self._time("back")
        self.begin = [
            self._time(f"pause {p}", int(opens), int(closes))
            for p, (opens, closes, _) in enumerate(cell.pauses)
        ]
        self.spots = self._spots()
        self._route()
        self._serve()
        self._first()
        self.cost = self._cost()

    def _time(self, name: str, least: int = 0, most: int | None = None) -> IntVar:
        most = self.day if most is None else min(most, self.day)
        return self.model.new_int_var(min(least, most), most, name)

    def _spots(self) -> list[dict[tuple[str, int], IntVar]]:
        """Per pause where it may be taken: on the way to a visit or home, or inside a visit. None
        of them: before the first visit."""
        places = [("to", k) for k in (END, *self.visits)]
        places += [("in", k) for k in self.visits if self.cell.pausable[k]]
        return [
            {spot: self.model.new_bool_var(f"pause {p} {spot}") for spot in places}
            for p in range(len(self.begin))
        ]
