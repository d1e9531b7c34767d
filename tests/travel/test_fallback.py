from __future__ import annotations

import pytest

from slotsvc.domain.place import Location
from slotsvc.scheduling.travel_port import Provenance
from slotsvc.travel.estimate import EstimatedTravelTimes
from slotsvc.travel.fallback import FallbackTravelTimes
from slotsvc.travel.layers import cached_engine, guarded, never_failing
from slotsvc.travel.osrm import OsrmTravelTimes
from slotsvc.travel.osrm_process import free_port
from tests.road_fixtures import CASINO, LA_TURBIE, TOWN, RunningRoads
from tests.travel.counted import CountedTravelTimes


@pytest.fixture
def engine() -> CountedTravelTimes:
    return CountedTravelTimes(EstimatedTravelTimes())


async def test_a_closed_engine_gives_a_flagged_estimate(roads: RunningRoads) -> None:
    """With nobody on the engine's port the answer is an ESTIMATE under its own map id, while the
    map in use stays the engine's."""
    osrm = OsrmTravelTimes(f"http://127.0.0.1:{free_port()}", roads.info.map_id)
    travel = never_failing(cached_engine(osrm))
    table = await travel.table([CASINO], [LA_TURBIE])
    await osrm.aclose()
    assert table.provenance is Provenance.ESTIMATE
    assert table.map_id.startswith("estimate:")
    assert travel.map_id == roads.info.map_id
    assert travel.estimated_tables == 1


async def test_an_answering_engine_is_not_second_guessed(engine: CountedTravelTimes) -> None:
    """The estimate is not asked while the engine answers."""
    estimate = CountedTravelTimes(EstimatedTravelTimes(), "estimate")
    travel = FallbackTravelTimes(engine, estimate)
    assert (await travel.table(TOWN, TOWN)).provenance is Provenance.LIVE
    assert estimate.asked == []


async def test_remembered_times_stay_live_while_the_engine_is_away(
    engine: CountedTravelTimes,
) -> None:
    """What the cache holds is served LIVE during an outage; the rest is estimated."""
    travel = never_failing(cached_engine(engine))
    await travel.table(TOWN[:3], TOWN[:3])
    engine.down = True
    for _ in range(5):
        assert (await travel.table(TOWN[:3], TOWN[:3])).provenance is Provenance.LIVE
        assert (await travel.table(TOWN[:3], TOWN[3:])).provenance is Provenance.ESTIMATE


async def test_osrm_answers_while_the_engine_in_this_process_fails(
    engine: CountedTravelTimes,
) -> None:
    """LIVE times of the same map all the time; after five failures the engine is left alone, and
    only when both are away driving is estimated."""
    first = CountedTravelTimes(EstimatedTravelTimes())
    ours = guarded(first, "process")
    travel = never_failing(cached_engine(guarded(engine, "osrm")), in_process=ours)
    await travel.table(TOWN, TOWN)
    assert (len(first.asked), len(engine.asked)) == (1, 0)
    first.down = True
    for _ in range(8):
        assert (await travel.table(TOWN, TOWN)).provenance is Provenance.LIVE
    assert (len(first.asked), len(engine.asked)) == (6, 1)
    engine.down = True
    unknown = [Location(43.7, 7.4)]
    assert (await travel.table(unknown, TOWN)).provenance is Provenance.ESTIMATE
    assert travel.map_id == "first"
