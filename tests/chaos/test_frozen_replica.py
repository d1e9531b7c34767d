"""A replica gets no instruction for seconds (SIGSTOP, a virtual machine that was suspended): in the
middle of a mutation, with its locks (F7), or while a hold runs out (F8)."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta
from functools import partial
from statistics import median
from typing import Any

import psycopg
import pytest
import pytest_asyncio
from grpc import aio

from benchmarks.calls import Calls, calling, fresh_id, told
from benchmarks.company import Company
from benchmarks.history import Change, History
from benchmarks.torture.aftermath import Expected, judged
from benchmarks.torture.bed import NO_JOBS, NOW, Bed, bed
from slotsvc.domain.visit import RouteKey
from slotsvc.pb.v1 import visit_service_pb2 as visits
from slotsvc.pb.v1.slot_service_pb2 import Slot, SuggestSlotsRequest
from slotsvc.store.route_writes import _name
from slotsvc.store.turns import PostgresLocks, _key
from tests.postgres_fixtures import PostgresServer
from tests.service_fixtures import booked, held, offered, refused, visit_now

pytestmark = pytest.mark.asyncio(loop_scope="module")

LOCK = "SELECT pg_advisory_xact_lock(%s::int, %s::int)"
WAITING = """
SELECT count(*) FROM pg_locks JOIN pg_database d ON d.oid = database
WHERE datname = current_database() AND locktype = 'advisory' AND NOT granted
"""
WHOLE_DAY = {"seconds": 9 * 3600}
LONG = 60.0
CROWD = 24
"""Three times as many as can write at once."""
AT_PACE = 12


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def ground(
    tmp_path_factory: pytest.TempPathFactory, postgres: PostgresServer
) -> AsyncIterator[Bed]:
    """Every test founds its own companies and leaves both processes running."""
    async with bed(tmp_path_factory.mktemp("bed"), postgres, **NO_JOBS) as ground:
        yield ground


@asynccontextmanager
async def lines(ground: Bed) -> AsyncIterator[list[Calls]]:
    """A line to either replica."""
    one, two = (replica.address for replica in ground.replicas)
    async with calling(one) as first, calling(two) as second:
        yield [first, second]


def in_two_days() -> date:
    return datetime.now(UTC).date() + timedelta(days=2)


async def founded(calls: Calls, id: str) -> Company:
    """Two technicians, one kind of work."""
    company = await Company(calls, id).found()
    for technician in ("ann", "bob"):
        await company.technician(technician)
    await company.activity()
    return company


def whole_day(company: Company, technician: str = "ann") -> SuggestSlotsRequest:
    """There is room for one of these."""
    who = [f"{company.tenant}/technicians/{technician}"]
    return company.search(on=in_two_days(), service_duration=WHOLE_DAY, required_technicians=who)


def turn_of(ground: Bed, company: Company) -> tuple[int, int]:
    """The lock that all mutations of the company want, most of them to be alone."""
    return PostgresLocks._TURN, ground.asked("SELECT hashtext(%s)", company.id)


def queue_of(company: Company, technician: str) -> tuple[int, int]:
    """The lock of those who come beside one another, of one route."""
    route = RouteKey(company.id, technician, in_two_days())
    return PostgresLocks._ROUTE, _key(company.id, _name(route))


@asynccontextmanager
async def frozen_with(
    ground: Bed, lock: tuple[int, int], call: Callable[[], Awaitable[Any]]
) -> AsyncIterator[asyncio.Future[Any]]:
    """``call``, which the first replica is at: it has got the lock, and nobody runs the next line.
    It runs when the block ends."""
    first = ground.replicas[0].server
    with psycopg.connect(ground.url) as gate:
        gate.execute(LOCK, lock)
        running = asyncio.ensure_future(call())
        async with asyncio.timeout(10):
            while not ground.asked(WAITING):
                await asyncio.sleep(0.01)
        os.kill(first.pid, signal.SIGSTOP)
    try:
        yield running
    finally:
        os.kill(first.pid, signal.SIGCONT)


async def booked_at_last(calls: Calls, slot: Slot, history: History) -> visits.Visit:
    """Repeated with the same request_id while it is refused for the moment; noted."""
    wanted = visits.BookVisitRequest(token=slot.token, request_id=fresh_id())
    begun = time.monotonic()
    while True:
        try:
            visit = (await calls.visits.BookVisit(wanted)).visit
            break
        except aio.AioRpcError as error:
            if told(error).code != "UNAVAILABLE":
                raise
            await asyncio.sleep(0.2)
    history.note(Change(0, "VISIT_BOOKED", bare(visit), begun, time.monotonic()))
    return visit


def bare(visit: visits.Visit) -> str:
    """Its id."""
    return visit.name.rpartition("/")[2]


async def test_frozen_locks_are_freed_and_nothing_is_lost(ground: Bed) -> None:
    """Whoever needs them is told in about two seconds to come again; other companies and readers
    are served; after ten seconds the server ends the transaction, and work goes on. What was frozen
    fails when it wakes, and is done once when it is repeated."""
    history = History()
    async with lines(ground) as (first, second):
        ours, theirs = await founded(second, "frozen"), await founded(second, "beside")
        search = ours.search(on=in_two_days())
        visit = await booked_at_last(second, (await offered(second, search))[0], history)
        slot = (await offered(second, search))[0]
        other = (await offered(second, theirs.search(on=in_two_days())))[0]
        cancel = visits.CancelVisitRequest(name=visit.name, request_id=fresh_id())
        begun = time.monotonic()
        stuck = partial(first.visits.CancelVisit, cancel, timeout=LONG)
        async with frozen_with(ground, turn_of(ground, ours), stuck) as running:
            frozen = time.monotonic()
            refusal = await refused(booked(second, slot))
            waited = time.monotonic() - frozen
            await booked(second, other)
            assert await visit_now(second, visit.name) == visit
            assert not running.done()
            assert (refusal.code, refusal.reason) == ("UNAVAILABLE", "STORE_BUSY")
            assert waited < 8, f"told after {waited:.1f} s"
            await booked_at_last(second, slot, history)
            freed = time.monotonic() - frozen
            assert 8 < freed < 25, f"free after {freed:.1f} s"
        failed = await refused(running)
        assert (failed.code, failed.reason) == ("UNAVAILABLE", "STORE_BUSY")
        done = await first.visits.CancelVisit(cancel)
        assert await first.visits.CancelVisit(cancel) == done
        history.note(Change(1, "VISIT_CANCELLED", bare(visit), begun, time.monotonic()))
        assert (await visit_now(second, visit.name)).state == visits.VISIT_STATE_CANCELLED
    assert await judged(ground.url, Expected(ours.id, history=history)) == []
    assert not ground.incidents()


async def insisting(calls: Calls, company: Company, told_reasons: set[str]) -> None:
    """A caller who wants something that nobody but the company's turn can give, and repeats it as
    soon as he may for as long as he lives."""
    name = f"{company.tenant}/visits/nobody"
    while True:
        wanted = visits.CancelVisitRequest(name=name, request_id=fresh_id())
        told_reasons.add((await refused(calls.visits.CancelVisit(wanted, timeout=LONG))).reason)
        await asyncio.sleep(0.2)


@asynccontextmanager
async def crowd(calls: Calls, company: Company) -> AsyncIterator[set[str]]:
    """Many callers insist while the block runs. Gives what they were told."""
    heard: set[str] = set()
    many = [asyncio.ensure_future(insisting(calls, company, heard)) for _ in range(CROWD)]
    try:
        yield heard
    finally:
        for one in many:
            one.cancel()
        ended = await asyncio.gather(*many, return_exceptions=True)
        wrong = [one for one in ended if not isinstance(one, asyncio.CancelledError)]
        assert not wrong


async def paces(calls: Calls, found: list[Slot]) -> list[float]:
    """Seconds that each booking of the slots took, one after the other."""
    took = []
    for slot in found:
        begun = time.monotonic()
        await booked(calls, slot)
        took.append(time.monotonic() - begun)
    return took


async def test_callers_who_insist_keep_no_other_company_waiting(ground: Bed) -> None:
    """A company's turn is kept by a frozen process, and more of its callers insist at the other
    process than can write there at once: bookings of another company are all answered, at their
    usual pace."""
    async with lines(ground) as (first, second):
        ours, theirs = await founded(second, "insisting"), await founded(second, "quiet")
        days = [in_two_days() + timedelta(days=ahead) for ahead in range(2 * AT_PACE)]
        found = [(await offered(second, theirs.search(on=day)))[0] for day in days]
        usual = await paces(second, found[:AT_PACE])
        name = f"{ours.tenant}/visits/nobody"
        cancel = visits.CancelVisitRequest(name=name, request_id=fresh_id())
        stuck = partial(first.visits.CancelVisit, cancel, timeout=LONG)
        async with frozen_with(ground, turn_of(ground, ours), stuck) as running:
            async with crowd(second, ours) as heard:
                await asyncio.sleep(1.5)  # the crowd has filled what it may
                meanwhile = await paces(second, found[AT_PACE:])
            assert not running.done(), "the turn was free again"
        await refused(running)
    assert {"STORE_BUSY"} <= heard <= {"STORE_BUSY", "OVERLOADED"}
    assert median(meanwhile) < 3 * median(usual) + 0.1, f"{usual} {meanwhile}"
    assert max(meanwhile) < 1.5, f"{usual} {meanwhile}"
    assert not ground.incidents()


async def test_who_sleeps_through_a_hold_has_lost_it(ground: Bed) -> None:
    """Two confirmations are on their way when the process is frozen: one has its route already, and
    keeps nobody from others; the other was not yet read. Meanwhile both holds lapse, and somebody
    else books the place of the second. Awake, the process refuses both, by the database's clock."""
    async with lines(ground) as (first, second):
        locked, unread = await founded(second, "locked"), await founded(second, "unread")
        holds = [
            await held(
                first, (await offered(first, whole_day(company)))[0], hold_duration={"seconds": 10}
            )
            for company in (locked, unread)
        ]
        lapsed = max(hold.expire_time.seconds for hold in holds)
        in_hand, late = (
            visits.BookVisitRequest(hold=hold.name, request_id=fresh_id()) for hold in holds
        )
        while ground.asked(NOW) < lapsed - 5:
            await asyncio.sleep(0.05)
        stuck = partial(first.visits.BookVisit, in_hand, timeout=LONG)
        async with frozen_with(ground, queue_of(locked, "ann"), stuck) as running:
            waiting = asyncio.ensure_future(first.visits.BookVisit(late, timeout=LONG))
            await booked(second, (await offered(second, whole_day(locked, "bob")))[0])
            assert not (await second.slots.SuggestSlots(whole_day(unread))).slots
            while ground.asked(NOW) < lapsed:
                await asyncio.sleep(0.05)
            rival = await booked(second, (await offered(second, whole_day(unread)))[0])
            assert (running.done(), waiting.done()) == (False, False)
        assert [(await refused(call)).reason for call in (running, waiting)] == ["HOLD_EXPIRED"] * 2
        assert await visit_now(second, rival.name) == rival
        # what nobody has is free
        await booked(first, (await offered(first, whole_day(locked)))[0])
    assert not ground.incidents()
