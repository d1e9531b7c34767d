"""A day's routes as lines and points for the map: GeoJSON (RFC 7946), longitude before latitude."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from slotsvc.portal.day.board import COLOURS
from slotsvc.portal.day.rows import Place, ShiftRow, StopRow, TechnicianRow

MOST_PLACES = 100
"""Places of one shape that the engine draws."""

type Shape = Callable[[Sequence[Place]], Awaitable[list[Place]]]
"""The road through some places, in order; straight lines where there are no roads."""


async def map_lines(rows: Sequence[TechnicianRow], shape: Shape) -> dict[str, Any]:
    """A FeatureCollection: one LineString for each shift with visits, one Point for each visit.

    One shape after the other: the day page must not crowd out searches.
    """
    features: list[dict[str, Any]] = []
    for n, row in enumerate(rows):
        colour = n % COLOURS
        for shift in row.shifts:
            if shift.stops:
                line = await shape(places(shift)[:MOST_PLACES])
                features.append(_line(row, colour, line))
                features += [_point(row, colour, stop) for stop in shift.stops]
    return {"type": "FeatureCollection", "features": features}


def places(shift: ShiftRow) -> list[Place]:
    """Where the shift leads, its start and its end included."""
    ends = [shift.start_place], [shift.end_place]
    middle: list[Place | None] = [stop.place for stop in shift.stops]
    return [place for place in (*ends[0], *middle, *ends[1]) if place is not None]


def _line(row: TechnicianRow, colour: int, line: Sequence[Place]) -> dict[str, Any]:
    coordinates = [_position(place) for place in line]
    return _feature(
        {"type": "LineString", "coordinates": coordinates},
        technician=row.technician,
        name=row.name,
        colour=colour,
    )


def _point(row: TechnicianRow, colour: int, stop: StopRow) -> dict[str, Any]:
    return _feature(
        {"type": "Point", "coordinates": _position(stop.place)},
        technician=row.technician,
        visit=stop.visit,
        number=stop.number,
        risk=stop.at_risk,
        colour=colour,
    )


def _feature(geometry: dict[str, Any], **properties: object) -> dict[str, Any]:
    return {"type": "Feature", "geometry": geometry, "properties": properties}


def _position(place: Place) -> list[float]:
    return [round(place[1], 6), round(place[0], 6)]
