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
from benchmarks.torture.aftermath import Expected, judged
from benchmarks.torture.bed import NO_JOBS, NOW, Bed, bed
from benchmarks.torture.server_process import ServerProcess
from slotsvc.pb.v1 import visit_service_pb2 as visits
from slotsvc.store.postgres_store import PostgresStore
from tests.postgres_fixtures import PostgresServer
from tests.service_fixtures import booked, confirmed, held, offered, refused

PROGRAM = Path(__file__).with_name("wrong_clock.py")
DAY_S, HOUR_S = 86_400, 3_600
WHOLE_DAY = {"seconds": 9 * 3600}


@pytest.fixture
async def wrong(tmp_path: Path, postgres: PostgresServer) -> AsyncIterator[Bed]:
    """The first replica's host is a day ahead, the second's a day behind."""
    programs = []
    for number, ahead in enumerate((DAY_S, -DAY_S)):
        file = tmp_path / f"replica-{number}.clock"
        file.write_text(str(ahead))
        programs.append((sys.executable, str(PROGRAM), str(file)))
    async with bed(tmp_path, postgres, programs=programs, **NO_JOBS) as ground:
        yield ground


def jump(server: ServerProcess, ahead: int) -> None:
    """From now on the host's clock is ``ahead`` by so many seconds."""
    server.data_dir.with_suffix(".clock").write_text(str(ahead))
    os.kill(server.pid, signal.SIGUSR1)


def host_is_ahead_s(server: ServerProcess) -> float:
    """By the last line of its log."""
    last = json.loads(server.log.read_text().splitlines()[-1])
    return (datetime.fromisoformat(last["timestamp"]) - datetime.now(UTC)).total_seconds()


async def test_holds_and_versions_do_not_heed_the_clock_of_a_host(wrong: Bed) -> None:
    """A hold made where it is tomorrow, or was yesterday, lives as long as any: seen and confirmed
    at the other host, and after a jump of the clock; lapsed everywhere when the database says so.
    Versions, events and their times stay in order."""
    one, two = (replica.server for replica in wrong.replicas)
    async with calling(one.address) as ahead, calling(two.address) as behind:
        company = await Company(ahead, "acme").found()
        await company.technician()
        await company.activity()
        today = datetime.fromtimestamp(wrong.asked(NOW), UTC).date()
        days = [today + timedelta(days=n) for n in (2, 3, 4)]
        first, second, third = (company.search(on=d, service_duration=WHOLE_DAY) for d in days)

        short = await held(ahead, (await offered(ahead, first))[0], hold_duration={"seconds": 10})
        lives_s = short.expire_time.seconds - wrong.asked(NOW)
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
        assert abs(host_is_ahead_s(one) - DAY_S) < 60
        assert abs(host_is_ahead_s(two) + DAY_S) < 60

        jump(one, -HOUR_S)
        jump(two, HOUR_S)
        await confirmed(behind, long[0])
        await confirmed(ahead, long[1])
        assert abs(host_is_ahead_s(one) + HOUR_S) < 60
        assert abs(host_is_ahead_s(two) - HOUR_S) < 60

        while wrong.asked(NOW) < short.expire_time.seconds:
            await asyncio.sleep(0.05)
        for calls in (ahead, behind):
            confirm = visits.BookVisitRequest(hold=short.name, request_id=fresh_id())
            assert (await refused(calls.visits.BookVisit(confirm))).reason == "HOLD_EXPIRED"
        await booked(behind, (await offered(behind, first))[0])
    await right(wrong)


async def right(wrong: Bed) -> None:
    """The books are right, and every event has the database's time."""
    assert await judged(wrong.url, Expected("acme", alone=False)) == []
    store = PostgresStore(wrong.url)
    events = await store.read(lambda tx: tx.events_after("acme", "", 1000))
    store.close()
    times = [one.at for one in events]
    assert times == sorted(times)
    assert abs(times[-1].timestamp() - wrong.asked(NOW)) < 120
    assert not wrong.incidents()
