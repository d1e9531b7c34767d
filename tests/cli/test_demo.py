"""The demo as the README starts it."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.cli.conftest import PROGRAM, environment

STEPS = ["hold", "confirm", "reschedule", "cancel"]
PAGES = [
    "sign-in page", "e-mail address typed", "letter with the code", "code typed",
    "my interventions", "the intervention", "windows", "window chosen", "confirmed",
]  # fmt: skip


FOR_CLIENTS = 4
"""Visits of the portal's clients that stay after a run: three from the start, one booked."""


def run(home: Path, *args: str) -> str:
    """What a demo that ends well prints."""
    ended = subprocess.run(
        [*PROGRAM, "demo", "--once", *args],
        capture_output=True, text=True, env=environment(home), timeout=150, check=False,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where a demo's company is kept."""
    return tmp_path_factory.mktemp("kept")


@pytest.fixture(scope="module")
def first(home: Path, kept: Path) -> dict[str, Any]:
    """What the first demo on a fresh directory says."""
    told: dict[str, Any] = json.loads(run(home, "--json", "--keep-data", str(kept)))
    return told


def test_the_demo_sets_up_a_busy_team(demo: dict[str, Any]) -> None:
    """Twelve technicians, ten working days about 60 % full, five slots, a proof."""
    assert (demo["technicians"], demo["sites"], len(demo["days"])) == (12, 60, 10)
    assert 0.55 < demo["full"] < 0.7
    assert len(demo["suggestion"]["slots"]) == 5
    assert len({r["reason"] for r in demo["suggestion"]["rejections"]}) == 2
    assert demo["suggestion"]["receipt"]["proof"] == "PROOF_EXACT"
    assert demo["steps"] == []


def test_once_goes_through_every_step(first: dict[str, Any]) -> None:
    """After the search: hold, confirm, reschedule, cancel, each with what changed."""
    assert [step["step"] for step in first["steps"]] == STEPS
    hold, confirm, _, cancel = first["steps"]
    assert hold["routes"][0]["before"] != hold["routes"][0]["after"]
    assert confirm["routes"][0]["before"] == confirm["routes"][0]["after"]
    assert cancel["window"] == ""


def test_the_portal_opens_for_three_people(demo: dict[str, Any]) -> None:
    """Each has a permanent link, which opens a page with one button and changes nothing."""
    portal = demo["portal"]

    assert [one["email"] for one in portal["clients"]] == [
        "camille@example.com",
        "marc@azur.example",
        "lea@example.com",
    ]
    for one in portal["clients"]:
        opened = httpx.get(one["link"], trust_env=False)
        assert opened.status_code == 200
        assert "Riviera Services" in opened.text
    assert httpx.get(portal["administrator"]["link"], trust_env=False).status_code == 200
    assert portal["day"].endswith(f"/company/day?date={demo['days'][0]}")


def test_once_a_client_books_through_the_portal(first: dict[str, Any]) -> None:
    """She signs in with the code of the letter, and each page has its time."""
    pages = {one["page"]: one["milliseconds"] for one in first["portal"]["pages"]}

    assert list(pages) == PAGES
    assert all(took > 0 for took in pages.values())


def test_the_demo_is_the_same_every_time(first: dict[str, Any], demo: dict[str, Any]) -> None:
    """Another fresh start has as many visits, and offers the same windows of the same people."""
    assert first["visits"] == demo["visits"]
    assert offered(first["suggestion"]["slots"]) == offered(demo["suggestion"]["slots"])


def offered(slots: Sequence[dict[str, Any]]) -> list[tuple[Any, str]]:
    return [(slot["window"], slot["place"]["technician"]) for slot in slots]


def test_kept_data_is_used_again(home: Path, kept: Path, first: dict[str, Any]) -> None:
    """The second run fills nothing and does the steps again; its text fits 80 columns."""
    text = run(home, "--keep-data", str(kept))

    assert max(map(len, text.splitlines())) <= 80
    words = " ".join(text.split())
    assert "© OpenStreetMap contributors" in words
    assert f"{first['visits'] + FOR_CLIENTS} visits: " in words
    assert "Kept from before." in words
    assert "Proof: EXACT" in words
    for number, step in enumerate(STEPS, start=2):
        assert f"{number}. {step}: " in words
    assert "All five steps did what they should" in words
    assert "Camille signs in and books: " in words
