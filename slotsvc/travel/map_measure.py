"""What a compiled map's travel times are like: triangle violations, top speed."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from slotsvc.domain.place import Location
from slotsvc.scheduling.travel_port import UNREACHABLE, TravelUnavailableError
from slotsvc.travel.estimate import great_circles_m
from slotsvc.travel.map_info import MAX_SNAP_M, MapError, MapMeasurements
from slotsvc.travel.osrm import OsrmTravelTimes
from slotsvc.travel.osrm_process import OsrmProcess

SAMPLED_PLACES = 200
_SEED = 9
_BESIDE_ROAD_DEGREES = 0.0002
"""About 20 m."""
_PATIENCE_S = 60.0
_SHORTEST_S = 20
"""Rounding decides the speed of shorter journeys, and every bound rounds in our favour there."""


@dataclass(frozen=True, slots=True)
class Violations:
    """Triples breaking the triangle inequality: their share, and the worst by how many seconds."""

    share: float
    worst_s: int


def measure_map(
    roads: Path, map_id: str, road_points: Sequence[Location], top_kmh: float
) -> tuple[Location, MapMeasurements]:
    """Ask the real engine about ``SAMPLED_PLACES`` places beside roads; an anchor, and the facts.

    Runs an engine and an event loop of its own: call it where no loop runs. Raises ``MapError``.
    """
    sample = _beside(random.Random(_SEED), road_points)
    engine = OsrmProcess(roads, map_id=map_id, threads=1)
    try:
        engine.start_for_this_thread()
        anchor, places, seconds = asyncio.run(_asked(engine.base_url, map_id, sample))
    except TravelUnavailableError as error:
        raise MapError(f"the compiled map does not answer: {error}") from None
    finally:
        engine.stop()
    violations = triangle_violations(seconds)
    return anchor, MapMeasurements(
        sampled_places=len(places),
        violation_share=violations.share,
        worst_violation_s=violations.worst_s,
        top_speed_mps=max(top_kmh / 3.6, fastest_mps(places, seconds)),
    )


def _beside(chance: random.Random, road_points: Sequence[Location]) -> list[Location]:
    """Places like clients': beside a road. A point of a road may be on several roads at once."""
    points = chance.sample(road_points, min(SAMPLED_PLACES, len(road_points)))
    off = _BESIDE_ROAD_DEGREES
    return [
        Location(
            max(-90.0, min(90.0, point.lat + chance.uniform(-off, off))),
            max(-180.0, min(180.0, point.lon + chance.uniform(-off, off))),
        )
        for point in points
    ]


async def _asked(
    base_url: str, map_id: str, sample: Sequence[Location]
) -> tuple[Location, list[Location], NDArray[np.int32]]:
    """An anchor, the road points of the sampled places on its network, and their table."""
    loose = OsrmTravelTimes(base_url, map_id, data_version=map_id, timeout_s=_PATIENCE_S)
    try:
        anchor = await _anchor(loose, sample)
    finally:
        await loose.aclose()
    held = OsrmTravelTimes(
        base_url, map_id, data_version=map_id, anchor=anchor, timeout_s=_PATIENCE_S
    )
    try:
        snaps = [await held.nearest(place) for place in sample]
        near = [i for i, snap in enumerate(snaps) if snap.distance_m <= MAX_SNAP_M]
        places = [sample[i] for i in near]
        table = await held.table(places, places)
        return anchor, [snaps[i].location for i in near], table.seconds
    finally:
        await held.aclose()


async def _anchor(engine: OsrmTravelTimes, sample: Sequence[Location]) -> Location:
    """The most central place that is on the large network, not moved to it.

    Asked for all at once, places on cut-off roads are moved: their snap distance jumps.
    """
    table = await engine.table(sample, sample)
    alone = np.array([(await engine.nearest(place)).distance_m for place in sample])
    there_and_back = (table.seconds + table.seconds.T).astype(np.float64).sum(axis=1)
    moved = table.source_snap_m > alone + 1.0
    return sample[int(np.argmin(np.where(moved, np.inf, there_and_back)))]


def triangle_violations(seconds: NDArray[np.int32]) -> Violations:
    """Over all ordered triples of different, mutually reachable places of a square table."""
    n = len(seconds)
    reachable = seconds < UNREACHABLE
    broken, worst, triples = 0, 0, 0
    for k in range(n):
        valid = reachable & reachable[:, k, None] & reachable[None, k, :]
        valid[k, :] = valid[:, k] = False
        np.fill_diagonal(valid, False)
        detour_gain = (seconds - seconds[:, k, None] - seconds[None, k, :])[valid]
        triples += detour_gain.size
        broken += int(np.count_nonzero(detour_gain > 0))
        worst = max(worst, int(detour_gain.max(initial=0)))
    return Violations(broken / triples if triples else 0.0, worst)


def fastest_mps(places: Sequence[Location], seconds: NDArray[np.int32]) -> float:
    """Great-circle metres per second of the fastest journey of at least ``_SHORTEST_S`` seconds."""
    journeys = (seconds < UNREACHABLE) & (seconds >= _SHORTEST_S)
    metres = great_circles_m(places, places)
    # Times were rounded up: the true one is less than a second shorter.
    return float(np.max(metres[journeys] / (seconds[journeys] - 1), initial=0.0))
