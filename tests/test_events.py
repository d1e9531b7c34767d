"""The page about events and the code name the same kinds."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from slotsvc.scheduling.calendar_ports import Entity
from slotsvc.scheduling.calendars import _word

ROOT = Path(__file__).resolve().parent.parent
WRITERS = ("slotsvc/scheduling", "slotsvc/store", "slotsvc/server", "slotsvc/bootstrap")
FAMILY = re.compile(r"(?:VISIT|HOLD|MOVE|PROMISE|ROUTES?|API_KEY|JOB)(?:_[A-Z]+)+|STORE_RESTORED")
"""Kinds that the code writes out; those of what a company sets up are put together."""


def modules() -> dict[Path, ast.Module]:
    """What may write events."""
    found = [ROOT / place for place in WRITERS]
    paths = [p for place in found for p in ([place] if place.is_file() else place.rglob("*.py"))]
    return {path: ast.parse(path.read_text()) for path in paths}


def written_out() -> set[str]:
    """Strings of the code that are kinds; docstrings and error reasons are none."""
    strings = {
        node.value
        for tree in modules().values()
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    return {text for text in strings if FAMILY.fullmatch(text)}


def put_together() -> set[str]:
    """Kinds of what a company sets up."""
    words = [_word(kind).replace(" ", "_").upper() for kind in Entity.__value__.__args__]
    return {f"{word}_{verb}" for word in words for verb in ("CREATED", "UPDATED", "DELETED")}


def documented() -> list[str]:
    """Kinds in the first column of the page's table."""
    page = (ROOT / "docs/events.md").read_text()
    rows = re.findall(r"^\| (`[A-Z].*?) \|", page, re.MULTILINE)
    return [kind for row in rows for kind in re.findall(r"`([A-Z_]+)`", row)]


def test_every_kind_is_documented_and_none_is_made_up() -> None:
    """A caller finds each kind that can come, and no kind that never does."""
    told = documented()

    assert len(told) == len(set(told))
    assert set(told) == written_out() | put_together()


def test_kinds_are_words_of_known_families() -> None:
    """A kind that is given to an ``Event`` as text is one that the test above would find."""
    known = put_together()
    strange = {
        f"{path.relative_to(ROOT)}:{node.lineno}": kind.value
        for path, tree in modules().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
        if node.func.id == "Event" and node.args
        if isinstance(kind := node.args[0], ast.Constant) and not FAMILY.fullmatch(str(kind.value))
        if kind.value not in known
    }

    assert strange == {}
