from __future__ import annotations

import asyncio
import random
from pathlib import Path

import numpy as np
import pytest

from slotsvc.domain.place import Location
from slotsvc.travel.array_file import ArrayFileError
from slotsvc.travel.osrm import OsrmTravelTimes
from slotsvc.travel.osrm_graph import read_osrm_graph
from slotsvc.travel.road_graph import RoadGraph
from tests.road_fixtures import TOWN, CompiledMap
from tests.travel.road_oracle import driven_seconds


@pytest.fixture(scope="module")
def graph(demo_map: CompiledMap) -> RoadGraph:
    info = demo_map.info
    return RoadGraph.load(demo_map.files.graph, info.map_id, info.osrm_version)


def test_the_file_holds_what_was_read_of_osrm(demo_map: CompiledMap, graph: RoadGraph) -> None:
    """Every array, to the last number."""
    again = read_osrm_graph(demo_map.files, demo_map.info.map_id, demo_map.info.osrm_version)
    names = ("tail", "head", "weight", "node_at", "segments", "northing", "boxes", "levels")
    assert all((getattr(again, name) == getattr(graph, name)).all() for name in names)
    assert graph.node_count == len(graph.node_at) > 3_000


def test_a_graph_of_another_map_or_engine_is_refused(demo_map: CompiledMap) -> None:
    """Its times would be of other roads."""
    path, info = demo_map.files.graph, demo_map.info
    with pytest.raises(ArrayFileError, match="another map id"):
        RoadGraph.load(path, "another", info.osrm_version)
    with pytest.raises(ArrayFileError, match="another osrm version"):
        RoadGraph.load(path, info.map_id, "25.0")


def test_the_same_map_makes_the_same_bytes(graph: RoadGraph, tmp_path: Path) -> None:
    """Nothing of the moment or the machine is in the file."""
    graph.save(tmp_path / "one")
    graph.save(tmp_path / "two")
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


async def test_driving_on_the_graph_takes_what_osrms_table_says(
    graph: RoadGraph, osrm: OsrmTravelTimes, demo_map: CompiledMap
) -> None:
    """Beside roads, on crossings, at sea, next door: every pair is equal to the second."""
    chance = random.Random(5)
    places = [*TOWN, *_places(chance, graph, 60)]
    theirs = await osrm.table(places, places)
    ours = await asyncio.to_thread(driven_seconds, graph, places, places)
    assert np.array_equal(ours, theirs.seconds)


def _places(chance: random.Random, graph: RoadGraph, count: int) -> list[Location]:
    """By turns on the end of a segment, beside one, and next door to the place before."""
    places: list[Location] = []
    for k in range(count):
        lon, lat = graph.segments[chance.randrange(len(graph.segments)), 2:4].tolist()
        if k % 3 == 2:
            lat, lon = places[-1].lat * 1e6, places[-1].lon * 1e6
        off = 250.0 if k % 3 else 0.0
        lat, lon = lat + chance.uniform(-off, off), lon + chance.uniform(-off, off)
        places.append(Location(lat / 1e6, lon / 1e6))
    return places
