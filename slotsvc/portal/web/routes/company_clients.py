"""Clients: found, added, let in and shut out; their contacts, interventions, and one to try."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode

from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import Response

from slotsvc.portal.access.contacts import Contact
from slotsvc.portal.company.clients import (
    TEXT_LENGTH,
    Client,
    ClientProblem,
    ClientRefusedError,
    add_client,
    change_ref,
    client_of,
    rename_client,
    search,
    set_access,
)
from slotsvc.portal.company.contacts import Closed, contacts_of, why_closed
from slotsvc.portal.company.engine_clients import clients_to_add
from slotsvc.portal.company.interventions import (
    Intervention,
    choice,
    interventions_of,
    sites_of_client,
)
from slotsvc.portal.company.links import offer_links
from slotsvc.portal.company.units import Unit, all_units, unit_of
from slotsvc.portal.company.unused import InUseError, client_unused, remove_client
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
    """A client with his unit and contacts; with each, what keeps him out. ``unused``: none of them
    ever came in."""

    client: Client
    unit: Unit
    contacts: list[tuple[Contact, list[Closed]]]
    unused: bool


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
    """The form for a new client. ``?unit=`` and ``?ref=`` fill it in."""
    asked = request.query_params
    typed = {"name": "", "ref": asked.get("ref", "")[:TEXT_LENGTH]}
    return await _new_page(request, typed | {"business_unit": asked.get("unit", "")})


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
    known = await sites_of_client(portal_of(request), client)
    notice = "CLIENT_ADDED_REF_UNKNOWN" if known == [] else "CLIENT_ADDED"
    return see_other(f"/company/clients/{client.id}", notice)


@pages.get("/company/clients/{client}", access=Access.STAFF, roles=EVERYBODY)
async def client_page(request: Request) -> Response:
    """The client's record."""
    return await _record_page(request, await _record(request))


@pages.post("/company/clients/{client}", access=Access.STAFF, roles=ADMINISTRATORS)
async def save_client(request: Request) -> Response:
    """Name, the tick for portal access, and the reference as long as it may be corrected."""
    found, form, portal = await _record(request), await request.form(), portal_of(request)
    client, live, actor, now = found.client, found.unit.live, actor_of(request), portal.clock()
    name, on = str(form.get("name", "")), form.get("access") is not None
    ref = str(form.get("ref", client.ref))
    visits = await interventions_of(portal, client, locale_of(request)) if "ref" in form else None
    if ref.strip() != client.ref and not _correctable(found, visits):
        return see_other(f"/company/clients/{client.id}", "REF_IN_USE")

    def work(connection: Connection) -> None:
        change_ref(connection, client, ref, actor, now)
        rename_client(connection, client, name, actor, now)
        set_access(connection, client, on, actor, now)
        if on and live.active and live.permanent_code:
            offer_links(connection, portal.secrets, client.business_unit, actor, now)

    try:
        await portal.database.write(work)
    except ClientRefusedError as error:
        return await _record_page(request, found, error.problems)
    return see_other(f"/company/clients/{client.id}", "SAVED")


@pages.post("/company/clients/{client}/remove", access=Access.STAFF, roles=ADMINISTRATORS)
async def remove(request: Request) -> Response:
    """Takes out a client who was added by mistake."""
    found, portal, actor = await _record(request), portal_of(request), actor_of(request)
    now = portal.clock()
    try:
        await portal.database.write(lambda tx: remove_client(tx, found.client, actor, now))
    except InUseError:
        return see_other(f"/company/clients/{found.client.id}", "CLIENT_IN_USE")
    return see_other("/company/clients", "CLIENT_REMOVED")


def _correctable(found: _Record, visits: list[Intervention] | None) -> bool:
    """Whether the reference is nobody's yet; not while the engine cannot be asked."""
    return found.unused and visits == []


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
        closed = [(each, why_closed(each, bu, now)) for each in contacts]
        return _Record(client, unit, closed, client_unused(connection, client))

    found = await portal.database.read(read)
    if found is None:
        raise ProblemError(Problem.NOT_FOUND)
    return found


async def _record_page(
    request: Request, found: _Record, problems: dict[str, ClientProblem] | None = None
) -> Response:
    portal, locale = portal_of(request), locale_of(request)
    visits = await interventions_of(portal, found.client, locale)
    return render(
        request,
        "company/client.html",
        status=422 if problems else 200,
        client=found.client,
        unit=found.unit,
        zone=found.unit.time_zone,
        contacts=found.contacts,
        errors=_said(request, problems),
        visits=visits,
        unused=found.unused,
        correctable=_correctable(found, visits),
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
        offered=await clients_to_add(portal_of(request)),
        units=[(unit.id, unit.live.company_name or unit.id) for unit in units],
    )


def _said(request: Request, problems: dict[str, ClientProblem] | None) -> dict[str, str]:
    words = words_of(request)
    return {field: words.gettext(_WORDS[each]) for field, each in (problems or {}).items()}
