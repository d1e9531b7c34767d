from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from slotsvc.domain.place import Location
from slotsvc.scheduling.travel_port import (
    UNREACHABLE,
    Provenance,
    TravelTable,
    TravelUnavailableError,
)
from slotsvc.travel.hierarchy_build import hierarchy_of
from slotsvc.travel.lattice import STREET_DS, TURN_DS, lattice
from slotsvc.travel.osrm import OsrmTravelTimes
from slotsvc.travel.road_graph import NO_NODE, REVERSE, RoadGraph
from slotsvc.travel.road_lines import RememberedLines
from slotsvc.travel.road_places import RoadPlaces
from slotsvc.travel.roads import RoadTravelTimes
from tests.road_fixtures import CASINO, FAR_OUT_AT_SEA, LA_TURBIE, TOWN
from tests.travel.random_graphs import Digraph, plain_distances

SIDE = 6


@pytest.fixture(scope="module")
def town() -> Iterator[RoadTravelTimes]:
    graph = lattice(SIDE)
    engine = RoadTravelTimes(graph, hierarchy_of(graph))
    yield engine
    engine.close()


def without(graph: RoadGraph, closed: np.ndarray) -> RoadGraph:
    """The graph without the arcs of ``closed`` nodes, bool (n,)."""
    kept = ~(closed[graph.tail] | closed[graph.head])
    arcs = {name: getattr(graph, name)[kept] for name in ("tail", "head", "weight")}
    for array in arcs.values():
        array.flags.writeable = False  # as if read from a file: the compiler tells them apart
    return replace(graph, **arcs)


def places_in_town(seed: int, count: int) -> list[Location]:
    chance = random.Random(seed)
    span = (SIDE - 1) * 0.001
    return [Location(chance.uniform(0, span), chance.uniform(0, span)) for _ in range(count)]


async def test_every_pair_has_osrms_time(
    road_engine: RoadTravelTimes, osrm: OsrmTravelTimes
) -> None:
    """The table of 80 places beside roads, some of them at sea, is OSRM's to the second, and so
    are the distances to the road."""
    chance = random.Random(11)
    places = [
        Location(43.74 + chance.uniform(-0.03, 0.03), 7.42 + chance.uniform(-0.06, 0.06))
        for _ in range(80)
    ]
    ours, theirs = await road_engine.table(places, places), await osrm.table(places, places)
    assert (np.abs(ours.seconds - theirs.seconds) <= 1).mean() >= 0.999
    assert np.allclose(ours.source_snap_m, theirs.source_snap_m, atol=0.5)
    assert ours.map_id == theirs.map_id
    assert ours.provenance is Provenance.LIVE


async def test_an_off_map_place_shows_how_far_it_was_moved(road_engine: RoadTravelTimes) -> None:
    """A point at sea is put on the coast road kilometres away, and its snap distance says so."""
    table = await road_engine.table([FAR_OUT_AT_SEA, CASINO], [CASINO])
    assert table.source_snap_m[0] > 10_000
    assert table.source_snap_m[1] < 100
    assert table.destination_snap_m[0] < 100


async def test_along_a_street_the_time_is_the_share_of_it(town: RoadTravelTimes) -> None:
    """A tenth of a street onwards, and the same back: nobody turns round at the place."""
    one, two = Location(0.0, 0.0002), Location(0.0, 0.0003)
    table = await town.table([one, two], [one, two])
    assert table.seconds.tolist() == [[0, 1], [1, 0]]


async def test_the_way_round_a_block_is_the_shorter_one(town: RoadTravelTimes) -> None:
    """From the middle of one street to the middle of the next: half a street, a turn, half one."""
    table = await town.table([Location(0.001, 0.0005)], [Location(0.0015, 0.001)])
    assert table.seconds[0, 0] == -(-(STREET_DS + TURN_DS) // 10)


async def test_rows_and_columns_say_the_same(town: RoadTravelTimes) -> None:
    """Whichever side is the shorter one, and however the table is cut into parts."""
    places = places_in_town(1, 90)
    whole = (await town.table(places, places)).seconds
    assert ((await town.table(places[:7], places)).seconds == whole[:7]).all()
    assert ((await town.table(places, places[:7])).seconds == whole[:, :7]).all()
    assert ((await town.table(places[:70], places)).seconds == whole[:70]).all()
    assert ((await town.table(places, places[:70])).seconds == whole[:, :70]).all()


async def test_times_are_those_of_the_graph(town: RoadTravelTimes) -> None:
    """From the middle of the first street to the middle of every other: Dijkstra's on the arcs."""
    graph = lattice(SIDE)
    plain = Digraph(graph.tail, graph.head, graph.weight, graph.node_at)
    away, towards = plain_distances(plain, 0), plain_distances(plain, 1)
    middles = [Location(lat / 1e6, lon / 1e6) for lon, lat in graph.node_at[2::2].tolist()]
    expected = [
        -(-min(way[node] for way in (away, towards) for node in (2 * k, 2 * k + 1)) // 10)
        for k in range(1, graph.node_count // 2)
    ]
    table = await town.table([Location(0.0, 0.0005)], middles)
    assert table.seconds[0].tolist() == expected


async def test_a_tuple_asked_for_again_is_not_looked_up_again(town: RoadTravelTimes) -> None:
    """The same tuple is known by its identity; an equal list gives the same times."""
    sites = tuple(places_in_town(2, 40))
    first = (await town.table([sites[0]], sites)).seconds
    places = town._places
    assert places.group(sites) is places.group(sites)
    assert ((await town.table([sites[0]], list(sites))).seconds == first).all()


async def test_a_line_of_a_kept_tuple_is_remembered(town: RoadTravelTimes) -> None:
    """The second time a row or column against the same tuple takes no sweep; the caller owns what
    he gets; an equal tuple made anew is another."""
    sites = tuple(places_in_town(3, 50))
    one = [places_in_town(6, 1)[0]]
    asked = ((one, sites), (sites, one))
    hits, misses = town.hits, town.misses
    first = [await town.table(*sides) for sides in asked]
    assert (town.hits, town.misses) == (hits, misses + 100)
    expected = [table.seconds.copy() for table in first]
    for table in first:
        table.seconds[:] = -1
    for sides, seconds in zip(asked, expected, strict=True):
        assert town._lines.find(*sides) is not None
        for _ in range(2):
            again = await town.table(*sides)
            assert (again.seconds == seconds).all()
            again.seconds[:] = -1
    assert (town.hits, town.misses) == (hits + 200, misses + 100)
    assert town._lines.find(one, tuple(list(sites))) is None


def test_remembered_lines_have_a_limit() -> None:
    """The line asked for longest ago makes way; one that is too long is not kept at all. Lines of
    few places count too."""
    lines = RememberedLines(most_cells=2 * 5 + 2 * 64)
    sites = tuple(places_in_town(1, 5))
    table = TravelTable(
        np.zeros((1, 5), dtype=np.int32), np.zeros(1), np.zeros(5), "map", Provenance.LIVE
    )
    for place in sites[:2]:
        lines.keep([place], sites, table)
    assert lines.find([sites[0]], sites) is not None
    lines.keep([sites[2]], sites, table)
    assert lines.find([sites[1]], sites) is None
    assert lines.find([sites[0]], sites) is not None
    long = tuple(places_in_town(2, 139))
    lines.keep([sites[0]], long, replace(table, seconds=np.zeros((1, 139), dtype=np.int32)))
    assert lines.find([sites[0]], long) is None
    assert lines.find([sites[2]], sites) is not None


async def test_many_strangers_do_not_fill_the_memory(town: RoadTravelTimes) -> None:
    """Places beyond the limit make the others forgotten; no answer changes."""
    graph = lattice(SIDE)
    hierarchy = hierarchy_of(graph)
    small = RoadTravelTimes(graph, hierarchy)
    small._places = RoadPlaces(graph, hierarchy, most_places=30)
    try:
        for seed in range(8):
            some, others = places_in_town(seed, 12), places_in_town(seed + 50, 40)
            expected = (await town.table(some, others)).seconds
            assert ((await small.table(some, others)).seconds == expected).all()
            assert len(small._places._number_of) <= 30
    finally:
        small.close()


async def test_two_towns_without_a_road_between_them_are_unreachable() -> None:
    """Each place of a cut-in-two town reaches its own half only."""
    graph = without(lattice(4), lattice(4).node_at[:, 1] == 1500)
    engine = RoadTravelTimes(graph, hierarchy_of(graph))
    south, north = Location(0.0, 0.0005), Location(0.003, 0.0005)
    try:
        seconds = (await engine.table([south, north], [south, north])).seconds
    finally:
        engine.close()
    assert seconds.tolist() == [[0, UNREACHABLE], [UNREACHABLE, 0]]


async def test_a_failure_inside_is_an_engine_that_does_not_answer(
    road_engine: RoadTravelTimes,
) -> None:
    """Whoever asks then goes to OSRM: what is broken in here is logged, not raised as it is."""
    nonsense: list[Location] = [None]  # type: ignore[list-item]
    with pytest.raises(TravelUnavailableError):
        await road_engine.table(nonsense, [CASINO])
    assert (await road_engine.table([CASINO], [LA_TURBIE])).seconds[0, 0] > 60


async def test_a_caller_who_leaves_does_not_disturb_the_others(town: RoadTravelTimes) -> None:
    """A large table is given up between its parts; the next answer is right."""
    places = places_in_town(4, 300)
    expected = (await town.table(places[:2], places)).seconds
    leaving = asyncio.create_task(town.table(places, places))
    await asyncio.sleep(0)
    leaving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await leaving
    assert ((await town.table(places[:2], places)).seconds == expected).all()


async def test_a_closed_engine_does_not_answer() -> None:
    """After the end of the service nothing hangs."""
    graph = lattice(3)
    engine = RoadTravelTimes(graph, hierarchy_of(graph))
    engine.close()
    with pytest.raises(TravelUnavailableError):
        await engine.table(TOWN, TOWN)


async def test_a_calendar_that_changes_is_gathered_again_where_it_changed(
    town: RoadTravelTimes,
) -> None:
    """A booking adds a place, a cancellation drops one: the times stay those of a fresh engine, and
    what lies above the places grows instead of being gathered anew, until it holds too much."""
    graph = lattice(SIDE)
    fresh = RoadTravelTimes(graph, hierarchy_of(graph))
    sites, strangers = places_in_town(7, 100), places_in_town(8, 200)
    one = places_in_town(9, 1)
    kept = [tuple(sites)]
    try:
        for stranger in strangers:
            kept.append((*kept[-1][1:], stranger))
            row, column = await fresh.table(one, kept[-1]), await fresh.table(kept[-1], one)
            assert (row.seconds == (await town.table(one, list(kept[-1]))).seconds).all()
            assert (column.seconds == (await town.table(list(kept[-1]), one)).seconds).all()
        groups = [fresh._places.group(places) for places in kept[-2:]]
        known, grown = (group.above_ends() for group in groups)
        assert (grown.node[: len(known.node)] == known.node).all()
    finally:
        fresh.close()


async def test_against_a_one_way_street_the_way_is_round_the_block() -> None:
    """Ahead it is straight, back it is three more streets; asked as a row and as a column."""
    one_way = lattice(SIDE).segments.copy()
    one_way[0, REVERSE] = NO_NODE
    one_way.flags.writeable = False
    nobody = np.arange(lattice(SIDE).node_count) == 1
    graph = replace(without(lattice(SIDE), nobody), segments=one_way)
    engine = RoadTravelTimes(graph, hierarchy_of(graph))
    behind, ahead = Location(0.0, 0.0002), Location(0.0, 0.0007)
    try:
        row = (await engine.table([behind], [ahead, behind, behind])).seconds
        column = (await engine.table([behind, ahead, ahead], [ahead])).seconds
        back = (await engine.table([ahead, ahead], [behind])).seconds
    finally:
        engine.close()
    straight, round_the_block = STREET_DS // 2, STREET_DS // 2 + 3 * STREET_DS + 4 * TURN_DS
    assert row.tolist() == [[-(-straight // 10), 0, 0]]
    assert column[:, 0].tolist() == [-(-straight // 10), 0, 0]
    assert back[:, 0].tolist() == [-(-round_the_block // 10)] * 2
