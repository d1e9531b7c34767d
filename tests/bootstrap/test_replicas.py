"""A service with a Redis that is there, away, or hangs: it starts, and says what is the matter."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import httpx
from pydantic import SecretStr

from slotsvc import bootstrap
from slotsvc.bootstrap.replicas import AWAY
from tests.replicas.valkey import Valkey, free_port, own_prefix, running_valkey
from tests.service_fixtures import settings_for


def settings_on(directory: Path, valkey: Valkey) -> Any:
    """A service without a map, with this Redis."""
    return settings_for(
        directory,
        http_addr="127.0.0.1:0",
        redis_url=SecretStr(valkey.url),
        redis_prefix=own_prefix(),
    )


async def readiness(address: str) -> tuple[int, Any]:
    """What ``/readyz`` says."""
    async with httpx.AsyncClient(trust_env=False) as client:
        answer = await client.get(f"http://{address}/readyz")
        return answer.status_code, answer.json()


async def test_redis_comes_and_goes_and_the_service_stays_ready(tmp_path: Path) -> None:
    """Down at the start, there, hanging: /readyz says which, and never that calls must wait."""
    valkey = Valkey(free_port(), tmp_path)
    async with bootstrap.running(settings_on(tmp_path, valkey)) as server:
        assert f"redis     {valkey.url}, {AWAY}" in server.summary
        status, told = await readiness(server.metrics_address)
        assert (status, told["ready"], told["checks"]["redis"]) == (200, True, AWAY)
        try:
            valkey.start()
            async with asyncio.timeout(20.0):
                while (await readiness(server.metrics_address))[1]["checks"]["redis"] != "ok":
                    await asyncio.sleep(0.05)
            valkey.hang()
            status, told = await readiness(server.metrics_address)
            assert (status, told["ready"]) == (200, True)
        finally:
            valkey.stop()


async def test_one_that_hangs_does_not_keep_a_start_or_an_end(tmp_path: Path) -> None:
    """SIGSTOP before the start: the service is there a moment later, and gone when it should."""
    with running_valkey(tmp_path) as valkey:
        valkey.hang()
        async with asyncio.timeout(60.0):
            async with bootstrap.running(settings_on(tmp_path, valkey)) as server:
                assert f"redis     {valkey.url}, {AWAY}" in server.summary


async def test_the_start_names_it_where_it_is_set(tmp_path: Path) -> None:
    """One line; without the setting none, and nothing of it in /readyz."""
    with running_valkey(tmp_path) as valkey:
        async with bootstrap.running(settings_on(tmp_path, valkey)) as server:
            # whether it was found at once is the machine's affair
            (line,) = [line for line in server.summary if line.startswith("redis")]
            assert line.startswith(f"redis     {valkey.url}")
    plain = settings_for(tmp_path, http_addr="127.0.0.1:0")
    async with bootstrap.running(plain) as server:
        assert not [line for line in server.summary if line.startswith("redis")]
        assert "redis" not in (await readiness(server.metrics_address))[1]["checks"]
