from __future__ import annotations

import pytest

from slotsvc.scheduling.travel_port import TravelUnavailableError
from slotsvc.travel.estimate import EstimatedTravelTimes, EstimateParams
from slotsvc.travel.osrm import OsrmTravelTimes
from slotsvc.travel.road_check import agree
from slotsvc.travel.roads import RoadTravelTimes
from tests.road_fixtures import TOWN
from tests.travel.counted import CountedTravelTimes


async def test_the_engine_in_this_process_agrees_with_osrm(
    road_engine: RoadTravelTimes, osrm: OsrmTravelTimes
) -> None:
    """All over the demo town."""
    assert await agree(road_engine, osrm, road_engine.places_on_roads(60))


async def test_another_way_of_measuring_does_not_agree(osrm: OsrmTravelTimes) -> None:
    """The estimate is another answer; so is an estimate with a detour a little longer."""
    estimate = EstimatedTravelTimes()
    assert not await agree(estimate, osrm, TOWN)
    assert not await agree(estimate, EstimatedTravelTimes(EstimateParams(circuity=1.6)), TOWN)
    assert await agree(estimate, EstimatedTravelTimes(EstimateParams(circuity=1.501)), TOWN)


async def test_who_does_not_answer_is_not_judged() -> None:
    """The caller decides what an outage means."""
    away = CountedTravelTimes(EstimatedTravelTimes())
    away.down = True
    with pytest.raises(TravelUnavailableError):
        await agree(EstimatedTravelTimes(), away, TOWN)
