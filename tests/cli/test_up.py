"""Service and portal in one process, as an operator starts them."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner

from slotsvc.cli.demo_portal import COMPANY
from slotsvc.cli.main import main
from slotsvc.cli.town_map import packaged_town
from slotsvc.config import Settings
from tests.cli.conftest import PROGRAM, Shell, environment, first_object, started

GRACE_S: float = Settings.model_fields["drain_seconds"].default


def up(data_dir: Path, *more: str) -> tuple[str, ...]:
    """The command, on free ports and on the town that was compiled for the demo."""
    return ("up", "--data-dir", str(data_dir), "--address", "127.0.0.1:0", "--http", "off",
            "--portal", "127.0.0.1:0", "--log", "error", *more)  # fmt: skip


def text_of(home: Path, *args: str) -> str:
    """What a command that serves prints until it is told to stop at once."""
    with subprocess.Popen(
        [*PROGRAM, *args], stdout=subprocess.PIPE, text=True, env=environment(home)
    ) as process:
        assert process.stdout is not None
        lines = []
        for line in process.stdout:
            lines.append(line)
            if line.startswith("To look around first"):
                process.send_signal(signal.SIGINT)
        assert process.wait(20) == 0
    return "".join(lines)


@pytest.fixture(scope="module")
def roads(home: Path) -> Path:
    """The compiled town."""
    return packaged_town(home / ".cache" / "slotsvc" / "maps", quiet=True)


@pytest.fixture(scope="module")
def data_dir(home: Path, roads: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with one company in it."""
    directory = tmp_path_factory.mktemp("up")
    with started(home, *up(directory, "--map", str(roads))) as (_, told):
        assert told["portal"] == {"url": None, "missing": "NO_COMPANY"}
        company = {"tenant": {"name": "tenants/acme", "display_name": "Acme"}}
        Shell(told["address"]).text("company", "import", "-", stdin=json.dumps(company))
    return directory


@pytest.fixture(scope="module")
def running(home: Path, roads: Path, data_dir: Path) -> Iterator[dict[str, Any]]:
    """Service and portal."""
    with started(home, *up(data_dir, "--map", str(roads))) as (_, told):
        yield told


def test_a_newcomer_is_told_the_next_command(home: Path, roads: Path, tmp_path: Path) -> None:
    """Nothing there: how a company gets in, and where to look around."""
    text = text_of(home, *up(tmp_path / "data", "--map", str(roads)))

    assert "company import company.json" in text
    assert "docs/company.md" in text
    assert "demo" in text.splitlines()[-2]
    assert text.endswith("Stopped.\n")


def test_with_keys_a_newcomer_is_told_how_to_make_one(
    home: Path, roads: Path, tmp_path: Path
) -> None:
    """Without a key nobody can create the company, and so there is no portal; with the first key
    the operator makes the company, and its administrator all else."""
    command = up(tmp_path / "data", "--map", str(roads), "--auth", "keys")
    text = text_of(home, *command)

    assert "No portal was opened" in text
    assert f"key first --data-dir {tmp_path / 'data'} > operator.key" in text

    first = ("key", "first", "--data-dir", str(tmp_path / "data"))
    assert CliRunner().invoke(main, first).exit_code == 0
    text = text_of(home, *command)
    assert "No portal was opened" in text
    assert "key create administrator --tenant acme --name Office --address" in text
    assert "--api-key-file office.key" in text


def test_the_only_company_gets_its_portal(running: dict[str, Any]) -> None:
    """It answers, and finds the service behind it."""
    told = httpx.get(running["portal"]["url"] + "/healthz", trust_env=False)

    assert told.status_code == 200
    assert told.json() == {"database": "ok", "service": "ok"}


def test_its_keys_are_kept_and_listed(running: dict[str, Any], data_dir: Path) -> None:
    """One to act for clients, one for the company's pages."""
    keys = Shell(running["address"]).json("key", "list", "--tenant", "acme")["api_keys"]

    assert {key["role"] for key in keys} == {"ROLE_PORTAL", "ROLE_PLANNER"}
    assert (data_dir / "portal-service-keys.json").stat().st_mode & 0o077 == 0


def test_commands_work_while_it_runs(running: dict[str, Any], data_dir: Path) -> None:
    """What they change shows on the next page."""
    result = CliRunner().invoke(
        main, ["portal", "apply", str(COMPANY), "--data-dir", str(data_dir)]
    )
    page = httpx.get(running["portal"]["url"] + "/riviera/", trust_env=False)

    assert result.exit_code == 0, result.output
    assert page.status_code == 200
    assert "Riviera Services" in page.text


def test_a_company_that_is_not_there_has_no_portal(home: Path, roads: Path, tmp_path: Path) -> None:
    """The service runs all the same: it is where the company is made."""
    wanted = up(tmp_path / "data", "--map", str(roads), "--tenant", "nobody")
    with started(home, *wanted) as (_, told):
        assert told["ready"] is True
        assert told["portal"]["missing"] == "UNKNOWN_COMPANY"


def test_a_taken_portal_port_is_told(home: Path, running: dict[str, Any], tmp_path: Path) -> None:
    """Exit code 3, before anything is compiled."""
    taken = running["portal"]["url"].removeprefix("http://")
    ended = subprocess.run(
        [*PROGRAM, *up(tmp_path / "data"), "--portal", taken, "--json"],
        capture_output=True, text=True, env=environment(home), timeout=60, check=False,
    )  # fmt: skip

    error = json.loads(ended.stdout)["error"]
    assert (ended.returncode, error["reason"]) == (3, "ADDRESS_IN_USE")
    assert "--portal" in error["hint"]


def test_a_portal_alone_uses_a_service_elsewhere(
    home: Path, running: dict[str, Any], data_dir: Path, tmp_path: Path
) -> None:
    """The same portal as a process of its own, with keys that it is given."""
    keys = json.loads((data_dir / "portal-service-keys.json").read_text())
    env = environment(home) | {
        "SLOTSVC_PORTAL__PORTAL_KEY": keys["portal"],
        "SLOTSVC_PORTAL__PLANNER_KEY": keys["planner"],
    }
    command = ("portal", "serve", "--json", "--tenant", "acme", "--data-dir", str(tmp_path),
               "--service", running["address"], "--address", "127.0.0.1:0")  # fmt: skip
    with subprocess.Popen(
        [*PROGRAM, *command], stdout=subprocess.PIPE, text=True, env=env
    ) as process:
        assert process.stdout is not None
        told = json.loads(first_object(process.stdout))
        health = httpx.get(told["url"] + "/healthz", trust_env=False)
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0

    assert health.json() == {"database": "ok", "service": "ok"}


def test_a_second_portal_on_the_same_tables_is_refused(
    home: Path, running: dict[str, Any], data_dir: Path
) -> None:
    """In one sentence; commands beside the running portal still work."""
    keys = json.loads((data_dir / "portal-service-keys.json").read_text())
    env = environment(home) | {
        "SLOTSVC_PORTAL__PORTAL_KEY": keys["portal"],
        "SLOTSVC_PORTAL__PLANNER_KEY": keys["planner"],
    }
    command = ("portal", "serve", "--json", "--tenant", "acme", "--data-dir", str(data_dir),
               "--service", running["address"], "--address", "127.0.0.1:0")  # fmt: skip
    ended = subprocess.run(
        [*PROGRAM, *command], capture_output=True, text=True, env=env, timeout=60, check=False
    )

    error = json.loads(ended.stdout)["error"]
    assert (ended.returncode, error["reason"]) == (3, "NOT_STARTED")
    assert error["message"].startswith("Another portal (pid ")
    beside = CliRunner().invoke(main, ["portal", "clients", "--data-dir", str(data_dir)])
    assert beside.exit_code == 0, beside.output


@pytest.mark.machine_speed
def test_ctrl_c_ends_it_though_browsers_stay(
    home: Path, roads: Path, data_dir: Path, running: dict[str, Any], tmp_path: Path
) -> None:
    """An idle connection and a half-sent request do not hold it until its grace is over."""
    command = up(tmp_path / "data", "--map", str(roads))
    (tmp_path / "data").mkdir(mode=0o700)
    with started(home, *command) as (_, told):
        company = {"tenant": {"name": "tenants/acme", "display_name": "Acme"}}
        Shell(told["address"]).text("company", "import", "-", stdin=json.dumps(company))
    with (
        started(home, *command) as (process, told),
        httpx.Client(trust_env=False) as idle,
        socket.create_connection(_host_and_port(told["portal"]["url"])) as half,
    ):
        assert idle.get(told["portal"]["url"] + "/healthz").status_code == 200
        half.sendall(b"POST /acme/login HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\na")
        begun = time.monotonic()
        process.send_signal(signal.SIGINT)
        code = process.wait(20)

    assert (code, time.monotonic() - begun < GRACE_S) == (0, True)


def _host_and_port(url: str) -> tuple[str, int]:
    host, _, port = url.removeprefix("http://").rpartition(":")
    return host, int(port)
