"""One pass over an OpenStreetMap extract: streets, house numbers, named places, road points."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import osmium

from slotsvc.domain.place import Location
from slotsvc.travel.map_info import BoundingBox, MapError

SAMPLED_POINTS = 20_000
_READ = osmium.filter.KeyFilter("highway", "addr:housenumber", "place", "type")
_NAMED_PLACES = frozenset({"city", "town", "village", "hamlet", "suburb", "quarter"})
# Speeds car.lua gives without a limit sign, and for limits written as words (km/h).
_HIGHWAY_KMH = {"motorway": 90.0, "trunk": 85.0, "primary": 65.0, "secondary": 55.0}
_OTHER_ROAD_KMH = 40.0
_CAR_ROADS = frozenset(
    f"{kind}{link}"
    for kind in ("motorway", "trunk", "primary", "secondary", "tertiary")
    for link in ("", "_link")
) | {"unclassified", "residential", "living_street", "service"}
_WORDED_LIMIT_KMH = 140.0
_DRIVEN_SHARE_OF_LIMIT = 0.8
_KMH_PER_MPH = 1.609


@dataclass(frozen=True, slots=True)
class StreetPiece:
    """One named way: its name, its end nodes (to join pieces), and its points."""

    name: str
    nodes: tuple[int, ...]
    points: tuple[Location, ...]


@dataclass(frozen=True, slots=True)
class HouseNumber:
    """A house number as mapped; None where the map does not say. ``osm_id`` e.g. ``w123``."""

    osm_id: str
    number: str
    street: str | None
    city: str | None
    postcode: str | None
    location: Location


@dataclass(frozen=True, slots=True)
class NamedPlace:
    """A town, village or quarter; ``kind`` is OpenStreetMap's word."""

    name: str
    kind: str
    location: Location


@dataclass
class OsmExtract:
    """What one pass found. ``road_points`` are up to ``SAMPLED_POINTS`` points of car roads, evenly
    sampled with a fixed seed; ``top_kmh`` is the highest speed the profile gives to any road."""

    bounding_box: BoundingBox | None = None
    streets: list[StreetPiece] = field(default_factory=list)
    house_numbers: list[HouseNumber] = field(default_factory=list)
    places: list[NamedPlace] = field(default_factory=list)
    street_of: dict[str, str] = field(default_factory=dict)
    road_points: list[Location] = field(default_factory=list)
    road_ways: int = 0
    top_kmh: float = 0.0


def read_extract(pbf: Path) -> OsmExtract:
    """Read ``pbf``. Raises ``MapError`` when it is not an OpenStreetMap extract."""
    reading = _Reading()
    try:
        reading.found.bounding_box = _header_box(pbf)
        processor = osmium.FileProcessor(str(pbf)).with_locations().with_filter(_READ)
        for entity in processor:
            reading.see(entity)
    except (RuntimeError, osmium.InvalidLocationError) as error:
        raise MapError(f"{pbf.name} is not a readable OpenStreetMap extract: {error}") from None
    return reading.found


def road_kmh(tags: osmium.osm.TagList) -> float:
    """An upper limit of what ``car.lua`` drives on a way with these tags, km/h."""
    kind = (tags.get("highway") or "").removesuffix("_link")
    limits = [_limit_kmh(tag.v) for tag in tags if "maxspeed" in tag.k]
    signed = max(limits, default=0.0) * _DRIVEN_SHARE_OF_LIMIT
    return max(signed, _HIGHWAY_KMH.get(kind, _OTHER_ROAD_KMH))


def _limit_kmh(value: str) -> float:
    digits = value[: len(value) - len(value.lstrip("0123456789"))]
    if not digits:
        return _WORDED_LIMIT_KMH
    return float(digits) * (_KMH_PER_MPH if "mp" in value else 1.0)


def _header_box(pbf: Path) -> BoundingBox | None:
    with osmium.io.Reader(str(pbf)) as reader:
        box = reader.header().box()
    if not box.valid():
        return None
    low, high = box.bottom_left, box.top_right
    return BoundingBox(south=low.lat, west=low.lon, north=high.lat, east=high.lon)


class _Reading:
    """The pass itself: keeps an even sample of road points by reservoir (Vitter's algorithm R)."""

    def __init__(self) -> None:
        self.found = OsmExtract()
        self._random = random.Random(20_000)
        self._points_seen = 0

    def see(self, entity: object) -> None:
        if isinstance(entity, osmium.osm.Node):
            self._see_node(entity)
        elif isinstance(entity, osmium.osm.Way):
            self._see_way(entity)
        elif isinstance(entity, osmium.osm.Relation):
            self._see_relation(entity)

    def _see_node(self, node: osmium.osm.Node) -> None:
        at = Location(node.location.lat, node.location.lon)
        if "addr:housenumber" in node.tags:
            self.found.house_numbers.append(_house_number(f"n{node.id}", node.tags, at))
        kind, name = node.tags.get("place"), node.tags.get("name")
        if kind in _NAMED_PLACES and name:
            self.found.places.append(NamedPlace(name, kind, at))

    def _see_way(self, way: osmium.osm.Way) -> None:
        nodes = [node for node in way.nodes if node.location.valid()]
        points = tuple(Location(node.lat, node.lon) for node in nodes)
        if not points:
            return
        tags = way.tags
        if "addr:housenumber" in tags:
            number = _house_number(f"w{way.id}", tags, _middle(points))
            self.found.house_numbers.append(number)
        if "highway" in tags and "name" in tags:
            ids = tuple(node.ref for node in nodes)
            self.found.streets.append(StreetPiece(tags["name"], ids, points))
        if tags.get("highway") in _CAR_ROADS:
            self.found.road_ways += 1
            self.found.top_kmh = max(self.found.top_kmh, road_kmh(tags))
            self._sample(points)

    def _see_relation(self, relation: osmium.osm.Relation) -> None:
        """House numbers may get their street from a relation of type associatedStreet."""
        street = relation.tags.get("name")
        if relation.tags.get("type") != "associatedStreet" or not street:
            return
        for member in relation.members:
            if member.role in ("house", "address", ""):
                self.found.street_of[f"{member.type}{member.ref}"] = street

    def _sample(self, points: tuple[Location, ...]) -> None:
        for point in points:
            self._points_seen += 1
            if len(self.found.road_points) < SAMPLED_POINTS:
                self.found.road_points.append(point)
            elif (at := self._random.randrange(self._points_seen)) < SAMPLED_POINTS:
                self.found.road_points[at] = point


def _house_number(osm_id: str, tags: osmium.osm.TagList, at: Location) -> HouseNumber:
    return HouseNumber(
        osm_id=osm_id,
        number=tags["addr:housenumber"],
        street=tags.get("addr:street") or tags.get("addr:place"),
        city=tags.get("addr:city"),
        postcode=tags.get("addr:postcode"),
        location=at,
    )


def _middle(points: tuple[Location, ...]) -> Location:
    """Centre of the outline's box: buildings are small and need no better."""
    return box_around(points).center


def box_around(points: Sequence[Location]) -> BoundingBox:
    """The smallest box that holds all of at least one point."""
    lats, lons = [p.lat for p in points], [p.lon for p in points]
    return BoundingBox(south=min(lats), west=min(lons), north=max(lats), east=max(lons))
