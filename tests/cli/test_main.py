from __future__ import annotations

import json
import subprocess
import sys

import pytest
from click.testing import CliRunner

from slotsvc.cli.main import IN_ORDER, main

HEAVY = {"grpc", "numpy", "ortools", "sqlalchemy", "pydantic", "rich", "google.protobuf"}


def run(*args: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(main, args)
    return result.exit_code, result.stdout, result.stderr


def test_help_loads_nothing_heavy() -> None:
    """`slotsvc --help` is there at once: no gRPC, no NumPy, no settings."""
    program = (
        "import sys; from slotsvc.cli.main import main\n"
        "try: main(['--help'])\n"
        "except SystemExit: pass\n"
        "print('LOADED', *sys.modules)"
    )
    out = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    ).stdout

    assert not HEAVY & set(out.partition("LOADED")[2].split())


def test_a_call_loads_no_compiler() -> None:
    """The command line asks a service that ranks; it does not load what ranks."""
    program = (
        "import sys; from slotsvc.cli.main import main\n"
        "try: main(['suggest', '--address', '127.0.0.1:1', '--at', '43.7,7.4', '--minutes', '60',"
        " '--grid', '08-10'])\n"
        "except SystemExit: pass\n"
        "print('LOADED', *sys.modules)"
    )
    out = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    ).stdout
    loaded = set(out.partition("LOADED")[2].split())

    assert "grpc" in loaded
    assert not {"numba", "numpy", "ortools", "slotsvc.solver"} & loaded


def test_every_command_is_listed_in_the_order_of_use() -> None:
    """Help names each command with a short sentence that is not cut off."""
    code, out, _ = run("--help")

    listed = [line.split()[0] for line in out.partition("Commands:")[2].splitlines() if line]
    assert code == 0
    assert listed == [command.name for command in IN_ORDER]
    assert "..." not in out.partition("Commands:")[2]


@pytest.mark.parametrize("command", [c.name for c in IN_ORDER])
def test_every_command_explains_itself(command: str) -> None:
    """`slotsvc COMMAND --help` works and fits 80 columns."""
    code, out, _ = run(command, "--help")

    assert code == 0
    assert max(map(len, out.splitlines())) <= 80


def test_a_wrong_command_line_is_exit_code_2() -> None:
    """Usage is explained on stderr; stdout stays empty."""
    code, out, err = run("suggest", "--slots", "0")

    assert (code, out) == (2, "")
    assert "--slots" in err


def test_a_wrong_command_line_is_json_when_json_is_wanted() -> None:
    """The error object has the same keys as every other."""
    code, out, _ = run("suggest", "--slots", "0", "--json")

    error = json.loads(out)["error"]
    assert code == 2
    assert error["reason"] == "USAGE"
    assert set(error) == {"reason", "message", "hint", "violations", "alternatives", "routes"}


def test_no_service_is_exit_code_3_and_says_what_to_do() -> None:
    """Nothing listens on port 1: one sentence and a hint."""
    code, out, err = run("map", "info", "--address", "127.0.0.1:1", "--timeout", "5")

    assert (code, out) == (3, "")
    assert "No service answers at 127.0.0.1:1." in err
    assert "slotsvc up" in err


def test_wrong_settings_are_told_all_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every wrong variable has its own line."""
    monkeypatch.setenv("SLOTSVC_GRPC_ADDR", "nowhere")
    monkeypatch.setenv("SLOTSVC_DRAIN_SECONDS", "-1")

    code, _, err = run("config", "show")

    assert code == 2
    assert "grpc_addr: " in err
    assert "drain_seconds: " in err


def test_the_version_is_one_json_object() -> None:
    """`slotsvc version --json` names the engines too."""
    code, out, _ = run("version", "--json")

    assert code == 0
    assert {"slotsvc", "python", "osrm-bindings"} <= set(json.loads(out))


def test_the_settings_in_force_are_shown_whole() -> None:
    """`slotsvc config show` never cuts a value."""
    code, out, _ = run("config", "show")

    assert code == 0
    assert "grpc_addr = 127.0.0.1:50051\n    Where gRPC listens" in out
    assert "SLOTSVC_SEARCH__DEADLINE_SECONDS" in out
    assert max(map(len, out.splitlines())) <= 80
    assert "…" not in out
