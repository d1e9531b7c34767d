"""Trim an OpenStreetMap extract to what driving and finding addresses need.

Usage: python tools/trim_extract.py SOURCE.osm.pbf TARGET.osm.pbf

Kept: roads a car may use and ferries, with the tags OSRM's car profile reads; turn restrictions;
other streets with a name (people live on stairs too); house numbers (nodes, buildings and the
streets they are associated with); town, village and suburb names. Everything else goes, editing
metadata too. Travel times do not change.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import osmium

CAR_HIGHWAYS = frozenset(
    f"{kind}{link}"
    for kind in ("motorway", "trunk", "primary", "secondary", "tertiary")
    for link in ("", "_link")
) | {"unclassified", "residential", "living_street", "service", "winter_road", "ice_road"}
CROSSINGS_BY_VEHICLE = frozenset({"ferry", "shuttle_train"})
ACCESS = ("access", "vehicle", "motor_vehicle", "motorcar")
ALLOWING = frozenset({"yes", "permissive", "designated", "destination", "delivery"})
PLACES = frozenset({"city", "town", "village", "hamlet", "suburb", "quarter", "neighbourhood"})

ADDRESS_TAGS = frozenset(
    {"addr:housenumber", "addr:street", "addr:place", "addr:city", "addr:postcode"}
)
NODE_TAGS = frozenset(
    {"barrier", "highway", "direction", "traffic_signals:direction", "stop", "bollard", "kerb"}
    | {"sensory", "maxheight", "name", "place", *ACCESS, *ADDRESS_TAGS}
)
WAY_TAGS = frozenset(
    {"highway", "route", "bridge", "tunnel", "junction", "service", "name", "ref", "area", "toll"}
    | {"motorroad", "impassable", "status", "narrow", "construction", "proposed", "side_road"}
    | {"surface", "tracktype", "smoothness", "lane_markings", "priority", "duration", "hov"}
    | {"driving_side", "alternating", *ACCESS, *ADDRESS_TAGS}
)
WAY_TAG_FAMILIES = (
    *("maxspeed", "source:maxspeed", "oneway", "lanes", "width"),
    *("maxheight", "maxwidth", "maxlength", "maxweight"),
)
RELATION_TAGS = ("type", "restriction", "except", "name")
RELATION_TYPES = frozenset({"restriction", "associatedStreet"})

Tags = Iterable[osmium.osm.Tag]


def is_car_road(tags: osmium.osm.TagList) -> bool:
    """Whether OSRM's car profile may route over a way with these tags."""
    if tags.get("route") in CROSSINGS_BY_VEHICLE or tags.get("highway") in CAR_HIGHWAYS:
        return True
    return "highway" in tags and any(tags.get(key) in ALLOWING for key in ACCESS)


def is_named_street(tags: osmium.osm.TagList) -> bool:
    """Whether an address may be on a way with these tags."""
    return "highway" in tags and "name" in tags


def node_tags(tags: Tags) -> dict[str, str]:
    """The tags of a node worth keeping."""
    return {tag.k: tag.v for tag in tags if tag.k in NODE_TAGS}


def way_tags(tags: Tags) -> dict[str, str]:
    """The tags of a way worth keeping."""
    return {tag.k: tag.v for tag in tags if tag.k in WAY_TAGS or tag.k.startswith(WAY_TAG_FAMILIES)}


@dataclass
class Kept:
    """Ids of what stays."""

    nodes: set[int] = field(default_factory=set)
    ways: set[int] = field(default_factory=set)

    def add_node(self, node: osmium.osm.Node) -> None:
        named_place = node.tags.get("place") in PLACES and "name" in node.tags
        if "addr:housenumber" in node.tags or named_place:
            self.nodes.add(node.id)

    def add_way(self, way: osmium.osm.Way) -> None:
        tags = way.tags
        if is_car_road(tags) or is_named_street(tags) or "addr:housenumber" in tags:
            self.ways.add(way.id)
            self.nodes.update(node.ref for node in way.nodes)

    def members(self, relation: osmium.osm.Relation) -> list[tuple[str, int, str]]:
        """The members of a relation that stay, none if it goes; a restriction needs all its own."""
        if relation.tags.get("type") not in RELATION_TYPES:
            return []
        held = {"n": self.nodes, "w": self.ways}
        members = [(m.type, m.ref, m.role) for m in relation.members]
        present = [m for m in members if m[1] in held.get(m[0], ())]
        whole = len(present) == len(members) or relation.tags["type"] == "associatedStreet"
        return present if whole else []


def choose(source: Path) -> Kept:
    """First pass: what stays."""
    kept = Kept()
    for entity in osmium.FileProcessor(source):
        if isinstance(entity, osmium.osm.Node):
            kept.add_node(entity)
        elif isinstance(entity, osmium.osm.Way):
            kept.add_way(entity)
    return kept


def trimmed(source: Path, kept: Kept) -> Iterator[osmium.osm.mutable.OSMObject]:
    """Second pass: what stays, with few tags and no metadata."""
    for entity in osmium.FileProcessor(source):
        if isinstance(entity, osmium.osm.Node) and entity.id in kept.nodes:
            yield osmium.osm.mutable.Node(
                id=entity.id, location=entity.location, tags=node_tags(entity.tags)
            )
        elif isinstance(entity, osmium.osm.Way) and entity.id in kept.ways:
            yield osmium.osm.mutable.Way(
                id=entity.id, nodes=[n.ref for n in entity.nodes], tags=way_tags(entity.tags)
            )
        elif isinstance(entity, osmium.osm.Relation) and kept.members(entity):
            tags = {t.k: t.v for t in entity.tags if t.k.startswith(RELATION_TAGS)}
            yield osmium.osm.mutable.Relation(id=entity.id, members=kept.members(entity), tags=tags)


def header_of(source: Path) -> osmium.io.Header:
    """The extent and the date of the data, as the source gives them."""
    header = osmium.io.Header()
    with osmium.io.Reader(str(source)) as reader:
        original = reader.header()
        if original.box().valid():
            header.add_box(original.box())
        timestamp = original.get("osmosis_replication_timestamp") or original.get("timestamp")
    if timestamp:
        header.set("osmosis_replication_timestamp", timestamp)
    header.set("generator", "slotsvc trim_extract")
    return header


def trim(source: Path, target: Path) -> None:
    """Write the trimmed ``source`` to ``target``, replacing it."""
    kept = choose(source)
    header = header_of(source)
    output = osmium.io.File(str(target), "osm.pbf,add_metadata=none,pbf_compression=zlib")
    with osmium.SimpleWriter(output, header=header, overwrite=True) as writer:
        for entity in trimmed(source, kept):
            writer.add(entity)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    trim(Path(sys.argv[1]), Path(sys.argv[2]))
