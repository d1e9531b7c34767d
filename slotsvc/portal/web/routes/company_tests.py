""" "Probar la experiencia": test interventions on a client's record, made and taken back."""

from __future__ import annotations

from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import Response

from slotsvc.portal.company.clients import Client, client_of
from slotsvc.portal.company.interventions import cancel_test, choice, create_test
from slotsvc.portal.company.units import Unit, unit_of
from slotsvc.portal.visitor import StaffRole
from slotsvc.portal.web.errors import Problem, ProblemError
from slotsvc.portal.web.pages import Pages
from slotsvc.portal.web.policy import Access
from slotsvc.portal.web.render import see_other
from slotsvc.portal.web.request import actor_of, locale_of, portal_of

pages = Pages()
EVERYBODY = {StaffRole.ADMINISTRATOR, StaffRole.PLANNER}


@pages.post("/company/clients/{client}/test", access=Access.STAFF, roles=EVERYBODY)
async def create_test_visit(request: Request) -> Response:
    """A test intervention that the client finds in his portal."""
    (client, unit), form = await _client(request), await request.form()
    portal, url = portal_of(request), f"/company/clients/{client.id}"
    site, activity = str(form.get("site", "")), str(form.get("activity", ""))
    offered = await choice(portal, client, locale_of(request))
    known = site in [each.name for each in offered.sites]
    if not known or activity not in [name for name, _ in offered.activities]:
        return see_other(url, "TEST_NOT_POSSIBLE")
    request_id, actor = str(form.get("request_id", ""))[:100], actor_of(request)
    await create_test(portal, client, unit, site, activity, request_id, actor)
    return see_other(url, "TEST_CREATED")


@pages.post("/company/clients/{client}/tests/{visit}/cancel", access=Access.STAFF, roles=EVERYBODY)
async def cancel_test_visit(request: Request) -> Response:
    """Takes a test intervention back, wherever the trial has brought it."""
    client, _ = await _client(request)
    visit, actor = request.path_params["visit"], actor_of(request)
    try:
        done = await cancel_test(portal_of(request), client, visit, actor)
    except LookupError:
        raise ProblemError(Problem.NOT_FOUND) from None
    notice = "TEST_CANCELLED" if done else "TEST_NOT_CANCELLED"
    return see_other(f"/company/clients/{client.id}", notice)


async def _client(request: Request) -> tuple[Client, Unit]:
    id = request.path_params["client"]

    def read(connection: Connection) -> tuple[Client, Unit] | None:
        client = client_of(connection, id)
        unit = client and unit_of(connection, client.business_unit)
        return (client, unit) if client and unit else None

    found = await portal_of(request).database.read(read)
    if found is None:
        raise ProblemError(Problem.NOT_FOUND)
    return found
