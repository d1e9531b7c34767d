"""One cell as a constraint model, for what the other searches leave open.

A circuit of arcs (start, visits, end) with a time for every stop. The first start is what the
recurrence says, for it must not be put off to save waiting; all other times may be any that keep
the rules: earlier is never worse, so the cheapest day has the earliest ones. OR-Tools is imported
when a model is built: it takes a second or two.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from slotsvc.solver import timing
from slotsvc.solver.cell import NEVER, Cell
from slotsvc.solver.instance import END, FIRST_VISIT, INF, START
from slotsvc.solver.params import Weights

if TYPE_CHECKING:
    from ortools.sat.python.cp_model import CpModel, IntVar, LinearExpr

    type _Sum = LinearExpr | int


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


type _Spot = tuple[str, int]
"""Where a pause is taken: on the way "to" a visit or the end, or "in" a visit."""


class _DayModel:
    """The variables of one cell. ``arcs``: those with a road. ``firsts``: per (first visit, pauses
    before it), with its start. ``start``, ``finish``: per visit; ``left``: when the stop before
    each visit and before the end is left; ``begin``: per pause; ``spots``: per pause where it may
    be taken after the first start. ``cost``: in thousandths of a weighted second."""

    def __init__(self, model: CpModel, cell: Cell, weights: Weights) -> None:
        self.model, self.cell, self.weights = model, cell, weights
        self.visits = range(FIRST_VISIT, len(cell.opens))
        self.lasts = [int(duration) for duration in cell.pauses[:, 2]]
        self.arcs = {
            (i, j): model.new_bool_var(f"{i} to {j}")
            for i in (START, *self.visits)
            for j in (END, *self.visits)
            if i != j and (i, j) != (START, END) and cell.legs[i, j] < INF
        }
        self.firsts = {
            (k, before): (model.new_bool_var(f"{k} first, {before} before"), start)
            for (k, before), start in self._first_starts().items()
        }
        self.start = {k: self._time(cell.opens[k], cell.closes[k]) for k in self.visits}
        self.finish = {k: self._time() for k in self.visits}
        self.left = {k: self._time() for k in (END, *self.visits)}
        self.back = self._time()
        self.begin = [self._time(opens, closes) for opens, closes, _ in cell.pauses]
        self.spots = [self._spots() for _ in self.begin]
        self._one_round()
        self._go()
        self._serve()
        self._pause()
        self.cost = self._priced()

    def suggest(self, order: Sequence[int]) -> None:
        """An order to begin with."""
        used = set(zip((START, *order), (*order, END), strict=True))
        for arc, variable in self.arcs.items():
            if order:
                self.model.add_hint(variable, arc in used)

    def _time(self, least: int = 0, most: int = INF) -> IntVar:
        """A moment of the day, from ``least`` to ``most``."""
        first, last = int(least), min(int(most), self.cell.end)
        return self.model.new_int_var(first, max(first, last), "")

    def _spots(self) -> dict[_Spot, IntVar]:
        places = [("to", k) for k in (END, *self.visits)]
        places += [("in", k) for k in self.visits if self.cell.pausable[k]]
        return {spot: self.model.new_bool_var(f"{spot}") for spot in places}

    def _first_starts(self) -> dict[tuple[int, int], int]:
        """Starts of each first visit, by pauses before it; those that keep its window."""
        cell, visits = self.cell, slice(FIRST_VISIT, None)
        legs = cell.legs[START, visits]
        pauses = [
            (np.full_like(legs, opens), np.full_like(legs, closes), np.full_like(legs, lasts))
            for opens, closes, lasts in cell.pauses
        ]
        starts = {}
        for before in range(len(pauses) + 1):
            arrival = timing.drive(np.zeros_like(legs), legs, pauses, 0, before)
            begun = timing.begun(arrival, cell.opens[visits], cell.closes[visits])
            starts.update({(k, before): int(begun[k - FIRST_VISIT]) for k in self.visits})
        return {key: start for key, start in starts.items() if start < INF}

    def _taken(self, pauses: Iterable[int], spots: Iterable[_Spot]) -> _Sum:
        """Seconds of these pauses that are taken there."""
        return sum(self.lasts[p] * self.spots[p][spot] for p in pauses for spot in spots)

    def _one_round(self) -> None:
        """From the start through all visits to the end."""
        model = self.model
        arcs = [(i, j, used) for (i, j), used in self.arcs.items()]
        model.add_circuit([*arcs, (END, START, model.new_constant(1))])
        for k in self.visits:
            mine = [used for (first, _), (used, _) in self.firsts.items() if first == k]
            model.add(sum(mine) == self.arcs.get((START, k), 0))
        if self.cell.max_travel < INF:
            model.add(self._driving() <= int(self.cell.max_travel))

    def _driving(self) -> _Sum:
        return sum(int(self.cell.travel[arc]) * used for arc, used in self.arcs.items())

    def _go(self) -> None:
        """Every stop is reached after the one before, the leg, and the pauses on the way."""
        every = range(len(self.spots))
        for (i, j), used in self.arcs.items():
            if i == START:
                continue
            leg = int(self.cell.legs[i, j]) + self._taken(every, [("to", j)])
            there = self.back if j == END else self.start[j]
            self.model.add(self.left[j] >= self.finish[i]).only_enforce_if(used)
            self.model.add(there >= self.finish[i] + leg).only_enforce_if(used)

    def _serve(self) -> None:
        """Service, with the pauses inside; and the first start, which is given."""
        every = range(len(self.spots))
        for k in self.visits:
            inside = [("in", k)] if self.cell.pausable[k] else []
            served = int(self.cell.service[k]) + self._taken(every, inside)
            self.model.add(self.finish[k] >= self.start[k] + served)
        for (k, _), (used, start) in self.firsts.items():
            self.model.add(self.start[k] == start).only_enforce_if(used)

    def _pause(self) -> None:
        """Each pause once, one after the other, between what surrounds it."""
        model = self.model
        for p, spots in enumerate(self.spots):
            before = [used for (_, count), (used, _) in self.firsts.items() if count > p]
            model.add(sum(spots.values()) + sum(before) == 1)
            over = self.begin[p] + self.lasts[p]
            if p + 1 < len(self.spots):
                model.add(self.begin[p + 1] >= over)
            for (where, k), taken in spots.items():
                after = self.left[k] if where == "to" else self.start[k]
                model.add(self.begin[p] >= after).only_enforce_if(taken)
                until = self.finish[k] if where == "in" else self._arrival(k)
                model.add(until >= over).only_enforce_if(taken)
                if where == "to" and (START, k) in self.arcs:
                    model.add_implication(taken, ~self.arcs[START, k])

    def _arrival(self, node: int) -> IntVar:
        return self.back if node == END else self.start[node]

    def _priced(self) -> _Sum:
        """Driving, waiting and overtime; waiting is what lies between the first start and the last
        finish and is neither leg nor service nor pause."""
        cell, (alpha, beta, gamma) = self.cell, self.weights
        legs = sum(
            int(cell.legs[i, j]) * used
            for (i, j), used in self.arcs.items()
            if i != START and j != END
        )
        first = sum(start * used for used, start in self.firsts.values())
        service = int(cell.service[FIRST_VISIT:].sum())
        paused = sum(
            self._taken([p], [spot for spot in spots if spot != ("to", END)])
            for p, spots in enumerate(self.spots)
        )
        waiting = self._time()  # a variable of its own: below 0 it never is
        self.model.add(waiting == self.left[END] - first - service - legs - paused)
        late = self.model.new_int_var(0, max(cell.end - cell.soft_end, 0), "late")
        self.model.add(late >= self.back - int(cell.soft_end))
        cost = alpha * self._driving() + beta * waiting + gamma * late
        self.model.minimize(cost)
        return cost
