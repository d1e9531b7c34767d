"""Driving on a road graph, the plain way: Dijkstra's algorithm over its arcs, nothing prepared."""

from __future__ import annotations

import heapq
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from slotsvc.domain.place import Location
from slotsvc.scheduling.travel_port import UNREACHABLE
from slotsvc.travel.road_graph import RoadGraph
from slotsvc.travel.road_snap import Snapped, snap


def driven_seconds(
    graph: RoadGraph, sources: Sequence[Location], destinations: Sequence[Location]
) -> NDArray[np.int32]:
    """Seconds, rounded up, int32 (sources, destinations)."""
    ways: list[list[tuple[int, int]]] = [[] for _ in range(graph.node_count)]
    for tail, head, weight in zip(
        graph.tail.tolist(), graph.head.tolist(), graph.weight.tolist(), strict=True
    ):
        ways[tail].append((head, weight))
    ends = [entries(snap(graph, destinations), k) for k in range(len(destinations))]
    rows = [_row(ways, entries(snap(graph, sources), k), ends) for k in range(len(sources))]
    return np.array(rows, dtype=np.int32)


def entries(snapped: Snapped, k: int) -> list[tuple[int, int]]:
    """The (node, offset) of place ``k``."""
    one, end = snapped.first[k], snapped.first[k + 1]
    return list(zip(snapped.node[one:end].tolist(), snapped.offset[one:end].tolist(), strict=True))


def _row(
    ways: list[list[tuple[int, int]]],
    begins: list[tuple[int, int]],
    ends: list[list[tuple[int, int]]],
) -> list[int]:
    reached: dict[int, int] = {}
    # A journey leaves its first road at the end: even one that comes back to the same road.
    queue = [(weight - offset, head) for node, offset in begins for head, weight in ways[node]]
    heapq.heapify(queue)
    while queue:
        time, node = heapq.heappop(queue)
        if node in reached:
            continue
        reached[node] = time
        for head, weight in ways[node]:
            heapq.heappush(queue, (time + weight, head))
    return [_seconds(reached, begins, there) for there in ends]


def _seconds(
    reached: dict[int, int], begins: list[tuple[int, int]], ends: list[tuple[int, int]]
) -> int:
    around = [reached[node] + offset for node, offset in ends if node in reached]
    along = [
        offset - begin
        for node, offset in ends
        for other, begin in begins
        if other == node and begin <= offset
    ]
    return -(-min([*around, *along]) // 10) if around or along else UNREACHABLE
