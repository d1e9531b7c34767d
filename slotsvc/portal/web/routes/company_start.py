"""The company's first page: what is set up, what is missing, and where to do it."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from slotsvc.portal.company.checklist import checklists
from slotsvc.portal.visitor import StaffRole
from slotsvc.portal.web.pages import Pages
from slotsvc.portal.web.policy import Access
from slotsvc.portal.web.render import render, see_other
from slotsvc.portal.web.request import portal_of

pages = Pages()
EVERYBODY = {StaffRole.ADMINISTRATOR, StaffRole.PLANNER}


@pages.get("/company", access=Access.PUBLIC)
async def without_slash(request: Request) -> Response:
    """What people type."""
    return see_other("/company/")


@pages.get("/company/", access=Access.STAFF, roles=EVERYBODY)
async def start(request: Request) -> Response:
    """A checklist for each business unit."""
    found = await portal_of(request).database.read(checklists)
    return render(request, "company/start.html", checklists=found)
