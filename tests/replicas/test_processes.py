"""``slotsvc migrate`` and two ``slotsvc serve``, as an operator starts them."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from sqlalchemy import make_url

from benchmarks.calls import calling
from benchmarks.company import Company
from benchmarks.torture.server_process import PROGRAM, ServerProcess
from tests.service_fixtures import booked, offered, visit_now

SECRET = "not-to-be-told"


def run(*command: str) -> subprocess.CompletedProcess[str]:
    """A command, to its end."""
    done = subprocess.run(
        [*PROGRAM, *command], capture_output=True, text=True, check=False, timeout=60
    )
    assert SECRET not in done.stdout + done.stderr
    return done


@pytest.fixture
def url(empty_postgres_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> str:
    """An empty database, named with a password in the settings of every process begun now."""
    named = make_url(empty_postgres_url).set(password=SECRET)
    monkeypatch.setenv("SLOTSVC_DATABASE_URL", named.render_as_string(hide_password=False))
    monkeypatch.setenv("SLOTSVC_KEY_RING_PATH", str(tmp_path / "keys.json"))
    return empty_postgres_url


async def test_from_an_empty_database_to_two_replicas(url: str, tmp_path: Path) -> None:
    """``serve`` makes no tables and says who does; ``migrate`` makes them, once. Then two processes
    serve one company, and one of them may be killed. No password is told anywhere."""
    refused = run("serve", "--json", "--address", "127.0.0.1:0", "--data-dir", str(tmp_path))
    error = json.loads(refused.stdout or refused.stderr)["error"]
    assert (refused.returncode != 0, error["reason"]) == (True, "SCHEMA_TOO_OLD")
    assert "slotsvc migrate" in error["message"]

    made = json.loads(run("migrate", "--json").stdout)
    again = json.loads(run("migrate", "--json").stdout)
    assert (made["before"], again["before"]) == (None, made["after"])

    servers = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        servers.append(ServerProcess(tmp_path / name))
        await servers[-1].start()
    one, two = servers
    try:
        async with calling(one.address) as first, calling(two.address) as second:
            company = await Company(first, "acme").found()
            await company.technician("ann")
            await company.activity("service")
            await company.site("casino")
            search = company.search()
            visit = await booked(first, (await offered(first, search))[0])
            await one.kill()
            assert await visit_now(second, visit.name) == visit
            await booked(second, (await offered(second, search))[0])
    finally:
        for server in servers:
            await server.stop()
    assert all(SECRET not in server.log.read_text() for server in servers)
