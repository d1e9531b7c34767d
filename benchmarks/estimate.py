"""How careful the estimate is: its times beside those of roads, pair by pair.

    python -m benchmarks.estimate --places 600

Places are points of roads. Without ``--map`` the map is the packaged demo town.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.machine import machine
from benchmarks.towns import demo_map
from slotsvc.domain.place import Location
from slotsvc.scheduling.travel_port import UNREACHABLE
from slotsvc.travel.estimate import EstimatedTravelTimes
from slotsvc.travel.map_info import MapFiles, MapInfo
from slotsvc.travel.roads import RoadTravelTimes

BAR = 0.95
"""Share of the pairs that the estimate must not call quicker than they are."""


@dataclass(frozen=True, slots=True)
class Carefulness:
    """Of one map. ``enough``: share of the pairs whose estimate is at least the road's time.
    ``typical``: median of estimate by road's time. ``short_s``: what the worst pair lacks."""

    map_name: str
    pairs: int
    enough: float
    typical: float
    short_s: int


def main() -> None:
    """Print one line per map. Fails below ``BAR``."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--map", type=Path, action="append", help="compiled map")
    parser.add_argument("--places", type=int, default=600)
    parser.add_argument("--seed", type=int, default=5)
    asked = parser.parse_args()
    print(*(f"{name}: {value}" for name, value in machine().items()), sep="\n")
    found = [
        asyncio.run(careful(directory, asked.places, asked.seed))
        for directory in asked.map or [demo_map()]
    ]
    for one in found:
        print(
            f"{one.map_name}: {one.pairs} pairs, {one.enough:.2%} not quicker than roads, "
            f"median {one.typical:.2f} times the road's time, worst {one.short_s} s short"
        )
    sys.exit(any(one.enough < BAR for one in found))


async def careful(directory: Path, places: int, seed: int) -> Carefulness:
    """Over all ordered pairs of ``places`` points of roads of the compiled map."""
    files = MapFiles(directory)
    info = MapInfo.load(files.info)
    engine = RoadTravelTimes.of_map(files, info)
    try:
        sample = _points(engine, places, seed)
        road = (await engine.table(sample, sample)).seconds
    finally:
        engine.close()
    guess = (await EstimatedTravelTimes().table(sample, sample)).seconds
    known = (road < UNREACHABLE) & (road > 0)
    road, guess = road[known], guess[known]
    return Carefulness(
        info.name,
        road.size,
        float((guess >= road).mean()),
        float(np.median(guess / road)),
        int((road - guess).max()),
    )


def _points(engine: RoadTravelTimes, count: int, seed: int) -> list[Location]:
    every = engine.places_on_roads(sys.maxsize)
    return random.Random(seed).sample(every, min(count, len(every)))


if __name__ == "__main__":
    main()
