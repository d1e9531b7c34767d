"""A commit at one replica wakes who watches at another; without Redis that takes a second."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing, asynccontextmanager
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from slotsvc.domain.visit import RouteKey
from slotsvc.replicas.hints import CommitHints
from slotsvc.replicas.link import PATIENCE_S, RedisLink
from slotsvc.scheduling.ports import Event, WriteTx
from slotsvc.scheduling.wake_up import RingingStore, WakeUp
from slotsvc.scheduling.watch_team import TeamWatch
from slotsvc.store.engine import sqlite_url
from slotsvc.store.migrate import upgrade
from slotsvc.store.sqlite_store import SqliteStore
from tests.replicas.valkey import Valkey, free_port
from tests.store.samples import ACME, ANA, MONDAY, NORTH

SOON_S = 20.0
"""How long a test waits for what takes milliseconds on an idle machine."""


class Replica:
    """One process's side: what it tells, and how often it heard of others."""

    def __init__(self, link: RedisLink, prefix: str, quiet_s: float) -> None:
        self.link = link
        self.hints = CommitHints(link, prefix, quiet_s=quiet_s)
        self.heard = 0
        self.rung = asyncio.Event()

    def ring(self) -> None:
        """Another one changed something."""
        self.heard += 1
        self.rung.set()

    async def hears(self) -> None:
        """Returns when it is told of something from now on."""
        self.rung.clear()
        async with asyncio.timeout(SOON_S):
            await self.rung.wait()


@asynccontextmanager
async def replica(
    url: str, prefix: str, *, quiet_s: float = 10.0, listening: bool = True
) -> AsyncIterator[Replica]:
    """A started one, that listens."""
    link = RedisLink(url, budget_s=2.0)
    await link.start()
    one = Replica(link, prefix, quiet_s)
    one.hints.start(one.ring)
    try:
        async with asyncio.timeout(SOON_S):
            if listening:
                await one.hints.listening.wait()
        yield one
    finally:
        await one.hints.aclose()
        await link.aclose()


async def test_the_others_hear_of_a_commit_and_oneself_does_not(
    redis_url: str, prefix: str
) -> None:
    """Each of two others is told; who told is not, since it knows."""
    async with (
        replica(redis_url, prefix) as a,
        replica(redis_url, prefix) as b,
        replica(redis_url, prefix) as c,
    ):
        before = a.heard
        heard = asyncio.gather(b.hears(), c.hears())
        await asyncio.sleep(0)
        a.hints.committed()
        await heard

        assert a.heard == before


async def test_the_end_and_the_return_of_hints_are_in_the_log(valkey: Valkey, prefix: str) -> None:
    """Where nothing else is asked of Redis these lines are all that tells of it."""
    with capture_logs() as lines:
        async with replica(valkey.url, prefix) as one:
            valkey.kill()
            async with asyncio.timeout(SOON_S):
                while one.hints.listening.is_set():
                    await asyncio.sleep(0.02)
            valkey.start()
            async with asyncio.timeout(SOON_S):
                await one.hints.listening.wait()

    told = [line["event"] for line in lines if line["event"].startswith("hints")]
    heard = "hints of other replicas are heard"
    assert told == [heard, "hints of other replicas stop", heard]


async def test_replicas_of_another_database_hear_nothing(redis_url: str, prefix: str) -> None:
    """The channel is that of a prefix."""
    async with (
        replica(redis_url, prefix) as a,
        replica(redis_url, prefix) as b,
        replica(redis_url, prefix + "x:") as stranger,
    ):
        before = stranger.heard
        heard = asyncio.create_task(b.hears())
        await asyncio.sleep(0)
        a.hints.committed()
        await heard

        assert stranger.heard == before


async def test_many_commits_at_once_are_told_of_a_few_times(redis_url: str, prefix: str) -> None:
    """A storm of commits is no storm of hints, and its end is told of."""
    async with replica(redis_url, prefix) as a, replica(redis_url, prefix) as b:
        before = b.heard
        for _ in range(1000):
            a.hints.committed()
            if _ % 100 == 0:
                await asyncio.sleep(0)
        await b.hears()
        await asyncio.sleep(0.1)

        assert 1 <= b.heard - before <= 3


async def test_another_process_is_heard(redis_url: str, prefix: str) -> None:
    """A child process commits, this one hears."""
    program = (
        "import asyncio, sys\n"
        "from slotsvc.replicas.hints import CommitHints\n"
        "from slotsvc.replicas.link import RedisLink\n"
        "async def main():\n"
        "    link = RedisLink(sys.argv[1], budget_s=5.0)\n"
        "    await link.start()\n"
        "    hints = CommitHints(link, sys.argv[2])\n"
        "    hints.start(lambda: None)\n"
        "    hints.committed()\n"
        "    await asyncio.sleep(0.5)\n"
        "    await hints.aclose()\n"
        "    await link.aclose()\n"
        "asyncio.run(main())\n"
    )
    async with replica(redis_url, prefix) as one:
        heard = asyncio.create_task(one.hears())
        await asyncio.sleep(0)
        child = subprocess.Popen([sys.executable, "-c", program, redis_url, prefix])
        try:
            await heard
        finally:
            assert await asyncio.to_thread(child.wait, SOON_S) == 0


async def test_without_redis_a_commit_goes_on(tmp_path: Path, prefix: str) -> None:
    """Down from the start: telling costs nothing and raises nothing; later the others hear."""
    server = Valkey(free_port(), tmp_path)
    async with (
        replica(server.url, prefix, listening=False) as a,
        replica(server.url, prefix, listening=False) as b,
    ):
        a.hints.committed()
        assert not a.hints.listening.is_set()
        try:
            server.start()
            # having missed some it takes for granted that there is news
            await b.hears()
            async with asyncio.timeout(SOON_S):
                while not a.link.is_there:
                    await asyncio.sleep(0.01)
            heard = asyncio.create_task(b.hears())
            await asyncio.sleep(0)
            a.hints.committed()
            await heard
        finally:
            server.stop()


async def test_silence_is_no_failure(redis_url: str, prefix: str) -> None:
    """A line on which nothing is told stays, and is not taken for news."""
    async with replica(redis_url, prefix) as one:
        heard = one.heard
        await asyncio.sleep(1.5 * PATIENCE_S)

        assert one.hints.listening.is_set()
        assert one.heard == heard


async def test_a_killed_redis_is_listened_to_again(valkey: Valkey, prefix: str) -> None:
    """Whoever listened is told once it is back: something may have been missed."""
    async with replica(valkey.url, prefix) as one:
        valkey.kill()
        async with asyncio.timeout(SOON_S):
            while one.hints.listening.is_set():
                await asyncio.sleep(0.01)
        valkey.start()

        await one.hears()


async def test_a_line_that_is_dead_is_noticed(valkey: Valkey, prefix: str) -> None:
    """SIGSTOP: the connection stands and says nothing; after a while it is not believed."""
    async with replica(valkey.url, prefix, quiet_s=0.2) as one:
        await asyncio.sleep(0.5)
        assert one.hints.listening.is_set()
        valkey.hang()
        async with asyncio.timeout(SOON_S):
            while one.hints.listening.is_set():
                await asyncio.sleep(0.01)
        valkey.go_on()

        await one.hears()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    """One database, of acme with its team north."""
    path = tmp_path / "slotsvc.db"
    upgrade(sqlite_url(path))
    store = SqliteStore(path)
    yield store
    store.close()


async def test_a_watch_at_another_replica_is_woken(
    redis_url: str, prefix: str, store: SqliteStore
) -> None:
    """With looks a minute apart an event still arrives at once, by the hint alone."""

    def company(tx: WriteTx) -> None:
        for entity in (ACME, NORTH, ANA):
            tx.create("acme", entity)

    await store.write(company)
    async with replica(redis_url, prefix) as a, replica(redis_url, prefix) as b:
        await b.hints.aclose()
        there = WakeUp(store, look_every_s=60.0)
        b.hints.start(there.committed)
        b.hints.listening.clear()
        await b.hints.listening.wait()
        here = RingingStore(store, WakeUp(store), a.hints)
        watch = TeamWatch(store, there, beat_s=60.0)
        async with aclosing(watch.events("acme", "north")) as steps:
            await anext(steps)
            told = asyncio.create_task(anext(steps))
            # until it has read what there is, and waits
            await asyncio.sleep(0.3)
            assert not told.done()
            event = Event("VISIT_BOOKED", "v1", RouteKey("acme", "ana", MONDAY), 1, {})
            await here.write(lambda tx: tx.record("acme", event, "test"))
            async with asyncio.timeout(SOON_S):
                found = (await told).event

    assert found is not None
    assert found.event.subject == "v1"
