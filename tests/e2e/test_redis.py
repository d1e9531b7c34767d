"""Two services that share Redis and nothing else of a process: what one asked of OSRM the other
knows, and whatever becomes of Redis the answers stay the same."""

from __future__ import annotations

import asyncio
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from benchmarks.company import Company
from slotsvc.domain.place import Location
from slotsvc.pb.v1 import types_pb2 as types
from slotsvc.travel.map_info import MapFiles
from tests.e2e.days import TOMORROW
from tests.replicas.valkey import Valkey, own_prefix, running_valkey
from tests.road_fixtures import ROQUEBRUNE, TOWN
from tests.service_fixtures import RunningService, running_service, settings_for

HOMES = 20
"""Enough places for a row that is worth sharing."""
BREAKER_S = 0.05
"""What a search may be slower, at the 99th percentile, with a Redis that hangs."""


@pytest.fixture
def valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Valkey]:
    with running_valkey(tmp_path_factory.mktemp("valkey")) as server:
        yield server


@pytest.fixture(scope="module")
def slow_map(demo_map: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo town without the files of the engine in the process: OSRM answers."""
    there = Path(shutil.copytree(demo_map, tmp_path_factory.mktemp("slow") / "map"))
    MapFiles(there).graph.unlink()
    return there


def home(i: int) -> tuple[float, float]:
    """Of the technician of that number."""
    place = TOWN[i % len(TOWN)]
    return round(place.lat + 0.0004 * (i // len(TOWN)), 6), place.lon


async def company_on(service: RunningService) -> Company:
    """The same at each: twenty technicians all over town."""
    company = await Company(service.calls, "acme").found()
    for i in range(HOMES):
        await company.technician(f"t{i:02}", home=home(i))
    await company.activity("service")
    return company


async def slots_at(service: RunningService, company: Company, place: Location) -> list[object]:
    """What is offered there, without what differs between any two answers."""
    search = company.search((place.lat, place.lon), on=TOMORROW, max_slots=50)
    answer = await service.calls.slots.SuggestSlots(search)
    assert answer.receipt.travel_provenance == types.TRAVEL_PROVENANCE_LIVE
    return [(s.window, s.place, s.cost_millis, [c for c in s.components]) for s in answer.slots]


def counted(service: RunningService, found: str) -> float:
    """Pairs of this kind so far."""
    told = service.metrics.registry.get_sample_value
    return told("slotsvc_shared_travel_total", {"found": found}) or 0.0


async def test_what_one_service_asked_of_osrm_the_other_knows(
    tmp_path: Path, slow_map: Path, valkey: Valkey
) -> None:
    """The same slots to the second from both, and again when Redis was emptied, killed, hangs;
    hanging costs a search nothing once that is known."""
    shared = {
        "redis_url": SecretStr(valkey.url),
        "redis_prefix": own_prefix(),
        "key_ring_path": tmp_path / "keys.json",
    }
    one = settings_for(tmp_path / "one", slow_map, **shared)
    other = settings_for(tmp_path / "other", slow_map, **shared)
    async with running_service(one) as a, running_service(other) as b:
        ours, theirs = await company_on(a), await company_on(b)
        # on a noisy machine Redis may be left alone for a moment: then it is the next place
        for i in range(HOMES):
            place = Location(*home(i))
            expected = await slots_at(a, ours, place)
            await asyncio.sleep(0.1)
            assert await slots_at(b, theirs, place) == expected
            if counted(b, "hit") >= 2 * HOMES:
                break
        assert counted(b, "hit") >= HOMES
        assert counted(a, "hit") == 0

        quick = await _slowest(b, theirs, 0)
        valkey.hang()
        for place in TOWN:
            await slots_at(b, theirs, place)
        # a cost that is always there is there three times; one of a noisy machine is not
        costs = [await _slowest(b, theirs, row) - quick for row in (1, 2, 3)]
        assert min(costs) < BREAKER_S
        assert await slots_at(b, theirs, ROQUEBRUNE) == await slots_at(a, ours, ROQUEBRUNE)

        valkey.go_on()
        valkey.kill()
        for place in TOWN[:3]:
            assert await slots_at(b, theirs, place) == await slots_at(a, ours, place)


async def _slowest(service: RunningService, company: Company, row: int) -> float:
    """Seconds that the search at a new place takes, the slowest of twenty-five."""
    spans = []
    for i in range(25):
        begun = time.perf_counter()
        await slots_at(service, company, Location(43.735 + 0.0001 * i, 7.42 + 0.0001 * row))
        spans.append(time.perf_counter() - begun)
    return max(spans)
