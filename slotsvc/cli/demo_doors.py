"""The ways into the demo's portal, as text or JSON. Links stand on lines of their own, unbroken."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from slotsvc.cli.program import program
from slotsvc.cli.screen import paragraph

UNIT = "riviera"
ADMINISTRATOR = ("ada@riviera.example", "Ada Giordano")
PEOPLE = (
    ("camille@example.com", "Camille Moreau, who has a boiler service to book"),
    ("marc@azur.example", "Marc Roux, who manages four houses"),
    ("lea@example.com", "Léa Fontaine, who lives in one of them"),
)
"""E-mail addresses of the company file's contacts, and who they are."""


@dataclass(frozen=True, slots=True)
class Doors:
    """The ways in. ``links``: (who, permanent link). ``administrator``: a one-time link; None: he
    has chosen a password before. ``letters``: where codes land. ``day``: the first one planned."""

    url: str
    links: list[tuple[str, str]]
    administrator: str | None
    letters: Path
    day: str


def doors_json(doors: Doors) -> dict[str, Any]:
    """With stable keys."""
    links = [
        {"email": address, "who": who, "link": link}
        for (address, _), (who, link) in zip(PEOPLE, doors.links, strict=True)
    ]
    return {
        "url": doors.url,
        "clients": links,
        "login": f"{doors.url}/{UNIT}/login",
        "letters": str(doors.letters),
        "administrator": {"email": ADMINISTRATOR[0], "link": doors.administrator},
        "company": f"{doors.url}/company/",
        "day": f"{doors.url}/company/day?date={doors.day}",
    }


def door_lines(doors: Doors, width: int) -> list[str]:
    """What to open, as whom."""
    lines = []
    for (who, link), (address, _) in zip(doors.links, PEOPLE, strict=True):
        lines += [*paragraph(f"As {who} ({address}):", width), link]
    told = doors_json(doors)
    lines += [
        "",
        "Or sign in with one of these e-mail addresses:",
        told["login"],
        "The code lands as a file in:",
        str(doors.letters),
        "",
        *_administrator_lines(doors, width),
    ]
    return lines


def _administrator_lines(doors: Doors, width: int) -> list[str]:
    address, name = ADMINISTRATOR
    day = doors_json(doors)["day"]
    if doors.administrator is None:
        text = f"As {name} of the company ({address}), with the password chosen before:"
        return [*paragraph(text, width), day]
    text = (
        f"As {name} of the company ({address}): this link works once. Choose a password; for the "
        'second step scan the picture, or give the key behind "I cannot scan it" to the command.'
    )
    return [
        *paragraph(text, width),
        doors.administrator,
        f"  {program()} portal code KEY",
        "Then the day, with the routes on the map:",
        day,
    ]
