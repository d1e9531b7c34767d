"""Seeded teams for the solver benchmarks: promised visits, lunch, driving between random places."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from slotsvc.domain.place import Location
from slotsvc.solver.arrays import TeamArrays, team_arrays
from slotsvc.solver.instance import END, FIRST_VISIT, INF, START, BreakSpan, RouteInstance
from slotsvc.solver.timing import timetable

DAY = 86_400
SHIFT = 9 * 3600
CELLS = ((0, 2), (2, 4), (5, 7), (7, 9))
"""Offered windows, hours from the start of the shift."""


@dataclass(frozen=True, slots=True)
class Town:
    """Places on a plane and the driving between them: ``minutes`` across, road-like detours."""

    rng: np.random.Generator
    across: int = 2400

    def places(self, count: int) -> np.ndarray:
        """float (count, 2), seconds of driving as the crow flies."""
        return self.rng.random((count, 2)) * self.across

    def driving(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        """int32 (len(a), len(b)), rounded up; asymmetric ("uphill is slower"), metric."""
        gap = np.linalg.norm(a[:, None, :] - b[None, :, :], axis=2)
        height_a, height_b = (np.sin(x[:, 0] / 500) + np.cos(x[:, 1] / 700) for x in (a, b))
        climb = 12 * (height_b[None, :] - height_a[:, None])
        return np.ceil((gap * 1.3 + climb + 60) * (gap > 0)).astype(np.int32)


@dataclass(frozen=True, slots=True)
class Team:
    """Arrays and the positions behind them: ``spots`` float (places, 2)."""

    arrays: TeamArrays
    spots: np.ndarray
    town: Town
    technicians: int
    days: int


def team(technicians: int, days: int, visits: int, seed: int, lunch: bool = True) -> Team:
    """A team whose committed orders are feasible; about ``visits`` visits a day each."""
    town = Town(np.random.default_rng(seed))
    homes = town.places(technicians)
    spots: list[np.ndarray] = []
    routes = [
        _route(town, homes[t], visits, lunch, spots)
        for _ in range(days)
        for t in range(technicians)
    ]
    return Team(team_arrays(routes), np.array(spots), town, technicians, days)


def _route(
    town: Town, home: np.ndarray, visits: int, lunch: bool, spots: list[np.ndarray]
) -> RouteInstance:
    """Visits are added while the order, sorted by window, can be kept."""
    pauses = (BreakSpan(int(3.5 * 3600), int(5.5 * 3600) - 1, 2700),) if lunch else ()
    chosen: list[tuple[int, int, np.ndarray]] = []
    route = _instance(home, [], pauses, town, spots, keep=False)
    for _ in range(3 * visits):
        if len(chosen) == visits:
            break
        cell = int(town.rng.integers(len(CELLS)))
        service = int(town.rng.choice([1800, 2700, 3600]))
        trial = sorted([*chosen, (cell, service, town.places(1)[0])], key=lambda v: v[0])
        candidate = _instance(home, trial, pauses, town, spots, keep=False)
        if timetable(candidate, candidate.committed) is not None:
            chosen, route = trial, candidate
    return _instance(home, chosen, pauses, town, spots, keep=True) if chosen else route


def _instance(
    home: np.ndarray,
    visits: list[tuple[int, int, np.ndarray]],
    pauses: tuple[BreakSpan, ...],
    town: Town,
    spots: list[np.ndarray],
    *,
    keep: bool,
) -> RouteInstance:
    where = np.array([home, home, *(v[2] for v in visits)])
    travel = town.driving(where, where)
    travel[START, END] = travel[END, START] = 0
    number = len(spots)
    if keep:
        spots.extend(where)
    return RouteInstance(
        origin=0,
        end=SHIFT,
        soft_end=SHIFT,
        opens=np.array([0, 0, *(CELLS[v[0]][0] * 3600 for v in visits)], np.int32),
        closes=np.array([INF, INF, *(CELLS[v[0]][1] * 3600 - 1 for v in visits)], np.int32),
        service=np.array([0, 0, *(v[1] for v in visits)], np.int32),
        pausable=np.zeros(len(where), np.bool_),
        access=np.zeros(len(where), np.int32),
        travel=travel,
        legs=travel,
        breaks=pauses,
        places=tuple(Location((number + i) / 1e6, 0.0) for i in range(len(where))),
        visits=tuple(f"v{number + i}" for i in range(FIRST_VISIT, len(where))),
    )
