from __future__ import annotations

import asyncio

import pytest

from slotsvc.scheduling.travel_port import TravelUnavailableError
from slotsvc.travel.breaker import Breaker, BreakerLimits, BreakerState, BreakerTravelTimes
from slotsvc.travel.estimate import EstimatedTravelTimes
from tests.road_fixtures import TOWN
from tests.travel.counted import CountedTravelTimes

CLOSED, OPEN, HALF_OPEN = BreakerState.CLOSED, BreakerState.OPEN, BreakerState.HALF_OPEN


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def engine() -> CountedTravelTimes:
    return CountedTravelTimes(EstimatedTravelTimes())


@pytest.fixture
def breaker(clock: Clock) -> Breaker:
    return Breaker("osrm", clock=clock)


@pytest.fixture
def travel(engine: CountedTravelTimes, breaker: Breaker) -> BreakerTravelTimes:
    return BreakerTravelTimes(engine, breaker)


async def fails(travel: BreakerTravelTimes) -> None:
    with pytest.raises(TravelUnavailableError):
        await travel.table(TOWN, TOWN)


async def test_five_failures_in_a_row_open_it(
    travel: BreakerTravelTimes, engine: CountedTravelTimes, breaker: Breaker
) -> None:
    """The fifth opens; after that the engine is not asked, and callers are told at once."""
    engine.down = True
    for _ in range(4):
        await fails(travel)
    assert breaker.state is CLOSED
    await fails(travel)
    assert breaker.state is OPEN
    for _ in range(20):
        await fails(travel)
    assert len(engine.asked) == 5


async def test_a_success_in_between_begins_the_row_anew(
    travel: BreakerTravelTimes, engine: CountedTravelTimes, breaker: Breaker
) -> None:
    """Four failures, a success, four failures: still closed."""
    for down in (True, True, True, True, False, True, True, True, True):
        engine.down = down
        if down:
            await fails(travel)
        else:
            await travel.table(TOWN, TOWN)
    assert breaker.state is CLOSED


async def test_half_of_the_last_twenty_open_it(
    travel: BreakerTravelTimes, engine: CountedTravelTimes, breaker: Breaker
) -> None:
    """Every second question fails, never two in a row: open with the twentieth, not before."""
    for number in range(20):
        assert breaker.state is CLOSED
        engine.down = bool(number % 2)
        if engine.down:
            await fails(travel)
        else:
            await travel.table(TOWN, TOWN)
    assert breaker.state is OPEN


async def test_fewer_than_half_do_not_open_it(
    travel: BreakerTravelTimes, engine: CountedTravelTimes, breaker: Breaker
) -> None:
    """Nine failures in any twenty are lived with."""
    for number in range(200):
        engine.down = number % 20 % 2 == 1 and number % 20 != 19
        if engine.down:
            await fails(travel)
        else:
            await travel.table(TOWN, TOWN)
    assert breaker.state is CLOSED


async def opened(travel: BreakerTravelTimes, engine: CountedTravelTimes) -> None:
    engine.down = True
    for _ in range(5):
        await fails(travel)
    engine.asked.clear()


async def test_it_is_tried_every_five_seconds_and_never_by_a_caller(
    travel: BreakerTravelTimes, engine: CountedTravelTimes, clock: Clock
) -> None:
    """A minute of a hundred questions and ten looks a second: twelve get to the engine, each for
    one pair that somebody asked for."""
    await opened(travel, engine)
    began = clock.now
    for hundredth in range(1, 6001):
        clock.now = began + hundredth / 100
        await fails(travel)
        if hundredth % 10 == 0:
            await travel.probe()
    assert engine.asked == [(1, 1)] * 12


async def test_a_good_probe_closes_it(
    travel: BreakerTravelTimes, engine: CountedTravelTimes, breaker: Breaker, clock: Clock
) -> None:
    """Not before its time, and then all questions go through; earlier failures are forgotten."""
    await opened(travel, engine)
    clock.now += 5.0
    await travel.probe()
    assert breaker.probes_failed == 1
    engine.down = False
    clock.now += 4.9
    await travel.probe()
    await fails(travel)
    clock.now += 0.1
    await travel.probe()
    assert (breaker.state, breaker.probes_failed) == (CLOSED, 0)
    await travel.table(TOWN, TOWN)
    engine.down = True
    for _ in range(4):
        await fails(travel)
    assert breaker.state is CLOSED


async def test_while_a_probe_is_on_its_way_nobody_waits_for_it(
    travel: BreakerTravelTimes, engine: CountedTravelTimes, breaker: Breaker, clock: Clock
) -> None:
    """Callers are told at once, and there is no second probe."""
    await opened(travel, engine)
    clock.now += 5
    answer = asyncio.Event()
    probe = asyncio.create_task(breaker.try_again(answer.wait))
    await asyncio.sleep(0)
    assert breaker.state is HALF_OPEN
    with pytest.raises(TravelUnavailableError, match="left alone"):
        await travel.table(TOWN, TOWN)
    await travel.probe()
    assert engine.asked == []
    answer.set()
    await probe
    assert breaker.state is CLOSED


async def test_a_question_without_an_answer_is_not_held_against_the_engine(
    breaker: Breaker,
) -> None:
    """A place that no road leads to, asked a hundred times, keeps nobody else from the roads."""

    async def refused() -> None:
        raise TravelUnavailableError("NoSegment", engine_failed=False)

    for _ in range(100):
        with pytest.raises(TravelUnavailableError):
            await breaker.guarded(refused)
    assert breaker.state is CLOSED


async def gave_up(breaker: Breaker, clock: Clock, times: int) -> None:
    """So many callers asked in turn, and none waited for the answer."""
    for _ in range(times):
        asked = asyncio.create_task(breaker.guarded(asyncio.Event().wait))
        await asyncio.sleep(0)
        clock.now += 1.9
        asked.cancel()
        await asyncio.gather(asked, return_exceptions=True)


async def test_callers_in_a_hurry_do_not_speak_for_the_engine(
    travel: BreakerTravelTimes, engine: CountedTravelTimes, breaker: Breaker, clock: Clock
) -> None:
    """Whoever has less time than the engine's own limit keeps nobody else from the roads, however
    many there are: the engine is looked at once, with one pair, and it answers."""
    await travel.table(TOWN, TOWN)
    engine.asked.clear()
    await gave_up(breaker, clock, 100)
    assert breaker.state is CLOSED
    for _ in range(3):
        await travel.probe()
    assert engine.asked == [(1, 1)]
    await travel.table(TOWN, TOWN)
    assert breaker.state is CLOSED


async def test_a_hanging_engine_is_found_out_by_a_look(
    travel: BreakerTravelTimes, engine: CountedTravelTimes, breaker: Breaker, clock: Clock
) -> None:
    """Five callers in a row had no answer, nor has the look that has all the time it needs: that
    opens, and nothing else does."""
    await travel.table(TOWN, TOWN)
    engine.down = True
    await gave_up(breaker, clock, 4)
    await travel.probe()
    assert breaker.state is CLOSED
    await gave_up(breaker, clock, 1)
    assert breaker.state is CLOSED
    await travel.probe()
    assert breaker.state is OPEN


async def test_a_cancelled_probe_is_no_answer(
    travel: BreakerTravelTimes, engine: CountedTravelTimes, breaker: Breaker, clock: Clock
) -> None:
    """Open as before, and tried again five seconds later."""
    await opened(travel, engine)
    clock.now += 5
    probe = asyncio.create_task(breaker.try_again(asyncio.Event().wait))
    await asyncio.sleep(0)
    probe.cancel()
    await asyncio.gather(probe, return_exceptions=True)
    assert breaker.state is OPEN
    engine.down = False
    clock.now += 5
    await travel.probe()
    assert breaker.state is CLOSED


@pytest.mark.parametrize("late", [True, False])
async def test_only_the_probe_moves_an_open_breaker(
    breaker: Breaker, clock: Clock, late: bool
) -> None:
    """Who asked before it opened and is answered, or fails, while it is open or a probe is on its
    way, changes nothing; then the probe's answer counts."""
    early, probing = asyncio.Event(), asyncio.Event()

    async def asked_early() -> None:
        await early.wait()
        if not late:
            raise TravelUnavailableError("at last")

    async def down() -> None:
        raise TravelUnavailableError("down")

    first, second = (asyncio.create_task(breaker.guarded(asked_early)) for _ in "ab")
    await asyncio.sleep(0)
    for _ in range(5):
        with pytest.raises(TravelUnavailableError):
            await breaker.guarded(down)
    clock.now += 5
    probe = asyncio.create_task(breaker.try_again(probing.wait))
    await asyncio.sleep(0)
    early.set()
    await asyncio.gather(first, second, return_exceptions=True)
    assert breaker.state is HALF_OPEN
    probing.set()
    await probe
    assert breaker.state is CLOSED


async def test_a_probe_that_asks_nonsense_is_not_the_last(
    travel: BreakerTravelTimes, engine: CountedTravelTimes, breaker: Breaker, clock: Clock
) -> None:
    """A mistake of ours is raised as it is, and the engine tried again five seconds later."""
    await opened(travel, engine)
    clock.now += 5

    async def nonsense() -> None:
        raise ValueError("zoom must be 13 to 19")

    with pytest.raises(ValueError, match="zoom"):
        await breaker.try_again(nonsense)
    assert breaker.state is OPEN
    engine.down = False
    clock.now += 5
    await travel.probe()
    assert breaker.state is CLOSED


async def test_an_engine_that_answers_is_not_probed(
    travel: BreakerTravelTimes, engine: CountedTravelTimes
) -> None:
    """Nor one that nobody ever asked for anything."""
    await travel.probe()
    await travel.table(TOWN, TOWN)
    await travel.probe()
    assert len(engine.asked) == 1


async def test_every_change_is_told(
    travel: BreakerTravelTimes, engine: CountedTravelTimes, breaker: Breaker, clock: Clock
) -> None:
    """Open, half-open, open, half-open, closed: each once, with the engine's name."""
    told: list[tuple[str, BreakerState]] = []
    breaker.tell(lambda name, state: told.append((name, state)))
    await opened(travel, engine)
    clock.now += 5
    await travel.probe()
    engine.down = False
    clock.now += 5
    await travel.probe()
    assert [state for _, state in told] == [OPEN, HALF_OPEN, OPEN, HALF_OPEN, CLOSED]
    assert {name for name, _ in told} == {"osrm"}


async def test_its_clock_is_the_loops() -> None:
    """Without another clock five real hundredths are enough for a breaker that is told so."""
    breaker = Breaker("osrm", BreakerLimits(in_a_row=1, probe_every_s=0.05))

    async def down() -> None:
        raise TravelUnavailableError("down")

    async def up() -> str:
        return "up"

    with pytest.raises(TravelUnavailableError):
        await breaker.guarded(down)
    await breaker.try_again(up)
    assert breaker.state is OPEN
    await asyncio.sleep(0.06)
    await breaker.try_again(up)
    assert await breaker.guarded(up) == "up"
