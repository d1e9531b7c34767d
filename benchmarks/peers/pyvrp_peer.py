"""PyVRP (MIT): one small problem per day. It has no breaks."""

from __future__ import annotations

import time
from importlib.metadata import version

import pyvrp
from pyvrp.stop import MaxIterations

from benchmarks.peers.days import Day


class PyVrp:
    """``iterations`` of its iterated local search."""

    takes_pauses = False
    clock = staticmethod(time.process_time)
    slow = False

    def __init__(self, iterations: int = 50) -> None:
        self.name = f"PyVRP, {iterations} iterations"
        self._stop = iterations

    def least_driving(self, day: Day) -> int | None:
        travel = day.travel.astype("int64")
        data = pyvrp.ProblemData(
            locations=[pyvrp.Location(0, 0) for _ in day.opens],
            clients=[
                pyvrp.Client(
                    stop,
                    service_duration=day.service[stop],
                    tw_early=day.opens[stop],
                    tw_late=day.closes[stop],
                )
                for stop in day.stops
            ],
            depots=[pyvrp.Depot(0), pyvrp.Depot(1)],
            vehicle_types=[pyvrp.VehicleType(start_depot=0, end_depot=1, tw_late=day.end)],
            distance_matrices=[travel],
            duration_matrices=[travel],
        )
        stop = MaxIterations(self._stop)
        found = pyvrp.solve(data, stop, seed=0, collect_stats=False, display=False)
        return int(found.best.distance()) if found.is_feasible() else None


VERSION = f"pyvrp {version('pyvrp')}"
