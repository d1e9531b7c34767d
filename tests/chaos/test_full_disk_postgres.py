"""The disk of PostgreSQL's tables, or of its write-ahead log, is full (F14)."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import httpx
import psycopg
import pytest
from grpc import aio

from benchmarks.calls import Calls, Told, calling, fresh_id, told
from benchmarks.company import Company
from benchmarks.history import Change, History
from benchmarks.torture.aftermath import Expected, judged
from benchmarks.torture.bed import settings_file
from benchmarks.torture.server_process import ServerProcess
from slotsvc.pb.v1 import visit_service_pb2 as visits
from tests.chaos.cramped_postgres import CrampedPostgres, cramped_postgres
from tests.service_fixtures import booked, offered, visit_now

TRIES = 400
CALL_S = 10.0
BACK_S = 20.0
WELL = (200, "degraded", "ok")
"""Without a map."""


@pytest.fixture(scope="module")
def cramped() -> Iterator[CrampedPostgres]:
    with cramped_postgres() as server:
        yield server


@pytest.fixture(scope="module")
def server(
    cramped: CrampedPostgres, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ServerProcess]:
    """A replica on it, never restarted."""
    where = tmp_path_factory.mktemp("cramped")
    server = ServerProcess(where, metrics=True, config=settings_file(where, cramped.url))
    asyncio.run(server.start())
    yield server
    asyncio.run(server.stop())


@dataclass
class Planner:
    """Books and cancels, so that the calendar never fills. ``told``: what the service said of each
    visit last."""

    calls: Calls
    company: Company
    history: History
    told: dict[str, visits.VisitState.ValueType]

    @classmethod
    async def of(cls, calls: Calls, id: str) -> Planner:
        company = await Company(calls, id).found()
        await company.technician()
        await company.activity()
        return cls(calls, company, History(), {})

    async def book(self) -> visits.Visit:
        day = datetime.now(UTC).date() + timedelta(days=2)
        slot = (await offered(self.calls, self.company.search(on=day)))[0]
        visit = await booked(self.calls, slot)
        self._note("VISIT_BOOKED", visit)
        return visit

    async def cancel(self, visit: visits.Visit) -> None:
        asked = visits.CancelVisitRequest(name=visit.name, request_id=fresh_id())
        answer = await self.calls.visits.CancelVisit(asked, timeout=CALL_S)
        self._note("VISIT_CANCELLED", answer.visit)

    def _note(self, kind: str, visit: visits.Visit) -> None:
        now = asyncio.get_running_loop().time()
        self.history.note(Change(0, kind, visit.name.rpartition("/")[2], now, now))
        self.told[visit.name] = visit.state

    async def until_refused(self) -> Told:
        for _ in range(TRIES):
            try:
                await self.cancel(await self.book())
            except aio.AioRpcError as error:
                return told(error)
        raise AssertionError("the disk never filled")

    async def until_served(self) -> None:
        async with asyncio.timeout(BACK_S):
            while True:
                try:
                    await self.book()
                    return
                except aio.AioRpcError as error:
                    if told(error).code != "UNAVAILABLE":
                        raise
                    await asyncio.sleep(0.1)

    async def look(self) -> None:
        """Everything is as it was told."""
        for name, state in self.told.items():
            assert (await visit_now(self.calls, name)).state == state


async def test_without_room_for_tables_nothing_is_booked_or_lost(
    cramped: CrampedPostgres, server: ServerProcess
) -> None:
    """Writes are told to wait and why, reads go on; with room bookings do, without any restart."""
    async with calling(server.address) as calls:
        planner = await Planner.of(calls, "tables")
        await planner.book()
        cramped.tables.fill()
        refusal = await planner.until_refused()
        assert (refusal.code, refusal.reason) == ("UNAVAILABLE", "STORE_BUSY")
        assert refusal.metadata["cause"] in ("DISK_FULL", "DISK_FAILED")
        await planner.look()
        cramped.tables.empty()
        await planner.until_served()
        await planner.look()
    assert not server.incidents()
    expected = Expected("tables", history=planner.history, alone=False)
    assert await judged(cramped.url, expected) == []


def use_up_log(cramped: CrampedPostgres) -> None:
    """Goes from segment to segment of the log until there is no other."""
    with psycopg.connect(cramped.server.admin_url, autocommit=True) as connection:
        for _ in range(50):
            try:
                connection.execute("SELECT pg_logical_emit_message(false, 'x', 'y')")
                connection.execute("SELECT pg_switch_wal()")
            except psycopg.Error:
                return
    raise AssertionError("the log never filled")


async def ready(server: ServerProcess) -> tuple[int, str, str]:
    """The status of /readyz, the state, and what is said of the database."""
    async with httpx.AsyncClient() as client:
        answer = await client.get(f"http://{server.metrics_address}/readyz")
    said = answer.json()
    return answer.status_code, said["state"], said["checks"]["database"]


async def test_without_room_for_the_log_the_server_stops_and_nothing_is_lost(
    cramped: CrampedPostgres, server: ServerProcess
) -> None:
    """PostgreSQL ends itself: calls are told to come again, and the replica says that it is broken.
    With room, and PostgreSQL started again, it goes on by itself, and all that was acknowledged is
    there."""
    async with calling(server.address) as calls:
        planner = await Planner.of(calls, "log")
        for _ in range(3):
            await planner.book()
        assert await ready(server) == WELL
        cramped.log.fill()
        await asyncio.to_thread(use_up_log, cramped)
        refusal = await planner.until_refused()
        assert (refusal.code, refusal.reason) == ("UNAVAILABLE", "STORE_BUSY")
        assert await ready(server) == (503, "broken", "does not answer")
        cramped.log.empty()
        await asyncio.to_thread(cramped.server.rise)  # as its operator would
        await planner.until_served()
        assert await ready(server) == WELL
        await planner.look()
    assert not server.incidents()
    expected = Expected("log", history=planner.history, alone=False)
    assert await judged(cramped.url, expected) == []
