"""One demo, started as a user starts it, for all tests that need a running service."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import pytest
from click.testing import CliRunner

from slotsvc.cli.main import main

PROGRAM = (sys.executable, "-m", "slotsvc.cli.main")
ROOT = Path(__file__).resolve().parents[2]


def environment(home: Path) -> dict[str, str]:
    """A user who has nothing set but that no keys are asked for, and whose home is ``home``."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith("SLOTSVC_")}
    return {**ours, "HOME": str(home), "PYTHONPATH": str(ROOT), "SLOTSVC_AUTH": "off"}


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home directory that keeps the compiled town between demos."""
    return tmp_path_factory.mktemp("home")


@contextmanager
def started(home: Path, *args: str) -> Iterator[tuple[subprocess.Popen[str], dict[str, Any]]]:
    """A command that serves, and what it said when it was ready."""
    with subprocess.Popen(
        [*PROGRAM, *args, "--json"], stdout=subprocess.PIPE, text=True, env=environment(home)
    ) as process:
        assert process.stdout is not None
        try:
            yield process, json.loads(first_object(process.stdout))
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(30)


def first_object(lines: IO[str]) -> str:
    """The text of the first JSON object, which ends with a brace in the first column."""
    text = ""
    for line in lines:
        text += line
        if line.startswith("}"):
            break
    return text


@pytest.fixture(scope="session")
def demo(home: Path) -> Iterator[dict[str, Any]]:
    """What the demo says of itself; it serves until the tests end."""
    with started(home, "demo", "--port", "0") as (_, told):
        yield told


class Shell:
    """Runs commands against one service."""

    def __init__(self, address: str) -> None:
        self.address = address

    def text(self, *args: str, stdin: str = "", code: int = 0) -> str:
        """What a command prints: stdout, then stderr."""
        given = [*args, "--address", self.address]
        result = CliRunner().invoke(main, given, input=stdin)
        assert result.exit_code == code, result.output
        return result.stdout + result.stderr

    def json(self, *args: str, stdin: str = "", code: int = 0) -> dict[str, Any]:
        """The one JSON object a command prints."""
        found: dict[str, Any] = json.loads(self.text(*args, "--json", stdin=stdin, code=code))
        return found

    def json_or_error(self, *args: str) -> dict[str, Any]:
        """The one JSON object, whatever the exit code."""
        result = CliRunner().invoke(main, [*args, "--address", self.address, "--json"])
        found: dict[str, Any] = json.loads(result.stdout)
        return found


@pytest.fixture
def shell(demo: Mapping[str, Any]) -> Shell:
    """A shell that talks to the demo."""
    return Shell(str(demo["address"]))
