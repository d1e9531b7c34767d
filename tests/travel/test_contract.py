"""One contract, every adapter."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import sys
from collections.abc import AsyncIterator, Iterator
from typing import get_type_hints

import pytest
import pytest_asyncio

from slotsvc import server, travel
from slotsvc.server.measured_travel import MeasuredTravelTimes
from slotsvc.server.metrics import Metrics
from slotsvc.travel.breaker import BreakerTravelTimes
from slotsvc.travel.cache import CachedTravelTimes
from slotsvc.travel.estimate import EstimatedTravelTimes
from slotsvc.travel.fallback import FallbackTravelTimes
from slotsvc.travel.layers import cached_engine, guarded, never_failing
from slotsvc.travel.osrm import OsrmTravelTimes
from slotsvc.travel.osrm_process import free_port
from slotsvc.travel.road_time import InTimeTravelTimes
from slotsvc.travel.roads import RoadTravelTimes
from tests.road_fixtures import RunningRoads
from tests.travel.contract import TravelTimesContract


class TestRoads(TravelTimesContract):
    @pytest.fixture
    def travel(self, road_engine: RoadTravelTimes) -> RoadTravelTimes:
        return road_engine


class TestOsrm(TravelTimesContract):
    @pytest.fixture
    def travel(self, osrm: OsrmTravelTimes) -> OsrmTravelTimes:
        return osrm


class TestEstimate(TravelTimesContract):
    @pytest.fixture
    def travel(self) -> EstimatedTravelTimes:
        return EstimatedTravelTimes()


class TestCacheOverOsrm(TravelTimesContract):
    @pytest.fixture
    def travel(self, osrm: OsrmTravelTimes) -> CachedTravelTimes:
        return CachedTravelTimes(osrm)


class TestTinyCacheOverRoads(TravelTimesContract):
    """Room for almost nothing: everything is forgotten all the time, no answer changes."""

    @pytest.fixture
    def travel(self, road_engine: RoadTravelTimes) -> CachedTravelTimes:
        return CachedTravelTimes(road_engine, max_places=16, max_entries=1)


class TestBreakerOverOsrm(TravelTimesContract):
    @pytest.fixture
    def travel(self, osrm: OsrmTravelTimes) -> BreakerTravelTimes:
        return guarded(osrm, "osrm")


class TestInTimeOverOsrm(TravelTimesContract):
    @pytest.fixture
    def travel(self, osrm: OsrmTravelTimes) -> InTimeTravelTimes:
        return InTimeTravelTimes(osrm)


class TestRoadsBeforeOsrm(TravelTimesContract):
    """As the service is wired with a whole map."""

    @pytest.fixture
    def travel(self, road_engine: RoadTravelTimes, osrm: OsrmTravelTimes) -> FallbackTravelTimes:
        ours = guarded(road_engine, "process")
        return never_failing(cached_engine(guarded(osrm, "osrm")), in_process=ours)


class TestBrokenRoadsBeforeOsrm(TravelTimesContract):
    """The engine in this process fails at every question: OSRM answers, nobody notices."""

    @pytest.fixture
    def travel(self, closed_roads: RoadTravelTimes, osrm: OsrmTravelTimes) -> FallbackTravelTimes:
        ours = guarded(closed_roads, "process")
        return never_failing(cached_engine(guarded(osrm, "osrm")), in_process=ours)


class TestNothingButTheEstimateLeft(TravelTimesContract):
    """The engine fails and OSRM is down."""

    @pytest_asyncio.fixture
    async def travel(
        self, closed_roads: RoadTravelTimes, roads: RunningRoads
    ) -> AsyncIterator[FallbackTravelTimes]:
        nobody = OsrmTravelTimes.of_map(f"http://127.0.0.1:{free_port()}", roads.info)
        ours = guarded(closed_roads, "process")
        yield never_failing(cached_engine(guarded(nobody, "osrm")), in_process=ours)
        await nobody.aclose()


class TestMeasured(TravelTimesContract):
    @pytest.fixture
    def travel(self, road_engine: RoadTravelTimes) -> MeasuredTravelTimes:
        return MeasuredTravelTimes(road_engine, Metrics(), None)


def test_no_adapter_is_left_out() -> None:
    """Whatever in the package answers ``table`` for sources and destinations is in this file, but
    what needs a Valkey (``tests/replicas/test_shared_travel.py``)."""
    held = {
        get_type_hints(suite.travel)["return"]
        for suite in vars(sys.modules[__name__]).values()
        if inspect.isclass(suite)
        and issubclass(suite, TravelTimesContract)
        and "travel" in vars(suite)
    }
    names = {str(kind) for kind in held}
    missing = {kind.__name__ for kind in _adapters() if kind.__name__ not in " ".join(names)}
    assert missing == {"SharedTravelTimes"}


def _adapters() -> Iterator[type]:
    for package in (travel, server):
        for module in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
            for kind in vars(importlib.import_module(module.name)).values():
                if inspect.isclass(kind) and kind.__module__ == module.name and _answers(kind):
                    yield kind


def _answers(kind: type) -> bool:
    table = vars(kind).get("table")
    return inspect.iscoroutinefunction(table) and list(inspect.signature(table).parameters)[1:] == [
        "sources",
        "destinations",
    ]
