from __future__ import annotations

import math
import random

import numpy as np
import pytest

from slotsvc.domain.place import Location
from slotsvc.travel.osrm import OsrmTravelTimes
from slotsvc.travel.road_graph import CUT_OFF, FROM, TO, RoadGraph
from slotsvc.travel.road_snap import snap
from tests.road_fixtures import CASINO, FAR_OUT_AT_SEA, TOWN, CompiledMap
from tests.travel.road_oracle import entries

EQUALLY_NEAR = (
    Location(43.730194, 7.417136),
    Location(43.733707, 7.415720),
    Location(43.759013, 7.472526),
    Location(43.747182, 7.384495),
    Location(43.740577, 7.428612),
    Location(43.742752, 7.430619),
)


@pytest.fixture(scope="module")
def graph(demo_map: CompiledMap) -> RoadGraph:
    info = demo_map.info
    return RoadGraph.load(demo_map.files.graph, info.map_id, info.osrm_version)


async def test_places_go_where_osrm_puts_them(graph: RoadGraph, osrm: OsrmTravelTimes) -> None:
    """The same road point to the last digit, as far away to the millimetre."""
    places = [*TOWN, FAR_OUT_AT_SEA, *_around(random.Random(2), graph, 60)]
    snapped = snap(graph, places)
    for k, place in enumerate(places):
        theirs = await osrm.nearest(place)
        assert snapped.at[k].tolist() == _millionths(theirs.location)
        assert snapped.snap_m[k] == pytest.approx(theirs.distance_m, abs=0.001)


async def test_of_points_equally_near_osrms_is_taken(
    graph: RoadGraph, osrm: OsrmTravelTimes
) -> None:
    """Places between two roads or in a bend, as far from two points to the millionth."""
    for place in EQUALLY_NEAR:
        snapped = snap(graph, [place])
        assert _ways_to_be_nearest(graph, place) > 1
        assert snapped.at[0].tolist() == _millionths((await osrm.nearest(place)).location)


def test_no_road_point_is_nearer(graph: RoadGraph) -> None:
    """The search in squares finds what a look at every segment of the network finds."""
    network = graph.segments[graph.segments[:, CUT_OFF] == 0]
    places = _around(random.Random(3), graph, 10)
    snapped = snap(graph, places)
    for place, (lon, lat) in zip(places, snapped.at.tolist(), strict=True):
        found = _distance(place, lon, lat)
        assert found <= min(_nearest(place, segment) for segment in network.tolist()) + 1.5


def test_a_place_between_crossings_is_on_one_road(graph: RoadGraph) -> None:
    """On a two-way street it has both directions, and what lies before it adds up to the whole."""
    snapped = snap(graph, _around(random.Random(4), graph, 200))
    counts = np.diff(snapped.first)
    assert (counts >= 1).all()
    assert np.median(counts) == 2
    assert (snapped.offset >= 0).all()
    assert (snapped.node < graph.node_count).all()


def test_a_crossing_lies_on_all_its_roads(graph: RoadGraph) -> None:
    """Where three roads meet a journey may begin on each, at its beginning or at its end."""
    ends = graph.segments[:, [FROM, FROM + 1]]
    points, times = np.unique(ends, axis=0, return_counts=True)
    lon, lat = points[times.argmax()].tolist()
    crossing = snap(graph, [Location(lat / 1e6, lon / 1e6)])
    assert crossing.at[0].tolist() == [lon, lat]
    assert len({node for node, _ in entries(crossing, 0)}) >= 4


def test_a_place_on_a_cut_off_road_goes_to_the_network(graph: RoadGraph) -> None:
    """However near the cut-off road is."""
    here = Location(43.768223, 7.353569)
    assert snap(graph, [here]).snap_m[0] > 250


def test_places_are_put_alone_as_in_company(graph: RoadGraph) -> None:
    """One by one, together, twice: the same entries."""
    places = [*TOWN, CASINO, FAR_OUT_AT_SEA]
    together = snap(graph, places)
    for k, place in enumerate(places):
        assert entries(snap(graph, [place]), 0) == entries(together, k)
    assert entries(together, 0) == entries(together, 7)


def test_no_places_are_put_nowhere(graph: RoadGraph) -> None:
    """An empty list has empty arrays."""
    nothing = snap(graph, [])
    assert nothing.first.tolist() == [0]
    assert nothing.at.shape == (0, 2)
    assert len(nothing.node) == len(nothing.offset) == len(nothing.snap_m) == 0


@pytest.mark.parametrize(
    "place", [Location(90.0, 0.0), Location(-90.0, 180.0), Location(0.0, -180.0)]
)
def test_the_ends_of_the_world_are_put_somewhere(graph: RoadGraph, place: Location) -> None:
    """Thousands of kilometres away: the caller judges by the distance."""
    assert snap(graph, [place]).snap_m[0] > 1_000_000


def _around(chance: random.Random, graph: RoadGraph, count: int) -> list[Location]:
    """Within some 100 m of a road."""
    found = []
    for _ in range(count):
        lon, lat = graph.segments[chance.randrange(len(graph.segments)), FROM : FROM + 2].tolist()
        north, east = chance.uniform(-1000, 1000), chance.uniform(-1000, 1000)
        found.append(Location((lat + north) / 1e6, (lon + east) / 1e6))
    return found


def _ways_to_be_nearest(graph: RoadGraph, place: Location) -> int:
    """How many different points of the roads are the nearest, in whole projected millionths."""
    here = round(place.lon * 1e6), round(_projected(place.lat * 1e6))
    squared: dict[int, set[tuple[int, int]]] = {}
    for segment in graph.segments.tolist():
        x, y = (round(at) for at in _closest(place, segment))
        squared.setdefault((x - here[0]) ** 2 + (y - here[1]) ** 2, set()).add((x, y))
    return len(squared[min(squared)])


def _millionths(place: Location) -> list[int]:
    return [round(place.lon * 1e6), round(place.lat * 1e6)]


def _projected(lat_millionths: float) -> float:
    return math.degrees(math.asinh(math.tan(math.radians(lat_millionths / 1e6)))) * 1e6


def _distance(place: Location, lon: float, lat: float) -> float:
    """In projected millionths of a degree."""
    return math.hypot(place.lon * 1e6 - lon, _projected(place.lat * 1e6) - _projected(lat))


def _nearest(place: Location, segment: list[int]) -> float:
    x, y = _closest(place, segment)
    return math.hypot(place.lon * 1e6 - x, _projected(place.lat * 1e6) - y)


def _closest(place: Location, segment: list[int]) -> tuple[float, float]:
    """The nearest point of a segment, projected."""
    from_x, from_y = segment[FROM], _projected(segment[FROM + 1])
    along_x, along_y = segment[TO] - from_x, _projected(segment[TO + 1]) - from_y
    x, y = place.lon * 1e6 - from_x, _projected(place.lat * 1e6) - from_y
    length = along_x**2 + along_y**2
    share = min(1.0, max(0.0, (x * along_x + y * along_y) / length)) if length else 0.0
    return from_x + share * along_x, from_y + share * along_y
