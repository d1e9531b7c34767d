"""Travel times that one replica asked are known to the others, and are the engine's, always."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pytest
from redis.asyncio import Redis

from slotsvc.domain.place import Location
from slotsvc.replicas.lines import RedisLines
from slotsvc.replicas.link import RedisLink
from slotsvc.scheduling.travel_port import Provenance, TravelTable, TravelUnavailableError
from slotsvc.travel.estimate import EstimatedTravelTimes
from slotsvc.travel.layers import cached_engine
from slotsvc.travel.shared import LEAST_PAIRS, MOST_LINES, SharedTravelTimes
from slotsvc.travel.shared_line import LineSeal
from tests.replicas.front import in_front
from tests.replicas.valkey import Valkey
from tests.road_fixtures import CASINO, LA_TURBIE, TOWN
from tests.travel.contract import TravelTimesContract
from tests.travel.counted import CountedTravelTimes

SECRET = secrets.token_bytes(32)
GRID = tuple(Location(43.70 + i * 0.001, 7.40 + i * 0.002) for i in range(500))
MANY = 100
assert MANY >= LEAST_PAIRS


class Uphill:
    """Straight lines, 37 seconds longer towards the north: there is not as far as back. Each place
    is put on its road some metres away."""

    map_id = "uphill"

    async def table(
        self, sources: Sequence[Location], destinations: Sequence[Location]
    ) -> TravelTable:
        straight = await EstimatedTravelTimes().table(sources, destinations)
        north = np.array([[there.lat > here.lat for there in destinations] for here in sources])
        return replace(
            straight,
            seconds=straight.seconds + 37 * north.reshape(straight.seconds.shape).astype(np.int32),
            source_snap_m=np.array([place.lat * 7.3 for place in sources]),
            destination_snap_m=np.array([place.lat * 7.3 for place in destinations]),
        )


@dataclass
class Replica:
    """One of several: an engine of its own, a link of its own."""

    engine: CountedTravelTimes
    lines: RedisLines
    link: RedisLink
    travel: SharedTravelTimes
    found: Counter[str] = field(default_factory=Counter)

    async def row(self, place: Location, count: int = MANY) -> TravelTable:
        """From one place to many; when it is kept for the others, this returns."""
        table = await self.travel.table([place], GRID[:count])
        await self.lines.settled()
        return table


@asynccontextmanager
async def replica(
    url: str, prefix: str, *, secret: bytes = SECRET, budget_s: float = 2.0
) -> AsyncIterator[Replica]:
    """A new one on Redis, with an engine of its own."""
    link = RedisLink(url, budget_s=budget_s)
    await link.start()
    lines = RedisLines(link, prefix)
    engine = CountedTravelTimes(Uphill())
    found: Counter[str] = Counter()
    travel = SharedTravelTimes(
        engine, lines, LineSeal(secret), count=lambda what, n: found.update({what: n})
    )
    try:
        yield Replica(engine, lines, link, travel, found)
    finally:
        await lines.aclose()
        await link.aclose()


async def right(
    table: TravelTable, sources: Sequence[Location], others: Sequence[Location]
) -> bool:
    """Whether these are the engine's times."""
    expected = await Uphill().table(sources, others)
    return (
        table.seconds.tolist() == expected.seconds.tolist()
        and table.source_snap_m.tolist() == expected.source_snap_m.tolist()
        and table.destination_snap_m.tolist() == expected.destination_snap_m.tolist()
    )


class TestContract(TravelTimesContract):
    """As every other ``TravelTimes``, asked twice."""

    @pytest.fixture
    async def travel(self, redis_url: str, prefix: str) -> AsyncIterator[SharedTravelTimes]:
        async with replica(redis_url, prefix) as one:
            await one.row(CASINO)
            yield one.travel


async def test_what_one_asked_the_others_know(redis_url: str, prefix: str) -> None:
    """A row and a column, asked by A, cost B's engine nothing, and are the same to the metre."""
    async with replica(redis_url, prefix) as a, replica(redis_url, prefix) as b:
        ours = await a.row(CASINO), await a.travel.table(GRID, [CASINO])
        await a.lines.settled()
        theirs = await b.row(CASINO), await b.travel.table(GRID, [CASINO])

        assert b.engine.asked == []
        assert b.found == {"hit": MANY + len(GRID), "miss": 0}
        for row, column in (ours, theirs):
            assert await right(row, [CASINO], GRID[:MANY])
            assert await right(column, GRID, [CASINO])
            assert {row.provenance, column.provenance} == {Provenance.LIVE}


async def test_only_what_nobody_knows_is_asked(redis_url: str, prefix: str) -> None:
    """Ten more places cost a table of one by ten; two lines, one of them known, one line."""
    async with replica(redis_url, prefix) as a, replica(redis_url, prefix) as b:
        await a.row(CASINO, MANY)
        more = await b.row(CASINO, MANY + 10)
        both = await b.travel.table([CASINO, LA_TURBIE], GRID[:MANY])

        assert b.engine.asked == [(1, 10), (1, MANY)]
        assert await right(more, [CASINO], GRID[: MANY + 10])
        assert await right(both, [CASINO, LA_TURBIE], GRID[:MANY])


async def test_two_replicas_writing_one_line_never_spoil_it(redis_url: str, prefix: str) -> None:
    """Whoever writes last, what is read is right, and soon everything is known."""
    async with replica(redis_url, prefix) as a, replica(redis_url, prefix) as b:
        for _ in range(2):
            tables = await asyncio.gather(
                a.travel.table([CASINO], GRID[:300]), b.travel.table([CASINO], GRID[200:])
            )
            assert await right(tables[0], [CASINO], GRID[:300])
            assert await right(tables[1], [CASINO], GRID[200:])
            await a.lines.settled()
            await b.lines.settled()
        await a.row(CASINO, len(GRID))
        b.engine.asked.clear()

        assert await right(await b.row(CASINO, len(GRID)), [CASINO], GRID)
        assert b.engine.asked == []


async def test_a_new_map_knows_nothing_of_the_old_one(redis_url: str, prefix: str) -> None:
    """Lines belong to a map; another one begins anew, and the old one's are still there."""
    async with replica(redis_url, prefix) as a, replica(redis_url, prefix) as b:
        await a.row(CASINO)
        b.engine.map_id = "second"
        assert (await b.row(CASINO)).map_id == "second"
        assert b.engine.asked == [(1, MANY)]

        b.engine.map_id = "first"
        assert (await b.row(CASINO)).map_id == "first"
        assert b.engine.asked == [(1, MANY)]


async def test_a_map_swapped_in_the_middle_is_not_mixed_in(redis_url: str, prefix: str) -> None:
    """When the missing part comes from another map the whole table is asked, and not kept."""
    async with replica(redis_url, prefix) as a:
        await a.row(CASINO)
        a.engine.asked.clear()
        a.engine.answers_from = "second"

        table = await a.row(CASINO, MANY + 5)

        assert table.map_id == "second"
        assert a.engine.asked == [(1, 5), (1, MANY + 5)]


async def test_an_estimate_is_never_shared(redis_url: str, prefix: str, redis: Redis) -> None:
    """It passes, flagged, and leaves nothing in Redis."""
    async with replica(redis_url, prefix) as a:
        a.engine.provenance = Provenance.ESTIMATE
        assert (await a.row(CASINO)).provenance is Provenance.ESTIMATE

        assert await redis.keys(f"{prefix}*") == []


async def test_known_times_outlive_the_road_engine(redis_url: str, prefix: str) -> None:
    """With the engine down what was shared is answered, LIVE; the rest is an outage, as before."""
    async with replica(redis_url, prefix) as a, replica(redis_url, prefix) as b:
        await a.row(CASINO)
        b.engine.down = True

        assert await right(await b.row(CASINO), [CASINO], GRID[:MANY])
        with pytest.raises(TravelUnavailableError):
            await b.row(CASINO, MANY + 1)


async def test_small_and_wide_tables_do_not_go_to_redis(
    redis_url: str, prefix: str, redis: Redis
) -> None:
    """The blocks of a route, and tables of many lines, are asked of the engine as before."""
    async with replica(redis_url, prefix) as a:
        await a.travel.table(TOWN, TOWN)
        await a.travel.table(GRID[: MOST_LINES + 1], GRID)
        await a.lines.settled()

        assert a.found == {}
        assert await redis.keys(f"{prefix}*") == []


async def test_lines_expire(redis_url: str, prefix: str, redis: Redis) -> None:
    """A map that nobody uses any more leaves Redis by itself."""
    async with replica(redis_url, prefix) as a:
        await a.row(CASINO)
        (key,) = await redis.keys(f"{prefix}*")

        assert 0 < await redis.ttl(key) <= 7 * 86_400


async def test_others_secrets_share_nothing(redis_url: str, prefix: str) -> None:
    """Two installations on one Redis and one prefix by mistake: they do not meet."""
    async with (
        replica(redis_url, prefix) as a,
        replica(redis_url, prefix, secret=b"another one" * 3) as b,
    ):
        await a.row(CASINO)
        assert await right(await b.row(CASINO), [CASINO], GRID[:MANY])
        assert b.engine.asked == [(1, MANY)]


async def _random_bytes(redis: Redis, key: bytes, _: bytes) -> None:
    await redis.set(key, secrets.token_bytes(4096))


async def _cut_off(redis: Redis, key: bytes, _: bytes) -> None:
    await redis.set(key, (await redis.get(key))[:-1])


async def _of_another_place(redis: Redis, key: bytes, other: bytes) -> None:
    await redis.set(key, await redis.get(other))


async def _a_list(redis: Redis, key: bytes, _: bytes) -> None:
    await redis.delete(key)
    await redis.rpush(key, "not", "bytes")


async def _enormous(redis: Redis, key: bytes, _: bytes) -> None:
    await redis.setrange(key, 8_000_000, b"x")


async def _gone(redis: Redis, key: bytes, _: bytes) -> None:
    await redis.delete(key)


@pytest.mark.parametrize(
    ("poisoned", "foreign"),
    [
        (_random_bytes, 1),
        (_cut_off, 1),
        (_of_another_place, 1),
        (_a_list, 0),
        (_enormous, 1),
        (_gone, 0),
    ],
)
async def test_what_stands_wrongly_in_redis_is_never_an_answer(
    redis_url: str, prefix: str, redis: Redis, poisoned: Any, foreign: int
) -> None:
    """Poisoned, damaged, swapped or lost: the engine is asked, and Redis is right again after."""
    async with replica(redis_url, prefix) as a, replica(redis_url, prefix) as b:
        await a.row(CASINO)
        (key,) = await redis.keys(f"{prefix}*")
        await a.row(LA_TURBIE)
        (other,) = set(await redis.keys(f"{prefix}*")) - {key}
        await poisoned(redis, key, other)

        assert await right(await b.row(CASINO), [CASINO], GRID[:MANY])
        assert b.found["foreign"] == foreign
        assert b.engine.asked == [(1, MANY)]
        assert await right(await a.row(CASINO), [CASINO], GRID[:MANY])
        assert a.engine.asked == [(1, MANY), (1, MANY)]


async def test_flushed_under_way_nothing_is_wrong(valkey: Valkey, prefix: str) -> None:
    """FLUSHALL between any two questions: answers stay the engine's."""
    async with replica(valkey.url, prefix) as a:
        redis = a.link.another_client()
        for place in TOWN:
            assert await right(await a.row(place), [place], GRID[:MANY])
            await redis.flushall()
            assert await right(await a.row(place), [place], GRID[:MANY])
        await redis.aclose()

        assert a.found["hit"] == 0


async def test_killed_under_way_nothing_is_wrong(valkey: Valkey, prefix: str) -> None:
    """SIGKILL, away, and back empty: answers stay the engine's, and are shared again."""
    async with replica(valkey.url, prefix) as a:
        await a.row(CASINO)
        valkey.kill()
        for place in TOWN:
            assert await right(await a.row(place), [place], GRID[:MANY])
        valkey.start()
        while not a.link.is_there:
            await asyncio.sleep(0.01)
        await a.row(LA_TURBIE)
        asked = len(a.engine.asked)

        assert await right(await a.row(LA_TURBIE), [LA_TURBIE], GRID[:MANY])
        assert len(a.engine.asked) == asked


async def test_a_redis_that_takes_no_more_is_no_harm(valkey: Valkey, prefix: str) -> None:
    """Full and told to evict nothing: writes fail, answers stay the engine's."""
    async with replica(valkey.url, prefix) as a:
        redis = a.link.another_client()
        await redis.config_set("maxmemory", "1")
        for place in TOWN:
            assert await right(await a.row(place), [place], GRID[:MANY])
        assert await redis.keys(f"{prefix}*") == []
        await redis.aclose()


async def test_a_redis_that_turns_slow_is_no_harm(redis_url: str, prefix: str) -> None:
    """Answers that come after the budget are not waited for, and not taken for others."""
    async with (
        in_front(redis_url, late_s=0.0) as quick,
        in_front(redis_url, late_s=0.1) as slow,
        replica(f"redis://127.0.0.1:{quick}", prefix) as a,
        replica(f"redis://127.0.0.1:{slow}", prefix, budget_s=0.02) as b,
    ):
        for place in TOWN:
            assert await right(await a.row(place), [place], GRID[:MANY])
            assert await right(await b.row(place), [place], GRID[:MANY])

        assert len(b.engine.asked) == len(TOWN)


async def test_a_redis_that_hangs_costs_nothing_once_that_is_known(
    valkey: Valkey, prefix: str
) -> None:
    """SIGSTOP: after the first few questions the slowest of 200 tables is not 50 ms slower."""

    async def slowest(travel: Callable[[Location], Any]) -> float:
        spans = []
        for i in range(200):
            begun = time.perf_counter()
            await travel(Location(43.6, 7.0 + i * 0.001))
            spans.append(time.perf_counter() - begun)
        return float(np.quantile(spans, 0.99))

    async with replica(valkey.url, prefix, budget_s=0.02) as a:
        alone = await slowest(lambda place: a.engine.table([place], GRID))
        valkey.hang()
        for place in TOWN:
            await a.travel.table([place], GRID)
        assert not a.link.is_there
        hung = await slowest(lambda place: a.travel.table([place], GRID))

        assert await right(await a.travel.table([CASINO], GRID), [CASINO], GRID)
        assert hung < alone + 0.05


async def test_below_the_memory_and_above_the_engine(redis_url: str, prefix: str) -> None:
    """In the usual order of layers Redis is asked once for a place, and then remembered."""
    async with replica(redis_url, prefix) as a, replica(redis_url, prefix) as b:
        await a.row(CASINO)

        def sharing(_: object) -> SharedTravelTimes:
            return b.travel

        layered = cached_engine(b.engine, sharing)
        for _ in range(3):
            assert await right(await layered.table([CASINO], GRID[:MANY]), [CASINO], GRID[:MANY])

        assert b.found == {"hit": MANY, "miss": 0}
        assert b.engine.asked == []
