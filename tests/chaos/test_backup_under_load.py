"""A backup by another process while clients book (F15): whole, right, and nothing acknowledged
before it is missing."""

from __future__ import annotations

import asyncio
import json
import subprocess
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from grpc import aio

from benchmarks.calls import Calls, calling, fresh_id
from benchmarks.company import Company
from benchmarks.torture.server_process import PROGRAM, ServerProcess
from slotsvc.bootstrap.verify import opened_books, verify
from slotsvc.domain.visit import PlacementState
from slotsvc.pb.v1 import visit_service_pb2 as visits
from slotsvc.store.sqlite_store import SqliteStore
from tests.chaos.drills import brought_back, untold
from tests.cli.conftest import environment
from tests.service_fixtures import settings_for

CLIENTS = 6
BEFORE = 25
"""Bookings that are acknowledged when the backup begins."""


async def run(home: Path, *args: str | Path) -> dict[str, Any]:
    """What a command printed, which must end well."""
    command = [*PROGRAM, *map(str, args), "--json"]
    done = await asyncio.to_thread(
        subprocess.run, command, capture_output=True, text=True, check=False,
        env=environment(home),
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


async def book(calls: Calls, company: Company, on: Any, acked: list[str], number: int) -> None:
    """Books again and again; notes the names of what was acknowledged."""
    for turn in range(10_000):
        try:
            found = await calls.slots.SuggestSlots(company.search(on=on, max_slots=5))
            if not found.slots:
                return
            slot = found.slots[number % len(found.slots)]
            asked = visits.BookVisitRequest(
                token=slot.token, request_id=fresh_id(), external_ref=f"{number}-{turn}"
            )
            acked.append((await calls.visits.BookVisit(asked)).visit.name)
        except aio.AioRpcError as error:
            if error.code().name not in ("ABORTED", "UNAVAILABLE"):  # taken first, or too much
                raise


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not true():
            await asyncio.sleep(0.02)


@pytest.mark.timeout(180)
async def test_a_backup_under_load_is_right_and_complete(tmp_path: Path) -> None:
    """Backup and verify beside the running service, both by the command line; then restored."""
    data, archive, other = tmp_path / "data", tmp_path / "copy.tar.gz", tmp_path / "other"
    data.mkdir()
    server = ServerProcess(data)
    await server.start()
    acked: list[str] = []
    try:
        async with calling(server.address) as calls:
            company = await Company(calls, "acme").found()
            await company.activity("service", minutes=20)
            for number in range(12):
                await company.technician(f"tech-{number}")
            on = datetime.now(UTC).date() + timedelta(days=2)
            clients = [
                asyncio.create_task(book(calls, company, on + timedelta(days=n % 3), acked, n))
                for n in range(CLIENTS)
            ]
            await until(lambda: len(acked) >= BEFORE)
            before = list(acked)
            told = await run(tmp_path, "backup", archive, "--data-dir", data)
            live = await run(tmp_path, "verify", "--data-dir", data)
            assert len(acked) > len(before), "nobody booked meanwhile: nothing was tested"
            await stopped(clients)
    finally:
        assert await server.stop() == 0

    assert live["ok"]
    assert set(told["files"]) == {"slotsvc.db"}
    restored = brought_back(settings_for(other), archive)
    assert restored.epoch > 0
    with opened_books(settings_for(other), None) as books:
        assert verify(books, {}, untold).troubles == []
    assert set(before) <= await booked_in(other / "slotsvc.db")


async def stopped(clients: list[asyncio.Task[None]]) -> None:
    for client in clients:
        client.cancel()
    ended: Awaitable[list[Any]] = asyncio.gather(*clients, return_exceptions=True)
    for outcome in await ended:
        assert outcome is None or isinstance(outcome, asyncio.CancelledError), outcome


async def booked_in(database: Path) -> set[str]:
    """Names of all visits that stand booked in the restored database."""
    store = SqliteStore(database)
    found = await store.read(
        lambda tx: tx.list_visits(
            "acme", technicians=None, first=None, last=None, states=(PlacementState.BOOKED,),
            client=None, after=None, limit=100_000, now=tx.now(),
        )
    )  # fmt: skip
    store.close()
    return {f"tenants/acme/visits/{stored.visit.id}" for stored in found}
