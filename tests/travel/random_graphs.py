"""Random directed graphs, and shortest ways found the plain way."""

from __future__ import annotations

import heapq
import random
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from slotsvc.scheduling.travel_port import UNREACHABLE

Int32 = NDArray[np.int32]


@dataclass(frozen=True)
class Digraph:
    """``tail``, ``head``, ``weight``: its arcs. ``node_at`` (n, 2): where its nodes are."""

    tail: Int32
    head: Int32
    weight: Int32
    node_at: Int32


def random_graph(chance: random.Random, nodes: int, arcs: int) -> Digraph:
    """Arcs between any two nodes, loops and parallel ones among them; some parts may be apart."""
    ends = [(chance.randrange(nodes), chance.randrange(nodes)) for _ in range(arcs)]
    weights = [chance.choice((1, 1, 2, 5, 40, 300)) for _ in ends]
    at = [(chance.randrange(1000), chance.randrange(1000)) for _ in range(nodes)]
    return _graph(ends, weights, at)


def street_grid(chance: random.Random, side: int) -> Digraph:
    """Streets between the crossings of a grid, each a node per direction, some one-way; an arc for
    each turn but the one back."""
    streets = [
        ((x, y), (x + dx, y + dy))
        for x in range(side)
        for y in range(side)
        for dx, dy in ((1, 0), (0, 1))
        if x + dx < side and y + dy < side
    ]
    ways = [(a, b) for a, b in streets] + [(b, a) for a, b in streets if chance.random() < 0.8]
    ends = [
        (i, j)
        for i, (a, b) in enumerate(ways)
        for j, (c, d) in enumerate(ways)
        if b == c and a != d
    ]
    at = [((a[0] + b[0]) * 50, (a[1] + b[1]) * 50) for a, b in ways]
    return _graph(ends, [chance.randrange(1, 60) for _ in ends], at)


def plain_distances(graph: Digraph, start: int) -> list[int]:
    """Of every node from ``start`` (Dijkstra 1959); ``UNREACHABLE``: no way."""
    out: list[list[tuple[int, int]]] = [[] for _ in graph.node_at]
    for tail, head, weight in zip(graph.tail, graph.head, graph.weight, strict=True):
        out[tail].append((int(head), int(weight)))
    best = [UNREACHABLE] * len(out)
    best[start] = 0
    waiting = [(0, start)]
    while waiting:
        so_far, node = heapq.heappop(waiting)
        for other, weight in out[node] if so_far == best[node] else ():
            if so_far + weight < best[other]:
                best[other] = so_far + weight
                heapq.heappush(waiting, (so_far + weight, other))
    return best


def _graph(ends: list[tuple[int, int]], weights: list[int], at: list[tuple[int, int]]) -> Digraph:
    arcs = np.array(ends, dtype=np.int32).reshape(-1, 2)
    return Digraph(
        _unwritable(arcs[:, 0]),
        _unwritable(arcs[:, 1]),
        _unwritable(np.array(weights)),
        _unwritable(np.array(at)),
    )


def _unwritable(values: NDArray[np.integer]) -> Int32:
    """As the arrays of a file are, so that the compiler sees one type."""
    array = np.ascontiguousarray(values, dtype=np.int32)
    array.flags.writeable = False
    return array
