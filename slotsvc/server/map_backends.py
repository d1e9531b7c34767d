"""What ``MapService`` asks of a map: a port, and its two answers, with roads and without."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import pairwise
from typing import Protocol

from slotsvc.domain.errors import NotFoundError, TravelError
from slotsvc.domain.place import Location, great_circle_m
from slotsvc.scheduling.travel_port import (
    UNREACHABLE,
    Provenance,
    TravelTimes,
    TravelUnavailableError,
)
from slotsvc.travel.address_index import Address, AddressIndex, AddressKind
from slotsvc.travel.breaker import Breaker
from slotsvc.travel.map_info import MapInfo
from slotsvc.travel.osrm import OsrmTravelTimes
from slotsvc.travel.road_health import NO_ROADS, RoadHealth


@dataclass(frozen=True, slots=True)
class MapDescription:
    """``south_west`` and ``north_east``: None without a map. Measurements as in ``GetMap``.

    ``provenance``: of driving asked for now.
    """

    map_id: str
    display_name: str
    provenance: Provenance
    attribution: str = ""
    south_west: Location | None = None
    north_east: Location | None = None
    violation_share: float = 0.0
    worst_violation_s: int = 0


@dataclass(frozen=True, slots=True)
class RoadShape:
    """A line to draw, with driving seconds and metres. ESTIMATE: straight lines."""

    points: tuple[Location, ...]
    seconds: int
    metres: int
    provenance: Provenance


class PlaceQuality(Enum):
    """What was found."""

    ADDRESS = "ADDRESS"
    STREET = "STREET"
    PLACE = "PLACE"


@dataclass(frozen=True, slots=True)
class FoundPlace:
    """A place found by its address; ``label`` is one line for people."""

    label: str
    location: Location
    quality: PlaceQuality


class MapBackend(Protocol):
    """The map the service plans on. Numbers are in range when they get here."""

    def describe(self) -> MapDescription:
        """The map in use."""
        ...

    async def tile(self, zoom: int, x: int, y: int) -> bytes:
        """A Mapbox vector tile; empty where there is no road.

        Raises ``NotFoundError`` without a map, ``TravelError`` when the engine does not answer.
        """
        ...

    async def shape(self, places: Sequence[Location]) -> RoadShape:
        """The way through 2 to 100 places, in order. Raises ``TravelError``."""
        ...

    async def geocode(self, text: str, limit: int, near: Location | None) -> Sequence[FoundPlace]:
        """At most ``limit`` places, best first; empty when nothing is like ``text``."""
        ...


class NoMap:
    """Without a map: straight lines with the times of ``travel``, no tiles, no addresses.

    ``health``: of the roads behind ``travel``, if there are any.
    """

    def __init__(self, travel: TravelTimes, health: RoadHealth = NO_ROADS) -> None:
        self._travel, self._health = travel, health

    def describe(self) -> MapDescription:
        return MapDescription(self._travel.map_id, "no map", _provenance(self._health))

    async def tile(self, zoom: int, x: int, y: int) -> bytes:
        raise NotFoundError("the service runs without a map")

    async def shape(self, places: Sequence[Location]) -> RoadShape:
        try:
            table = await self._travel.table(places[:-1], places[1:])
        except TravelUnavailableError as error:
            raise TravelError("no travel time can be had") from error
        legs = table.seconds.diagonal()
        if (legs >= UNREACHABLE).any():
            raise NotFoundError("no road connects these places")
        metres = sum(great_circle_m(a, b) for a, b in pairwise(places))
        return RoadShape(tuple(places), int(legs.sum()), round(metres), Provenance.ESTIMATE)

    async def geocode(self, text: str, limit: int, near: Location | None) -> Sequence[FoundPlace]:
        return ()


class CompiledMap:
    """A map of ``slotsvc map build``: its OSRM, its address index, and straight lines of
    ``fallback`` while the engine does not answer or no road connects the places.

    ``health``: of all engines of the map; None: this OSRM is the only one.
    """

    def __init__(
        self,
        info: MapInfo,
        osrm: OsrmTravelTimes,
        addresses: AddressIndex | None,
        fallback: TravelTimes,
        health: RoadHealth | None = None,
    ) -> None:
        self._pictures = (health and health.pictures) or Breaker("pictures")
        self._health = health or RoadHealth((self._pictures,))
        self._info = info
        self._osrm = osrm
        self._addresses = addresses
        self._straight = NoMap(fallback)

    def describe(self) -> MapDescription:
        info, box = self._info, self._info.bounding_box
        return MapDescription(
            map_id=info.map_id,
            display_name=info.name,
            provenance=_provenance(self._health),
            attribution=info.attribution,
            south_west=Location(box.south, box.west),
            north_east=Location(box.north, box.east),
            violation_share=info.measurements.violation_share,
            worst_violation_s=info.measurements.worst_violation_s,
        )

    async def tile(self, zoom: int, x: int, y: int) -> bytes:
        try:
            drawn = await self._pictures.guarded(lambda: self._osrm.tile(zoom, x, y))
            return drawn.data
        except TravelUnavailableError as error:
            raise TravelError("the road engine does not answer") from error

    async def shape(self, places: Sequence[Location]) -> RoadShape:
        try:
            drawn = await self._pictures.guarded(lambda: self._osrm.route_shape(places))
        except TravelUnavailableError:
            return await self._straight.shape(places)
        metres = round(drawn.distance_m)
        return RoadShape(drawn.points, drawn.duration_s, metres, Provenance.LIVE)

    async def probe(self) -> None:
        """Asks for a short way when what draws is away and it is time to look. Never raises."""
        here = self._info.anchor
        await self._pictures.try_again(lambda: self._osrm.route_shape([here, here]))

    async def geocode(self, text: str, limit: int, near: Location | None) -> Sequence[FoundPlace]:
        if self._addresses is None:
            return ()
        # SQLite reads from a file: not on the event loop
        found = await asyncio.to_thread(self._addresses.search, text, limit, near)
        return [_found(address) for address in found]


def _provenance(health: RoadHealth) -> Provenance:
    return Provenance.ESTIMATE if health.estimated else Provenance.LIVE


_QUALITIES = {
    AddressKind.HOUSE: PlaceQuality.ADDRESS,
    AddressKind.STREET: PlaceQuality.STREET,
    AddressKind.PLACE: PlaceQuality.PLACE,
}


def _found(address: Address) -> FoundPlace:
    return FoundPlace(address.label, address.location, _QUALITIES[address.kind])
