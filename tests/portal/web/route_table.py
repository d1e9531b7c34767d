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
from tests.portal.portal_fixtures import UNIT, World
from tests.service_fixtures import booked, held, offered

READING, WRITING = "GET", "POST"
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
        return _PARAMETER.sub(lambda found: names[found[1]], self.path)


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
    """A value for every path parameter: things that are there, and are Anna's."""
    client = await world.client("anna-ref")
    contact = await world.contact("Anna", client=client, email="anna@example.org")
    company, calls = world.company, world.service.calls
    site = await world.site("anna-ref", "annas")
    day = (world.clock.now() + timedelta(days=1)).date()
    search = company.search(site, on=day, client="anna-ref")
    first, second = (await offered(calls, search))[:2]
    visit = await booked(calls, first)
    hold = await held(calls, second)
    token, sha256 = new_token(), "c" * 64
    row = {"sha256": sha256, "business_unit": UNIT, "png": b"png", "width": 1, "height": 1}
    await world.insert(LOGOS, **row)
    now = int(world.clock.now().timestamp())
    await world.insert(
        INVITATIONS,
        token_hash=hashed(token),
        kind="CONTACT",
        subject=contact,
        created_at=now,
        expires_at=now + 3600,
    )
    return {
        "bu": UNIT,
        "client": client,
        "contact": contact,
        "staff": await world.staff(),
        "visit": visit.name.rpartition("/")[2],
        "hold": hold.name.rpartition("/")[2],
        "token": token,
        "sha256": sha256,
        "name": "portal.css",
        "zoom": "14",
        "x": "8529",
        "y": "5974",
        "problem": "none",
        "session": "none",
    }
