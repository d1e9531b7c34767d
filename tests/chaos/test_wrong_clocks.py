"""Hosts of the service whose clocks are wrong, and jump: the database's clock decides (F25)."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from benchmarks.calls import calling, fresh_id
from benchmarks.company import Company
from benchmarks.history import History
from benchmarks.torture.server_process import ServerProcess
from slotsvc.pb.v1 import visit_service_pb2 as visits
from slotsvc.store.postgres_store import PostgresStore
from tests.chaos.pair import NOW, Pair, asked, started, stopped, wrong_with
from tests.service_fixtures import booked, confirmed, held, offered, refused

PROGRAM = Path(__file__).with_name("wrong_clock.py")
DAY_S, HOUR_S = 86_400, 3_600
WHOLE_DAY = {"seconds": 9 * 3600}


@pytest.fixture
async def wrong(tmp_path: Path, postgres_url: str) -> AsyncIterator[Pair]:
    """The first replica's host is a day ahead, the second's a day behind."""
    programs = []
    for name, ahead in (("one", DAY_S), ("two", -DAY_S)):
        file = tmp_path / f"{name}.clock"
        file.write_text(str(ahead))
        programs.append((sys.executable, str(PROGRAM), str(file)))
    both = await started(tmp_path, postgres_url, programs)
    yield both
    await stopped(both)


def jump(server: ServerProcess, ahead: int) -> None:
    """From now on the host's clock is ``ahead`` by so many seconds."""
    server.data_dir.with_suffix(".clock").write_text(str(ahead))
    os.kill(server.pid, signal.SIGUSR1)


def host_is_ahead_s(server: ServerProcess) -> float:
    """By the last line of its log."""
    last = json.loads(server.log.read_text().splitlines()[-1])
    return (datetime.fromisoformat(last["timestamp"]) - datetime.now(UTC)).total_seconds()


async def test_holds_and_versions_do_not_heed_the_clock_of_a_host(wrong: Pair) -> None:
    """A hold made where it is tomorrow, or was yesterday, lives as long as any: seen and confirmed
    at the other host, and after a jump of the clock; lapsed everywhere when the database says so.
    Versions, events and their times stay in order."""
    async with calling(wrong.one.address) as ahead, calling(wrong.two.address) as behind:
        company = await Company(ahead, "acme").found()
        await company.technician()
        await company.activity()
        today = datetime.fromtimestamp(asked(wrong.url, NOW), UTC).date()
        days = [today + timedelta(days=n) for n in (2, 3, 4)]
        first, second, third = (company.search(on=d, service_duration=WHOLE_DAY) for d in days)

        short = await held(ahead, (await offered(ahead, first))[0], hold_duration={"seconds": 10})
        lives_s = short.expire_time.seconds - asked(wrong.url, NOW)
        assert 0 < lives_s <= 10
        for calls in (ahead, behind):
            assert not (await calls.slots.SuggestSlots(first)).slots
        long = [
            await held(calls, (await offered(calls, search))[0])
            for calls, search in ((ahead, second), (behind, third))
        ]
        for calls in (ahead, behind):
            for search in (second, third):
                assert not (await calls.slots.SuggestSlots(search)).slots
        assert abs(host_is_ahead_s(wrong.one) - DAY_S) < 60
        assert abs(host_is_ahead_s(wrong.two) + DAY_S) < 60

        jump(wrong.one, -HOUR_S)
        jump(wrong.two, HOUR_S)
        await confirmed(behind, long[0])
        await confirmed(ahead, long[1])
        assert abs(host_is_ahead_s(wrong.one) + HOUR_S) < 60
        assert abs(host_is_ahead_s(wrong.two) - HOUR_S) < 60

        while asked(wrong.url, NOW) < short.expire_time.seconds:
            await asyncio.sleep(0.05)
        for calls in (ahead, behind):
            confirm = visits.BookVisitRequest(hold=short.name, request_id=fresh_id())
            assert (await refused(calls.visits.BookVisit(confirm))).reason == "HOLD_EXPIRED"
        await booked(behind, (await offered(behind, first))[0])
    await judged(wrong)


async def judged(wrong: Pair) -> None:
    """The books are right, and every event has the database's time."""
    found = await wrong_with(wrong.url, "acme", History(), alone=False)
    assert found == []
    store = PostgresStore(wrong.url)
    events = await store.read(lambda tx: tx.events_after("acme", "", 1000))
    store.close()
    times = [one.at for one in events]
    assert times == sorted(times)
    assert abs(times[-1].timestamp() - asked(wrong.url, NOW)) < 120
    assert not wrong.one.incidents() + wrong.two.incidents()
