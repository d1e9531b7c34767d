"""What a running service says of itself over HTTP."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr

from slotsvc.bootstrap import running
from slotsvc.bootstrap.readiness import readiness_checks
from slotsvc.bootstrap.stores import OpenStore
from slotsvc.server.readiness import State
from slotsvc.store.engine import sqlite_url
from slotsvc.store.migrate import upgrade
from slotsvc.store.postgres_store import PostgresStore
from slotsvc.store.sqlite_store import SqliteStore
from tests.service_fixtures import settings_for


async def test_degraded_is_answered_and_broken_is_not(tmp_path: Path) -> None:
    """Without a map driving is estimated: 200, and named. Without its database: 503; the process
    is alive all the same."""
    settings = settings_for(tmp_path / "data", http_addr="127.0.0.1:0")
    async with running(settings) as server, httpx.AsyncClient() as client:
        here = f"http://{server.metrics_address}"
        degraded = await client.get(f"{here}/readyz")
        server.store.close()
        broken = await client.get(f"{here}/readyz")
        alive = await client.get(f"{here}/livez")

    assert (degraded.status_code, degraded.json()["state"]) == (200, "degraded")
    assert degraded.json()["checks"]["roads"] == "no map: driving is estimated"
    assert degraded.json()["degraded"] == ["roads"]
    assert (broken.status_code, broken.json()["broken"]) == (503, ["database"])
    assert broken.json()["ready"] is False
    assert alive.status_code == 200


@pytest.mark.parametrize("engine", ["sqlite", "postgresql"])
async def test_a_process_that_is_busy_is_not_broken(
    tmp_path: Path, postgres_url: str, engine: str
) -> None:
    """All its readers are at work for longer than the check waits: its database answers all the
    same, and taking its calls away would only make the next replica as busy."""
    upgrade(sqlite_url(tmp_path / "slotsvc.db"))
    store: OpenStore = (
        SqliteStore(tmp_path / "slotsvc.db", readers=1)
        if engine == "sqlite"
        else PostgresStore(postgres_url, readers=1, patience=0.2)
    )
    go_on = threading.Event()
    working = asyncio.create_task(store.read(lambda _tx: go_on.wait(20)))
    await asyncio.sleep(0.1)

    told = await readiness_checks(store, None, {})()

    go_on.set()
    assert await working
    store.close()
    assert told.state is State.OK


@pytest.mark.parametrize("engine", ["sqlite", "postgresql"])
async def test_a_disk_that_cannot_be_seen_has_no_gauge(
    tmp_path: Path, postgres_url: str, engine: str
) -> None:
    """The alarm on little room would ring for ever for the disk of a PostgreSQL: 0 bytes."""
    url = SecretStr(postgres_url) if engine == "postgresql" else None
    settings = settings_for(tmp_path, http_addr="127.0.0.1:0", database_url=url)
    async with running(settings) as server, httpx.AsyncClient() as client:
        told = (await client.get(f"http://{server.metrics_address}/metrics")).text

    gauges = {line.split()[0]: float(line.split()[1]) for line in told.splitlines()
              if line.startswith("slotsvc_database_")}  # fmt: skip
    assert ("slotsvc_database_free_bytes" in gauges) == (engine == "sqlite")
    assert len(gauges) == (2 if engine == "sqlite" else 0)
    assert gauges.get("slotsvc_database_free_bytes", 1) > 0
