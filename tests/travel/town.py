"""Small made-up towns, written as OpenStreetMap extracts."""

from __future__ import annotations

from pathlib import Path

import osmium

NORTH, WEST = 43.0, 7.0
STEP = 0.002


def a_town(path: Path, *, island: bool = True, highway: str = "residential") -> Path:
    """A main street of five points from west to east with two houses, a one-way loop at its end,
    and, with ``island``, a second street that no road connects."""
    with osmium.SimpleWriter(str(path), overwrite=True) as writer:
        for i in range(5):
            writer.add_node(_node(1 + i, NORTH, WEST + i * STEP))
        writer.add_node(_node(20, NORTH + 0.0001, WEST + STEP, HOUSE))
        writer.add_node(_node(21, NORTH + 0.0001, WEST + 2 * STEP, {"addr:housenumber": "14"}))
        writer.add_node(_node(22, NORTH, WEST + 2 * STEP, {"place": "town", "name": "Ville-Neuve"}))
        for i in range(3):
            writer.add_node(_node(30 + i, NORTH - 0.05, WEST + i * STEP))
        road = {"highway": highway, "name": "Rue de l'Église", "maxspeed": "50"}
        writer.add_way(_way(1, [1, 2, 3, 4, 5], road))
        if island:
            writer.add_way(_way(2, [30, 31, 32], {"highway": highway, "name": "Rue Île"}))
        writer.add_relation(
            osmium.osm.mutable.Relation(
                id=1,
                members=[("w", 1, "street"), ("n", 21, "house")],
                tags={"type": "associatedStreet", "name": "Rue de l'Église"},
            )
        )
    return path


HOUSE = {
    "addr:housenumber": "12 bis",
    "addr:street": "Rue de l'Église",
    "addr:postcode": "06000",
    "addr:city": "Ville-Neuve",
    "building": "yes",
}


def _node(
    number: int, lat: float, lon: float, tags: dict[str, str] | None = None
) -> osmium.osm.mutable.Node:
    return osmium.osm.mutable.Node(
        id=number, location=(lon, lat), tags=tags or {}, version=3, user="somebody", uid=7
    )


def _way(number: int, nodes: list[int], tags: dict[str, str]) -> osmium.osm.mutable.Way:
    return osmium.osm.mutable.Way(id=number, nodes=nodes, tags=tags | {"note": "to be dropped"})
