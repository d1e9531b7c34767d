"""Pages of every access, which say whom the guard let in; behind the real guard and gate."""

from __future__ import annotations

import httpx
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from slotsvc.portal.visitor import ClientVisitor, StaffRole
from slotsvc.portal.web.app import application
from slotsvc.portal.web.pages import Pages
from slotsvc.portal.web.policy import Access
from slotsvc.portal.web.render import render
from slotsvc.portal.web.request import visitor_of
from tests.portal.portal_fixtures import Visitor, World

pages = Pages()

PUBLIC, CLIENT, PROVEN = "/riviera/public", "/riviera/mine", "/riviera/secret"
STAFF, ADMINISTRATOR = "/company/work", "/company/rules"
EVERYBODY = {StaffRole.PLANNER, StaffRole.ADMINISTRATOR}


def told(request: Request) -> Response:
    """Who is let in, as one word."""
    visitor = visitor_of(request)
    if visitor is None:
        return PlainTextResponse("nobody")
    if isinstance(visitor, ClientVisitor):
        through = f" seen by {visitor.viewed_by}" if visitor.viewed_by else ""
        return PlainTextResponse(visitor.name + through)
    return PlainTextResponse(visitor.role.value)


async def answer(request: Request) -> Response:
    """The page."""
    if request.query_params.get("page"):
        return render(request, "start/units.html", units=[])
    if request.query_params.get("broken"):
        raise RuntimeError("slk_secret 4111 of anna@example.org")
    return told(request)


for path, access, roles in (
    ("/{bu}/public", Access.PUBLIC, None),
    ("/{bu}/mine", Access.CLIENT, None),
    ("/{bu}/secret", Access.PROVEN, None),
    ("/company/work", Access.STAFF, EVERYBODY),
    ("/company/rules", Access.STAFF, {StaffRole.ADMINISTRATOR}),
):
    pages.get(path, access=access, roles=roles)(answer)
    pages.post(path, access=access, roles=roles)(answer)


def probing(world: World, visitor: Visitor) -> Visitor:
    """The visitor with his cookies, at the probe pages of the same portal."""
    app = application(world.portal, world.address, [pages])
    transport = httpx.ASGITransport(app=app, client=("127.0.0.1", 1))
    probe = Visitor(httpx.AsyncClient(transport=transport, base_url=world.url))
    probe.cookies = dict(visitor.cookies)
    return probe
