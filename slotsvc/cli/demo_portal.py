"""The demo's portal: set up from the packaged company file, and how to get in."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

from slotsvc.cli.clock import utc_now
from slotsvc.cli.demo_doors import ADMINISTRATOR, PEOPLE, UNIT, Doors
from slotsvc.cli.failure import CommandError

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from slotsvc.bootstrap import NoPortal
    from slotsvc.cli.demo_report import DemoReport
    from slotsvc.portal.parts import Portal
    from slotsvc.portal.running import RunningPortal

COMPANY = Path(__file__).parent / "demo_company" / "portal.toml"


async def open_doors(
    portal: RunningPortal | NoPortal, report: DemoReport, begun: float, to_book: str
) -> None:
    """Sets the portal up and tells how to get in; then goes in and books the visit ``to_book``, by
    its id; "": books nothing.

    ``begun``: when the portal began to start, by ``time.perf_counter``.
    """
    if isinstance(portal, str):
        raise CommandError(f"The demo has no portal: {portal}.", "DEMO_MISBEHAVED")
    parts = portal.portal
    await parts.database.write(_set_up)
    report.seconds["portal"] = time.perf_counter() - begun
    day = report.told["days"][0]
    doors = await parts.database.write(lambda connection: _doors(connection, parts, day))
    report.doors(doors)
    if to_book:
        from slotsvc.cli.demo_visitor import book_as_client

        report.visited(await book_as_client(doors, f"/{UNIT}", PEOPLE[0][0], to_book))


def _set_up(connection: Connection) -> None:
    """What the file says; what is there already stays as it is."""
    from slotsvc.portal.company.apply_file import apply_company
    from slotsvc.portal.company.company_file import load_company_file

    apply_company(connection, load_company_file(COMPANY), utc_now(), "demo")


def _doors(connection: Connection, portal: Portal, day: str) -> Doors:
    from slotsvc.portal.access.contacts import everybody_at
    from slotsvc.portal.access.permanent_links import ensure_link

    links = []
    for address, who in PEOPLE:
        (contact,) = everybody_at(connection, address)
        link = ensure_link(connection, portal.secrets, contact.id, portal.public_url, utc_now())
        links.append((who, link))
    sink = portal.options.sink
    assert sink is not None
    return Doors(portal.public_url, links, _administrator(connection, portal), sink, day)


def _administrator(connection: Connection, portal: Portal) -> str | None:
    from slotsvc.portal.access.staff import StaffRefusedError, first_administrator

    try:
        token = first_administrator(connection, portal.secrets, *ADMINISTRATOR, utc_now())
    except StaffRefusedError:
        return None
    return f"{portal.public_url}/company/first/{token}"
