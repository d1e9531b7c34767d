"""Which quarter and which towns a street is near: hints for people, not administrative truth."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from slotsvc.domain.place import Location, great_circle_m
from slotsvc.travel.osm_extract import NamedPlace

NEAR_M = 5_000.0
_CELL_DEGREES = 0.1
"""Larger than ``NEAR_M`` in latitude, and in longitude up to 60 degrees north."""
_TOWNS = frozenset({"city", "town", "village"})


class NearbyPlaces:
    """Named places in cells, so that a country's streets find theirs quickly."""

    def __init__(self, places: Iterable[NamedPlace]) -> None:
        self._cells: defaultdict[tuple[int, int], list[NamedPlace]] = defaultdict(list)
        for place in places:
            self._cells[_cell(place.location)].append(place)

    def nearest(self, at: Location) -> str | None:
        """Name of the nearest quarter, village or town within ``NEAR_M``; None if there is none."""
        return next((place.name for place in self._by_distance(at)), None)

    def towns(self, at: Location, count: int = 2) -> list[str]:
        """Names of the nearest towns and villages within ``NEAR_M``, at most ``count``."""
        return [place.name for place in self._by_distance(at) if place.kind in _TOWNS][:count]

    def _by_distance(self, at: Location) -> list[NamedPlace]:
        row, column = _cell(at)
        around = [
            (great_circle_m(at, place.location), place.name, place)
            for d_row in (-1, 0, 1)
            for d_column in (-1, 0, 1)
            for place in self._cells.get((row + d_row, column + d_column), ())
        ]
        return [
            place for distance, _, place in sorted(around, key=_first_two) if distance <= NEAR_M
        ]


def _first_two(entry: tuple[float, str, NamedPlace]) -> tuple[float, str]:
    return entry[:2]


def _cell(at: Location) -> tuple[int, int]:
    return int(at.lat // _CELL_DEGREES), int(at.lon // _CELL_DEGREES)
