from __future__ import annotations

import asyncio
import hashlib
import os
import shutil
import stat
import time
from dataclasses import replace
from pathlib import Path

import pytest

from slotsvc.domain.place import Location
from slotsvc.scheduling.travel_port import UNREACHABLE
from slotsvc.travel.address_index import AddressIndex
from slotsvc.travel.data import demo_extract
from slotsvc.travel.map_build import build_map
from slotsvc.travel.map_info import BoundingBox, MapError, MapFiles, MapInfo
from slotsvc.travel.osrm import OsrmTravelTimes
from tests.road_fixtures import CompiledMap, running_roads
from tests.travel.town import NORTH, STEP, WEST, a_town


def quiet(_stage: str, _fraction: float) -> None:
    """Nobody watches."""


def test_the_demo_map_knows_what_it_is(demo_map: CompiledMap) -> None:
    """Identity, extent, counts, licence and the measured facts are in map.json."""
    info = MapInfo.load(demo_map.files.info)
    assert info == demo_map.info
    assert info.name == "riviera"
    assert info.bounding_box == BoundingBox(south=43.71, west=7.349, north=43.77, east=7.491)
    assert info.bounding_box.contains(info.anchor)
    assert info.counts.streets > 500
    assert info.counts.house_numbers > 60
    assert info.counts.named_places > 10
    assert info.attribution == "© OpenStreetMap contributors"
    assert info.extract_sha256 == hashlib.sha256(demo_extract().read_bytes()).hexdigest()


def test_the_demo_maps_times_are_nearly_a_metric(demo_map: CompiledMap) -> None:
    """Few triples break the triangle inequality and the top speed is a car's."""
    measured = demo_map.info.measurements
    assert measured.sampled_places > 150
    assert measured.violation_share < 0.001
    assert 0 <= measured.worst_violation_s < 300
    assert 10 < measured.top_speed_mps < 40


@pytest.mark.machine_speed
def test_building_again_reuses_what_is_there(demo_map: CompiledMap) -> None:
    """The same extract into the same directory returns at once and touches nothing."""
    before = demo_map.files.info.stat().st_mtime_ns
    started = time.monotonic()
    again = build_map(demo_extract(), demo_map.files.directory, progress=quiet)
    assert time.monotonic() - started < 0.3
    assert again == demo_map.info
    assert demo_map.files.info.stat().st_mtime_ns == before


def test_progress_never_falls_and_reaches_the_end(tmp_path: Path) -> None:
    """Stages come in order, fractions from 0 to 1."""
    told: list[tuple[str, float]] = []
    build_map(a_town(tmp_path / "t.osm.pbf"), tmp_path / "map", progress=lambda *p: told.append(p))
    stages = list(dict.fromkeys(stage for stage, _ in told))
    assert stages == ["read", "roads", "addresses", "measure", "done"]
    fractions = [fraction for _, fraction in told]
    assert fractions == sorted(fractions)
    assert fractions[0] == 0.0
    assert fractions[-1] == 1.0
    assert any(0.1 < fraction < 0.8 for fraction in fractions)


def test_the_directory_around_a_first_map_is_its_owners_alone(tmp_path: Path) -> None:
    """It is the service's own, which comes after the map; one that is there keeps its mode."""
    extract, around = a_town(tmp_path / "t.osm.pbf", highway="footway"), tmp_path / "slotsvc"
    for mode in (0o700, 0o755):
        with pytest.raises(MapError):
            build_map(extract, around / "map", progress=quiet)
        assert stat.S_IMODE(around.stat().st_mode) == mode
        around.chmod(0o755)


def test_another_extract_replaces_the_map(tmp_path: Path) -> None:
    """The directory then holds the new map only, and nothing is left beside it."""
    first = build_map(a_town(tmp_path / "t.osm.pbf"), tmp_path / "map", progress=quiet)
    a_town(tmp_path / "t.osm.pbf", island=False)
    second = build_map(tmp_path / "t.osm.pbf", tmp_path / "map", progress=quiet)
    assert second.map_id != first.map_id
    assert MapInfo.load(tmp_path / "map" / "map.json") == second
    assert sorted(path.name for path in tmp_path.iterdir()) == ["map", "t.osm.pbf"]


def test_a_damaged_map_is_built_again(tmp_path: Path) -> None:
    """A missing part or an unreadable map.json is repaired by building."""
    extract, out = a_town(tmp_path / "t.osm.pbf"), tmp_path / "map"
    build_map(extract, out, progress=quiet)
    MapFiles(out).addresses.unlink()
    build_map(extract, out, progress=quiet)
    assert MapFiles(out).addresses.exists()
    MapFiles(out).info.write_text("{")
    build_map(extract, out, progress=quiet)
    assert MapInfo.load(MapFiles(out).info).name == "t"


async def test_two_towns_without_a_road_between_them_are_unreachable(tmp_path: Path) -> None:
    """A pair no road connects is UNREACHABLE, in both directions, and no error."""
    files = MapFiles(tmp_path / "map")
    info = await _built_in_thread(a_town(tmp_path / "t.osm.pbf"), files.directory)
    main = Location(NORTH, WEST + STEP)
    island = Location(NORTH - 0.05, WEST + STEP)
    with running_roads(CompiledMap(files, info)) as running:
        travel = OsrmTravelTimes.of_map(running.base_url, replace(info, anchor=main))
        table = await travel.table([main, island], [main, island])
        await travel.aclose()
    assert table.seconds.tolist() == [[0, UNREACHABLE], [UNREACHABLE, 0]]
    assert (table.source_snap_m < 1).all()


async def _built_in_thread(extract: Path, out: Path) -> MapInfo:
    """As a running service would do it: the builder has an event loop of its own."""
    return await asyncio.to_thread(build_map, extract, out, progress=quiet)


@pytest.mark.parametrize(
    ("content", "says"),
    [(b"", "not a readable|no road"), (b"hello, this is no map" * 10, "not a readable")],
)
def test_a_file_that_is_no_extract_is_named(tmp_path: Path, content: bytes, says: str) -> None:
    """The error says which file, and nothing is left behind."""
    (tmp_path / "x.osm.pbf").write_bytes(content)
    with pytest.raises(MapError, match=says):
        build_map(tmp_path / "x.osm.pbf", tmp_path / "map", progress=quiet)
    assert [path.name for path in tmp_path.iterdir()] == ["x.osm.pbf"]


def test_a_half_downloaded_extract_is_refused(tmp_path: Path) -> None:
    """A truncated file is not compiled into half a town."""
    whole = demo_extract().read_bytes()
    (tmp_path / "x.osm.pbf").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(MapError, match="not a readable"):
        build_map(tmp_path / "x.osm.pbf", tmp_path / "map", progress=quiet)


def test_an_extract_without_roads_says_so(tmp_path: Path) -> None:
    """Footpaths are no roads for a car."""
    extract = a_town(tmp_path / "t.osm.pbf", highway="footway")
    with pytest.raises(MapError, match="no road a car may use"):
        build_map(extract, tmp_path / "map", progress=quiet)


def test_a_missing_extract_says_so(tmp_path: Path) -> None:
    """No such file is a clear error, not a traceback of the hashing."""
    with pytest.raises(MapError, match="cannot be read: No such file"):
        build_map(tmp_path / "none.osm.pbf", tmp_path / "map", progress=quiet)


def test_a_directory_that_is_no_map_is_left_alone(tmp_path: Path) -> None:
    """A mistyped output directory must not cost somebody's files."""
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "letter.txt").write_text("dear")
    with pytest.raises(MapError, match="left alone"):
        build_map(a_town(tmp_path / "t.osm.pbf"), tmp_path / "home", progress=quiet)
    assert (tmp_path / "home" / "letter.txt").read_text() == "dear"


def test_what_a_killed_build_left_is_swept_a_day_later(tmp_path: Path) -> None:
    """Old leftovers of the same map go; young ones may belong to a build that is running."""
    for name in ("old", "young"):
        (tmp_path / f".map.building-{name}").mkdir()
    os.utime(tmp_path / ".map.building-old", (0, 0))
    build_map(a_town(tmp_path / "t.osm.pbf"), tmp_path / "map", progress=quiet)
    assert not (tmp_path / ".map.building-old").exists()
    assert (tmp_path / ".map.building-young").exists()


def test_a_full_disk_is_found_before_the_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With too little room for the map nothing is compiled."""
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: usage._replace(free=1_000))
    with pytest.raises(MapError, match="no space left"):
        build_map(a_town(tmp_path / "t.osm.pbf"), tmp_path / "map", progress=quiet)


def test_the_built_map_finds_its_addresses(tmp_path: Path) -> None:
    """The address index is part of the map."""
    build_map(a_town(tmp_path / "t.osm.pbf"), tmp_path / "map", progress=quiet)
    index = AddressIndex(MapFiles(tmp_path / "map").addresses)
    assert index.search("eglise")[0].label == "Rue de l'Église, Ville-Neuve"
    index.close()


def test_a_directory_without_a_map_says_what_to_do(tmp_path: Path) -> None:
    """Loading where nothing was built names the command."""
    with pytest.raises(MapError, match="slotsvc map build"):
        MapInfo.load(tmp_path / "map.json")
