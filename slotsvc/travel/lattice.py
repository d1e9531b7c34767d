"""A made-up town: straight streets between the crossings of a grid. For warming up, and for tests
that need roads but no map."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from slotsvc.travel.road_graph import FROM, RoadGraph
from slotsvc.travel.road_tree import tree_of

MAP_ID = "lattice"
VERSION = "0"
_BLOCK = 1_000
"""Length of a street in millionths of a degree."""
STREET_DS, TURN_DS = 90, 15
"""Deciseconds of driving a street, and of every turn."""


def lattice(side: int) -> RoadGraph:
    """``side`` × ``side`` crossings from latitude 0, longitude 0 to the north-east, 0.001 degrees
    apart; every street both ways, no turning back. Node 2k drives street k away from the origin,
    node 2k + 1 towards it; the streets to the east come first, row by row from the south."""
    crossing = np.arange(side * side, dtype=np.int32).reshape(side, side)
    east = np.stack([crossing[:, :-1].ravel(), crossing[:, 1:].ravel()], axis=1)
    north = np.stack([crossing[:-1].ravel(), crossing[1:].ravel()], axis=1)
    streets = np.concatenate([east, north])
    ways = np.stack([streets, streets[:, ::-1]], axis=1).reshape(-1, 2)
    tail, head = np.nonzero(ways[:, 1][:, None] == ways[:, 0][None, :])
    onward = tail != head ^ 1
    at = np.stack([crossing.ravel() % side, crossing.ravel() // side], axis=1) * _BLOCK
    segments = _segments(at[streets].reshape(-1, 4))
    northing, boxes, levels = tree_of(segments[:, FROM : FROM + 4])
    arrays = {
        "tail": tail[onward].astype(np.int32),
        "head": head[onward].astype(np.int32),
        "weight": np.full(int(onward.sum()), STREET_DS + TURN_DS, dtype=np.int32),
        "node_at": (at[ways].sum(axis=1) // 2).astype(np.int32),
        "segments": segments,
        "northing": northing,
        "boxes": boxes,
        "levels": levels,
    }
    for array in arrays.values():
        array.flags.writeable = False  # as if read from a file: the compiler tells them apart
    return RoadGraph(map_id=MAP_ID, osrm_version=VERSION, **arrays)


def _segments(ends: NDArray[np.integer]) -> NDArray[np.int32]:
    node = np.arange(len(ends)) * 2
    nothing, street = np.zeros(len(ends)), np.full(len(ends), STREET_DS)
    columns = [node, node + 1, *ends.T, nothing, nothing, street, nothing, street, nothing]
    return np.stack(columns, axis=1).astype(np.int32)
