"""Putting places on the road as OSRM does, to the last digit.

A place goes to the nearest point of any segment, in the Mercator projection and in whole millionths
of a degree. All segments that pass exactly there are its roads: at a crossing a journey may begin
and end on each of them. A point of a road cut off from the network is passed over for the nearest
one of the network (what OSRM does when the request also names a place of the network).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from slotsvc.domain.place import Location
from slotsvc.solver.compiled import compiled
from slotsvc.travel.road_graph import RoadGraph, SegmentGrid, Segments

PRECISION = 1_000_000.0
_FAR = 1 << 62
_NO_LENGTH = 2.220446049250313e-16
_MOST_ROADS = 32
"""Segments through one point; no real crossing has as many."""


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
    return Snapped(*_snap_all(graph.segments, graph.grid, degrees.reshape(-1, 2)))


@compiled
def _fixed(degrees: float) -> int:
    """Millionths of a degree, halves away from zero."""
    scaled = degrees * PRECISION
    return int(np.floor(scaled + 0.5)) if scaled >= 0.0 else int(np.ceil(scaled - 0.5))


@compiled
def _mercator(latitude: float) -> float:
    """Projected latitude in degrees; OSRM's approximation, since its roundings are wanted."""
    x = latitude
    if x < -70.0 or x > 70.0:
        sine = np.sin(0.017453292519943295 * min(85.05112877980659, max(-85.05112877980659, x)))
        return (1.0 / 0.017453292519943295) * 0.5 * np.log((1.0 + sine) / (1.0 - sine))
    above = -9.82938075991732185095509716e-23
    above = above * x + 2.09014225025314211415458228e-23
    above = above * x + 3.13524754818073129982475171e-17
    above = above * x + -2.24563810831776747318521450e-18
    above = above * x + -1.77274453235716299127325443e-12
    above = above * x + 6.31192702320492485752941578e-14
    above = above * x + 3.68188055470304769936079078e-08
    above = above * x + -6.62778508496089940141103135e-10
    above = above * x + -3.21291701673364717170998957e-04
    above = above * x + 2.34439410386997223035693483e-06
    above = above * x + 1.00000000000089108431373566e00
    above = above * x + 0.0
    below = -3.27083224835967391884404730e-28
    below = below * x + -8.72130728982012387640166055e-22
    below = below * x + 9.32999229169156878168234191e-17
    below = below * x + -4.78446279888774903983338274e-18
    below = below * x + -3.30833288607921773936702558e-12
    below = below * x + 9.37468561198098681003717477e-14
    below = below * x + 5.18418724186576447072888605e-08
    below = below * x + -7.81802389685429267252612620e-10
    below = below * x + -3.72061271627251952928813333e-04
    below = below * x + 2.34439410398970701719081061e-06
    below = below * x + 1.0
    return above / below


@compiled
def _latitude(mercator: float) -> float:
    clamped = max(-180.0, min(180.0, mercator))
    turned = np.arctan(np.exp(clamped * 0.017453292519943295))
    return (1.0 / 0.017453292519943295) * 2.0 * turned - 90.0


@compiled
def _projected(
    ends: NDArray[np.int32], k: int, x: float, y: float
) -> tuple[float, float, float]:
    """The point of segment ``k`` nearest to projected (x, y): its share of the way, and where."""
    from_x, to_x = ends[k, 0] / PRECISION, ends[k, 2] / PRECISION
    from_y, to_y = _mercator(ends[k, 1] / PRECISION), _mercator(ends[k, 3] / PRECISION)
    along_x, along_y = to_x - from_x, to_y - from_y
    squared = along_x * along_x + along_y * along_y
    if squared < _NO_LENGTH:
        return 0.0, from_x, from_y
    share = (along_x * (x - from_x) + along_y * (y - from_y)) / squared
    share = min(1.0, max(0.0, share))
    return share, (1.0 - share) * from_x + to_x * share, (1.0 - share) * from_y + to_y * share


@compiled
def _nearest(
    segments: Segments, grid: SegmentGrid, x: float, y: float
) -> tuple[int, int, int, bool]:
    """Where projected (x, y) goes: fixed projected x, y, how far squared, and whether no point of
    any road is nearer (then cut-off roads through that very point count too)."""
    fixed_x, fixed_y = _fixed(x), _fixed(y)
    west, south, side, columns, rows = grid.frame
    column = min(columns - 1, max(0, (fixed_x - west) // side))
    row = min(rows - 1, max(0, (fixed_y - south) // side))
    inside_x = min(west + columns * side, max(west, fixed_x))
    inside_y = min(south + rows * side, max(south, fixed_y))
    outside = (fixed_x - inside_x) ** 2 + (fixed_y - inside_y) ** 2
    best, best_x, best_y = _FAR, 0, 0
    any_best, any_x, any_y = _FAR, 0, 0
    for ring in range(max(columns, rows) + 1):
        sure = max(0, ring - 1) * side
        if outside + sure * sure > best:
            break
        for r in range(max(0, row - ring), min(rows - 1, row + ring) + 1):
            step = 1 if abs(r - row) == ring else max(1, 2 * ring)
            for c in range(column - ring, column + ring + 1, step):
                if c < 0 or c >= columns:
                    continue
                square = r * columns + c
                for entry in range(grid.first[square], grid.first[square + 1]):
                    k = grid.segment[entry]
                    _, at_x, at_y = _projected(segments.ends, k, x, y)
                    rounded_x, rounded_y = _fixed(at_x), _fixed(at_y)
                    far = (fixed_x - rounded_x) ** 2 + (fixed_y - rounded_y) ** 2
                    if far < any_best:
                        any_best, any_x, any_y = far, rounded_x, rounded_y
                    if far < best and segments.tiny[k] == 0:
                        best, best_x, best_y = far, rounded_x, rounded_y
    if best == _FAR:
        return any_x, any_y, any_best, True
    return best_x, best_y, best, best == any_best


@compiled
def _meeting(
    segments: Segments,
    grid: SegmentGrid,
    goal: tuple[int, int, int, bool],
    x: float,
    y: float,
    found: NDArray[np.int64],
) -> int:
    """The segments whose point nearest to (x, y) is ``goal``: written to ``found``, their number.

    Of two segments of the same stretch of road, the first along it.
    """
    west, south, side, columns, rows = grid.frame
    goal_x, goal_y, _, all_roads = goal
    count = 0
    for r in range((goal_y - 1 - south) // side, (goal_y + 1 - south) // side + 1):
        for c in range((goal_x - 1 - west) // side, (goal_x + 1 - west) // side + 1):
            if r < 0 or r >= rows or c < 0 or c >= columns:
                continue
            square = r * columns + c
            for entry in range(grid.first[square], grid.first[square + 1]):
                k = grid.segment[entry]
                if segments.tiny[k] and not all_roads:
                    continue
                _, at_x, at_y = _projected(segments.ends, k, x, y)
                if _fixed(at_x) == goal_x and _fixed(at_y) == goal_y:
                    count = _with(segments, found, count, k)
    return count


@compiled
def _with(segments: Segments, found: NDArray[np.int64], count: int, k: int) -> int:
    for i in range(count):
        other = found[i]
        if (
            segments.forward[other] == segments.forward[k]
            and segments.reverse[other] == segments.reverse[k]
        ):
            if segments.position[k] < segments.position[other]:
                found[i] = k
            return count
    if count < len(found):
        found[count] = k
        count += 1
    return count


@compiled
def _metres(from_x: int, from_y: int, to_x: int, to_y: int) -> float:
    """Between two points in millionths of a degree."""
    turn = 0.017453292519943295 / PRECISION
    across = (to_x - from_x) * turn * np.cos((from_y + to_y) / 2.0 * turn)
    return 6372797.560856 * np.hypot(across, (to_y - from_y) * turn)


@compiled
def _snap_all(
    segments: Segments, grid: SegmentGrid, places: NDArray[np.float64]
) -> tuple[
    NDArray[np.int32], NDArray[np.int32], NDArray[np.int32], NDArray[np.float64], NDArray[np.int32]
]:
    n = len(places)
    first = np.zeros(n + 1, dtype=np.int32)
    node = np.empty(n * 2 * _MOST_ROADS, dtype=np.int32)
    offset = np.empty(n * 2 * _MOST_ROADS, dtype=np.int32)
    snap_m = np.empty(n, dtype=np.float64)
    at = np.empty((n, 2), dtype=np.int32)
    found = np.empty(_MOST_ROADS, dtype=np.int64)
    entries = 0
    for place in range(n):
        x_fixed, y_fixed = _fixed(places[place, 0]), _fixed(places[place, 1])
        x, y = x_fixed / PRECISION, _mercator(y_fixed / PRECISION)
        goal = _nearest(segments, grid, x, y)
        for i in range(_meeting(segments, grid, goal, x, y, found)):
            k = found[i]
            share, at_x, at_y = _projected(segments.ends, k, x, y)
            if i == 0:
                at[place, 0], at[place, 1] = _fixed(at_x), _fixed(_latitude(at_y))
            if segments.forward[k] >= 0:
                node[entries] = segments.forward[k]
                offset[entries] = segments.ahead[k, 0] + int(segments.ahead[k, 1] * share)
                entries += 1
            if segments.reverse[k] >= 0:
                passed = segments.back[k, 1] - int(segments.back[k, 1] * share)
                node[entries] = segments.reverse[k]
                offset[entries] = segments.back[k, 0] + passed
                entries += 1
        snap_m[place] = _metres(x_fixed, y_fixed, at[place, 0], at[place, 1])
        first[place + 1] = entries
    return first, node[:entries].copy(), offset[:entries].copy(), snap_m, at
