"""Putting places on the road as OSRM does, to the last digit.

A place goes to the nearest point of any road, in the Mercator projection and in whole millionths of
a degree. All segments that pass exactly there are its roads: at a crossing a journey may begin and
end on each of them. A point of a road cut off from the network is passed over for the nearest point
of the network, which is what OSRM does when the request also names a place of the network.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from slotsvc.domain.place import Location
from slotsvc.solver.compiled import compiled
from slotsvc.travel.road_graph import (
    ALONG,
    ALONG_BACK,
    BEFORE,
    BEFORE_BACK,
    CUT_OFF,
    FORWARD,
    FROM,
    NO_NODE,
    POSITION,
    REVERSE,
    TO,
    RoadGraph,
)

MOST_ROADS = 32
"""Segments through one point; no real crossing has as many."""
_PRECISION = 1_000_000.0
_TURN = math.pi / 180.0
_LAST_LATITUDE = 85.05112877980659
"""Where the Mercator projection's square ends."""
_NO_LENGTH = 2.220446049250313e-16
_FAR = 1 << 62
_EQUATOR_M = 6_378_137.0 * _TURN
"""A degree of longitude at the equator of the WGS84 ellipsoid."""
_ECCENTRICITY = (1 / 298.257223563) * (2 - 1 / 298.257223563)
"""Of that ellipsoid, squared."""
_BAND = 50_000
"""OSRM takes a degree's length in the middle of bands of this many millionths of latitude."""


class Snapped(NamedTuple):
    """Where N places are on the roads.

    ``first``: int32 (N + 1,): place k has the entries ``first[k]`` to ``first[k + 1]`` of ``node``
    and ``offset``, int32 (E,): an edge-based node it is on, and the deciseconds from the node's
    beginning to the place. A journey may begin and end on each of a place's entries. ``snap_m``:
    float64 (N,), metres from place to road. ``at``: int32 (N, 2), longitude and latitude of the
    road point in millionths of a degree.
    """

    first: NDArray[np.int32]
    node: NDArray[np.int32]
    offset: NDArray[np.int32]
    snap_m: NDArray[np.float64]
    at: NDArray[np.int32]


def snap(graph: RoadGraph, places: Sequence[Location]) -> Snapped:
    """Put each of ``places`` on the road. Every place is put somewhere, however far."""
    degrees = np.array([(place.lon, place.lat) for place in places], dtype=np.float64)
    grid = _Grid(graph.frame, graph.first, graph.entry)
    return Snapped(*_snapped(graph.segments, grid, degrees.reshape(-1, 2)))


class _Grid(NamedTuple):
    """The spatial index of a ``RoadGraph``."""

    frame: NDArray[np.int64]
    first: NDArray[np.int32]
    entry: NDArray[np.int32]


class _Entries(NamedTuple):
    """The first three of ``Snapped``, being filled."""

    first: NDArray[np.int32]
    node: NDArray[np.int32]
    offset: NDArray[np.int32]


class _Place(NamedTuple):
    """A place in projected degrees, and in whole millionths of one."""

    x: float
    y: float
    fixed_x: int
    fixed_y: int


@compiled
def _fixed(degrees: float) -> int:
    """Millionths of a degree, halves away from zero."""
    scaled = degrees * _PRECISION
    return math.floor(scaled + 0.5) if scaled >= 0.0 else math.ceil(scaled - 0.5)


@compiled
def _mercator(latitude: float) -> float:
    """Projected latitude in degrees."""
    sine = math.sin(_TURN * max(-_LAST_LATITUDE, min(_LAST_LATITUDE, latitude)))
    return 0.5 * math.log((1.0 + sine) / (1.0 - sine)) / _TURN


@compiled
def _latitude(mercator: float) -> float:
    """The latitude ``_mercator`` projects there."""
    return 2.0 * math.atan(math.exp(mercator * _TURN)) / _TURN - 90.0


@compiled
def _closest(segments: NDArray[np.int32], k: int, place: _Place) -> tuple[float, float, float]:
    """The point of segment ``k`` nearest to ``place``: its share of the way, projected x and y."""
    x, y = segments[k, FROM] / _PRECISION, _mercator(segments[k, FROM + 1] / _PRECISION)
    along_x = segments[k, TO] / _PRECISION - x
    along_y = _mercator(segments[k, TO + 1] / _PRECISION) - y
    squared = along_x * along_x + along_y * along_y
    if squared < _NO_LENGTH:
        return 0.0, x, y
    share = (along_x * (place.x - x) + along_y * (place.y - y)) / squared
    share = min(1.0, max(0.0, share))
    return share, x + along_x * share, y + along_y * share


@compiled
def _look(
    segments: NDArray[np.int32], grid: _Grid, square: int, place: _Place, best: NDArray[np.int64]
) -> None:
    """Better ``best`` by the segments of one square: squared distance, x and y of the nearest point
    of any road, then of the network's roads."""
    for at in range(grid.first[square], grid.first[square + 1]):
        k = grid.entry[at]
        _, x, y = _closest(segments, k, place)
        fixed_x, fixed_y = _fixed(x), _fixed(y)
        far = (place.fixed_x - fixed_x) ** 2 + (place.fixed_y - fixed_y) ** 2
        for nearest in range(0, 6 - 3 * segments[k, CUT_OFF], 3):
            if far < best[nearest]:
                best[nearest], best[nearest + 1], best[nearest + 2] = far, fixed_x, fixed_y


@compiled
def _beyond(low: int, high: int, inside: int) -> int:
    """How far ``inside`` is from both ends of a stretch that surrounds it."""
    return max(0, min(inside - low, high - inside))


@compiled
def _nearest(
    segments: NDArray[np.int32], grid: _Grid, place: _Place, best: NDArray[np.int64]
) -> None:
    """Fill ``best`` (see ``_look``), in rings of squares around the place."""
    west, south, side, columns, rows = grid.frame
    # Outside the grid, begin at its nearest point: the way there is part of every way.
    x = min(west + columns * side - 1, max(west, place.fixed_x))
    y = min(south + rows * side - 1, max(south, place.fixed_y))
    outside = (place.fixed_x - x) ** 2 + (place.fixed_y - y) ** 2
    column, row = (x - west) // side, (y - south) // side
    for ring in range(max(columns, rows) + 1):
        left, low = west + (column - ring + 1) * side, south + (row - ring + 1) * side
        wide = (2 * ring - 1) * side
        sure = min(_beyond(left, left + wide, x), _beyond(low, low + wide, y))
        if ring > 0 and outside + sure * sure > best[3]:
            break
        for r in range(max(0, row - ring), min(rows - 1, row + ring) + 1):
            step = 1 if abs(r - row) == ring else 2 * ring
            for c in range(column - ring, column + ring + 1, max(1, step)):
                if 0 <= c < columns:
                    _look(segments, grid, r * columns + c, place, best)


@compiled
def _through(
    segments: NDArray[np.int32],
    grid: _Grid,
    place: _Place,
    best: NDArray[np.int64],
    found: NDArray[np.int32],
) -> None:
    """Write the segments that carry the place to ``found``: their number, then they.

    Cut-off roads count only where no road is nearer than they are.
    """
    west, south, side, columns, rows = grid.frame
    goal = 3 if best[3] < _FAR else 0
    all_roads = best[goal] == best[0]
    x, y = best[goal + 1], best[goal + 2]
    found[0] = 0
    low, high = max(0, (y - 1 - south) // side), min(rows - 1, (y + 1 - south) // side)
    left, right = max(0, (x - 1 - west) // side), min(columns - 1, (x + 1 - west) // side)
    for r in range(low, high + 1):
        for square in range(r * columns + left, r * columns + right + 1):
            for at in range(grid.first[square], grid.first[square + 1]):
                k = grid.entry[at]
                _, at_x, at_y = _closest(segments, k, place)
                passes = _fixed(at_x) == x and _fixed(at_y) == y
                if passes and (all_roads or segments[k, CUT_OFF] == 0):
                    _with(segments, found, k)


@compiled
def _with(segments: NDArray[np.int32], found: NDArray[np.int32], k: int) -> None:
    """Add segment ``k``; of two segments of one stretch of road the first along it stays."""
    for i in range(1, found[0] + 1):
        same, other = segments[found[i]], segments[k]
        if same[FORWARD] == other[FORWARD] and same[REVERSE] == other[REVERSE]:
            if other[POSITION] < same[POSITION]:
                found[i] = k
            return
    if found[0] + 1 < len(found):
        found[0] += 1
        found[found[0]] = k


@compiled
def _metres(from_x: int, from_y: int, to_x: int, to_y: int) -> float:
    """Between two points in millionths of a degree, on the WGS84 ellipsoid taken as flat."""
    band = (abs(from_y + to_y) // 2 // _BAND + 0.5) * _BAND / _PRECISION
    cosine = math.cos(band * _TURN)
    inverse = 1.0 / (1.0 - _ECCENTRICITY * (1.0 - cosine * cosine))
    across = _EQUATOR_M * math.sqrt(inverse) * cosine
    along = _EQUATOR_M * math.sqrt(inverse) * inverse * (1.0 - _ECCENTRICITY)
    return math.hypot((to_x - from_x) / _PRECISION * across, (to_y - from_y) / _PRECISION * along)


@compiled
def _enter(
    segments: NDArray[np.int32], k: int, place: _Place, entries: _Entries, number: int
) -> None:
    """Add the entries of place ``number`` on segment ``k``."""
    share, _, _ = _closest(segments, k, place)
    segment, at = segments[k], entries.first[number + 1]
    if segment[FORWARD] != NO_NODE:
        entries.node[at] = segment[FORWARD]
        entries.offset[at] = segment[BEFORE] + int(segment[ALONG] * share)
        at += 1
    if segment[REVERSE] != NO_NODE:
        passed = segment[ALONG_BACK] - int(segment[ALONG_BACK] * share)
        entries.node[at] = segment[REVERSE]
        entries.offset[at] = segment[BEFORE_BACK] + passed
        at += 1
    entries.first[number + 1] = at


@compiled
def _snapped(
    segments: NDArray[np.int32], grid: _Grid, degrees: NDArray[np.float64]
) -> tuple[
    NDArray[np.int32], NDArray[np.int32], NDArray[np.int32], NDArray[np.float64], NDArray[np.int32]
]:
    """``Snapped`` of places given as longitude, latitude (N, 2)."""
    n = len(degrees)
    room = 2 * MOST_ROADS * n
    entries = _Entries(
        np.zeros(n + 1, dtype=np.int32), np.empty(room, np.int32), np.empty(room, np.int32)
    )
    snap_m, at = np.empty(n, dtype=np.float64), np.empty((n, 2), dtype=np.int32)
    found, best = np.empty(MOST_ROADS + 1, dtype=np.int32), np.empty(6, dtype=np.int64)
    for i in range(n):
        lon, lat = _fixed(degrees[i, 0]), _fixed(degrees[i, 1])
        y = _mercator(lat / _PRECISION)
        place = _Place(lon / _PRECISION, y, lon, _fixed(y))
        best[:] = _FAR
        _nearest(segments, grid, place, best)
        _through(segments, grid, place, best, found)
        entries.first[i + 1] = entries.first[i]
        for j in range(1, found[0] + 1):
            _enter(segments, found[j], place, entries, i)
        _, road_x, road_y = _closest(segments, found[1], place)
        at[i, 0], at[i, 1] = _fixed(road_x), _fixed(_latitude(road_y))
        snap_m[i] = _metres(lon, lat, at[i, 0], at[i, 1])
    used = entries.first[n]
    return entries.first, entries.node[:used].copy(), entries.offset[:used].copy(), snap_m, at
