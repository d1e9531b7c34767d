"""Contacts on a client's record: added, changed, invited."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response

from slotsvc.portal.access.contacts import Contact, contact_by_id, forgive
from slotsvc.portal.access.invitations import LIFETIME, invitation_url, invite
from slotsvc.portal.company.clients import Client, client_of
from slotsvc.portal.company.contacts import (
    Closed,
    ContactData,
    ContactProblem,
    ContactRefusedError,
    add_contact,
    change_contact,
    data_of,
    judged,
    sharing,
    why_closed,
)
from slotsvc.portal.company.interventions import sites_of_client
from slotsvc.portal.company.links import offer_links, tell
from slotsvc.portal.company.units import Unit, unit_of
from slotsvc.portal.company.unused import InUseError, contact_unused, remove_contact
from slotsvc.portal.languages import NAMES, marked
from slotsvc.portal.messages.letters import Channel
from slotsvc.portal.messages.reader import Reader
from slotsvc.portal.messages.texts import invitation
from slotsvc.portal.parts import Portal
from slotsvc.portal.unit_settings import shown_unit
from slotsvc.portal.visitor import BusinessUnit, StaffRole
from slotsvc.portal.web.errors import Problem, ProblemError
from slotsvc.portal.web.pages import Pages
from slotsvc.portal.web.policy import Access
from slotsvc.portal.web.render import render, see_other
from slotsvc.portal.web.request import actor_of, portal_of, words_of

pages = Pages()
EVERYBODY = {StaffRole.ADMINISTRATOR, StaffRole.PLANNER}
ADMINISTRATORS = {StaffRole.ADMINISTRATOR}
_TEXTS = ("name", "email", "phone", "locale", "access_from", "access_until")
_WORDS = {
    ContactProblem.MISSING: marked("Please fill this in."),
    ContactProblem.TOO_LONG: marked("This is too long."),
    ContactProblem.NOT_AN_EMAIL: marked("This is not an e-mail address, such as name@example.org."),
    ContactProblem.NOT_A_PHONE: marked("This is not a telephone number, such as +377 97 00 00 00."),
    ContactProblem.NOT_A_DATE: marked("This is not a date."),
    ContactProblem.ENDS_BEFORE_START: marked("This day is before the first one."),
    ContactProblem.NO_SITE: marked("Choose at least one site, or all of them."),
    ContactProblem.UNKNOWN_SITE: marked("One of these sites is not the client's any more."),
    ContactProblem.UNKNOWN_LANGUAGE: marked(
        "The portal of this unit does not speak this language."
    ),
}
CLOSED_WORDS = {
    Closed.UNIT_INACTIVE: marked("The portal of the business unit is not active."),
    Closed.NO_ACCESS: marked("The client has no access to the portal."),
    Closed.NOT_A_USER: marked("The contact is not a portal user."),
    Closed.TOO_EARLY: marked("The first day of access is still to come."),
    Closed.TOO_LATE: marked("The last day of access is over."),
    Closed.NO_ADDRESS: marked(
        "There is neither an e-mail nor a telephone, nor a link, to come in with."
    ),
}


@pages.get("/company/clients/{client}/contacts/new", access=Access.STAFF, roles=ADMINISTRATORS)
async def new_contact(request: Request) -> Response:
    """The form for a new contact."""
    client, unit = await _client(request)
    data = ContactData(name="", portal_user=unit.live.default_access)
    return await _form_page(request, client, unit, data)


@pages.post("/company/clients/{client}/contacts/new", access=Access.STAFF, roles=ADMINISTRATORS)
async def create_contact(request: Request) -> Response:
    """Adds the contact."""
    client, unit = await _client(request)
    typed = _typed(await request.form())
    sites = await sites_of_client(portal_of(request), client)
    try:
        data = judged(typed, bu_as_shown(unit), frozenset(site.name for site in sites or ()))
    except ContactRefusedError as error:
        return await _form_page(request, client, unit, typed, errors=error.problems)
    portal, actor = portal_of(request), actor_of(request)
    now = portal.clock()

    def work(connection: Connection) -> str:
        contact = add_contact(connection, client, data, actor, now)
        _offer(connection, portal, unit, actor, now)
        return contact

    contact = await portal.database.write(work)
    return see_other(f"/company/contacts/{contact}", "CONTACT_SAVED")


@pages.get("/company/contacts/{contact}", access=Access.STAFF, roles=EVERYBODY)
async def contact_page(request: Request) -> Response:
    """One contact: data, why he can or cannot come in, link, invitation."""
    contact = await contact_in(request)
    client, unit = await _client(request, contact.client_id)
    data = await portal_of(request).database.read(lambda tx: data_of(tx, contact))
    return await _form_page(request, client, unit, data, contact)


@pages.post("/company/contacts/{contact}", access=Access.STAFF, roles=ADMINISTRATORS)
async def save_contact(request: Request) -> Response:
    """Saves what was typed."""
    contact = await contact_in(request)
    client, unit = await _client(request, contact.client_id)
    typed = _typed(await request.form())
    sites = await sites_of_client(portal_of(request), client)
    known = frozenset(site.name for site in sites) if sites is not None else frozenset(typed.sites)
    try:
        data = judged(typed, bu_as_shown(unit), known)
    except ContactRefusedError as error:
        return await _form_page(request, client, unit, typed, contact, error.problems)
    portal, actor = portal_of(request), actor_of(request)
    now = portal.clock()

    def work(connection: Connection) -> list[str]:
        changed = change_contact(connection, contact, data, actor, now)
        _offer(connection, portal, unit, actor, now)
        return changed

    changed = await portal.database.write(work)
    dead = contact.link_hash is not None and {"email", "phone"} & set(changed)
    notice = "CONTACT_SAVED_LINK_DEAD" if dead else "CONTACT_SAVED"
    return see_other(f"/company/contacts/{contact.id}", notice)


@pages.post("/company/contacts/{contact}/invite", access=Access.STAFF, roles=ADMINISTRATORS)
async def invite_contact(request: Request) -> Response:
    """Sends a link to choose a user name and a password: neither is ever mailed (S9)."""
    contact = await contact_in(request)
    _, unit = await _client(request, contact.client_id)
    url, portal = f"/company/contacts/{contact.id}", portal_of(request)
    bu, actor, now = bu_as_shown(unit), actor_of(request), portal.clock()
    if contact.email is None or not contact.may_come_in(bu, now):
        return see_other(url, "CANNOT_INVITE")
    address, hours = contact.email, int(LIFETIME.total_seconds()) // 3600

    def work(connection: Connection) -> None:
        token = invite(connection, contact.id, now)
        reader = Reader(bu, Channel.MAIL, address, contact.locale or bu.locales[0], contact.name)
        link = invitation_url(portal.public_url, bu.id, token)
        letter = invitation(reader, link, hours, now + LIFETIME, contact.user_name or "")
        portal.outbox.put(connection, letter)
        tell(connection, contact, "CONTACT_INVITED", actor, now)

    await portal.database.write(work)
    portal.outbox.wake()
    return see_other(url, "CONTACT_INVITED")


@pages.post("/company/contacts/{contact}/forgive", access=Access.STAFF, roles=ADMINISTRATORS)
async def forgive_contact(request: Request) -> Response:
    """Codes work again after too many wrong ones."""
    contact, portal, actor = await contact_in(request), portal_of(request), actor_of(request)
    now = portal.clock()

    def work(connection: Connection) -> None:
        forgive(connection, [contact.id])
        tell(connection, contact, "CODES_FORGIVEN", actor, now)

    await portal.database.write(work)
    return see_other(f"/company/contacts/{contact.id}", "SAVED")


@pages.post("/company/contacts/{contact}/remove", access=Access.STAFF, roles=ADMINISTRATORS)
async def remove(request: Request) -> Response:
    """Takes out a contact who was added by mistake."""
    contact, portal, actor = await contact_in(request), portal_of(request), actor_of(request)
    now = portal.clock()
    try:
        await portal.database.write(lambda tx: remove_contact(tx, contact, actor, now))
    except InUseError:
        return see_other(f"/company/contacts/{contact.id}", "CONTACT_IN_USE")
    return see_other(f"/company/clients/{contact.client_id}", "CONTACT_REMOVED")


async def contact_in(request: Request) -> Contact:
    """The contact in the path."""
    id = request.path_params["contact"]
    contact = await portal_of(request).database.read(lambda tx: contact_by_id(tx, id))
    if contact is None:
        raise ProblemError(Problem.NOT_FOUND)
    return contact


def bu_as_shown(unit: Unit) -> BusinessUnit:
    """The unit with its settings in force."""
    return shown_unit(unit, unit.live)


def _offer(connection: Connection, portal: Portal, unit: Unit, actor: str, now: datetime) -> None:
    if unit.live.active and unit.live.permanent_code:
        offer_links(connection, portal.secrets, unit.id, actor, now)


async def _client(request: Request, id: str | None = None) -> tuple[Client, Unit]:
    wanted = id or request.path_params["client"]

    def read(connection: Connection) -> tuple[Client, Unit] | None:
        client = client_of(connection, wanted)
        unit = client and unit_of(connection, client.business_unit)
        return (client, unit) if client and unit else None

    found = await portal_of(request).database.read(read)
    if found is None:
        raise ProblemError(Problem.NOT_FOUND)
    return found


def _typed(form: FormData) -> ContactData:
    texts = {name: str(form.get(name, "")).strip() for name in _TEXTS}
    return ContactData(
        name=texts["name"],
        email=texts["email"],
        phone=texts["phone"],
        locale=texts["locale"],
        access_from=texts["access_from"],
        access_until=texts["access_until"],
        portal_user=form.get("portal_user") is not None,
        all_sites=form.get("scope", "all") == "all",
        sites=tuple(str(site) for site in form.getlist("sites")),
    )


async def _form_page(
    request: Request,
    client: Client,
    unit: Unit,
    data: ContactData,
    contact: Contact | None = None,
    errors: dict[str, ContactProblem] | None = None,
) -> Response:
    portal, words = portal_of(request), words_of(request)
    bu, now, own = bu_as_shown(unit), portal.clock(), contact.id if contact else None
    shared = await portal.database.read(lambda tx: sharing(tx, unit.id, data, own))
    unused = await portal.database.read(lambda tx: own is not None and contact_unused(tx, own))
    return render(
        request,
        "company/contact.html",
        status=422 if errors else 200,
        client=client,
        unit=unit,
        zone=unit.time_zone,
        contact=contact,
        form=data,
        errors={field: words.gettext(_WORDS[each]) for field, each in (errors or {}).items()},
        closed=[CLOSED_WORDS[each] for each in why_closed(contact, bu, now)] if contact else [],
        shared=shared,
        unused=unused,
        sites=await sites_of_client(portal, client),
        languages=[("", words.gettext("The business unit's main language"))]
        + [(each, NAMES[each]) for each in unit.locales],
        takes_sms=portal.outbox.takes_sms,
        asleep=contact is not None and contact.link_hash and not contact.may_use_link(bu, now),
    )
