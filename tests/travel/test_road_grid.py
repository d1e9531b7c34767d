from __future__ import annotations

import math

import numpy as np

from slotsvc.travel.road_graph import FROM, SEGMENT_COLUMNS, TO
from slotsvc.travel.road_grid import grid_of, mercator_latitudes


def test_latitudes_are_projected_by_mercators_formula() -> None:
    """The equator stays; the square of the projection ends at 85.05 degrees."""
    projected = mercator_latitudes(np.array([0.0, 45.0, -45.0, 85.05112877980659, 90.0]))
    middle = math.degrees(math.asinh(math.tan(math.radians(45.0))))
    assert np.allclose(projected, [0.0, middle, -middle, 180.0, 180.0])


def test_a_square_knows_every_segment_through_it() -> None:
    """Points along each segment of a random town lie in squares that list the segment."""
    chance = np.random.default_rng(3)
    segments = np.zeros((200, SEGMENT_COLUMNS), dtype=np.int32)
    segments[:, FROM : FROM + 2] = chance.integers(40_000_000, 40_030_000, (200, 2))
    segments[:, TO : TO + 2] = segments[:, FROM : FROM + 2] + chance.integers(-900, 900, (200, 2))
    (west, south, side, columns, rows), first, entry = grid_of(segments)
    assert len(first) == columns * rows + 1
    for k, segment in enumerate(segments):
        for share in np.linspace(0.0, 1.0, 9):
            lon = segment[FROM] + share * (segment[TO] - segment[FROM])
            ends = mercator_latitudes(segment[[FROM + 1, TO + 1]] / 1e6) * 1e6
            column = int(lon - west) // side
            row = int(ends[0] + share * (ends[1] - ends[0]) - south) // side
            square = row * columns + column
            assert k in entry[first[square] : first[square + 1]]


def test_a_single_segment_of_no_length_makes_a_grid() -> None:
    """Bad data is no reason to fail."""
    segments = np.full((1, SEGMENT_COLUMNS), 7, dtype=np.int32)
    _, first, entry = grid_of(segments)
    assert first[-1] == len(entry) > 0
