"""Everybody comes back at once after an outage (F31): with the service config that
docs/operations.md gives to clients, the load afterwards is about what it was before."""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections import Counter
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from grpc import aio

from benchmarks.calls import CHANNEL_OPTIONS, calling, fresh_id
from benchmarks.company import Company
from benchmarks.torture.bed import Replica, bed
from slotsvc.pb.v1 import calendar_service_pb2 as cal
from slotsvc.pb.v1.calendar_service_pb2_grpc import CalendarServiceStub
from tests.chaos.test_drain import documented_config
from tests.postgres_fixtures import started

CLIENTS = 8
PAUSE_S = 0.2
"""Mean time between two calls of a client, answered or not: nobody waits for anybody."""
CALM_S, OUTAGE_S, AFTER_S = 3.0, 4.0, 3.0
MOST = 1.5
"""Load afterwards, as a multiple of the load before."""
TRIES = 5

_log = logging.getLogger(__name__)


@dataclass
class Crowd:
    """Programs that write on behalf of many, with a channel each."""

    address: str
    company: Company
    endings: Counter[str] = field(default_factory=Counter)
    late: Counter[str] = field(default_factory=Counter)
    """Of calls begun after the outage."""
    calm_again: bool = False
    over: bool = False

    async def client(self, number: int) -> None:
        """Until it is over."""
        chance = random.Random(number)
        options = (*CHANNEL_OPTIONS, ("grpc.service_config", documented_config()))
        async with (
            aio.insecure_channel(self.address, options=options) as channel,
            asyncio.TaskGroup() as calls,
        ):
            calendar = CalendarServiceStub(channel)
            while not self.over:
                await asyncio.sleep(chance.expovariate(1 / PAUSE_S))
                calls.create_task(
                    self._call(calendar, self.late if self.calm_again else self.endings)
                )

    async def _call(self, calendar: Any, endings: Counter[str]) -> None:
        try:
            await calendar.CreateSite(self._site(), timeout=20)
            endings["OK"] += 1
        except aio.AioRpcError as error:
            endings[error.code().name] += 1

    def _site(self) -> cal.CreateSiteRequest:
        site = cal.Site(display_name="x")
        site.location.latitude, site.location.longitude = 43.7, 7.4
        return cal.CreateSiteRequest(
            parent=self.company.tenant, site_id=f"s-{fresh_id()}", site=site, request_id=fresh_id()
        )


async def handled(replica: Replica) -> float:
    """Calls that reached the service, each try of a client by itself."""
    async with httpx.AsyncClient(trust_env=False) as client:
        page = await client.get(f"http://{replica.server.metrics_address}/metrics", timeout=10)
    told = [x for x in page.text.splitlines() if x.startswith("grpc_server_handled_total{")]
    return sum(float(line.rpartition(" ")[2]) for line in told)


async def load(replica: Replica, seconds: float) -> float:
    """Calls a second that reach the service."""
    begun, before = time.monotonic(), await handled(replica)
    await asyncio.sleep(seconds)
    return (await handled(replica) - before) / (time.monotonic() - begun)


async def test_an_outage_of_the_database_makes_no_storm(tmp_path: Path) -> None:
    """Eight programs write five times a second each; PostgreSQL is away for seconds. Each call is
    tried five times at most; from the moment it is back the load is at most one and a half times
    what it was, and all calls begun soon after succeed."""
    async with AsyncExitStack() as stack:
        server = stack.enter_context(started(durable=True))
        ground = await stack.enter_async_context(bed(tmp_path, server, 1))
        (replica,) = ground.replicas
        calls = await stack.enter_async_context(calling(replica.address))
        crowd = Crowd(replica.address, await Company(calls, "storm").found())
        clients = [asyncio.create_task(crowd.client(number)) for number in range(CLIENTS)]
        await load(replica, 1.0)
        before = await load(replica, CALM_S)
        await asyncio.to_thread(server.fall)
        during = await load(replica, OUTAGE_S)
        await asyncio.to_thread(server.rise)
        after = await load(replica, AFTER_S)
        crowd.calm_again = True
        await asyncio.sleep(1)
        crowd.over = True
        await asyncio.gather(*clients)
        incidents = ground.incidents()

    _log.info(f"{before:.0f} calls/s before, {during:.0f} during, {after:.0f} after")
    assert before > 10
    assert after < MOST * before
    assert during < TRIES * MOST * before
    assert set(crowd.endings) == {"OK", "UNAVAILABLE"}
    assert set(crowd.late) == {"OK"}
    assert incidents == []
