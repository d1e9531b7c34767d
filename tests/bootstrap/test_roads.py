from __future__ import annotations

import asyncio
import os
import shutil
import signal
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks.torture.server_process import processes
from slotsvc.bootstrap.roads import keep_probing, open_roads
from slotsvc.config import Roads as RoadSettings
from slotsvc.scheduling.travel_port import Provenance
from slotsvc.travel.breaker import BreakerLimits
from slotsvc.travel.hierarchy_build import hierarchy_of
from slotsvc.travel.map_info import MapFiles
from slotsvc.travel.road_graph import RoadGraph
from slotsvc.travel.road_health import ESTIMATED, WITHOUT_SHAPES
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


async def test_times_that_osrm_denies_are_not_used(
    own_map: MapFiles, demo_map: CompiledMap
) -> None:
    """Whole files of the right map with wrong weights in them: noticed at the start."""
    _, expected = await told_and_driven(own_map)
    map_id, version = demo_map.info.map_id, demo_map.info.osrm_version
    graph = RoadGraph.load(own_map.graph, map_id, version)
    slower = replace(graph, weight=graph.weight * np.int32(2))
    slower.save(own_map.graph)
    hierarchy_of(slower).save(own_map.hierarchy, map_id, version)

    told, times = await told_and_driven(own_map)

    assert told[1].startswith("driving times by OSRM, since roads.graph gives other times")
    assert times == expected


async def test_without_a_map_driving_is_estimated(tmp_path: Path) -> None:
    """Nothing is started, and the start says so."""
    async with AsyncExitStack() as stack:
        roads = await open_roads(settings_for(tmp_path), stack)
        assert (await roads.travel.table(TOWN, TOWN)).provenance is Provenance.ESTIMATE
        assert roads.told == ("none: driving times are estimates",)


async def test_a_frozen_child_is_an_estimate_until_it_thaws(own_map: MapFiles) -> None:
    """It takes connections and says nothing: given up, left alone, found again by the probe."""
    own_map.graph.unlink()
    limits = RoadSettings(timeout_seconds=0.5, probe_seconds=0.2)
    settings = settings_for(own_map.directory / "data", own_map.directory, roads=limits)
    async with AsyncExitStack() as stack, asyncio.timeout(60):
        roads = await open_roads(settings, stack)
        (child,) = children(own_map)
        os.kill(child, signal.SIGSTOP)
        try:
            while not roads.health.estimated:
                assert (await roads.travel.table(TOWN, TOWN)).provenance is Provenance.ESTIMATE
            assert roads.health.told == ESTIMATED
            assert roads.backend.describe().provenance is Provenance.ESTIMATE
        finally:
            os.kill(child, signal.SIGCONT)
        while roads.health.estimated:
            await asyncio.sleep(0.05)
        while (await roads.travel.table(TOWN, TOWN)).provenance is not Provenance.LIVE:
            await asyncio.sleep(0.05)


@pytest.mark.parametrize("in_process", [False, True])
async def test_a_child_that_stays_frozen_is_started_anew(
    own_map: MapFiles, in_process: bool
) -> None:
    """Nobody thaws it: when two probes found nothing it is killed, and its successor answers on the
    same port, and stays. Whether it is asked for driving times, or only for what is drawn."""
    if not in_process:
        own_map.graph.unlink()
    limits = RoadSettings(timeout_seconds=0.4, probe_seconds=0.2)
    settings = settings_for(own_map.directory / "data", own_map.directory, roads=limits)
    async with AsyncExitStack() as stack, asyncio.timeout(60):
        roads = await open_roads(settings, stack)
        ask = roads.backend.shape if in_process else lambda town: roads.travel.table(town, town)
        (child,) = children(own_map)
        os.kill(child, signal.SIGSTOP)
        while roads.health.told != (WITHOUT_SHAPES if in_process else ESTIMATED):
            assert (await ask(TOWN)).provenance is Provenance.ESTIMATE
        while (await ask(TOWN)).provenance is not Provenance.LIVE:
            await asyncio.sleep(0.05)
        (successor,) = children(own_map)
        assert successor != child
        await asyncio.sleep(1.0)
        assert (children(own_map), roads.health.told) == ([successor], "ok")


def children(files: MapFiles) -> list[int]:
    """The road engines that run on the map."""
    return [p.pid for p in processes() if str(files.roads) in p.words]


async def test_a_probe_that_breaks_is_not_the_last() -> None:
    """An engine that was left alone is looked for again, whatever came of one look."""
    looks: list[int] = []
    enough = asyncio.Event()

    async def probe() -> None:
        looks.append(len(looks))
        if len(looks) == 1:
            raise ValueError("a defect of the engine's client")
        enough.set()

    async with AsyncExitStack() as stack, asyncio.timeout(5):
        keep_probing([probe], BreakerLimits(probe_every_s=0.01), stack)
        await enough.wait()
