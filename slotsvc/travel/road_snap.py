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
from slotsvc.travel.road_tree import BRANCHES, LEAF

MOST_ROADS = 32
"""Segments through one point; no real crossing has as many."""
_PRECISION = 1_000_000.0
_TURN = math.pi / 180.0
_LAST_LATITUDE = 85.05112877980659
"""Where the Mercator projection's square ends."""
_NO_LENGTH = 2.220446049250313e-16
_END = 1e-9
"""Share of a segment that is nothing."""
_SPHERE_M = 6_372_797.560856
"""Radius of OSRM's globe."""
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
    tree = _Tree(graph.northing, graph.boxes, graph.levels)
    return Snapped(*_snapped(graph.segments, tree, degrees.reshape(-1, 2)))


class _Tree(NamedTuple):
    """The spatial index of a ``RoadGraph``."""

    northing: NDArray[np.float64]
    boxes: NDArray[np.int32]
    levels: NDArray[np.int32]


class _Queue(NamedTuple):
    """What a search has yet to look at, nearest first: a binary heap.

    ``far``: squared distances. ``what``: a tree node, or ``~k`` for segment k. ``size``: (1,).
    """

    far: NDArray[np.int64]
    what: NDArray[np.int64]
    size: NDArray[np.int64]


class _Entries(NamedTuple):
    """The first three of ``Snapped``, being filled."""

    first: NDArray[np.int32]
    node: NDArray[np.int32]
    offset: NDArray[np.int32]


class _Place(NamedTuple):
    """A place in projected degrees, in whole millionths of one, and its latitude in these."""

    x: float
    y: float
    fixed_x: int
    fixed_y: int
    lat: int


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
def _closest(
    segments: NDArray[np.int32], tree: _Tree, k: int, place: _Place
) -> tuple[float, float, float]:
    """The point of segment ``k`` nearest to ``place``: its share of the way, projected x and y."""
    x, y = segments[k, FROM] / _PRECISION, tree.northing[k, 0]
    along_x, along_y = segments[k, TO] / _PRECISION - x, tree.northing[k, 1] - y
    squared = along_x * along_x + along_y * along_y
    if squared < _NO_LENGTH:
        return 0.0, x, y
    share = (along_x * (place.x - x) + along_y * (place.y - y)) / squared
    # An end is an end: a last bit lost between here and the file's maker would cost a decisecond.
    share = 0.0 if share < _END else 1.0 if share > 1.0 - _END else share
    return share, x + along_x * share, y + along_y * share


@compiled
def _push(queue: _Queue, far: int, what: int) -> None:
    queue.size[0] += 1
    _settle(queue, queue.size[0] - 1, far, what)


@compiled
def _settle(queue: _Queue, hole: int, far: int, what: int) -> None:
    """Put an entry in ``hole`` or above it."""
    while hole > 0 and queue.far[(hole - 1) // 2] > far:
        above = (hole - 1) // 2
        queue.far[hole], queue.what[hole] = queue.far[above], queue.what[above]
        hole = above
    queue.far[hole], queue.what[hole] = far, what


@compiled
def _pop(queue: _Queue) -> int:
    """The nearest entry. Of equally near ones that which ``std::priority_queue`` of GCC's library
    gives: the hole sinks to the bottom first, then the last entry rises from there."""
    nearest, size = int(queue.what[0]), queue.size[0] - 1
    queue.size[0] = size
    hole = 0
    while 2 * hole + 1 < size:
        below = 2 * hole + 2
        if below == size or queue.far[below - 1] < queue.far[below]:
            below -= 1
        queue.far[hole], queue.what[hole] = queue.far[below], queue.what[below]
        hole = below
    _settle(queue, hole, queue.far[size], queue.what[size])
    return nearest


@compiled
def _outside(boxes: NDArray[np.int32], node: int, place: _Place) -> int:
    """Squared distance from a node's box."""
    x = max(int(boxes[node, 0]) - place.fixed_x, 0, place.fixed_x - int(boxes[node, 1]))
    y = max(int(boxes[node, 2]) - place.fixed_y, 0, place.fixed_y - int(boxes[node, 3]))
    return x * x + y * y


@compiled
def _open(
    segments: NDArray[np.int32], tree: _Tree, node: int, place: _Place, queue: _Queue
) -> None:
    """Queue what is below ``node``."""
    level = 0
    while tree.levels[level + 1] <= node:
        level += 1
    number = node - tree.levels[level]
    if level < len(tree.levels) - 2:
        first = tree.levels[level + 1] + number * BRANCHES
        for child in range(first, min(first + BRANCHES, tree.levels[level + 2])):
            _push(queue, _outside(tree.boxes, child, place), child)
        return
    for k in range(number * LEAF, min((number + 1) * LEAF, len(segments))):
        _, x, y = _closest(segments, tree, k, place)
        far = (_fixed(x) - place.fixed_x) ** 2 + (_fixed(y) - place.fixed_y) ** 2
        _push(queue, far, ~k)


@compiled
def _carriers(
    segments: NDArray[np.int32],
    tree: _Tree,
    place: _Place,
    queue: _Queue,
    found: NDArray[np.int32],
) -> None:
    """Write the segments that carry the place to ``found``: their number, then they.

    They all pass through the point of the network found first; or, where a cut-off road passes
    there too and is found first, cut-off roads count as well. OSRM stops at the first segment that
    is farther in metres than that point, which can hide roads through it from places that have
    another point just as near.
    """
    queue.size[0], found[0] = 0, 0
    goal_x, goal_y, seen, network_only, reach_m = 0, 0, False, False, math.inf
    _push(queue, 0, 0)
    while queue.size[0] > 0:
        what = _pop(queue)
        if what >= 0:
            _open(segments, tree, what, place, queue)
            continue
        _, at_x, at_y = _closest(segments, tree, ~what, place)
        x, y = _fixed(at_x), _fixed(at_y)
        metres = _sphere_m(place, x, y)
        if metres > reach_m:
            return
        segment = segments[~what]
        if segment[FORWARD] == NO_NODE and segment[REVERSE] == NO_NODE:
            continue
        first_of_network = segment[CUT_OFF] == 0 and reach_m == math.inf
        if first_of_network:
            reach_m = metres
        elsewhere = x != goal_x or y != goal_y
        if not seen or (first_of_network and elsewhere):
            network_only, found[0] = seen, 0
            goal_x, goal_y, seen, elsewhere = x, y, True, False
        if not elsewhere and not (network_only and segment[CUT_OFF]):
            _with(segments, found, ~what)


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
def _sphere_m(place: _Place, x: int, y: int) -> float:
    """From the place to a projected point, in metres along a great circle."""
    lat, other = place.lat / _PRECISION * _TURN, _fixed(_latitude(y / _PRECISION)) / _PRECISION
    north, east = math.sin((lat - other * _TURN) / 2.0), (place.fixed_x - x) / _PRECISION * _TURN
    half = north**2 + math.cos(lat) * math.cos(other * _TURN) * math.sin(east / 2.0) ** 2
    return _SPHERE_M * 2.0 * math.atan2(math.sqrt(half), math.sqrt(1.0 - half))


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
    segments: NDArray[np.int32],
    tree: _Tree,
    k: int,
    place: _Place,
    entries: _Entries,
    number: int,
) -> None:
    """Add the entries of place ``number`` on segment ``k``."""
    share, _, _ = _closest(segments, tree, k, place)
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
    segments: NDArray[np.int32], tree: _Tree, degrees: NDArray[np.float64]
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
    found, most = np.empty(MOST_ROADS + 1, dtype=np.int32), len(segments) + len(tree.boxes)
    queue = _Queue(np.empty(most, np.int64), np.empty(most, np.int64), np.zeros(1, np.int64))
    for i in range(n):
        lon, lat = _fixed(degrees[i, 0]), _fixed(degrees[i, 1])
        y = _mercator(lat / _PRECISION)
        place = _Place(lon / _PRECISION, y, lon, _fixed(y), lat)
        _carriers(segments, tree, place, queue, found)
        entries.first[i + 1] = entries.first[i]
        for j in range(1, found[0] + 1):
            _enter(segments, tree, found[j], place, entries, i)
        _, road_x, road_y = _closest(segments, tree, found[1], place)
        at[i, 0], at[i, 1] = _fixed(road_x), _fixed(_latitude(road_y))
        snap_m[i] = _metres(lon, lat, at[i, 0], at[i, 1])
    used = entries.first[n]
    return entries.first, entries.node[:used].copy(), entries.offset[:used].copy(), snap_m, at
