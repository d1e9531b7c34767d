"""Two real replicas on a real PostgreSQL that flushes to disk: one fault at a time.

Many at random, under load, judged by the checker of histories: ``test_campaign.py``.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import psycopg
import pytest
import pytest_asyncio
from grpc import aio

from benchmarks.calls import Calls, Told, calling, fresh_id, told
from benchmarks.company import Company
from benchmarks.torture.bed import NO_JOBS, Bed, Replica, bed
from benchmarks.torture.faults import all_connections
from slotsvc.pb.v1 import visit_service_pb2 as visits
from slotsvc.pb.v1.slot_service_pb2 import Slot
from slotsvc.store.turns import PostgresLocks
from tests.chaos.returning_clients import crowd_of, load
from tests.cut_link import Cut
from tests.postgres_fixtures import started
from tests.service_fixtures import booked, offered, visit_now

_log = logging.getLogger(__name__)

pytestmark = pytest.mark.asyncio(loop_scope="module")

CALL_S = 30.0
"""Longer than any wait of the service."""
SOON_S = 10.0
TRIES = 5
"""That the documented service config gives a call."""
IDLE_S = 10.0
"""After which the server ends a transaction whose process is silent."""

_WAITS = """
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND wait_event_type = 'Lock' AND wait_event = 'advisory'
"""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def ground(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Bed]:
    """Every test founds a company of its own, and leaves everything well."""
    with started(durable=True) as server:
        where = tmp_path_factory.mktemp("bed")
        async with bed(where, server, **NO_JOBS, database_connections=8) as ground:
            yield ground
            assert ground.incidents() == []


@dataclass(frozen=True, slots=True)
class Pair:
    """One company, asked through either replica."""

    company: Company
    first: Calls
    second: Calls

    async def slots(self) -> list[Slot]:
        """What is offered."""
        return await offered(self.second, self.company.search(max_slots=12))


@pytest_asyncio.fixture(loop_scope="module")
async def pair(ground: Bed) -> AsyncIterator[Pair]:
    """A company of its own; two technicians."""
    async with AsyncExitStack() as stack:
        first, second = [
            await stack.enter_async_context(calling(one.address)) for one in ground.replicas
        ]
        company = await Company(first, f"pair-{fresh_id()[:8]}").found()
        for number in range(2):
            await company.technician(f"tech-{number}")
        await company.activity("service")
        await company.site("casino")
        yield Pair(company, first, second)


@dataclass(frozen=True, slots=True)
class Refusal:
    """``pushback_ms`` None: none was told. ``seconds``: until it was told."""

    told: Told
    pushback_ms: int | None
    seconds: float


async def refusal(call: Awaitable[Any]) -> Refusal:
    """Of a call that must fail."""
    begun = time.monotonic()
    try:
        answer = await call
    except aio.AioRpcError as error:
        trailers = dict(error.trailing_metadata() or ())
        wait = trailers.get("grpc-retry-pushback-ms")
        return Refusal(told(error), wait and int(wait), time.monotonic() - begun)
    raise AssertionError(f"the call was answered: {answer}")


def booking(slot: Slot, reference: str) -> visits.BookVisitRequest:
    """To be sent as often as needed."""
    return visits.BookVisitRequest(token=slot.token, request_id=fresh_id(), external_ref=reference)


async def insisted(
    calls: Calls, asked: visits.BookVisitRequest, within_s: float = SOON_S
) -> tuple[visits.BookVisitResponse, int]:
    """The answer of a client that repeats what was not answered, and how often it had to."""
    begun, repeats = time.monotonic(), 0
    while True:
        try:
            return await calls.visits.BookVisit(asked, timeout=CALL_S), repeats
        except aio.AioRpcError as error:
            refused = told(error)
        assert refused.code == "UNAVAILABLE", refused
        assert time.monotonic() - begun < within_s, refused
        repeats += 1
        await asyncio.sleep(0.1)


async def readiness(replica: Replica) -> tuple[int, dict[str, Any]]:
    """Of one replica, by its status page."""
    async with httpx.AsyncClient(trust_env=False) as client:
        page = await client.get(f"http://{replica.server.metrics_address}/readyz", timeout=10)
    return page.status_code, page.json()


async def until(true: Callable[[], Awaitable[bool]], within_s: float = SOON_S) -> float:
    """Seconds until it was so."""
    begun = time.monotonic()
    while not await true():
        assert time.monotonic() - begun < within_s
        await asyncio.sleep(0.05)
    return time.monotonic() - begun


@contextmanager
def held_up(ground: Bed, company: Company) -> Iterator[Callable[[], Awaitable[bool]]]:
    """While the block runs, changes of the company wait for their last lock, with all others taken;
    tells whether one waits."""
    lock = "SELECT pg_advisory_lock(%s, hashtext(%s))"
    with psycopg.connect(ground.url, autocommit=True) as holder:
        holder.execute(lock, (PostgresLocks._JOURNAL, company.id))

        async def waits() -> bool:
            row = await asyncio.to_thread(lambda: holder.execute(_WAITS).fetchone())
            return bool(row and row[0])

        yield waits


async def visits_of(pair: Pair) -> list[str]:
    """External references of all that stand."""
    asked = visits.ListVisitsRequest(parent=pair.company.tenant, page_size=100)
    return sorted(v.external_ref for v in (await pair.second.visits.ListVisits(asked)).visits)


async def names(pair: Pair) -> list[str]:
    """Resource names of all that stand."""
    asked = visits.ListVisitsRequest(parent=pair.company.tenant, page_size=100)
    return [v.name for v in (await pair.second.visits.ListVisits(asked)).visits]


async def test_what_a_killed_replica_had_locked_is_free(ground: Bed, pair: Pair) -> None:
    """F2: kill -9 in the middle of a booking, with its locks taken: they are free at once, the same
    call is answered by the other replica, and has one effect."""
    replica, slots = ground.replicas[0], await pair.slots()
    asked = booking(slots[0], "interrupted")
    with held_up(ground, pair.company) as waits:
        call = asyncio.create_task(refusal(pair.first.visits.BookVisit(asked, timeout=CALL_S)))
        await until(waits)
        await replica.server.kill()
        assert (await call).told.code == "UNAVAILABLE"

    begun = time.monotonic()
    answer, _ = await insisted(pair.second, asked)
    free_s = time.monotonic() - begun
    assert await asyncio.to_thread(ground.locks) == 0
    restart_s = await replica.server.start()

    assert await visit_now(pair.first, answer.visit.name) == answer.visit
    assert await visits_of(pair) == ["interrupted"]
    _log.info(
        f"booked elsewhere after {free_s:.2f} s, the replica was back after {restart_s:.2f} s"
    )


@pytest.mark.machine_speed
async def test_a_database_that_stops_at_once_is_told_and_found_again(
    ground: Bed, pair: Pair
) -> None:
    """F3: without PostgreSQL calls are refused with the time to come again, readiness is broken and
    the process alive; soon after its return both replicas book, and all that was acknowledged is
    there."""
    slots = await pair.slots()
    before = await booked(pair.first, slots[0], external_ref="before")
    await asyncio.to_thread(ground.database.fall)
    try:
        asked = [booking(slot, f"during-{n}") for n, slot in enumerate(slots[1:3])]
        refusals = [
            await refusal(calls.visits.BookVisit(one, timeout=CALL_S))
            for calls, one in zip((pair.first, pair.second), asked, strict=True)
        ]
        ready = [await readiness(replica) for replica in ground.replicas]
    finally:
        await asyncio.to_thread(ground.database.rise)
    begun = time.monotonic()
    for calls, one in zip((pair.first, pair.second), asked, strict=True):
        await insisted(calls, one)
    recovered_s = time.monotonic() - begun

    assert {one.told.reason for one in refusals} == {"STORE_BUSY"}
    assert None not in [one.pushback_ms for one in refusals]
    assert max(one.seconds for one in refusals) < 3
    assert [(code, told["broken"]) for code, told in ready] == [(503, ["database"])] * 2
    assert before.name in await names(pair)
    assert await visits_of(pair) == ["before", "during-0", "during-1"]
    _log.info(f"both replicas booked {recovered_s:.2f} s after PostgreSQL was back")


@pytest.mark.parametrize("times", [1, 5])
async def test_a_commit_whose_answer_is_lost_is_done_once(
    ground: Bed, pair: Pair, times: int
) -> None:
    """F4: the link is cut when the COMMIT has gone by, once, or as often as the service tries:
    whoever repeats the call, at either replica, gets the first answer."""
    link, slots = ground.replicas[0].link, await pair.slots()
    asked, before = booking(slots[0], "ambiguous"), link.cuts
    link.cut_next(*[Cut.AFTER] * times)

    answer, repeats = await insisted(pair.first, asked)

    assert times - link.spare() == link.cuts - before > 0
    assert bool(repeats) is (times > 1)
    assert await pair.second.visits.BookVisit(asked) == answer
    assert await pair.first.visits.BookVisit(asked) == answer
    assert await visits_of(pair) == ["ambiguous"]


@pytest.mark.machine_speed
async def test_a_replica_that_is_parted_from_the_database_keeps_nobody(
    ground: Bed, pair: Pair
) -> None:
    """F5: what replica and PostgreSQL say is lost, no connection ends, and a booking is under way
    with all its locks. Its caller is told in bounded time, readiness tells it at that replica only;
    the server ends the transaction, so that the other replica books; when the link is whole again
    the first goes on, and the booking is there once."""
    replica, other = ground.replicas
    slots = await pair.slots()
    stuck, next_one = booking(slots[0], "parted"), booking(slots[-1], "beside")
    with held_up(ground, pair.company) as waits:
        call = asyncio.create_task(refusal(pair.first.visits.BookVisit(stuck, timeout=CALL_S)))
        await until(waits)
        replica.link.part()
    begun = time.monotonic()
    try:
        beside = asyncio.create_task(insisted(pair.second, next_one, IDLE_S + SOON_S))
        code, told = await readiness(replica)
        refused = await refusal(pair.first.visits.BookVisit(stuck, timeout=CALL_S))
        first, (_, _) = await call, await beside
        freed_s = time.monotonic() - begun
        well = await readiness(other)
    finally:
        replica.link.heal()
    begun = time.monotonic()
    await insisted(pair.first, stuck)
    await until(lambda: is_ready(replica))
    healed_s = time.monotonic() - begun

    assert (first.told.reason, refused.told.reason) == ("STORE_BUSY", "STORE_BUSY")
    assert max(first.seconds, refused.seconds) < 11
    assert None not in (first.pushback_ms, refused.pushback_ms)
    assert (code, told["broken"], well[0]) == (503, ["database"], 200)
    assert freed_s < IDLE_S + 5
    assert await visits_of(pair) == ["beside", "parted"]
    _log.info(
        f"told after {first.seconds:.1f} and {refused.seconds:.1f} s, the other replica booked "
        f"after {freed_s:.1f} s, the link was used {healed_s:.2f} s after it was whole"
    )


async def is_ready(replica: Replica) -> bool:
    """Whether calls can be answered there."""
    return (await readiness(replica))[0] == 200


@pytest.mark.machine_speed
async def test_without_a_free_connection_callers_are_told_at_once(ground: Bed, pair: Pair) -> None:
    """F6: others have every connection of PostgreSQL: each call says so within a second or so, with
    the time to come again, nothing piles up; with connections again it is served."""
    replica, slots = ground.replicas[0], await pair.slots()
    asked = [booking(slot, f"late-{n}") for n, slot in enumerate(slots[:6])]
    with all_connections(ground.url) as take_more:
        replica.link.cut()
        while await no_connection_of(replica, take_more, pair):
            pass
        refusals = await asyncio.gather(
            *(refusal(pair.first.visits.BookVisit(one, timeout=CALL_S)) for one in asked)
        )
        code, told = await readiness(replica)
        waiting = await calls_waiting(replica)
    begun = time.monotonic()
    await insisted(pair.first, asked[0])
    recovered_s = time.monotonic() - begun

    for one in refusals:
        assert (one.told.reason, one.told.metadata["cause"]) == ("STORE_BUSY", "NO_CONNECTION")
        assert one.pushback_ms is not None
    assert sorted(one.seconds for one in refusals)[3] < 1.5
    assert (code, told["broken"], waiting) == (503, ["database"], 0)
    _log.info(f"served again {recovered_s:.2f} s after there was room")


async def no_connection_of(replica: Replica, take_more: Callable[[], None], pair: Pair) -> bool:
    """False once the replica has none, and cannot get one."""
    await asyncio.to_thread(take_more)
    asked = visits.ListVisitsRequest(parent=pair.company.tenant)
    try:
        await pair.first.visits.ListVisits(asked, timeout=CALL_S)
    except aio.AioRpcError:
        return False
    replica.link.cut()
    return True


async def calls_waiting(replica: Replica) -> float:
    """Of every kind together."""
    async with httpx.AsyncClient(trust_env=False) as client:
        page = await client.get(f"http://{replica.server.metrics_address}/metrics", timeout=10)
    lines = [x for x in page.text.splitlines() if x.startswith("slotsvc_calls_waiting{")]
    return sum(float(line.rpartition(" ")[2]) for line in lines)


@pytest.mark.machine_speed
async def test_clients_who_come_back_after_an_outage_make_no_storm(ground: Bed, pair: Pair) -> None:
    """F31: eight programs with the documented service config ask five times a second each, and
    PostgreSQL is away for seconds. Each call is tried five times at most; from the moment it is
    back the load is soon what it was, far from five times as much, and all calls begun soon after
    succeed."""
    replica = ground.replicas[0]
    async with crowd_of(replica.address, pair.company) as crowd:
        await load(replica, 1.0)
        before = await load(replica, 3.0)
        await asyncio.to_thread(ground.database.fall)
        during = await load(replica, 4.0)
        await asyncio.to_thread(ground.database.rise)
        await until(lambda: is_ready(replica))
        after = await load(replica, 5.0)  # the longest pause before a call is tried again
        later = await load(replica, 3.0)
        crowd.calm_again = True
        await asyncio.sleep(1)

    assert before > 10
    assert after < 2.5 * before  # about 1 on a quiet machine; a storm would be five times
    assert later < 1.5 * before
    assert during < TRIES * 1.5 * before
    assert set(crowd.endings) == {"OK", "UNAVAILABLE"}
    assert set(crowd.late) == {"OK"}
    _log.info(f"{before:.0f} calls/s before, {during:.0f} during, {after:.0f} after")
