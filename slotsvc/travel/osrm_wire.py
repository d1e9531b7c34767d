"""OSRM's HTTP bodies, written and read. The only module that puts longitude before latitude.

Source: the HTTP API page of the OSRM project (table, nearest, route, tile services, version 1).
A server is believed only as far as its answer makes sense: everything else raises
``TravelUnavailableError``, so that no caller ever meets a zero, a NaN or a table of another shape.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from slotsvc.domain.place import EARTH_RADIUS_M, Location
from slotsvc.scheduling.travel_port import UNREACHABLE, TravelUnavailableError

LONGEST_S = 30 * 86_400
"""A road journey of more seconds than this is no journey."""
FASTEST_MPS = 70.0
"""No road vehicle is faster than this between two places more than ``SLACK_M`` apart."""
SLACK_M = 50.0
SNAP_SLACK_M = 50.0
"""A road point may be so much nearer or further from the place asked about than the reply says, and
a twentieth: OSRM measures on a plane."""

Reply = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Snap:
    """The point of the road network nearest to a place: where it is, how far (metres), the road."""

    location: Location
    distance_m: float
    road_name: str


@dataclass(frozen=True, slots=True)
class RouteShape:
    """The line a vehicle drives: ``points`` in order, total metres and seconds, and per leg.

    ``leg_m`` / ``leg_s`` have one entry between each two consecutive places asked for.
    """

    points: tuple[Location, ...]
    distance_m: float
    duration_s: int
    leg_m: tuple[float, ...]
    leg_s: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class TableBlock:
    """Part of a table as read from one reply; shapes as in ``TravelTable``."""

    seconds: NDArray[np.int32]
    source_snap_m: NDArray[np.float64]
    destination_snap_m: NDArray[np.float64]


def table_body(
    sources: Sequence[Location], destinations: Sequence[Location], anchor: Location | None
) -> bytes:
    """JSON body of a table request: all sources, all destinations, then the anchor.

    OSRM puts a place on a road cut off from the network only if *all* coordinates of the request
    are there: the same pair would have other times in another company. A coordinate of the large
    network that is neither source nor destination costs nothing and settles it.
    """
    places = (*sources, *destinations) if anchor is None else (*sources, *destinations, anchor)
    return orjson.dumps(
        {
            "coordinates": [(place.lon, place.lat) for place in places],
            "sources": list(range(len(sources))),
            "destinations": list(range(len(sources), len(sources) + len(destinations))),
            "annotations": ["duration"],
            "generate_hints": False,
        }
    )


def nearest_body(place: Location) -> bytes:
    """JSON body of a nearest request for one place."""
    return orjson.dumps({"coordinates": [(place.lon, place.lat)], "generate_hints": False})


def route_body(places: Sequence[Location]) -> bytes:
    """JSON body of a route request through ``places`` in order, whole geometry, no instructions."""
    return orjson.dumps(
        {
            "coordinates": [(place.lon, place.lat) for place in places],
            "overview": "full",
            "geometries": "geojson",
            "generate_hints": False,
        }
    )


def read_reply(body: bytes) -> Reply:
    """The JSON object in ``body``; raises ``TravelUnavailableError`` when there is none."""
    try:
        reply = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise _nonsense("not JSON") from None
    if not isinstance(reply, dict):
        raise _nonsense("not a JSON object")
    return reply


def read_table(
    reply: Reply, sources: Sequence[Location], destinations: Sequence[Location]
) -> TableBlock:
    """Seconds rounded up, ``UNREACHABLE`` for null, and snap distances; checks all of it."""
    seconds = _seconds(_numbers(reply.get("durations"), len(sources), len(destinations)))
    source_snap_m, source_at = _snaps(reply.get("sources"), len(sources))
    destination_snap_m, destination_at = _snaps(reply.get("destinations"), len(destinations))
    _refuse_elsewhere(sources, source_at, source_snap_m)
    _refuse_elsewhere(destinations, destination_at, destination_snap_m)
    _refuse_flying(seconds, source_at, destination_at)
    return TableBlock(seconds, source_snap_m, destination_snap_m)


def read_snap(reply: Reply, member: str) -> Snap:
    """The first waypoint in ``member`` of a reply: ``waypoints`` (nearest), ``sources`` (table)."""
    waypoints = reply.get(member)
    if not isinstance(waypoints, list) or not waypoints:
        raise _nonsense("no waypoint")
    distance_m, at = _snap(waypoints[0])
    return Snap(Location(at[1], at[0]), distance_m, str(waypoints[0].get("name") or ""))


def read_route(reply: Reply, n_places: int) -> RouteShape:
    """The first route of a route reply, with one leg between each two places."""
    try:
        route = reply["routes"][0]
        line = route["geometry"]["coordinates"]
        points = tuple(Location(lat, lon) for lon, lat in line)
        leg_m = tuple(float(leg["distance"]) for leg in route["legs"])
        leg_s = tuple(_whole_seconds(leg["duration"]) for leg in route["legs"])
    except (KeyError, IndexError, TypeError, ValueError, OverflowError):
        raise _nonsense("no route") from None
    if len(leg_s) != n_places - 1 or len(points) < 2:
        raise _nonsense("a route of another shape")
    return RouteShape(points, sum(leg_m), sum(leg_s), leg_m, leg_s)


def _nonsense(what: str) -> TravelUnavailableError:
    return TravelUnavailableError(f"the road engine's reply makes no sense: {what}")


def _numbers(rows: object, n_rows: int, n_columns: int) -> NDArray[np.float64]:
    """A nested list as floats, null as NaN. Strict: NumPy alone would read "12" and true too."""
    if not isinstance(rows, list) or len(rows) != n_rows:
        raise _nonsense("a table of another shape")
    kinds: set[type] = set()
    for row in rows:
        if not isinstance(row, list) or len(row) != n_columns:
            raise _nonsense("a table of another shape")
        kinds.update(map(type, row))
    if not kinds <= {float, int, type(None)}:
        raise _nonsense("a duration that is no number")
    try:
        return np.array(rows, dtype=np.float64).reshape(n_rows, n_columns)
    except OverflowError:
        raise _nonsense("a duration out of range") from None


def _seconds(durations: NDArray[np.float64]) -> NDArray[np.int32]:
    unreachable = np.isnan(durations)
    whole = np.ceil(np.where(unreachable, 0.0, durations))
    if whole.size and (
        float(durations[~unreachable].min(initial=0.0)) < 0.0 or whole.max() > LONGEST_S
    ):
        raise _nonsense("a duration out of range")
    return np.where(unreachable, UNREACHABLE, whole).astype(np.int32)


def _whole_seconds(duration: float) -> int:
    if not 0.0 <= duration <= LONGEST_S:
        raise ValueError("duration out of range")
    return math.ceil(duration)


def _snaps(waypoints: object, expected: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Snap distances in metres (n,), and longitude, latitude in degrees (n, 2)."""
    if not isinstance(waypoints, list) or len(waypoints) != expected:
        raise _nonsense("waypoints of another number")
    snaps = [_snap(waypoint) for waypoint in waypoints]
    distances = np.array([distance for distance, _ in snaps], dtype=np.float64)
    return distances, np.array([at for _, at in snaps], dtype=np.float64).reshape(-1, 2)


def _snap(waypoint: Any) -> tuple[float, tuple[float, float]]:
    try:
        distance, (lon, lat) = waypoint["distance"], waypoint["location"]
        sane = 0.0 <= distance < math.inf and -180.0 <= lon <= 180.0 and -90.0 <= lat <= 90.0
    except (KeyError, TypeError, ValueError):
        raise _nonsense("a waypoint without a place") from None
    if not sane:
        raise _nonsense("a waypoint out of range")
    return float(distance), (lon, lat)


def _refuse_elsewhere(
    places: Sequence[Location], at: NDArray[np.float64], snap_m: NDArray[np.float64]
) -> None:
    """Raise when a road point is not as far from its place as is said: of another question."""
    asked = np.array([(place.lon, place.lat) for place in places], dtype=np.float64).reshape(-1, 2)
    cosines = np.einsum("ij,ij->i", _unit_vectors(asked), _unit_vectors(at))
    really_m = EARTH_RADIUS_M * np.arccos(np.clip(cosines, -1.0, 1.0))
    if bool(np.any(np.abs(really_m - snap_m) > SNAP_SLACK_M + 0.05 * really_m)):
        raise _nonsense("a waypoint that is somewhere else")


def _refuse_flying(
    seconds: NDArray[np.int32], sources: NDArray[np.float64], destinations: NDArray[np.float64]
) -> None:
    """Raise when any pair is faster than a road vehicle can be. Chords are never too long."""
    cosines = np.clip(_unit_vectors(sources) @ _unit_vectors(destinations).T, -1.0, 1.0)
    chord_m = EARTH_RADIUS_M * np.sqrt(2.0 - 2.0 * cosines)
    if bool(np.any(chord_m > SLACK_M + FASTEST_MPS * seconds)):
        raise _nonsense("a journey faster than any vehicle")


def _unit_vectors(lonlat: NDArray[np.float64]) -> NDArray[np.float64]:
    lon, lat = np.radians(lonlat).T
    return np.stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)], axis=1)
