""" "See what this client sees": starts and ends; in between, the client's own pages answer."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from slotsvc.portal.company.contacts import contact_unit
from slotsvc.portal.company.view_as import end_view, start_view
from slotsvc.portal.visitor import StaffRole
from slotsvc.portal.web.errors import Problem, ProblemError
from slotsvc.portal.web.pages import Pages
from slotsvc.portal.web.policy import Access
from slotsvc.portal.web.render import see_other
from slotsvc.portal.web.request import actor_of, portal_of, staff_of

pages = Pages()
EVERYBODY = {StaffRole.ADMINISTRATOR, StaffRole.PLANNER}


@pages.post("/company/contacts/{contact}/view", access=Access.STAFF, roles=EVERYBODY)
async def view(request: Request) -> Response:
    """Shows the portal as the contact sees it."""
    id, portal, session = (
        request.path_params["contact"],
        portal_of(request),
        staff_of(request).session,
    )
    found = await portal.database.read(lambda tx: contact_unit(tx, id))
    if found is None:
        raise ProblemError(Problem.NOT_FOUND)
    contact, bu = found
    if not bu.active:
        return see_other(f"/company/contacts/{contact.id}", "UNIT_NOT_ACTIVE")
    actor = actor_of(request)
    await portal.database.write(lambda tx: start_view(tx, session, contact, actor, portal.clock()))
    return see_other(f"/{bu.id}/")


@pages.post("/company/view/end", access=Access.STAFF, roles=EVERYBODY)
async def end(request: Request) -> Response:
    """The button of the banner: back to the record."""
    portal, session, actor = portal_of(request), staff_of(request).session, actor_of(request)
    contact = await portal.database.write(lambda tx: end_view(tx, session, actor, portal.clock()))
    return see_other(f"/company/contacts/{contact.id}" if contact else "/company/clients")
