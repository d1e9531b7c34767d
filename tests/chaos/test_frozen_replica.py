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
from typing import Any

import psycopg
from grpc import aio

from benchmarks.calls import Calls, calling, fresh_id, told
from benchmarks.company import Company
from benchmarks.history import Change, History
from slotsvc.pb.v1 import visit_service_pb2 as visits
from slotsvc.pb.v1.slot_service_pb2 import Slot, SuggestSlotsRequest
from slotsvc.store.turns import PostgresLocks
from tests.chaos.pair import NOW, Pair, asked, wrong_with
from tests.service_fixtures import booked, held, offered, refused, visit_now

TURN = "SELECT pg_advisory_xact_lock(%s, hashtext(%s))"
WAITING = """
SELECT count(*) FROM pg_locks JOIN pg_database d ON d.oid = database
WHERE datname = current_database() AND locktype = 'advisory' AND NOT granted
"""
WHOLE_DAY = {"seconds": 9 * 3600}
LONG = 60.0


def in_two_days() -> date:
    return datetime.now(UTC).date() + timedelta(days=2)


async def founded(calls: Calls, id: str) -> Company:
    """One technician, one kind of work."""
    company = await Company(calls, id).found()
    await company.technician()
    await company.activity()
    return company


def whole_day(company: Company) -> SuggestSlotsRequest:
    """There is room for one of these."""
    return company.search(on=in_two_days(), service_duration=WHOLE_DAY)


@asynccontextmanager
async def frozen_in_its_turn(
    pair: Pair, company: Company, call: Callable[[], Awaitable[Any]]
) -> AsyncIterator[asyncio.Future[Any]]:
    """``call``, which the first replica is at: it has its company's turn, and nobody runs the next
    line. It runs when the block ends."""
    with psycopg.connect(pair.url) as gate:
        gate.execute(TURN, (PostgresLocks._TURN, company.id))
        running = asyncio.ensure_future(call())
        async with asyncio.timeout(10):
            while not asked(pair.url, WAITING):
                await asyncio.sleep(0.01)
        os.kill(pair.one.pid, signal.SIGSTOP)
    try:
        yield running
    finally:
        os.kill(pair.one.pid, signal.SIGCONT)


class Client:
    """Repeats what was refused for the moment with the same request_id, and notes its changes."""

    def __init__(self, history: History) -> None:
        self._history = history

    async def does[A](self, kind: str, visit: str, call: Callable[[], Awaitable[A]]) -> A:
        """What the call is answered at last. ``visit``: "" where the answer tells it."""
        begun = time.monotonic()
        answer: Any = None
        while answer is None:
            try:
                answer = await call()
            except aio.AioRpcError as error:
                if told(error).code != "UNAVAILABLE":
                    raise
                await asyncio.sleep(0.2)
        id = (visit or answer.visit.name).rpartition("/")[2]
        self._history.note(Change(0, kind, id, begun, time.monotonic()))
        return answer  # type: ignore[no-any-return]

    async def books(self, calls: Calls, slot: Slot) -> visits.Visit:
        """The slot."""
        wanted = visits.BookVisitRequest(token=slot.token, request_id=fresh_id())
        answer = await self.does("VISIT_BOOKED", "", lambda: calls.visits.BookVisit(wanted))
        return answer.visit


async def test_frozen_locks_are_freed_and_nothing_is_lost(pair: Pair) -> None:
    """Whoever needs them is told in about two seconds to come again; other companies and readers
    are served; after ten seconds the server ends the transaction, and work goes on. What was frozen
    fails when it wakes, and is done once when it is repeated."""
    history = History()
    client = Client(history)
    async with calling(pair.one.address) as first, calling(pair.two.address) as second:
        ours, theirs = await founded(second, "frozen"), await founded(second, "beside")
        search = ours.search(on=in_two_days())
        visit = await client.books(second, (await offered(second, search))[0])
        slot, other = (await offered(second, search))[0], (await offered(
            second, theirs.search(on=in_two_days())
        ))[0]  # fmt: skip
        cancel = visits.CancelVisitRequest(name=visit.name, request_id=fresh_id())
        begun = time.monotonic()
        stuck = partial(first.visits.CancelVisit, cancel, timeout=LONG)
        async with frozen_in_its_turn(pair, ours, stuck) as running:
            frozen = time.monotonic()
            refusal = await refused(booked(second, slot))
            waited = time.monotonic() - frozen
            await booked(second, other)
            assert await visit_now(second, visit.name) == visit
            assert not running.done()
            assert (refusal.code, refusal.reason) == ("UNAVAILABLE", "STORE_BUSY")
            assert waited < 8, f"told after {waited:.1f} s"
            await client.books(second, slot)
            freed = time.monotonic() - frozen
            assert 8 < freed < 25, f"free after {freed:.1f} s"
        failed = await refused(running)
        assert (failed.code, failed.reason) == ("UNAVAILABLE", "STORE_BUSY")
        done = await first.visits.CancelVisit(cancel)
        assert await first.visits.CancelVisit(cancel) == done
        ended = time.monotonic()
        history.note(Change(1, "VISIT_CANCELLED", visit.name.rpartition("/")[2], begun, ended))
        assert (await visit_now(second, visit.name)).state == visits.VISIT_STATE_CANCELLED
    assert await wrong_with(pair.url, ours.id, history) == []
    assert not pair.one.incidents() + pair.two.incidents()


async def test_who_sleeps_through_a_hold_has_lost_it(pair: Pair) -> None:
    """Two confirmations are on their way when the process is frozen: one has its locks already, the
    other was not yet read. Meanwhile both holds lapse, and somebody else books the place of the
    second. Awake, the process refuses both, by the clock of the database."""
    async with calling(pair.one.address) as first, calling(pair.two.address) as second:
        locked, unread = await founded(second, "locked"), await founded(second, "unread")
        holds = [
            await held(
                first, (await offered(first, whole_day(company)))[0], hold_duration={"seconds": 10}
            )
            for company in (locked, unread)
        ]
        lapsed = max(hold.expire_time.seconds for hold in holds)
        in_turn, late = (
            visits.BookVisitRequest(hold=hold.name, request_id=fresh_id()) for hold in holds
        )
        while asked(pair.url, NOW) < lapsed - 5:
            await asyncio.sleep(0.05)
        stuck = partial(first.visits.BookVisit, in_turn, timeout=LONG)
        async with frozen_in_its_turn(pair, locked, stuck) as running:
            waiting = asyncio.ensure_future(first.visits.BookVisit(late, timeout=LONG))
            assert not (await second.slots.SuggestSlots(whole_day(unread))).slots
            while asked(pair.url, NOW) < lapsed:
                await asyncio.sleep(0.05)
            rival = await booked(second, (await offered(second, whole_day(unread)))[0])
            assert (running.done(), waiting.done()) == (False, False)
        assert [(await refused(call)).reason for call in (running, waiting)] == ["HOLD_EXPIRED"] * 2
        assert await visit_now(second, rival.name) == rival
        # what nobody has is free
        await booked(first, (await offered(first, whole_day(locked)))[0])
    assert not pair.one.incidents() + pair.two.incidents()
