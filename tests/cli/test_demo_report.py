from __future__ import annotations

import shlex

from slotsvc.cli.demo_report import folded


def test_a_long_command_is_folded_and_stays_one_command() -> None:
    """A shell reads the same words; every line fits beside its two blanks and the backslash."""
    command = "bin/slotsvc suggest --activity repair --at 43.7,7.4 --from 2026-11-23 --pick 1 | x -"

    lines = folded(command)

    assert len(lines) == 2
    assert max(map(len, lines)) <= 78
    joined = "\n".join(lines).replace("\\\n", " ")
    assert shlex.split(joined) == shlex.split(command)


def test_a_short_command_is_one_line() -> None:
    """Nothing is folded without need."""
    assert folded("slotsvc suggest --slots 2") == ["slotsvc suggest --slots 2"]
