from __future__ import annotations

import asyncio
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slotsvc.domain.place import Location
from slotsvc.scheduling.travel_port import Provenance, TravelUnavailableError
from slotsvc.travel.cache import CachedTravelTimes
from slotsvc.travel.estimate import EstimatedTravelTimes
from slotsvc.travel.osrm import OsrmTravelTimes
from tests.road_fixtures import CASINO, LA_TURBIE, TOWN
from tests.travel.counted import CountedTravelTimes

GRID = tuple(Location(43.70 + i * 0.001, 7.40 + i * 0.002) for i in range(500))


@pytest.fixture
def engine() -> CountedTravelTimes:
    return CountedTravelTimes(EstimatedTravelTimes())


async def test_a_known_table_is_not_asked_for_again(engine: CountedTravelTimes) -> None:
    """Row, column and block come from memory the second time, parts of them too."""
    travel = CachedTravelTimes(engine)
    first = [
        await travel.table([CASINO], GRID),
        await travel.table(GRID, [CASINO]),
        await travel.table(GRID[:18], GRID[:18]),
    ]
    asked = len(engine.asked)
    again = [
        await travel.table([CASINO], list(GRID)),
        await travel.table(list(GRID), [CASINO]),
        await travel.table(GRID[:18], GRID[:18]),
    ]
    await travel.table([CASINO], GRID[100:200])
    await travel.table(GRID[3:9], GRID[5:15])
    assert len(engine.asked) == asked
    for one, other in zip(first, again, strict=True):
        assert (one.seconds == other.seconds).all()
        assert (one.source_snap_m == other.source_snap_m).all()
        assert (one.destination_snap_m == other.destination_snap_m).all()


async def test_only_what_is_missing_is_asked_for(engine: CountedTravelTimes) -> None:
    """Ten new places in a known row cost a table of one by ten."""
    travel = CachedTravelTimes(engine)
    await travel.table([CASINO], GRID[:300])
    table = await travel.table([CASINO], GRID[:310])
    assert engine.asked == [(1, 300), (1, 10)]
    expected = (await engine.table([CASINO], GRID[:310])).seconds
    assert (table.seconds == expected).all()


async def test_hits_and_misses_count_pairs(engine: CountedTravelTimes) -> None:
    """Ten unknown pairs, then ten known and five unknown."""
    travel = CachedTravelTimes(engine)
    await travel.table([CASINO], GRID[:10])
    await travel.table([CASINO], GRID[:15])
    assert (travel.hits, travel.misses) == (10, 15)


async def test_another_map_empties_the_cache(engine: CountedTravelTimes) -> None:
    """When the engine's map changes nothing of the old one is served."""
    travel = CachedTravelTimes(engine)
    await travel.table([CASINO], GRID[:10])
    engine.map_id = "second"
    table = await travel.table([CASINO], GRID[:10])
    assert table.map_id == "second"
    assert engine.asked == [(1, 10), (1, 10)]


async def test_a_map_swapped_in_the_middle_is_not_mixed_in(engine: CountedTravelTimes) -> None:
    """If the missing part comes from another map, the whole table is asked for again."""
    travel = CachedTravelTimes(engine)
    await travel.table([CASINO], GRID[:10])
    engine.answers_from = "second"
    table = await travel.table([CASINO], GRID[:15])
    assert table.map_id == "second"
    assert engine.asked == [(1, 10), (1, 5), (1, 15)]


async def test_an_estimate_is_never_remembered(engine: CountedTravelTimes) -> None:
    """Estimates pass through; once the engine is back, it is asked."""
    engine.provenance = Provenance.ESTIMATE
    travel = CachedTravelTimes(engine)
    assert (await travel.table([CASINO], TOWN)).provenance is Provenance.ESTIMATE
    engine.provenance = Provenance.LIVE
    assert (await travel.table([CASINO], TOWN)).provenance is Provenance.LIVE
    assert engine.asked == [(1, 7), (1, 7)]


async def test_an_outage_is_raised_for_what_is_not_known(engine: CountedTravelTimes) -> None:
    """Known pairs are served while the engine is down, unknown ones raise."""
    travel = CachedTravelTimes(engine)
    await travel.table([CASINO], GRID[:10])
    engine.down = True
    await travel.table([CASINO], GRID[:10])
    with pytest.raises(TravelUnavailableError):
        await travel.table([CASINO], GRID[:11])


async def test_many_new_places_do_not_grow_the_cache(engine: CountedTravelTimes) -> None:
    """A thousand strangers pass through a cache of 64 places; answers stay right."""
    travel = CachedTravelTimes(engine, max_places=64, max_entries=2_000)
    estimate = EstimatedTravelTimes()
    for i in range(500):
        stranger = Location(43.6, 7.0 + i * 0.001)
        table = await travel.table([stranger], GRID[:20])
        assert (table.seconds == (await estimate.table([stranger], GRID[:20])).seconds).all()
    assert len(travel._slots._slot_of) <= 64


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 39), st.integers(1, 12), st.integers(0, 39), st.integers(1, 12)),
        max_size=40,
    )
)
def test_whatever_was_asked_before_answers_are_those_of_the_engine(
    questions: list[tuple[int, int, int, int]],
) -> None:
    """Random blocks on a small, always overflowing cache equal the uncached tables."""

    async def ask_all() -> None:
        estimate = EstimatedTravelTimes()
        travel = CachedTravelTimes(CountedTravelTimes(estimate), max_places=32, max_entries=1)
        for a, n, b, m in questions:
            sources, destinations = GRID[a : a + n], list(GRID[b : b + m])
            cached = await travel.table(sources, destinations)
            assert (cached.seconds == (await estimate.table(sources, destinations)).seconds).all()

    asyncio.run(ask_all())


@pytest.mark.machine_speed
async def test_a_known_row_of_500_places_costs_well_under_a_millisecond(
    engine: CountedTravelTimes,
) -> None:
    """Best of many, for a list made anew (each place is looked up) and for the same tuple."""
    travel = CachedTravelTimes(engine)
    await travel.table([CASINO], GRID)
    await travel.table(GRID, [CASINO])
    assert await _best_of(travel, [CASINO], list(GRID)) < 0.001
    assert await _best_of(travel, GRID, [CASINO]) < 0.0003


async def _best_of(
    travel: CachedTravelTimes,
    sources: list[Location] | tuple[Location, ...],
    destinations: list[Location] | tuple[Location, ...],
) -> float:
    best = 1.0
    for _ in range(50):
        started = time.perf_counter()
        await travel.table(sources, destinations)
        best = min(best, time.perf_counter() - started)
    return best


async def test_snap_distances_come_from_memory_too(osrm: OsrmTravelTimes) -> None:
    """A remembered table carries the snap distances of its places, whoever asked first."""
    travel = CachedTravelTimes(osrm)
    await travel.table([CASINO], TOWN)
    await travel.table(TOWN, [LA_TURBIE])
    live = await osrm.table([CASINO], [LA_TURBIE])
    hits = travel.hits
    known = await travel.table([CASINO], [LA_TURBIE])
    assert travel.hits == hits + 1
    assert np.allclose(live.source_snap_m, known.source_snap_m)
    assert np.allclose(live.destination_snap_m, known.destination_snap_m)
