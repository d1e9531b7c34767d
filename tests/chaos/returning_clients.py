"""Programs that call the service as docs/operations.md tells them to, whatever becomes of it."""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
from grpc import aio

from benchmarks.calls import CHANNEL_OPTIONS
from benchmarks.company import Company
from benchmarks.torture.bed import Replica
from slotsvc.pb.v1 import calendar_service_pb2 as cal
from slotsvc.pb.v1.calendar_service_pb2_grpc import CalendarServiceStub
from tests.chaos.test_drain import documented_config

CLIENTS = 8
PAUSE_S = 0.2
"""Mean time between two calls of a client, answered or not: nobody waits for anybody."""


@dataclass
class Crowd:
    """Programs that ask on behalf of many, with a channel each."""

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
            await calendar.GetTenant(cal.GetTenantRequest(name=self.company.tenant), timeout=20)
            endings["OK"] += 1
        except aio.AioRpcError as error:
            endings[error.code().name] += 1


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


@asynccontextmanager
async def crowd_of(address: str, company: Company) -> AsyncIterator[Crowd]:
    """It calls while the block runs; afterwards all its calls have ended."""
    crowd = Crowd(address, company)
    async with asyncio.TaskGroup() as clients:
        for number in range(CLIENTS):
            clients.create_task(crowd.client(number))
        yield crowd
        crowd.over = True
