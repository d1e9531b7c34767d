"""Clients: found, added, let in and shut out; their contacts, interventions, and one to try."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode

from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import Response

from slotsvc.portal.access.contacts import Contact
from slotsvc.portal.company.clients import (
    Client,
    ClientProblem,
    ClientRefusedError,
    add_client,
    client_of,
    rename_client,
    search,
    set_access,
)
from slotsvc.portal.company.contacts import Closed, contacts_of, why_closed
from slotsvc.portal.company.interventions import choice, create_test, interventions_of
from slotsvc.portal.company.links import offer_links
from slotsvc.portal.company.units import Unit, all_units, unit_of
from slotsvc.portal.languages import marked
from slotsvc.portal.secrets import new_token
from slotsvc.portal.unit_settings import shown_unit
from slotsvc.portal.visitor import StaffRole
from slotsvc.portal.web.errors import Problem, ProblemError
from slotsvc.portal.web.pages import Pages
from slotsvc.portal.web.policy import Access
from slotsvc.portal.web.render import render, see_other
from slotsvc.portal.web.request import actor_of, locale_of, portal_of, words_of

pages = Pages()
EVERYBODY = {StaffRole.ADMINISTRATOR, StaffRole.PLANNER}
ADMINISTRATORS = {StaffRole.ADMINISTRATOR}
_WORDS_LENGTH = 100
_WORDS = {
    ClientProblem.MISSING: marked("Please fill this in."),
    ClientProblem.TOO_LONG: marked("This is too long."),
    ClientProblem.REF_TAKEN: marked("Another client of this unit has this reference."),
    ClientProblem.UNKNOWN_UNIT: marked("Please choose a business unit."),
}


@dataclass(frozen=True, slots=True)
class _Record:
    """A client with his unit and contacts; with each, what keeps him out."""

    client: Client
    unit: Unit
    contacts: list[tuple[Contact, list[Closed]]]


@pages.get("/company/clients", access=Access.STAFF, roles=EVERYBODY)
async def clients(request: Request) -> Response:
    """``?q=`` words, ``?unit=`` one unit, ``?page=`` from 1."""
    asked = request.query_params
    words, bu = asked.get("q", "")[:_WORDS_LENGTH], asked.get("unit", "")
    typed = asked.get("page", "1")
    page = int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 7 else 1
    read = portal_of(request).database.read
    found, units = await read(lambda tx: (search(tx, words, bu or None, page), all_units(tx)))

    def address(number: int) -> str:
        return "/company/clients?" + urlencode({"q": words, "unit": bu, "page": number})

    return render(
        request,
        "company/clients.html",
        found=found,
        words=words,
        unit=bu,
        units=units,
        names={unit.id: unit.live.company_name or unit.id for unit in units},
        before=address(found.page - 1) if found.page > 1 else None,
        after=address(found.page + 1) if found.page < found.pages else None,
    )


@pages.get("/company/clients/new", access=Access.STAFF, roles=ADMINISTRATORS)
async def new_client(request: Request) -> Response:
    """The form for a new client."""
    unit = request.query_params.get("unit", "")
    return await _new_page(request, {"name": "", "ref": "", "business_unit": unit})


@pages.post("/company/clients/new", access=Access.STAFF, roles=ADMINISTRATORS)
async def create_client(request: Request) -> Response:
    """Adds the client."""
    form = await request.form()
    typed = {name: str(form.get(name, "")) for name in ("name", "ref", "business_unit")}
    actor, now = actor_of(request), portal_of(request).clock()
    try:
        client = await portal_of(request).database.write(
            lambda tx: add_client(
                tx, typed["business_unit"], typed["name"], typed["ref"], actor, now
            )
        )
    except ClientRefusedError as error:
        return await _new_page(request, typed, error.problems)
    return see_other(f"/company/clients/{client.id}", "CLIENT_ADDED")


@pages.get("/company/clients/{client}", access=Access.STAFF, roles=EVERYBODY)
async def client_page(request: Request) -> Response:
    """The client's record."""
    return await _record_page(request, await _record(request))


@pages.post("/company/clients/{client}", access=Access.STAFF, roles=ADMINISTRATORS)
async def save_client(request: Request) -> Response:
    """Name, and the tick for portal access."""
    found, form, portal = await _record(request), await request.form(), portal_of(request)
    client, live, actor, now = found.client, found.unit.live, actor_of(request), portal.clock()
    name, on = str(form.get("name", "")), form.get("access") is not None

    def work(connection: Connection) -> None:
        rename_client(connection, client, name, actor, now)
        set_access(connection, client, on, actor, now)
        if on and live.active and live.permanent_code:
            offer_links(connection, portal.secrets, client.business_unit, actor, now)

    try:
        await portal.database.write(work)
    except ClientRefusedError as error:
        return await _record_page(request, found, error.problems)
    return see_other(f"/company/clients/{client.id}", "SAVED")


@pages.post("/company/clients/{client}/test", access=Access.STAFF, roles=EVERYBODY)
async def create_test_visit(request: Request) -> Response:
    """ "Probar la experiencia": a test intervention that the client finds in his portal."""
    found, form, portal = await _record(request), await request.form(), portal_of(request)
    site, activity = str(form.get("site", "")), str(form.get("activity", ""))
    offered = await choice(portal, found.client, locale_of(request))
    url = f"/company/clients/{found.client.id}"
    known = site in [each.name for each in offered.sites]
    if not known or activity not in [name for name, _ in offered.activities]:
        return see_other(url, "TEST_NOT_POSSIBLE")
    request_id, actor = str(form.get("request_id", ""))[:100], actor_of(request)
    await create_test(portal, found.client, found.unit, site, activity, request_id, actor)
    return see_other(url, "TEST_CREATED")


async def _record(request: Request) -> _Record:
    id, portal = request.path_params["client"], portal_of(request)
    now = portal.clock()

    def read(connection: Connection) -> _Record | None:
        client = client_of(connection, id)
        unit = unit_of(connection, client.business_unit) if client else None
        if client is None or unit is None:
            return None
        bu = shown_unit(unit, unit.live)
        contacts = contacts_of(connection, client.id)
        return _Record(client, unit, [(each, why_closed(each, bu, now)) for each in contacts])

    found = await portal.database.read(read)
    if found is None:
        raise ProblemError(Problem.NOT_FOUND)
    return found


async def _record_page(
    request: Request, found: _Record, problems: dict[str, ClientProblem] | None = None
) -> Response:
    portal, locale = portal_of(request), locale_of(request)
    return render(
        request,
        "company/client.html",
        status=422 if problems else 200,
        client=found.client,
        unit=found.unit,
        zone=found.unit.time_zone,
        contacts=found.contacts,
        errors=_said(request, problems),
        visits=await interventions_of(portal, found.client, locale),
        choice=await choice(portal, found.client, locale),
        request_id=new_token(),
    )


async def _new_page(
    request: Request, typed: dict[str, str], problems: dict[str, ClientProblem] | None = None
) -> Response:
    units = await portal_of(request).database.read(all_units)
    return render(
        request,
        "company/new_client.html",
        status=422 if problems else 200,
        form=typed,
        errors=_said(request, problems),
        units=[(unit.id, unit.live.company_name or unit.id) for unit in units],
    )


def _said(request: Request, problems: dict[str, ClientProblem] | None) -> dict[str, str]:
    words = words_of(request)
    return {field: words.gettext(_WORDS[each]) for field, each in (problems or {}).items()}
