"""Access for all current clients of a unit at once: who would change, then doing it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response

from slotsvc.portal.company.bulk import OutdatedPreviewError, apply, preview
from slotsvc.portal.company.links import offer_links
from slotsvc.portal.company.units import Unit, unit_of
from slotsvc.portal.parts import Portal
from slotsvc.portal.visitor import StaffRole
from slotsvc.portal.web.errors import Problem, ProblemError
from slotsvc.portal.web.pages import Pages
from slotsvc.portal.web.policy import Access
from slotsvc.portal.web.render import render, see_other
from slotsvc.portal.web.request import actor_of, portal_of

pages = Pages()
ADMINISTRATORS = {StaffRole.ADMINISTRATOR}
SHOWN = 200


@pages.post("/company/units/{bu}/bulk", access=Access.STAFF, roles=ADMINISTRATORS)
async def bulk(request: Request) -> Response:
    """Who would change. Changes nothing."""
    on, with_contacts = _asked(await request.form())
    return await _preview_page(request, on, with_contacts)


@pages.post("/company/units/{bu}/bulk/apply", access=Access.STAFF, roles=ADMINISTRATORS)
async def bulk_apply(request: Request) -> Response:
    """Does what was shown; where it would not be the same any more, shows it again."""
    form, portal = await request.form(), portal_of(request)
    unit, seen = await _unit(request), str(form.get("seen", ""))
    on, with_contacts = _asked(form)
    actor, now = actor_of(request), portal.clock()
    try:
        await portal.database.write(
            lambda tx: _applied(tx, portal, unit, seen, on, with_contacts, actor, now)
        )
    except OutdatedPreviewError:
        return await _preview_page(request, on, with_contacts, outdated=True)
    return see_other(f"/company/clients?unit={unit.id}", "BULK_DONE")


def _applied(
    connection: Connection, portal: Portal, unit: Unit, seen: str, on: bool, with_contacts: bool,
    actor: str, now: datetime,
) -> None:  # fmt: skip
    apply(connection, unit.id, seen, on, with_contacts, actor, now)
    if on and unit.live.active and unit.live.permanent_code:
        offer_links(connection, portal.secrets, unit.id, actor, now)


def _asked(form: FormData) -> tuple[bool, bool]:
    """Whether to activate; whether contacts become portal users."""
    on = form.get("on")
    if on not in ("yes", "no"):
        raise ProblemError(Problem.BAD_REQUEST)
    return on == "yes", form.get("with_contacts") is not None


async def _preview_page(
    request: Request, on: bool, with_contacts: bool, outdated: bool = False
) -> Response:
    unit = await _unit(request)
    database = portal_of(request).database
    planned = await database.read(lambda tx: preview(tx, unit.id, on, with_contacts))
    return render(
        request,
        "company/bulk.html",
        status=409 if outdated else 200,
        unit=unit,
        planned=planned,
        shown=SHOWN,
        outdated=outdated,
    )


async def _unit(request: Request) -> Unit:
    bu = request.path_params["bu"]
    unit = await portal_of(request).database.read(lambda tx: unit_of(tx, bu))
    if unit is None:
        raise ProblemError(Problem.NOT_FOUND)
    return unit
