"""How the demo's ways in are told."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from slotsvc.cli.demo_doors import PEOPLE, Doors, door_lines, doors_json

TOKEN = "x" * 43
URL = "http://127.0.0.1:45678"
DOORS = Doors(
    URL,
    [(who, f"{URL}/riviera/k/{TOKEN}") for _, who in PEOPLE],
    f"{URL}/company/first/{TOKEN}",
    Path("/tmp/letters"),
    "2026-11-23",
)


def test_links_stand_alone_and_whole() -> None:
    """A terminal of 80 columns shows each link on a line of its own, so that it can be clicked."""
    lines = door_lines(DOORS, 80)

    assert max(map(len, lines)) <= 80
    assert {link for _, link in DOORS.links} <= set(lines)
    assert DOORS.administrator in lines
    assert f"{URL}/riviera/login" in lines


def test_an_administrator_who_is_set_up_gets_no_link() -> None:
    """On kept data he signs in as he did before."""
    lines = door_lines(replace(DOORS, administrator=None), 80)

    assert not any("/company/first/" in line for line in lines)
    assert lines[-1] == doors_json(DOORS)["day"] == f"{URL}/company/day?date=2026-11-23"
