"""OR-Tools routing (Apache-2.0): one small problem per day, no metaheuristic."""

from __future__ import annotations

import time
from importlib.metadata import version

from ortools.constraint_solver import pywrapcp, routing_enums_pb2

from benchmarks.peers.days import Day

FIRST = routing_enums_pb2.FirstSolutionStrategy.PARALLEL_CHEAPEST_INSERTION


class Routing:
    """Cheapest insertion and its local search."""

    name = "OR-Tools routing"
    takes_pauses = True
    clock = staticmethod(time.process_time)
    slow = True

    def least_driving(self, day: Day) -> int | None:
        travel = day.travel.tolist()
        manager = pywrapcp.RoutingIndexManager(len(travel), 1, [0], [1])
        model = pywrapcp.RoutingModel(manager)

        def driving(a: int, b: int) -> int:
            return int(travel[manager.IndexToNode(a)][manager.IndexToNode(b)])

        def busy(a: int, b: int) -> int:
            return driving(a, b) + day.service[manager.IndexToNode(a)]

        model.SetArcCostEvaluatorOfAllVehicles(model.RegisterTransitCallback(driving))
        model.AddDimension(model.RegisterTransitCallback(busy), day.end, day.end, True, "time")
        time = model.GetDimensionOrDie("time")
        for stop in day.stops:
            index = manager.NodeToIndex(stop)
            time.CumulVar(index).SetRange(day.opens[stop], min(day.closes[stop], day.end))
        self._add_pauses(day, model, manager, time)
        parameters = pywrapcp.DefaultRoutingSearchParameters()
        parameters.first_solution_strategy = FIRST
        found = model.SolveWithParameters(parameters)
        return int(found.ObjectiveValue()) if found else None

    def _add_pauses(
        self,
        day: Day,
        model: pywrapcp.RoutingModel,
        manager: pywrapcp.RoutingIndexManager,
        time: pywrapcp.RoutingDimension,
    ) -> None:
        if not day.pauses:
            return
        solver = model.solver()
        spans = [
            solver.FixedDurationIntervalVar(p.opens, p.closes, p.duration, False, f"pause {i}")
            for i, p in enumerate(day.pauses)
        ]
        visits = [day.service[manager.IndexToNode(i)] for i in range(model.Size())]
        time.SetBreakIntervalsOfVehicle(spans, 0, visits)


VERSION = f"ortools {version('ortools')}"
