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
def config(empty_postgres_url: str, tmp_path: Path) -> Path:
    """Settings with an empty database, a password in its address, and one key ring for all."""
    url = make_url(empty_postgres_url).set(password=SECRET)
    named = {
        "database_url": url.render_as_string(hide_password=False),
        "key_ring_path": str(tmp_path / "keys.json"),
    }
    file = tmp_path / "slotsvc.toml"
    file.write_text("".join(f"{name} = {json.dumps(value)}\n" for name, value in named.items()))
    return file


async def test_from_an_empty_database_to_two_replicas(config: Path, tmp_path: Path) -> None:
    """``serve`` makes no tables and says who does; ``migrate`` makes them, once. Then two processes
    serve one company, and one of them may be killed. No password is told anywhere."""
    chosen = ("--config", str(config))
    refused = run("serve", "--json", *chosen, "--data-dir", str(tmp_path))
    error = json.loads(refused.stdout or refused.stderr)["error"]
    assert (refused.returncode != 0, error["reason"]) == (True, "SCHEMA_TOO_OLD")
    assert "slotsvc migrate" in error["message"]

    made = json.loads(run("migrate", "--json", *chosen).stdout)
    again = json.loads(run("migrate", "--json", *chosen).stdout)
    assert (made["before"], again["before"]) == (None, made["after"])

    servers = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        servers.append(ServerProcess(tmp_path / name, config=config))
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
