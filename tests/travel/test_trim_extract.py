from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import osmium
import pytest

from slotsvc.travel.data import demo_extract
from tests.travel.town import a_town

TOOL = Path(__file__).parents[2] / "tools" / "trim_extract.py"


def trimmed(source: Path, target: Path) -> Path:
    subprocess.run([sys.executable, str(TOOL), str(source), str(target)], check=True)
    return target


def tags_of(extract: Path) -> dict[str, dict[str, str]]:
    return {
        f"{type(entity).__name__[0]}{entity.id}": {tag.k: tag.v for tag in entity.tags}
        for entity in osmium.FileProcessor(str(extract))
    }


def test_roads_addresses_and_places_stay_with_the_tags_that_matter(tmp_path: Path) -> None:
    """Names, limits, numbers, relations stay; notes, buildings and editors go."""
    target = trimmed(a_town(tmp_path / "t.osm.pbf"), tmp_path / "small.osm.pbf")
    tags = tags_of(target)
    assert tags["W1"] == {"highway": "residential", "name": "Rue de l'Église", "maxspeed": "50"}
    assert tags["N20"]["addr:housenumber"] == "12 bis"
    assert "building" not in tags["N20"]
    assert tags["N22"] == {"place": "town", "name": "Ville-Neuve"}
    assert "R1" in tags
    for entity in osmium.FileProcessor(str(target)):
        assert not isinstance(entity, osmium.osm.Changeset)
        assert (entity.version, entity.user) == (0, "")


def test_trimming_twice_changes_nothing(tmp_path: Path) -> None:
    """The packaged extract is a fixed point of the tool, so the tool can have made it."""
    again = trimmed(demo_extract(), tmp_path / "again.osm.pbf")
    assert tags_of(again) == tags_of(demo_extract())


def test_the_packaged_extract_is_small_and_has_its_notice() -> None:
    """Under 0.3 MB, with the licence notice beside it."""
    assert demo_extract().stat().st_size < 300_000
    notice = demo_extract().with_name("NOTICE.md").read_text(encoding="utf-8")
    assert "Open Database License 1.0" in notice
    assert "© OpenStreetMap contributors" in notice


def test_wrong_usage_explains_itself() -> None:
    """Without two files the usage is printed and the exit code is not zero."""
    ended = subprocess.run([sys.executable, str(TOOL)], capture_output=True, text=True, check=False)
    assert ended.returncode == 1
    assert "Usage" in ended.stderr


@pytest.mark.parametrize("kind", ["footway", "steps"])
def test_named_paths_stay_findable(tmp_path: Path, kind: str) -> None:
    """People live on stairs: a named footway keeps its name for the address index."""
    target = trimmed(a_town(tmp_path / "t.osm.pbf", highway=kind), tmp_path / "small.osm.pbf")
    assert tags_of(target)["W1"]["name"] == "Rue de l'Église"
