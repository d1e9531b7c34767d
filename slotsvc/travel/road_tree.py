"""The spatial index of a road graph's segments: the packed R-tree that OSRM makes of them.

OSRM sorts the segments along a Hilbert curve and writes them in that order. Each ``LEAF`` of them
are a leaf, each ``BRANCHES`` leaves a node above, and so on to the root (Kamel and Faloutsos 1993,
"On Packing R-trees"). Equally near roads come out of a search in an order that depends on the tree,
so this is OSRM's own, not a better one.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

LEAF = 204
BRANCHES = 64
_PRECISION = 1_000_000.0
_LAST_LATITUDE = 85.05112877980659
"""Where the Mercator projection's square ends."""


def tree_of(
    ends: NDArray[np.int32],
) -> tuple[NDArray[np.float64], NDArray[np.int32], NDArray[np.int32]]:
    """``northing``, ``boxes`` and ``levels`` of a ``RoadGraph``.

    ``ends``: int32 (S, 4), longitude and latitude of both ends in millionths of a degree, S > 0.
    """
    degrees = ends.astype(np.float64) / _PRECISION
    northing = mercator_latitudes(degrees[:, 1::2])
    south_north = np.rint(northing * _PRECISION).astype(np.int32)
    east, north = ends[:, ::2], south_north
    boxes = [east.min(axis=1), east.max(axis=1), north.min(axis=1), north.max(axis=1)]
    rows = [_merged(np.stack(boxes, axis=1), LEAF)]
    while len(rows[-1]) > 1:
        rows.append(_merged(rows[-1], BRANCHES))
    rows.reverse()
    levels = np.cumsum([0, *map(len, rows)]).astype(np.int32)
    return northing, np.concatenate(rows), levels


def mercator_latitudes(latitude: NDArray[np.float64]) -> NDArray[np.float64]:
    """Latitudes in the Mercator projection, scaled to degrees."""
    sine = np.sin(np.radians(np.clip(latitude, -_LAST_LATITUDE, _LAST_LATITUDE)))
    return np.degrees(0.5 * np.log((1.0 + sine) / (1.0 - sine)))


def _merged(boxes: NDArray[np.int32], together: int) -> NDArray[np.int32]:
    """The box around each so many."""
    first = np.arange(0, len(boxes), together)
    low, high = np.minimum.reduceat(boxes, first), np.maximum.reduceat(boxes, first)
    return np.stack([low[:, 0], high[:, 1], low[:, 2], high[:, 3]], axis=1)
