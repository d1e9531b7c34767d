"""Building a contraction hierarchy: order, contract, weigh."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from slotsvc.travel.contraction import contract, customized, needed
from slotsvc.travel.dissection import dissection_ranks
from slotsvc.travel.hierarchy import Hierarchy, Int32, Ways
from slotsvc.travel.road_graph import RoadGraph


def hierarchy_of(graph: RoadGraph) -> Hierarchy:
    """Order, contract and weigh ``graph``: seconds for a city."""
    rank = dissection_ranks(graph.tail, graph.head, graph.node_at)
    return weighted(rank, graph.tail, graph.head, graph.weight)


def weighted(rank: Int32, tail: Int32, head: Int32, weight: Int32) -> Hierarchy:
    """The hierarchy of an order that is known, for other weights, each at least 1.

    A tenth of a second for a city: what changes with the hour of the day are weights only.
    """
    if len(weight) and int(weight.min()) < 1:
        raise ValueError("every arc must weigh something")
    tails, heads = rank[tail], rank[head]
    apart = tails != heads
    low, high = np.minimum(tails, heads)[apart], np.maximum(tails, heads)[apart]
    shape = contract(low, high, len(rank))
    up, down = needed(shape, *customized(shape, tails, heads, weight))
    return Hierarchy(
        _fixed(rank),
        _fixed(shape.parent),
        Ways(*(_fixed(array) for array in up)),
        Ways(*(_fixed(array) for array in down)),
    )


def _fixed(array: NDArray[np.int32]) -> NDArray[np.int32]:
    """The array, not to be written to any more: like those of a file, so that the compiler sees
    one type."""
    array.flags.writeable = False
    return array
