from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest

from slotsvc.scheduling.travel_port import UNREACHABLE
from slotsvc.travel.array_file import ArrayFileError
from slotsvc.travel.dissection import dissection_ranks
from slotsvc.travel.hierarchy import Hierarchy
from slotsvc.travel.hierarchy_build import weighted
from slotsvc.travel.hierarchy_sweep import Ends, above, lines, straight
from tests.travel.random_graphs import Digraph, plain_distances, random_graph, street_grid

SEEDS = range(12)


def hierarchy_of(graph: Digraph) -> Hierarchy:
    rank = dissection_ranks(graph.tail, graph.head, graph.node_at)
    return weighted(rank, graph.tail, graph.head, graph.weight)


def at_nodes(hierarchy: Hierarchy, nodes: list[int]) -> Ends:
    """Each place at one node, no cost."""
    first = np.arange(len(nodes) + 1, dtype=np.int32)
    return Ends(first, hierarchy.rank[nodes], np.zeros(len(nodes), dtype=np.int32))


def forwards(hierarchy: Hierarchy, begins: Ends, ends: Ends) -> np.ndarray:
    times = np.zeros((len(begins.first) - 1, len(ends.first) - 1), dtype=np.int32)
    over = above(hierarchy.down, hierarchy.parent, ends.node)
    lines(begins, hierarchy.up, hierarchy.parent, over, ends, times)
    return times


def backwards(hierarchy: Hierarchy, begins: Ends, ends: Ends) -> np.ndarray:
    times = np.zeros((len(ends.first) - 1, len(begins.first) - 1), dtype=np.int32)
    over = above(hierarchy.up, hierarchy.parent, begins.node)
    lines(ends, hierarchy.down, hierarchy.parent, over, begins, times)
    return times.T


@pytest.fixture(params=SEEDS)
def graph(request: pytest.FixtureRequest) -> Digraph:
    chance = random.Random(request.param)
    if request.param % 2:
        return street_grid(chance, chance.randrange(2, 9))
    nodes = chance.randrange(1, 60)
    return random_graph(chance, nodes, chance.randrange(3 * nodes))


def test_every_time_is_that_of_the_shortest_way(graph: Digraph) -> None:
    """All pairs of random graphs, reachable or not, equal Dijkstra's, forwards and backwards."""
    hierarchy = hierarchy_of(graph)
    nodes = list(range(len(graph.node_at)))
    expected = np.array([plain_distances(graph, node) for node in nodes])
    everywhere = at_nodes(hierarchy, nodes)
    for found in (
        forwards(hierarchy, everywhere, everywhere),
        backwards(hierarchy, everywhere, everywhere),
    ):
        assert (np.minimum(found, UNREACHABLE) == expected).all()


def test_what_is_gathered_grows(graph: Digraph) -> None:
    """Begun with some nodes and grown by others, it serves all of them and changes nothing for the
    first; nothing new to serve leaves it as it is."""
    hierarchy = hierarchy_of(graph)
    nodes = list(range(len(graph.node_at)))
    some, everywhere = at_nodes(hierarchy, nodes[::3]), at_nodes(hierarchy, nodes)
    before = above(hierarchy.down, hierarchy.parent, some.node)
    copies = [array.copy() for array in before]
    over = above(hierarchy.down, hierarchy.parent, everywhere.node, before)
    assert all((a == b).all() for a, b in zip(before, copies, strict=True))
    assert above(hierarchy.down, hierarchy.parent, some.node, over) is over
    for ends, kept in ((everywhere, slice(None)), (some, slice(None, None, 3))):
        times = np.zeros((len(nodes), len(ends.node)), dtype=np.int32)
        lines(everywhere, hierarchy.up, hierarchy.parent, over, ends, times)
        expected = [plain_distances(graph, node)[kept] for node in nodes]
        assert (np.minimum(times, UNREACHABLE) == expected).all()


def test_any_order_gives_the_same_times(graph: Digraph) -> None:
    """A good order is quick; a random one is right as well."""
    chance = np.random.default_rng(5)
    rank = chance.permutation(len(graph.node_at)).astype(np.int32)
    hierarchy = weighted(rank, graph.tail, graph.head, graph.weight)
    nodes = list(range(len(graph.node_at)))
    found = forwards(hierarchy, at_nodes(hierarchy, nodes), at_nodes(hierarchy, nodes))
    expected = [plain_distances(graph, node) for node in nodes]
    assert (np.minimum(found, UNREACHABLE) == expected).all()


def test_other_weights_need_no_other_order(graph: Digraph) -> None:
    """Rush hour: other weights on the same order give the shortest ways of the other weights."""
    chance = np.random.default_rng(6)
    slower = (graph.weight * chance.integers(1, 4, len(graph.weight))).astype(np.int32)
    hierarchy = weighted(hierarchy_of(graph).rank, graph.tail, graph.head, slower)
    nodes = list(range(len(graph.node_at)))
    found = forwards(hierarchy, at_nodes(hierarchy, nodes), at_nodes(hierarchy, nodes))
    rush = Digraph(graph.tail, graph.head, slower, graph.node_at)
    expected = [plain_distances(rush, node) for node in nodes]
    assert (np.minimum(found, UNREACHABLE) == expected).all()


def test_the_order_is_a_permutation(graph: Digraph) -> None:
    """Every node has one rank."""
    rank = dissection_ranks(graph.tail, graph.head, graph.node_at)
    assert sorted(rank.tolist()) == list(range(len(graph.node_at)))


def test_the_order_keeps_a_town_shallow() -> None:
    """On 24 by 24 crossings no node has more than 7 times 24 ancestors of nearly 2,000 nodes: the
    order separates the town, it does not just count it through."""
    graph = street_grid(random.Random(3), 24)
    hierarchy = hierarchy_of(graph)
    depth = np.zeros(len(hierarchy.parent), dtype=int)
    for node in reversed(range(len(depth))):
        if hierarchy.parent[node] >= 0:
            depth[node] = depth[hierarchy.parent[node]] + 1
    assert depth.max() < 7 * 24


def test_a_place_may_join_the_roads_at_several_ends() -> None:
    """The quickest of all ends counts, with what it costs to get there and away."""
    graph = street_grid(random.Random(8), 6)
    hierarchy = hierarchy_of(graph)
    begins = Ends(
        np.array([0, 3, 4], dtype=np.int32),
        hierarchy.rank[[0, 7, 9, 11]],
        np.array([5, 0, 70, 2], dtype=np.int32),
    )
    ends = Ends(
        np.array([0, 2], dtype=np.int32), hierarchy.rank[[20, 31]], np.array([9, 1], dtype=np.int32)
    )
    ways = {node: plain_distances(graph, node) for node in (0, 7, 9, 11)}
    expected = [
        min(cost + ways[b][e] + more for b, cost in joins for e, more in ((20, 9), (31, 1)))
        for joins in ([(0, 5), (7, 0), (9, 70)], [(11, 2)])
    ]
    assert forwards(hierarchy, begins, ends)[:, 0].tolist() == expected
    assert backwards(hierarchy, begins, ends)[:, 0].tolist() == expected


def test_on_one_stretch_only_ahead_is_straight() -> None:
    """From 10 to 25 of the same stretch it is 15; from 25 to 10 the way round stands."""
    one = Ends(np.array([0, 1], np.int32), np.array([4], np.int32), np.array([10], np.int32))
    two = Ends(np.array([0, 1], np.int32), np.array([4], np.int32), np.array([25], np.int32))
    for from_, to, expected in ((one, two, 15), (two, one, 99), (one, one, 0)):
        times = np.array([[99]], dtype=np.int32)
        straight(from_, to, 1, times)
        assert times[0, 0] == expected
        times = np.array([[99]], dtype=np.int32)
        straight(to, from_, -1, times)
        assert times[0, 0] == expected


def test_a_way_that_weighs_nothing_is_refused() -> None:
    """Pruning is sound for positive weights only."""
    graph = street_grid(random.Random(1), 3)
    nothing = np.zeros_like(graph.weight)
    with pytest.raises(ValueError, match="weigh"):
        weighted(hierarchy_of(graph).rank, graph.tail, graph.head, nothing)


def test_a_file_gives_back_what_was_saved(tmp_path: Path) -> None:
    """All arrays come back equal, and only for the map and engine they were made for."""
    hierarchy = hierarchy_of(street_grid(random.Random(2), 5))
    path = tmp_path / "roads.hierarchy"
    hierarchy.save(path, "a-map", "1.0")
    again = Hierarchy.load(path, "a-map", "1.0")
    for one, other in zip(
        (hierarchy.rank, hierarchy.parent, *hierarchy.up, *hierarchy.down),
        (again.rank, again.parent, *again.up, *again.down),
        strict=True,
    ):
        assert (one == other).all()
    for map_id, version in (("another", "1.0"), ("a-map", "2.0")):
        with pytest.raises(ArrayFileError, match="another"):
            Hierarchy.load(path, map_id, version)


def test_the_same_graph_gives_the_same_file(tmp_path: Path) -> None:
    """Nothing in it is left to chance."""
    files = [tmp_path / name for name in ("one", "two")]
    for path in files:
        hierarchy_of(street_grid(random.Random(2), 7)).save(path, "a-map", "1.0")
    assert files[0].read_bytes() == files[1].read_bytes()
