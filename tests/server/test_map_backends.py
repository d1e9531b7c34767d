"""The two maps behind ``MapService``: a compiled one on its road engine, and none."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from slotsvc.domain.errors import NotFoundError, TravelError
from slotsvc.scheduling.travel_port import Provenance, TravelUnavailableError
from slotsvc.server.map_backends import CompiledMap, NoMap, PlaceQuality
from slotsvc.travel.address_index import AddressIndex
from slotsvc.travel.breaker import Breaker, BreakerLimits, BreakerState
from slotsvc.travel.estimate import EstimatedTravelTimes
from slotsvc.travel.osrm import OsrmTravelTimes
from slotsvc.travel.road_health import RoadHealth
from tests.road_fixtures import (
    CASINO,
    FAR_OUT_AT_SEA,
    PORT_HERCULE,
    compiled_demo_map,
    running_roads,
)
from tests.travel.liar import Liar, lying_server


class Town:
    """The demo town's map, with a running engine and with a dead one."""

    def __init__(self, directory: Path, base_url: str, dead_url: str) -> None:
        compiled = compiled_demo_map(directory)
        self.info = compiled.info
        self.addresses = AddressIndex(compiled.files.addresses)
        self.osrm = OsrmTravelTimes.of_map(base_url, self.info, timeout_s=20.0)
        self.dead = OsrmTravelTimes.of_map(dead_url, self.info, timeout_s=0.5)

    def backend(self, engine: OsrmTravelTimes) -> CompiledMap:
        return CompiledMap(self.info, engine, self.addresses, EstimatedTravelTimes())


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, str]]:
    directory = tmp_path_factory.mktemp("maps")
    with running_roads(compiled_demo_map(directory)) as roads:
        yield directory, roads.base_url


@pytest.fixture
async def town(engine: tuple[Path, str]) -> AsyncIterator[Town]:
    town = Town(*engine, dead_url="http://127.0.0.1:9")
    yield town
    await town.osrm.aclose()
    await town.dead.aclose()
    town.addresses.close()


async def test_a_compiled_map_draws_roads(town: Town) -> None:
    """Description, tile, shape and address come from the same map."""
    backend = town.backend(town.osrm)
    told = backend.describe()
    assert told.map_id == town.info.map_id
    assert told.provenance is Provenance.LIVE
    assert "OpenStreetMap" in told.attribution

    shape = await backend.shape([CASINO, PORT_HERCULE])
    assert shape.provenance is Provenance.LIVE
    assert len(shape.points) > 5
    assert shape.seconds > 30
    assert await backend.tile(14, 8529, 5974) != b""
    [first, *_] = await backend.geocode("avenue de monte carlo", 3, None)
    assert first.quality is PlaceQuality.STREET


async def test_lines_are_straight_while_the_engine_is_away(town: Town) -> None:
    """Shapes fall back to estimates; tiles say that the engine does not answer."""
    backend = town.backend(town.dead)

    shape = await backend.shape([CASINO, PORT_HERCULE])

    assert shape.points == (CASINO, PORT_HERCULE)
    assert shape.provenance is Provenance.ESTIMATE
    with pytest.raises(TravelError):
        await backend.tile(14, 8529, 5974)


async def test_a_map_without_addresses_finds_none(town: Town) -> None:
    """An address index is optional."""
    backend = CompiledMap(town.info, town.osrm, None, EstimatedTravelTimes())

    assert list(await backend.geocode("avenue", 3, None)) == []


async def test_no_map_at_all_still_measures() -> None:
    """Straight lines between any places; no tiles."""
    backend = NoMap(EstimatedTravelTimes())

    shape = await backend.shape([CASINO, FAR_OUT_AT_SEA, CASINO])

    assert len(shape.points) == 3
    assert shape.metres > 30_000
    with pytest.raises(NotFoundError):
        await backend.tile(14, 0, 0)


async def test_what_draws_is_left_alone_when_it_fails(town: Town) -> None:
    """Five tiles without an answer: then straight lines and refusals come without asking, until the
    probe finds it again. Driving times have a breaker of their own."""
    liar = Liar(status=500, body=b"")
    async with lying_server(liar) as url:
        engine = OsrmTravelTimes.of_map(url, town.info)
        pictures = Breaker("pictures", BreakerLimits(probe_every_s=0.0))
        health = RoadHealth((Breaker("osrm"),), pictures)
        backend = CompiledMap(town.info, engine, town.addresses, EstimatedTravelTimes(), health)
        for _ in range(5):
            with pytest.raises(TravelError):
                await backend.tile(13, 4264, 2987)
        assert pictures.state is BreakerState.OPEN
        assert backend.describe().provenance is Provenance.LIVE
        liar.status = 200
        await backend.probe()  # an empty body is no route
        assert pictures.state is BreakerState.OPEN
        line = [[7.42, 43.73], [7.42, 43.73]]
        leg = {"distance": 0, "duration": 0}
        way = {"geometry": {"coordinates": line}, "legs": [leg]}
        liar.say({"code": "Ok", "data_version": town.info.map_id, "routes": [way]})
        await backend.probe()
        assert pictures.state is BreakerState.CLOSED
        asked = liar.requests
        await backend.probe()
        assert liar.requests == asked
        await engine.aclose()


async def test_the_probe_of_what_draws_works_on_a_real_engine(town: Town) -> None:
    """The way from a place to itself is one that it can draw."""
    pictures = Breaker("pictures", BreakerLimits(in_a_row=1, probe_every_s=0.0))
    health = RoadHealth((), pictures)

    async def down() -> None:
        raise TravelUnavailableError("down")

    with pytest.raises(TravelUnavailableError):
        await pictures.guarded(down)
    backend = CompiledMap(town.info, town.osrm, town.addresses, EstimatedTravelTimes(), health)
    await backend.probe()
    assert pictures.state is BreakerState.CLOSED
