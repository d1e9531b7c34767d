"""What a running service says of itself over HTTP."""

from __future__ import annotations

from pathlib import Path

import httpx

from slotsvc.bootstrap import running
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
