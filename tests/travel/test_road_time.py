from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from slotsvc.domain.place import Location
from slotsvc.scheduling.travel_port import TravelTable, TravelUnavailableError
from slotsvc.travel.breaker import Breaker, BreakerState, BreakerTravelTimes
from slotsvc.travel.estimate import EstimatedTravelTimes
from slotsvc.travel.road_time import InTimeTravelTimes, road_time
from tests.road_fixtures import TOWN
from tests.travel.counted import CountedTravelTimes


class SlowTravelTimes(EstimatedTravelTimes):
    """Thinks for ``seconds`` first."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self.seconds, self.asked = seconds, 0

    async def table(
        self, sources: Sequence[Location], destinations: Sequence[Location]
    ) -> TravelTable:
        self.asked += 1
        await asyncio.sleep(self.seconds)
        return await super().table(sources, destinations)


async def test_outside_of_a_call_there_is_no_limit() -> None:
    """Background work waits as long as the engine's own timeout lets it."""
    assert (await InTimeTravelTimes(SlowTravelTimes(0.01)).table(TOWN, TOWN)).seconds.any()


async def test_a_slow_engine_is_given_up_in_time() -> None:
    """After what the call has for roads; the engine is not to blame by that alone."""
    began = asyncio.get_running_loop().time()
    with road_time(0.1) as limit, pytest.raises(TravelUnavailableError) as raised:
        await InTimeTravelTimes(SlowTravelTimes(3600)).table(TOWN, TOWN)
    assert asyncio.get_running_loop().time() - began < 2.0
    assert limit.left <= 0
    assert not raised.value.engine_failed


async def test_all_questions_of_a_call_share_its_time() -> None:
    """Ten answers of 30 ms each do not fit into 100 ms: what is over is not even asked for."""
    engine = SlowTravelTimes(0.03)
    travel, answers = InTimeTravelTimes(engine), 0
    with road_time(0.1):
        for _ in range(10):
            try:
                await travel.table(TOWN, TOWN)
                answers += 1
            except TravelUnavailableError:
                continue
    assert answers <= 3
    assert engine.asked <= 4


async def test_questions_asked_at_once_count_once() -> None:
    """Twenty at the same time take the time of one."""
    travel = InTimeTravelTimes(SlowTravelTimes(0.05))
    with road_time(5.0) as limit:
        await asyncio.gather(*(travel.table(TOWN, TOWN) for _ in range(20)))
    assert 4.0 < limit.left <= 4.951


async def test_a_task_begun_in_a_call_spends_the_calls_time() -> None:
    """Also one that goes on when the call has ended."""
    engine = CountedTravelTimes(EstimatedTravelTimes())
    with road_time(0.0):
        asked = asyncio.create_task(InTimeTravelTimes(engine).table(TOWN, TOWN))
    with pytest.raises(TravelUnavailableError, match="no more time"):
        await asked
    assert engine.asked == []


async def test_calls_do_not_share_their_time() -> None:
    """What one has spent another still has."""
    travel = InTimeTravelTimes(SlowTravelTimes(0.03))

    async def call(seconds: float) -> float:
        with road_time(seconds) as limit:
            await asyncio.gather(travel.table(TOWN, TOWN), return_exceptions=True)
        return limit.left

    poor, rich = await asyncio.gather(call(0.001), call(5.0))
    assert poor <= 0 < 4.0 < rich


class TimedTravelTimes(SlowTravelTimes):
    """Gives up by itself after 0.2 seconds, as an engine behind its own limit."""

    async def table(
        self, sources: Sequence[Location], destinations: Sequence[Location]
    ) -> TravelTable:
        try:
            async with asyncio.timeout(0.2):
                return await super().table(sources, destinations)
        except TimeoutError:
            raise TravelUnavailableError("the road engine did not answer in time") from None


async def in_a_hurry(engine: SlowTravelTimes) -> BreakerState:
    """Ten callers give ``engine`` a hundredth of a second each; then somebody looks."""
    guard = BreakerTravelTimes(engine, Breaker("osrm"))
    travel = InTimeTravelTimes(guard)
    for _ in range(10):
        with road_time(0.01), pytest.raises(TravelUnavailableError):
            await travel.table(TOWN, TOWN)
    assert guard.breaker.state is BreakerState.CLOSED
    await guard.probe()
    return guard.breaker.state


async def test_callers_in_a_hurry_do_not_open_the_breaker_of_an_engine_that_works() -> None:
    """It needs longer than they have, and less than its own limit."""
    assert await in_a_hurry(TimedTravelTimes(0.05)) is BreakerState.CLOSED


async def test_a_hanging_engine_opens_the_breaker_also_for_callers_in_a_hurry() -> None:
    """Nobody waits for its own limit but the look, and still it is found out."""
    assert await in_a_hurry(TimedTravelTimes(3600)) is BreakerState.OPEN
