"""VROOM through its Python wheel (pyvroom, BSD-2): one small problem per day."""

from __future__ import annotations

from importlib.metadata import version

import numpy as np
import vroom

from benchmarks.peers.days import Day


class Vroom:
    """``explore``: its exploration level, 0 (fastest) to 5."""

    takes_pauses = True

    def __init__(self, explore: int) -> None:
        self.name = f"VROOM x{explore}"
        self._explore = explore

    def least_driving(self, day: Day) -> int | None:
        problem = vroom.Input()
        problem.set_durations_matrix("car", day.travel.astype(np.uint32))
        pauses = [
            vroom.Break(i, time_windows=[vroom.TimeWindow(p.opens, p.closes)], service=p.duration)
            for i, p in enumerate(day.pauses)
        ]
        hours = vroom.TimeWindow(0, day.end)
        problem.add_vehicle(vroom.Vehicle(0, start=0, end=1, time_window=hours, breaks=pauses))
        problem.add_job(
            [
                vroom.Job(
                    stop,
                    location=stop,
                    default_service=day.service[stop],
                    time_windows=[vroom.TimeWindow(day.opens[stop], day.closes[stop])],
                )
                for stop in day.stops
            ]
        )
        found = problem.solve(exploration_level=self._explore, nb_threads=1)
        # it leaves out what it cannot place, pauses too
        if found.unassigned or (day.pauses and not _kept(found, len(day.pauses))):
            return None
        return int(found.summary.duration)


def _kept(found: vroom.Solution, pauses: int) -> bool:
    return bool((found.routes["type"] == "break").sum() == pauses)


VERSION = f"pyvroom {version('pyvroom')}"
