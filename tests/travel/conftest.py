from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio

from slotsvc.travel.osrm import OsrmTravelTimes
from slotsvc.travel.roads import RoadTravelTimes
from tests.road_fixtures import CompiledMap, RunningRoads, compiled_demo_map, running_roads


@pytest.fixture(scope="session")
def demo_map(tmp_path_factory: pytest.TempPathFactory) -> CompiledMap:
    return compiled_demo_map(tmp_path_factory.mktemp("maps"))


@pytest.fixture(scope="session")
def roads(demo_map: CompiledMap) -> Iterator[RunningRoads]:
    with running_roads(demo_map) as running:
        yield running


@pytest_asyncio.fixture
async def osrm(roads: RunningRoads) -> AsyncIterator[OsrmTravelTimes]:
    travel = OsrmTravelTimes.of_map(roads.base_url, roads.info, timeout_s=20.0)
    yield travel
    await travel.aclose()


@pytest.fixture(scope="session")
def road_engine(demo_map: CompiledMap) -> Iterator[RoadTravelTimes]:
    engine = RoadTravelTimes.of_map(demo_map.files, demo_map.info)
    yield engine
    engine.close()


@pytest.fixture(scope="session")
def closed_roads(demo_map: CompiledMap) -> RoadTravelTimes:
    """An engine that fails at every question."""
    engine = RoadTravelTimes.of_map(demo_map.files, demo_map.info)
    engine.close()
    return engine
