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
from slotsvc.travel.road_graph import RoadGraph, SegmentGrid, Segments

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
    return Snapped(*_snapped(graph.segments, graph.grid, degrees.reshape(-1, 2)))


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
def _closest(segments: Segments, k: int, place: _Place) -> tuple[float, float, float]:
    """The point of segment ``k`` nearest to ``place``: its share of the way, projected x and y."""
    ends = segments.ends
    x, y = ends[k, 0] / _PRECISION, _mercator(ends[k, 1] / _PRECISION)
    along_x = ends[k, 2] / _PRECISION - x
    along_y = _mercator(ends[k, 3] / _PRECISION) - y
    squared = along_x * along_x + along_y * along_y
    if squared < _NO_LENGTH:
        return 0.0, x, y
    share = (along_x * (place.x - x) + along_y * (place.y - y)) / squared
    share = min(1.0, max(0.0, share))
    return share, x + along_x * share, y + along_y * share


@compiled
def _look(
    segments: Segments, grid: SegmentGrid, square: int, place: _Place, best: NDArray[np.int64]
) -> None:
    """Better ``best`` by the segments of one square: squared distance, x and y of the nearest point
    of any road, then of the network's roads."""
    for entry in range(grid.first[square], grid.first[square + 1]):
        k = grid.segment[entry]
        _, x, y = _closest(segments, k, place)
        fixed_x, fixed_y = _fixed(x), _fixed(y)
        far = (place.fixed_x - fixed_x) ** 2 + (place.fixed_y - fixed_y) ** 2
        for nearest in range(0, 6 - 3 * segments.tiny[k], 3):
            if far < best[nearest]:
                best[nearest], best[nearest + 1], best[nearest + 2] = far, fixed_x, fixed_y


@compiled
def _beyond(low: int, high: int, inside: int) -> int:
    """How far ``inside`` is from both ends of a stretch that surrounds it."""
    return max(0, min(inside - low, high - inside))


@compiled
def _nearest(segments: Segments, grid: SegmentGrid, place: _Place, best: NDArray[np.int64]) -> None:
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
    segments: Segments,
    grid: SegmentGrid,
    place: _Place,
    best: NDArray[np.int64],
    found: NDArray[np.int64],
) -> int:
    """Write the segments that carry the place to ``found``; their number.

    Cut-off roads count only where no road is nearer than they are.
    """
    west, south, side, columns, rows = grid.frame
    goal = 3 if best[3] < _FAR else 0
    all_roads = best[goal] == best[0]
    x, y = best[goal + 1], best[goal + 2]
    count = 0
    for r in range(max(0, (y - 1 - south) // side), min(rows - 1, (y + 1 - south) // side) + 1):
        for c in range(
            max(0, (x - 1 - west) // side), min(columns - 1, (x + 1 - west) // side) + 1
        ):
            square = r * columns + c
            for entry in range(grid.first[square], grid.first[square + 1]):
                k = grid.segment[entry]
                _, at_x, at_y = _closest(segments, k, place)
                passes = _fixed(at_x) == x and _fixed(at_y) == y
                if passes and (all_roads or segments.tiny[k] == 0):
                    count = _with(segments, found, count, k)
    return count


@compiled
def _with(segments: Segments, found: NDArray[np.int64], count: int, k: int) -> int:
    """Add segment ``k``; of two segments of one stretch of road the first along it stays."""
    for i in range(count):
        other = found[i]
        forward, reverse = segments.forward[other], segments.reverse[other]
        if forward == segments.forward[k] and reverse == segments.reverse[k]:
            if segments.position[k] < segments.position[other]:
                found[i] = k
            return count
    if count < len(found):
        found[count] = k
        return count + 1
    return count


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
    segments: Segments,
    k: int,
    place: _Place,
    node: NDArray[np.int32],
    offset: NDArray[np.int32],
    at: int,
) -> int:
    """Write the place's entries on segment ``k`` from ``at`` on; where the next ones go."""
    share, _, _ = _closest(segments, k, place)
    ahead, back = segments.ahead, segments.back
    if segments.forward[k] >= 0:
        node[at] = segments.forward[k]
        offset[at] = ahead[k, 0] + int(ahead[k, 1] * share)
        at += 1
    if segments.reverse[k] >= 0:
        node[at] = segments.reverse[k]
        offset[at] = back[k, 0] + back[k, 1] - int(back[k, 1] * share)
        at += 1
    return at


@compiled
def _snapped(
    segments: Segments, grid: SegmentGrid, degrees: NDArray[np.float64]
) -> tuple[
    NDArray[np.int32], NDArray[np.int32], NDArray[np.int32], NDArray[np.float64], NDArray[np.int32]
]:
    """``Snapped`` of places given as longitude, latitude (N, 2)."""
    n = len(degrees)
    first, at = np.zeros(n + 1, dtype=np.int32), np.empty((n, 2), dtype=np.int32)
    node = np.empty(n * 2 * MOST_ROADS, dtype=np.int32)
    offset, snap_m = np.empty_like(node), np.empty(n, dtype=np.float64)
    found, best = np.empty(MOST_ROADS, dtype=np.int64), np.empty(6, dtype=np.int64)
    entries = 0
    for i in range(n):
        lon, lat = _fixed(degrees[i, 0]), _fixed(degrees[i, 1])
        y = _mercator(lat / _PRECISION)
        place = _Place(lon / _PRECISION, y, lon, _fixed(y))
        best[:] = _FAR
        _nearest(segments, grid, place, best)
        for j in range(_through(segments, grid, place, best, found)):
            entries = _enter(segments, found[j], place, node, offset, entries)
        first[i + 1] = entries
        _, road_x, road_y = _closest(segments, found[0], place)
        at[i, 0], at[i, 1] = _fixed(road_x), _fixed(_latitude(road_y))
        snap_m[i] = _metres(lon, lat, at[i, 0], at[i, 1])
    return first, node[:entries].copy(), offset[:entries].copy(), snap_m, at
