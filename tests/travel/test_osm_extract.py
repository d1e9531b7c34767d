from __future__ import annotations

from pathlib import Path

import osmium
import pytest

from slotsvc.travel.osm_extract import read_extract
from tests.travel.town import a_town


def test_a_town_is_read_in_one_pass(tmp_path: Path) -> None:
    """Streets, house numbers with the street they are associated with, places, road points."""
    found = read_extract(a_town(tmp_path / "t.osm.pbf"))
    assert [street.name for street in found.streets] == ["Rue de l'Église", "Rue Île"]
    assert [house.number for house in found.house_numbers] == ["12 bis", "14"]
    assert found.street_of["n21"] == "Rue de l'Église"
    assert [(place.name, place.kind) for place in found.places] == [("Ville-Neuve", "town")]
    assert found.road_ways == 2
    assert len(found.road_points) == 8
    assert found.bounding_box is None


@pytest.mark.parametrize(
    ("tags", "kmh"),
    [
        ({"highway": "residential"}, 40.0),
        ({"highway": "motorway"}, 90.0),
        ({"highway": "motorway", "maxspeed": "130"}, 104.0),
        ({"highway": "primary_link", "maxspeed:forward": "60 mph"}, 77.232),
        ({"highway": "motorway", "maxspeed": "FR:motorway"}, 112.0),
    ],
)
def test_a_roads_speed_is_never_underestimated(
    tmp_path: Path, tags: dict[str, str], kmh: float
) -> None:
    """At least what car.lua drives: its default, or 80 % of the signed limit."""
    with osmium.SimpleWriter(str(tmp_path / "way.osm.pbf")) as writer:
        for i in (1, 2):
            writer.add_node(osmium.osm.mutable.Node(id=i, location=(7.0 + i, 43.0)))
        writer.add_way(osmium.osm.mutable.Way(id=1, nodes=[1, 2], tags=tags))
    assert read_extract(tmp_path / "way.osm.pbf").top_kmh == pytest.approx(kmh)
