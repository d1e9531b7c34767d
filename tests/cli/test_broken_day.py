"""The broken day, told as the README starts it."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import PROGRAM, ROOT, environment

STEPS = ["sick", "offers", "overrun", "override", "repair", "after"]


def told(home: Path, *args: str, code: int = 0) -> str:
    """What `slotsvc demo broken-day` prints."""
    ended = subprocess.run(
        [*PROGRAM, "demo", "broken-day", *args],
        capture_output=True, text=True, env=environment(home), timeout=150, check=False,
    )  # fmt: skip
    assert ended.returncode == code, ended.stdout + ended.stderr
    return ended.stdout + (ended.stderr if code else "")


@pytest.fixture(scope="module")
def page(home: Path) -> str:
    """The story as text, 80 columns wide."""
    return told(home)


def section(page: str, number: int) -> str:
    """One step of it, as one line of words."""
    parts = re.split(r"^\d\. ", page, flags=re.MULTILINE)
    return " ".join(parts[number].split())


def test_it_fits_two_screens(page: str) -> None:
    """No line is longer than 80 characters, and there are not too many."""
    lines = page.splitlines()
    assert max(map(len, lines)) <= 80
    assert len(lines) <= 70
    assert lines[-1] == "All six steps did what they should."


def test_it_speaks_to_planners(page: str) -> None:
    """No ids, no internal words."""
    assert not re.search(r"v-[0-9a-f]{6}|tenants/|[A-Z]+_[A-Z]+|[Pp]lacement", page)


def test_who_is_sick_has_every_visit_listed(page: str) -> None:
    """Each with what its client was told."""
    first = section(page, 1)
    assert first.startswith("08:05 Paul Fontaine is sick: 5 visits, ")
    assert len(re.findall(r"nobody comes 08:05 absence .*?\d\d:\d\d-\d\d:\d\d", first)) == 5


def test_new_clients_are_served_meanwhile(page: str) -> None:
    """Nobody is sent to who is sick."""
    offers = section(page, 2)
    assert "more driving" in offers
    assert "Paul" not in offers


def test_an_overrun_moves_the_day_and_names_who_is_at_risk(page: str) -> None:
    """Planned times follow the reported ones; the event says it too."""
    overrun = section(page, 3)
    assert "09:43 is now 10:23" in overrun
    assert "AT RISK, 23 min late" in overrun
    assert "Event at 10:17: promise at risk" in overrun


def test_a_move_that_breaks_is_refused_with_sizes_then_made_with_a_reason(page: str) -> None:
    """For whom, and by how much."""
    moved = section(page, 4)
    assert "Refused, nothing has changed." in moved
    assert re.search(r"starts late 15 min Sophie Lambert \S", moved)
    assert 'Made with the reason "Client agreed by phone"' in moved


def test_one_can_always_start_cancel_and_move_away(page: str) -> None:
    """Two visits are moved by hand, the others found a place from the backlog."""
    words = section(page, 5)
    counts = {w: words.count(w + ":") for w in ("Started", "Cancelled", "Moved", "Backlog")}
    assert counts == {"Started": 1, "Cancelled": 1, "Moved": 2, "Backlog": 2}


def test_what_is_left_is_what_happened_and_what_was_decided(page: str) -> None:
    """The list is shorter; a planner's decision stands with its reason."""
    after = section(page, 6)
    assert after.startswith("10:23 Broken before: 9 on 3 days. Now 3:")
    assert "by hand" in after
    assert "Accepted: Client agreed by phone" in after
    assert "Paul" not in after


def test_the_readme_shows_what_it_says(page: str) -> None:
    """Every line of the excerpt is real."""
    readme = (ROOT / "README.md").read_text()
    excerpt = readme.partition("## When the day breaks")[2].split("```")[1].strip().splitlines()
    assert [line for line in excerpt if line.strip() != "…" and line not in page] == []


def test_as_json_it_is_one_object(home: Path) -> None:
    """The steps with their times; the story is the same every time."""
    found: dict[str, Any] = json.loads(told(home, "--json"))
    assert [step["step"] for step in found["steps"]] == STEPS
    assert [step["time"] for step in found["steps"]][:3] == ["08:05", "08:10", "10:17"]
    assert (found["date"], found["visits"]) == ("2027-03-02", 52)
    assert all(step["lines"] for step in found["steps"])


def test_it_keeps_nothing(home: Path) -> None:
    """Options of the other story are refused."""
    assert "neither --port nor --keep-data" in told(home, "--port", "1", code=2)
