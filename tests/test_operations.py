"""The operators' page names commands, options, tests, checks and metrics that exist."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from slotsvc.bootstrap.readiness import readiness_checks
from slotsvc.cli.main import main
from slotsvc.server.metrics import Metrics
from slotsvc.store.engine import sqlite_url
from slotsvc.store.migrate import upgrade
from slotsvc.store.sqlite_store import SqliteStore

ROOT = Path(__file__).resolve().parent.parent
PAGE = (ROOT / "docs/operations.md").read_text()
NEW = ("backup", "restore", "verify", "doctor", "migrate")


def command_lines() -> Iterator[str]:
    """Those to be copied, and those in sentences."""
    joined = PAGE.replace("\\\n", " ")
    yield from re.findall(r"^    .*\.venv/bin/slotsvc (.*)$", joined, re.MULTILINE)
    yield from re.findall(r"`slotsvc ([a-z][^`\n]*)`", PAGE)


def command_of(words: list[str]) -> tuple[click.Command, list[str]]:
    """The command that the words lead to, and the words behind it."""
    found: click.Command = main
    while words and isinstance(found, click.Group):
        found = found.commands[words[0]]
        words = words[1:]
    return found, words


@pytest.mark.parametrize("line", sorted(set(command_lines())))
def test_every_command_on_the_page_exists(line: str) -> None:
    """With the options that are named."""
    command, rest = command_of(shlex.split(line.split(">")[0].split("|")[0]))
    known = {option for param in command.params for option in param.opts + param.secondary_opts}
    assert {word for word in rest if word.startswith("--")} <= known


def test_every_command_of_operation_is_on_the_page() -> None:
    """Somebody who looks for one finds it explained."""
    named = {line.split()[0] for line in command_lines()}
    assert named >= set(NEW)


def test_every_drill_is_a_test() -> None:
    """The table names files that are there."""
    drills = re.findall(r"\| `(tests/[\w/]+\.py)` \|$", PAGE, re.MULTILINE)
    assert len(drills) >= 8
    assert [name for name in drills if not (ROOT / name).is_file()] == []


async def test_every_readiness_check_is_explained(tmp_path: Path) -> None:
    """The table has a row for each check of ``/readyz``, and no other."""
    section = PAGE.partition("\n## Readiness\n")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| `(\w+)`(?: \(SQLite only\))? \|", section, re.MULTILINE)
    upgrade(sqlite_url(tmp_path / "slotsvc.db"))
    store = SqliteStore(tmp_path / "slotsvc.db")
    words = dict.fromkeys(("roads", "redis"), lambda: "away")
    told = await readiness_checks(store, tmp_path / "slotsvc.db", words)()
    store.close()

    states = {"ok", "degraded", "broken"}
    assert set(rows) - states == set(told.findings)
    assert set(rows) >= states


def test_alarms_name_real_metrics() -> None:
    """A misspelt alarm never rings."""
    metrics = Metrics()
    metrics.measure_disk(int, int)
    families = list(metrics.registry.collect())
    exposed = {sample.name for family in families for sample in family.samples}
    exposed |= {name for family in families for name in (family.name, f"{family.name}_total")}
    section = PAGE.partition("\n## Alarms\n")[2]
    named = set(re.findall(r"\b((?:grpc_server|slotsvc)_[a-z_]+)", section))
    assert named
    assert named <= exposed
