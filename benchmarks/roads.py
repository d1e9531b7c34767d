"""The road engine in this process beside OSRM's own table, on the same map.

    python -m benchmarks.roads --map maps/porto --pairs 100000

Half of the places are beside a road like clients' houses; the others try what is hard: crossings,
points of a road, anywhere in the map's box, at sea too. ``--neighbours 1`` puts all of them around
twenty of their kind, so that every twentieth pair is a few streets apart at most. Every pair is
compared; those that are more than a second apart are explained, see ``CLASSES``.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import math
import random
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from slotsvc.domain.place import Location
from slotsvc.scheduling.travel_port import UNREACHABLE, TravelTable
from slotsvc.travel.map_info import BoundingBox, MapFiles, MapInfo
from slotsvc.travel.osrm import OsrmTravelTimes
from slotsvc.travel.osrm_process import OsrmProcess
from slotsvc.travel.road_files import load_roads
from slotsvc.travel.road_graph import FROM, TO, RoadGraph
from slotsvc.travel.road_snap import Snapped, snap
from slotsvc.travel.roads import RoadTravelTimes

CLASSES = {
    "behind": "the destination lies behind the source on one stretch of road, one of them on a "
    "crossing: OSRM sees the way round by that stretch only, the engine a quicker one",
    "reach": "one of the two finds no way",
    "other": "not explained",
}
BAR = 0.999
"""Share of the pairs that must be within a second."""
_DEGREE = 1_000_000.0
_BESIDE = 0.0002
"""Degrees, some 20 m."""
_NEXT_DOOR = 0.002
_HUBS = 20
_PATIENCE_S = 120.0


@dataclass(frozen=True)
class Agreement:
    """Of one map: pairs compared, those equal, those at most a second apart, the others by class,
    and the worst of these. ``quicker``: the pairs for which the engine's time is lower."""

    map_name: str
    pairs: int
    equal: int
    within_1_s: int
    quicker: int
    explained: dict[str, int]
    worst: list[str]
    snap_differs: int
    engine_s: float
    osrm_s: float
    share_within_1_s: float = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "share_within_1_s", self.within_1_s / self.pairs)


def main() -> None:
    """Print one line per map, then the pairs more than a second apart. Fails below ``BAR``."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--map", type=Path, action="append", required=True, help="compiled map")
    parser.add_argument("--pairs", type=int, default=100_000)
    parser.add_argument("--neighbours", type=float, default=0.1, help="share of the places")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    found = [
        compared(directory, options.pairs, options.neighbours, options.seed)
        for directory in options.map
    ]
    if options.json:
        print(json.dumps([asdict(agreement) for agreement in found], indent=2))
    else:
        _print(found)
    if any(agreement.share_within_1_s < BAR for agreement in found):
        sys.exit(1)


def compared(directory: Path, pairs: int, neighbours: float, seed: int) -> Agreement:
    """Both engines on the map in ``directory``, over at least ``pairs`` pairs of places, of which a
    share of ``neighbours`` lie around twenty."""
    files = MapFiles(directory)
    info = MapInfo.load(files.info)
    graph, hierarchy = load_roads(files, info)
    side = math.isqrt(pairs - 1) + 1
    chance = random.Random(seed)
    hubs = [_place(chance, graph, info.bounding_box) for _ in range(_HUBS)]
    sources, destinations = (
        tuple(
            _moved(chance, chance.choice(hubs), _NEXT_DOOR)
            if chance.random() < neighbours
            else _place(chance, graph, info.bounding_box)
            for _ in range(side)
        )
        for _ in range(2)
    )
    engine = RoadTravelTimes(graph, hierarchy)
    process = OsrmProcess(files.roads, map_id=info.map_id, threads=1)
    process.start()
    try:
        osrm = OsrmTravelTimes.of_map(process.base_url, info, timeout_s=_PATIENCE_S)
        return asyncio.run(_compared(info, graph, (engine, osrm), (sources, destinations)))
    finally:
        process.stop()
        engine.close()


def _place(chance: random.Random, graph: RoadGraph, box: BoundingBox) -> Location:
    kind = chance.random()
    if kind < 0.5:
        return _moved(chance, _on_road(chance, graph), _BESIDE)
    if kind < 0.7:
        return _on_road(chance, graph, at_end=True)
    if kind < 0.85:
        return _on_road(chance, graph)
    return Location(chance.uniform(box.south, box.north), chance.uniform(box.west, box.east))


def _on_road(chance: random.Random, graph: RoadGraph, *, at_end: bool = False) -> Location:
    segment = graph.segments[chance.randrange(len(graph.segments))].tolist()
    share = 0.0 if at_end else chance.random()
    lon, lat = (segment[FROM + k] + share * (segment[TO + k] - segment[FROM + k]) for k in (0, 1))
    return Location(lat / _DEGREE, lon / _DEGREE)


def _moved(chance: random.Random, place: Location, most: float) -> Location:
    north, east = chance.uniform(-most, most), chance.uniform(-most, most)
    return Location(place.lat + north, place.lon + east)


async def _compared(
    info: MapInfo,
    graph: RoadGraph,
    engines: tuple[RoadTravelTimes, OsrmTravelTimes],
    places: tuple[tuple[Location, ...], tuple[Location, ...]],
) -> Agreement:
    engine, osrm = engines
    try:
        # The first call compiles or loads machine code.
        await engine.table(places[0][:1], places[1][:1])
        ours, engine_s = await _timed(engine, places)
        theirs, osrm_s = await _timed(osrm, places)
        apart = _apart(ours.seconds, theirs.seconds)
        far = np.argwhere(apart > 1)
        judge = _Judge(graph, places)
        classes = [judge.why(int(i), int(j), ours, theirs) for i, j in far]
    finally:
        await osrm.aclose()
    worst = sorted(range(len(far)), key=lambda k: -int(apart[tuple(far[k])]))[:10]
    return Agreement(
        map_name=info.name,
        pairs=apart.size,
        equal=int((apart == 0).sum()),
        within_1_s=int((apart <= 1).sum()),
        quicker=int((ours.seconds < theirs.seconds).sum()),
        explained=dict(Counter(classes)),
        worst=[_told(places, far[k], ours, theirs, classes[k]) for k in worst],
        snap_differs=_snaps_apart(ours, theirs),
        engine_s=round(engine_s, 3),
        osrm_s=round(osrm_s, 3),
    )


async def _timed(
    engine: RoadTravelTimes | OsrmTravelTimes,
    places: tuple[tuple[Location, ...], tuple[Location, ...]],
) -> tuple[TravelTable, float]:
    begun = time.perf_counter()
    table = await engine.table(*places)
    return table, time.perf_counter() - begun


def _apart(ours: NDArray[np.int32], theirs: NDArray[np.int32]) -> NDArray[np.int32]:
    return np.abs(ours - theirs)


def _snaps_apart(ours: TravelTable, theirs: TravelTable) -> int:
    """How many places are not put equally far (a millimetre) from where they are."""
    one = np.concatenate([ours.source_snap_m, ours.destination_snap_m])
    other = np.concatenate([theirs.source_snap_m, theirs.destination_snap_m])
    return int((np.abs(one - other) > 0.001).sum())


class _Judge:
    """Says why two times differ."""

    def __init__(
        self, graph: RoadGraph, places: tuple[tuple[Location, ...], tuple[Location, ...]]
    ) -> None:
        self._snapped = [snap(graph, side) for side in places]

    def why(self, i: int, j: int, ours: TravelTable, theirs: TravelTable) -> str:
        """The class of source ``i`` and destination ``j``."""
        if self._behind(i, j):
            return "behind"
        unreachable = (ours.seconds[i, j] == UNREACHABLE, theirs.seconds[i, j] == UNREACHABLE)
        return "reach" if any(unreachable) else "other"

    def _behind(self, i: int, j: int) -> bool:
        """Whether both are on one stretch of road, the destination before the source."""
        source, destination = _entries(self._snapped[0], i), _entries(self._snapped[1], j)
        return any(destination.get(node, offset) < offset for node, offset in source.items())


def _entries(snapped: Snapped, k: int) -> dict[int, int]:
    one, end = snapped.first[k], snapped.first[k + 1]
    return dict(zip(snapped.node[one:end].tolist(), snapped.offset[one:end].tolist(), strict=True))


def _told(
    places: tuple[tuple[Location, ...], tuple[Location, ...]],
    pair: NDArray[np.int64],
    ours: TravelTable,
    theirs: TravelTable,
    kind: str,
) -> str:
    i, j = pair
    one, other = places[0][i], places[1][j]
    way = f"{one.lat:.6f},{one.lon:.6f} to {other.lat:.6f},{other.lon:.6f}"
    return f"{way}: {ours.seconds[i, j]} s, OSRM {theirs.seconds[i, j]} s ({kind})"


def _print(found: Sequence[Agreement]) -> None:
    print("map             pairs    equal      within 1 s  apart  engine    OSRM")
    for one in found:
        print(
            f"{one.map_name:14} {one.pairs:>7} {one.equal / one.pairs:>9.4%} "
            f"{one.share_within_1_s:>11.4%} {one.pairs - one.within_1_s:>6} "
            f"{one.engine_s:>7.2f} s {one.osrm_s:>6.2f} s"
        )
    for one in found:
        if one.pairs == one.within_1_s:
            continue
        print(f"\n{one.map_name}: {one.snap_differs} places are not equally far from their road")
        for kind, pairs in one.explained.items():
            print(f"  {kind}: {pairs} pairs ({CLASSES[kind]})")
        print(*(f"    {line}" for line in one.worst), sep="\n")


if __name__ == "__main__":
    main()
