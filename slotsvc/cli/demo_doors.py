"""The ways into the demo's portal, as text or JSON. Links stand on lines of their own, unbroken."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from slotsvc.cli.program import program
from slotsvc.cli.screen import paragraph

if TYPE_CHECKING:
    from slotsvc.cli.demo_portal import Doors


def doors_json(doors: Doors) -> dict[str, Any]:
    """With stable keys."""
    from slotsvc.cli.demo_portal import ADMINISTRATOR, PEOPLE, UNIT

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
    from slotsvc.cli.demo_portal import PEOPLE

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
    from slotsvc.cli.demo_portal import ADMINISTRATOR

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
