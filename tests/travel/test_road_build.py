from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from slotsvc.travel.map_build import build_map
from slotsvc.travel.map_info import MapFiles, MapInfo
from slotsvc.travel.road_build import complete_roads
from slotsvc.travel.road_files import load_roads
from tests.travel.town import a_town


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A town's extract and its map."""
    here = tmp_path_factory.mktemp("town")
    build_map(a_town(here / "t.osm.pbf"), here / "map", progress=lambda _s, _f: None)
    return here


@pytest.fixture
def town(built: Path, tmp_path: Path) -> MapFiles:
    """A copy to spoil."""
    shutil.copytree(built / "map", tmp_path / "map")
    return MapFiles(tmp_path / "map")


def test_a_built_map_has_what_the_road_engine_needs(town: MapFiles) -> None:
    """Graph and hierarchy, of this map."""
    graph, hierarchy = load_roads(town, MapInfo.load(town.info))
    assert graph.map_id == MapInfo.load(town.info).map_id
    assert len(hierarchy.rank) == graph.node_count == 4


@pytest.mark.parametrize("part", ["graph", "hierarchy"])
@pytest.mark.parametrize("harm", ["lost", "cut short", "of another map"])
def test_building_again_makes_what_is_missing_or_damaged(
    built: Path, town: MapFiles, part: str, harm: str
) -> None:
    """The same bytes as before; the roads are not compiled again."""
    path: Path = getattr(town, part)
    whole = path.read_bytes()
    compiled_at = Path(f"{town.roads}.hsgr").stat().st_mtime_ns
    if harm == "lost":
        path.unlink()
    elif harm == "cut short":
        path.write_bytes(whole[:-40])
    else:
        complete_roads(town, "other", MapInfo.load(town.info).osrm_version)
        assert path.read_bytes() != whole
    build_map(built / "t.osm.pbf", town.directory, progress=lambda _s, _f: None)
    assert path.read_bytes() == whole
    assert Path(f"{town.roads}.hsgr").stat().st_mtime_ns == compiled_at


def test_a_map_of_an_unknown_engine_has_none(town: MapFiles) -> None:
    """Such a map is driven on through OSRM; files of the map before are not left in its place."""
    complete_roads(town, "m", "99.1")
    assert not town.graph.exists()
    assert not town.hierarchy.exists()


def test_roads_of_an_unknown_kind_do_not_stop_a_build(built: Path, town: MapFiles) -> None:
    """What OSRM can drive on is a map, though its graph may be beyond us."""
    town.graph.unlink()
    Path(f"{town.roads}.ebg_nodes").unlink()
    info = build_map(built / "t.osm.pbf", town.directory, progress=lambda _s, _f: None)
    assert info == MapInfo.load(town.info)
    assert not town.graph.exists()
