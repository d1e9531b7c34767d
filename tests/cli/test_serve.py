"""The service as an operator starts it."""

from __future__ import annotations

import json
import shlex
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import PROGRAM, Shell, environment, started
from tests.server.test_app import a_certificate


def listening(address: str, data_dir: Path) -> tuple[str, ...]:
    return ("serve", "--address", address, "--http", "127.0.0.1:0", "--data-dir", str(data_dir),
            "--log", "error")  # fmt: skip


def refused(home: Path, *args: str) -> tuple[int, dict[str, Any]]:
    """Exit code and error of a service that cannot start."""
    ended = subprocess.run(
        [*PROGRAM, *args, "--json"],
        capture_output=True, text=True, env=environment(home), timeout=60, check=False,
    )  # fmt: skip
    return ended.returncode, json.loads(ended.stdout)["error"]


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("data")


@pytest.fixture(scope="module")
def server(home: Path, data_dir: Path) -> Iterator[dict[str, Any]]:
    """A service without a map, with an empty database."""
    with started(home, *listening("127.0.0.1:0", data_dir)) as (process, told):
        yield told
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0


def test_it_says_where_it_is_and_what_it_chose(server: dict[str, Any], data_dir: Path) -> None:
    """One JSON object when it is ready; SIGTERM ends it with 0 (see the fixture)."""
    assert server["ready"] is True
    assert server["map_id"] is None
    assert any(str(data_dir) in line for line in server["summary"])


def test_without_a_map_driving_is_an_estimate(server: dict[str, Any]) -> None:
    """The map command says so."""
    text = Shell(server["address"]).text("map", "info")

    assert text.startswith("Map: no map (estimate:")
    assert "great-circle estimates" in text
    doctor = Shell(server["address"]).text("doctor", "--only", "server")
    assert "driving is estimated" in doctor
    assert doctor.endswith("Ready: the service.\n")


def test_without_a_team_it_says_how_to_get_one(server: dict[str, Any]) -> None:
    """A search needs a team; the hint names the demo."""
    error = Shell(server["address"]).json(
        "suggest", "--at", "43.7,7.4", "--minutes", "60", "--grid", "08-10", code=1
    )["error"]

    assert error["reason"] == "NO_TEAM"
    assert "slotsvc demo" in error["hint"]


def test_a_taken_port_is_told(home: Path, server: dict[str, Any], tmp_path: Path) -> None:
    """Exit code 3 and what to give instead."""
    code, error = refused(home, *listening(server["address"], tmp_path))

    assert (code, error["reason"]) == (3, "ADDRESS_IN_USE")


def test_a_taken_port_is_told_in_our_words_only(
    home: Path, server: dict[str, Any], tmp_path: Path
) -> None:
    """gRPC's own log line stays away, and `up` looks before it compiles a map."""
    ended = subprocess.run(
        [*PROGRAM, "up", *listening(server["address"], tmp_path)[1:]],
        capture_output=True, text=True, env=environment(home), timeout=60, check=False,
    )  # fmt: skip

    assert ended.returncode == 3
    assert ended.stderr.startswith(f"Something listens at {server['address']} already.")
    assert "add_port" not in ended.stderr
    assert not (tmp_path / "maps").exists()


@pytest.mark.parametrize("command", ["serve", "up", "migrate"])
def test_a_directory_that_cannot_be_made_is_one_sentence(
    home: Path, tmp_path: Path, command: str
) -> None:
    """A file stands where the data directory should be."""
    (tmp_path / "file").touch()

    code, error = refused(home, command, "--data-dir", str(tmp_path / "file" / "data"))

    assert (code, error["reason"]) == (3, "DATA_DIR")


def test_the_end_is_said(home: Path, tmp_path: Path) -> None:
    """After Ctrl-C the last line is "Stopped."; the calls name the program as it was called."""
    with subprocess.Popen(
        [*PROGRAM, *listening("127.0.0.1:0", tmp_path / "data")],
        stdout=subprocess.PIPE, text=True, env=environment(home),
    ) as process:  # fmt: skip
        assert process.stdout is not None
        lines = iter(process.stdout)
        told = next(line for line in lines if line.startswith("Call it: "))
        process.send_signal(signal.SIGINT)
        rest = list(lines)

    assert "-m slotsvc.cli.main doctor" in told
    assert rest[-1] == "Stopped.\n"
    assert process.returncode == 0


def test_an_encrypted_service_can_be_called_as_it_says(home: Path, tmp_path: Path) -> None:
    """The first line it prints, run as it stands, finds it; listening on an address that the
    certificate does not name it says one that it names."""
    certificate, key = a_certificate(tmp_path)
    tls = {"SLOTSVC_TLS__CERTIFICATE_PATH": f"{certificate}", "SLOTSVC_TLS__KEY_PATH": f"{key}"}
    with subprocess.Popen(
        [*PROGRAM, *listening("127.0.0.1:0", tmp_path / "data")],
        stdout=subprocess.PIPE, text=True, env=environment(home) | tls,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        told = next(line for line in process.stdout if line.startswith("Call it: "))
        line = shlex.split(told.removeprefix("Call it: "))
        ended = subprocess.run(
            [*line, "--timeout", "20"],
            capture_output=True, text=True, env=environment(home), timeout=60, check=False,
        )  # fmt: skip
        process.send_signal(signal.SIGINT)
        process.stdout.read()

    assert "--tls-ca" in line
    assert ended.returncode == 0, ended.stdout


def test_one_process_has_one_database(home: Path, server: dict[str, Any], data_dir: Path) -> None:
    """A second service on the same file is refused before it changes anything."""
    assert server["ready"]
    code, error = refused(home, *listening("127.0.0.1:0", data_dir))

    assert (code, error["reason"]) == (3, "STORE_LOCKED")


def test_other_machines_are_not_served_by_accident(home: Path, tmp_path: Path) -> None:
    """Every interface without TLS is a usage error that names the setting."""
    code, error = refused(home, *listening("0.0.0.0:0", tmp_path))

    assert (code, error["reason"]) == (2, "SETTINGS")
    assert "grpc_addr" in error["violations"][0]["reason"]


def test_a_directory_without_a_map_is_no_map(home: Path, tmp_path: Path) -> None:
    """The sentence names the command that makes one."""
    code, error = refused(
        home, *listening("127.0.0.1:0", tmp_path / "data"), "--map", str(tmp_path)
    )

    assert code == 3
    assert "slotsvc map build" in error["message"]
