"""The end of a process under load, and the next one: no client that retries notices."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from grpc import aio

from benchmarks.calls import CHANNEL_OPTIONS, fresh_id
from benchmarks.torture.server_process import ServerProcess
from slotsvc.pb.v1 import calendar_service_pb2 as cal
from slotsvc.pb.v1.calendar_service_pb2_grpc import CalendarServiceStub

OPERATIONS = Path(__file__).resolve().parents[2] / "docs/operations.md"
LONGEST_END_S = 15.0


def documented_config() -> str:
    """The service config that docs/operations.md tells clients to use."""
    page = OPERATIONS.read_text(encoding="utf-8")
    text = page[page.index('    {"methodConfig"') :]
    return json.dumps(json.loads(text[: text.index("\n\n")]))


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[ServerProcess]:
    """A service in a process of its own."""
    server = ServerProcess(tmp_path)
    await server.start()
    yield server
    await server.stop()


async def test_a_client_that_retries_notices_no_restart(server: ServerProcess) -> None:
    """Eight clients write and read without a pause while the service ends and comes back: all their
    calls succeed, everything acknowledged is there once, and the end takes at most 15 s."""
    options = (*CHANNEL_OPTIONS, ("grpc.service_config", documented_config()))
    made: list[str] = []
    over = asyncio.Event()

    async def client(number: int) -> int:
        calls = 0
        async with aio.insecure_channel(server.address, options=options) as channel:
            calendar = CalendarServiceStub(channel)
            while not over.is_set():
                tenant = f"t{number}-{calls}"
                asked = cal.CreateTenantRequest(
                    tenant_id=tenant,
                    tenant=cal.Tenant(display_name="x"),
                    request_id=fresh_id(),
                )
                await calendar.CreateTenant(asked, timeout=60)
                made.append(tenant)
                await calendar.GetTenant(cal.GetTenantRequest(name=f"tenants/{tenant}"), timeout=60)
                calls += 1
        return calls

    clients = [asyncio.create_task(client(number)) for number in range(8)]
    await asyncio.sleep(0.5)
    begun = time.monotonic()
    code = await server.stop()
    took = time.monotonic() - begun
    before = len(made)
    await server.start()
    await asyncio.sleep(0.5)
    over.set()
    calls = await asyncio.gather(*clients)

    assert (code, took < LONGEST_END_S) == (0, True)
    assert 0 < before < len(made)
    assert min(calls) > 0
    assert len(set(made)) == len(made)
    assert not server.incidents()
