"""The page of reliability names every fault, and tests that exist."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGE = (ROOT / "docs/reliability.md").read_text()
FAULTS = re.findall(r"^\| (F\d+) \| (.*) \|$", PAGE, re.MULTILINE)


def named(cells: str) -> list[Path]:
    """Files; one without a directory lies beside the one before it."""
    found: list[Path] = []
    for name in re.findall(r"`([\w/]+\.py)`", cells):
        found.append(ROOT / name if "/" in name else found[-1].with_name(name))
    return found


def test_every_fault_has_a_row() -> None:
    """All 36 of the programme, in order."""
    assert [name for name, _ in FAULTS] == [f"F{number}" for number in range(1, 37)]


def test_every_fault_is_injected_or_said_to_be_open() -> None:
    """By a test that is there; a renamed one is noticed here."""
    for name, cells in FAULTS:
        tests = named(cells)
        assert tests or re.search(r"\bopen\b", cells), name
        assert [file for file in tests if not file.is_file()] == [], name


def test_at_least_thirty_of_the_faults_are_automated() -> None:
    """The floor of the programme."""
    assert sum(bool(named(cells)) for _, cells in FAULTS) >= 30
