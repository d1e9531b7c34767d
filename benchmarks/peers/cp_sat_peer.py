"""OR-Tools CP-SAT (Apache-2.0): one circuit per day, solved to its proven optimum."""

from __future__ import annotations

import time
from importlib.metadata import version

from ortools.sat.python import cp_model

from benchmarks.peers.days import Day
from slotsvc.solver.instance import BreakSpan


class CpSat:
    """One worker, no time limit."""

    name = "OR-Tools CP-SAT"
    takes_pauses = True
    clock = staticmethod(time.process_time)
    slow = True

    def least_driving(self, day: Day) -> int | None:
        model, driving = _model(day)
        solver = cp_model.CpSolver()
        solver.parameters.num_workers = 1
        status = solver.solve(model)
        if status == cp_model.INFEASIBLE:
            return None
        if status != cp_model.OPTIMAL:
            raise RuntimeError(solver.status_name(status))
        return round(solver.value(driving))


def _model(day: Day) -> tuple[cp_model.CpModel, cp_model.LinearExprT]:
    """Start and end are one depot: node 0 leaves, node 1 comes back, the arc 1 -> 0 is fixed."""
    model = cp_model.CpModel()
    size = len(day.opens)
    last = [day.end] * 2 + [min(c, day.end) for c in day.closes[2:]]
    # node 0: leaving; node 1: being back
    start = [model.new_int_var(day.opens[n], last[n], "") for n in range(size)]
    model.add(start[0] == 0)
    taken = [[model.new_bool_var("") for _ in range(size)] for _ in day.pauses]
    begin = [model.new_int_var(p.opens, p.closes, "") for p in day.pauses]
    for had in taken:
        model.add(had[0] == 0)
        model.add(had[1] == 1)
    arcs, costs = [(1, 0, model.new_constant(1))], []
    for a in (0, *day.stops):
        for b in (1, *day.stops):
            if a == b or (a == 0 and b == 1 and len(day.stops) > 0):
                continue
            arc = model.new_bool_var("")
            arcs.append((a, b, arc))
            costs.append((int(day.travel[a, b]), arc))
            pauses = list(zip(day.pauses, (had[a] for had in taken), (had[b] for had in taken),
                              begin, strict=True))  # fmt: skip
            _follow(model, arc, start[a] + day.service[a], start[b], int(day.travel[a, b]), pauses)
    model.add_circuit(arcs)
    driving = sum(seconds * arc for seconds, arc in costs)
    model.minimize(driving)
    return model, driving


def _follow(
    model: cp_model.CpModel,
    arc: cp_model.IntVar,
    finish: cp_model.LinearExpr,
    arrival: cp_model.IntVar,
    leg: int,
    pauses: list[tuple[BreakSpan, cp_model.IntVar, cp_model.IntVar, cp_model.IntVar]],
) -> None:
    """On the arc: the leg, and the pauses taken on the way, in their order."""
    total = finish + leg
    for pause, before, after, begin in pauses:
        model.add(before <= after).only_enforce_if(arc)
        here = [arc, after, ~before]
        model.add(begin >= finish).only_enforce_if(here)
        model.add(arrival >= begin + pause.duration).only_enforce_if(here)
        total = total + pause.duration * (after - before)
    model.add(arrival >= total).only_enforce_if(arc)


VERSION = f"ortools {version('ortools')}"
