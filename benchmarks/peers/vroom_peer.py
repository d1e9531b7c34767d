"""VROOM through its Python wheel (pyvroom, BSD-2): one small problem per day, or one per slot."""

from __future__ import annotations

import time
from importlib.metadata import version

import numpy as np
import vroom

from benchmarks.peers.days import Cell, Day


class Vroom:
    """``explore``: its exploration level, 0 (fastest) to 5."""

    takes_pauses = True
    clock = staticmethod(time.process_time)
    slow = False

    def __init__(self, explore: int) -> None:
        self.name = f"VROOM x{explore}"
        self._explore = explore

    def least_driving(self, day: Day) -> int | None:
        problem = vroom.Input()
        problem.set_durations_matrix("car", day.travel.astype(np.uint32))
        problem.add_vehicle(_vehicle(0, day, 0, set()))
        problem.add_job([_job(stop, day, stop, set()) for stop in day.stops])
        return _driving(problem, self._explore, len(day.pauses))


class VroomBySlot:
    """One problem per slot, as one would ask VROOM: it chooses the technician. Visits that are
    promised keep theirs (a skill of his own)."""

    takes_pauses = True
    clock = staticmethod(time.process_time)

    def __init__(self, explore: int) -> None:
        self.name = f"VROOM x{explore}, by slot"
        self._explore = explore

    def least_added(self, cells: list[Cell]) -> int | None:
        problem = vroom.Input()
        problem.set_durations_matrix("car", _together(cells).astype(np.uint32))
        request = sum(len(cell.day.opens) - 1 for cell in cells)
        first, anybody = 0, len(cells)
        for number, cell in enumerate(cells):
            problem.add_vehicle(_vehicle(number, cell.day, first, {number, anybody}))
            stops = cell.day.stops[:-1]
            problem.add_job([_job(first + s, cell.day, s, {number}) for s in stops])
            first += len(cell.day.opens) - 1
        day = cells[0].day
        problem.add_job([_job(request, day, day.stops[-1], {anybody})])
        pauses = sum(len(cell.day.pauses) for cell in cells)
        driving = _driving(problem, self._explore, pauses)
        return None if driving is None else driving - sum(cell.without for cell in cells)


FAR = 10**6
"""Seconds between places of different technicians: nobody drives there."""


def _together(cells: list[Cell]) -> np.ndarray:
    """The days' places side by side, the request once, at the end."""
    size = sum(len(cell.day.opens) - 1 for cell in cells) + 1
    travel = np.full((size, size), FAR, np.int64)
    first = 0
    for cell in cells:
        own = cell.day.travel
        last = first + len(own) - 1
        travel[first:last, first:last] = own[:-1, :-1]
        travel[first:last, -1], travel[-1, first:last] = own[:-1, -1], own[-1, :-1]
        first = last
    travel[-1, -1] = 0
    return travel


def _vehicle(number: int, day: Day, first: int, skills: set[int]) -> vroom.Vehicle:
    pauses = [
        vroom.Break(i, time_windows=[vroom.TimeWindow(p.opens, p.closes)], service=p.duration)
        for i, p in enumerate(day.pauses)
    ]
    hours = vroom.TimeWindow(0, day.end)
    return vroom.Vehicle(
        number, start=first, end=first + 1, time_window=hours, breaks=pauses, skills=skills
    )


def _job(number: int, day: Day, stop: int, skills: set[int]) -> vroom.Job:
    return vroom.Job(
        number,
        location=number,
        default_service=day.service[stop],
        time_windows=[vroom.TimeWindow(day.opens[stop], day.closes[stop])],
        skills=skills,
    )


def _driving(problem: vroom.Input, explore: int, pauses: int) -> int | None:
    """None where it leaves out a visit or a pause."""
    found = problem.solve(exploration_level=explore, nb_threads=1)
    if found.unassigned:
        return None
    if pauses and int((found.routes["type"] == "break").sum()) < pauses:
        return None
    return int(found.summary.duration)


VERSION = f"pyvroom {version('pyvroom')}"
