"""Every route of the portal, with an address where something real answers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from fastapi.routing import APIRoute

from slotsvc.portal.secrets import hashed, new_token
from slotsvc.portal.tables.schema import INVITATIONS, LOGOS
from slotsvc.portal.web.app import ROUTES
from slotsvc.portal.web.policy import Policy, policy_of
from tests.portal.booking_fixtures import Household, new_site
from tests.portal.portal_fixtures import UNIT, World
from tests.service_fixtures import booked, offered

READING, WRITING = "GET", "POST"
QUESTIONS = {"/{bu}/new/slots": "?type=service&site=annas"}
"""What an address asks beside its path."""

_PARAMETER = re.compile(r"{(\w+)(?::\w+)?}")


@dataclass(frozen=True)
class Known:
    """A route for one method. ``path``: its template."""

    method: str
    path: str
    policy: Policy

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def of_company(self) -> bool:
        """Whether it is for the company's people."""
        return self.path.startswith("/company")

    def at(self, names: dict[str, str]) -> str:
        """Its address. Raises ``KeyError`` for a parameter that nobody gave a value."""

        def value(found: re.Match[str]) -> str:
            own = f"{self.path}#{found[1]}"
            return names[own] if own in names else names[found[1]]

        return _PARAMETER.sub(value, self.path) + QUESTIONS.get(self.path, "")


def all_routes() -> Iterator[Any]:
    """Every registered route, as the application has it."""
    for pages in ROUTES:
        yield from pages.router.routes


def known_routes() -> list[Known]:
    """Every route with its policy, GET and POST apart."""
    found = []
    for route in all_routes():
        policy = policy_of(route)
        assert isinstance(route, APIRoute)
        assert policy is not None
        found += [Known(method, route.path, policy) for method in sorted(route.methods - {"HEAD"})]
    return found


async def names_of(world: World) -> dict[str, str]:
    """A value for every path parameter: things that are there, and are Anna's.

    "{path}#{parameter}" goes before "{parameter}".
    """
    client = await world.client("anna-ref")
    contact = await world.contact("Anna", client=client, email="anna@example.org")
    staff, sha256, first = await world.staff(), "c" * 64, "/company/first/{token}#token"
    await world.insert(LOGOS, sha256=sha256, business_unit=UNIT, png=b"png", width=1, height=1)
    return await _appointments(world, contact) | {
        "bu": UNIT,
        "client": client,
        "contact": contact,
        "staff": staff,
        "token": await _invitation(world, "CONTACT", contact),
        first: await _invitation(world, "STAFF", staff),
        "sha256": sha256,
        "name": "portal.css",
        "zoom": "14",
        "x": "8529",
        "y": "5974",
    }


async def _appointments(world: World, contact: str) -> dict[str, str]:
    """A booked visit of Anna's, and a hold that she made through the portal for another."""
    site, company = await new_site(world, "annas", "anna-ref"), world.company
    anna = Household(world, site, "anna-ref", contact, await world.signed_in_client(contact))
    await anna.show()
    await anna.action("NEW_VISIT")
    day = (world.clock.now() + timedelta(days=3)).date()
    found = await offered(world.service.calls, company.search(site, on=day, client="anna-ref"))
    visit = await booked(world.service.calls, found[0])
    page = await anna.held(await anna.visit(), 5)
    return {"visit": visit.name.rpartition("/")[2], "hold": page.url.path.rpartition("/")[2]}


async def _invitation(world: World, kind: str, subject: str) -> str:
    token, now = new_token(), int(world.clock.now().timestamp())
    row = {"kind": kind, "subject": subject, "created_at": now, "expires_at": now + 3600}
    await world.insert(INVITATIONS, token_hash=hashed(token), **row)
    return token
