from __future__ import annotations

import shutil
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from slotsvc.bootstrap.roads import open_roads
from slotsvc.scheduling.travel_port import Provenance
from slotsvc.travel.map_info import MapFiles
from tests.road_fixtures import TOWN, CompiledMap, compiled_demo_map
from tests.service_fixtures import settings_for


@pytest.fixture(scope="module")
def demo_map(tmp_path_factory: pytest.TempPathFactory) -> CompiledMap:
    return compiled_demo_map(tmp_path_factory.mktemp("maps"))


@pytest.fixture
def own_map(demo_map: CompiledMap, tmp_path: Path) -> MapFiles:
    """A copy to damage."""
    return MapFiles(Path(shutil.copytree(demo_map.files.directory, tmp_path / "map")))


async def told_and_driven(files: MapFiles) -> tuple[tuple[str, ...], list[list[int]]]:
    """What a start on the map says of roads, and the town's times, LIVE."""
    async with AsyncExitStack() as stack:
        roads = await open_roads(settings_for(files.directory / "data", files.directory), stack)
        table = await roads.travel.table(TOWN, TOWN)
        assert table.provenance is Provenance.LIVE
        assert table.map_id == roads.travel.map_id
        return roads.told, table.seconds.tolist()


async def test_without_its_files_the_same_times_come_from_osrm(own_map: MapFiles) -> None:
    """A missing or damaged file is told at the start, with what to do; no time changes."""
    told, expected = await told_and_driven(own_map)
    assert told[1] == "driving times in this process, OSRM behind them"

    whole = own_map.hierarchy.read_bytes()
    own_map.hierarchy.write_bytes(whole[: len(whole) // 2])
    told, times = await told_and_driven(own_map)
    assert told[1].startswith("driving times by OSRM, since roads.hierarchy is damaged")
    assert times == expected

    own_map.graph.unlink()
    told, times = await told_and_driven(own_map)
    assert told[1].startswith("driving times by OSRM, since roads.graph is missing")
    assert times == expected


async def test_without_a_map_driving_is_estimated(tmp_path: Path) -> None:
    """Nothing is started, and the start says so."""
    async with AsyncExitStack() as stack:
        roads = await open_roads(settings_for(tmp_path), stack)
        assert (await roads.travel.table(TOWN, TOWN)).provenance is Provenance.ESTIMATE
        assert roads.told == ("none: driving times are estimates",)
