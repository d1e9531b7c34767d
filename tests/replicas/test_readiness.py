"""A Redis that is away is told by ``/readyz``, and never keeps calls from coming."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import httpx
from pydantic import SecretStr

from slotsvc.bootstrap import running
from slotsvc.bootstrap.replicas import AWAY
from tests.replicas.valkey import Valkey
from tests.service_fixtures import settings_for
from tests.travel.liar import Liar, lying_server, straight_table


async def told(page: str, state: str) -> dict[str, Any]:
    """What is said, as soon as it is of that state. It is never 503."""
    async with httpx.AsyncClient() as client, asyncio.timeout(30):
        while True:
            answer = await client.get(page)
            said: dict[str, Any] = answer.json()
            assert answer.status_code == 200, said
            if said["state"] == state:
                return said
            await asyncio.sleep(0.05)


async def test_a_redis_that_dies_is_degraded_until_it_is_back(
    tmp_path: Path, postgres_url: str, valkey: Valkey
) -> None:
    """Noticed though nobody asks anything: on PostgreSQL, with roads, nothing else is missing."""
    async with lying_server(Liar(reply=straight_table)) as roads:
        settings = settings_for(
            tmp_path,
            database_url=SecretStr(postgres_url),
            redis_url=SecretStr(valkey.url),
            osrm_url=roads,
            http_addr="127.0.0.1:0",
        )
        async with running(settings) as server:
            page = f"http://{server.metrics_address}/readyz"
            well = await told(page, "ok")
            valkey.kill()
            ill = await told(page, "degraded")
            valkey.start()
            assert await told(page, "ok") == well
    checks = {"database": "ok", "roads": "ok", "redis": "ok"}
    ready = {"ready": True, "broken": []}
    assert well == ready | {"state": "ok", "checks": checks, "degraded": []}
    away = checks | {"redis": AWAY}
    assert ill == ready | {"state": "degraded", "checks": away, "degraded": ["redis"]}
