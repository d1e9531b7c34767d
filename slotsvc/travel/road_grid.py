"""The spatial index of a road graph's segments: a grid of squares in the Mercator projection."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from slotsvc.travel.road_graph import FROM, TO

PRECISION = 1_000_000.0
"""OSRM's fixed-point coordinates are millionths of a degree, plain and projected."""
_SMALLEST_SIDE = 100


def grid_of(
    segments: NDArray[np.int32],
) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.int32]]:
    """``frame``, ``first`` and ``entry`` of a ``RoadGraph``: about as many squares as segments,
    each with the segments whose box touches it."""
    low, high = _boxes(segments)
    corner = low.min(axis=0)
    extent = high.max(axis=0) - corner + 1
    side = max(_SMALLEST_SIDE, math.isqrt(int(extent[0] * extent[1]) // len(low)))
    columns, rows = (int(length) // side + 1 for length in extent)
    square, segment = _touched((low - corner) // side, (high - corner) // side, columns)
    order = np.argsort(square, kind="stable")
    first = np.searchsorted(square[order], np.arange(columns * rows + 1))
    frame = np.array([*corner, side, columns, rows], dtype=np.int64)
    return frame, first.astype(np.int32), segment[order].astype(np.int32)


def mercator_latitudes(latitude: NDArray[np.float64]) -> NDArray[np.float64]:
    """Projected latitudes in degrees (Web Mercator scaled to degrees), exact."""
    sine = np.sin(np.radians(np.clip(latitude, -85.051128779806592378, 85.051128779806592378)))
    return np.degrees(0.5 * np.log((1.0 + sine) / (1.0 - sine)))


def _boxes(segments: NDArray[np.int32]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Lowest and highest projected corner of each segment, int64 (S, 2), rounding allowed for."""
    ends = segments[:, [FROM, FROM + 1, TO, TO + 1]].astype(np.float64).reshape(-1, 2, 2)
    ends[:, :, 1] = mercator_latitudes(ends[:, :, 1] / PRECISION) * PRECISION
    low, high = np.floor(ends.min(axis=1)) - 1, np.ceil(ends.max(axis=1)) + 1
    return low.astype(np.int64), high.astype(np.int64)


def _touched(
    low: NDArray[np.int64], high: NDArray[np.int64], columns: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """One entry (square, segment) for each square touched by the box of each segment."""
    width, height = (high - low + 1).T
    per_segment = width * height
    segment = np.repeat(np.arange(len(low)), per_segment)
    ends = np.cumsum(per_segment)
    k = np.arange(len(segment)) - np.repeat(ends - per_segment, per_segment)
    row, column = np.divmod(k, width[segment])
    return (low[segment, 1] + row) * columns + low[segment, 0] + column, segment
