"""The portal link of a contact: shown with its QR code, sent, made anew, taken back.

Showing it is a form, too: the link opens a client's pages, so the audit says who had it in hand.
"""

from __future__ import annotations

from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import Response

from slotsvc.portal.access.contacts import Contact
from slotsvc.portal.access.permanent_links import ensure_link
from slotsvc.portal.company.contacts import contact_unit
from slotsvc.portal.company.links import make_link, renew_link, take_link_back, tell
from slotsvc.portal.messages.credits import OutOfCreditsError, SmsRefusedError
from slotsvc.portal.messages.letters import Channel
from slotsvc.portal.messages.reader import Reader
from slotsvc.portal.messages.texts import permanent_link
from slotsvc.portal.visitor import BusinessUnit, StaffRole
from slotsvc.portal.web.errors import Problem, ProblemError
from slotsvc.portal.web.pages import Pages
from slotsvc.portal.web.policy import Access
from slotsvc.portal.web.qr import qr_image
from slotsvc.portal.web.render import render, see_other
from slotsvc.portal.web.request import actor_of, portal_of

pages = Pages()
ADMINISTRATORS = {StaffRole.ADMINISTRATOR}


@pages.post("/company/contacts/{contact}/link", access=Access.STAFF, roles=ADMINISTRATORS)
async def show_link(request: Request) -> Response:
    """The link to copy and its QR code to scan or print; made where there is none."""
    contact, bu = await _contact(request)
    if not bu.permanent_code:
        return see_other(_back(contact), "NO_PERMANENT_CODE")
    portal, actor = portal_of(request), actor_of(request)
    now = portal.clock()
    link = await portal.database.write(
        lambda tx: make_link(tx, portal.secrets, contact, portal.public_url, actor, now)
    )
    return render(request, "company/link.html", contact=contact, link=link, qr=qr_image(link))


@pages.post("/company/contacts/{contact}/link/rotate", access=Access.STAFF, roles=ADMINISTRATORS)
async def rotate(request: Request) -> Response:
    """Another link; the old one is dead at once."""
    contact, bu = await _contact(request)
    if not bu.permanent_code:
        return see_other(_back(contact), "NO_PERMANENT_CODE")
    portal, actor = portal_of(request), actor_of(request)
    now = portal.clock()
    await portal.database.write(
        lambda tx: renew_link(tx, portal.secrets, contact, portal.public_url, actor, now)
    )
    return see_other(_back(contact), "CONTACT_LINK_NEW")


@pages.post("/company/contacts/{contact}/link/revoke", access=Access.STAFF, roles=ADMINISTRATORS)
async def revoke(request: Request) -> Response:
    """No link any more."""
    contact, _ = await _contact(request)
    portal, actor = portal_of(request), actor_of(request)
    now = portal.clock()
    await portal.database.write(lambda tx: take_link_back(tx, contact, actor, now))
    return see_other(_back(contact), "CONTACT_LINK_OFF")


@pages.post("/company/contacts/{contact}/link/send", access=Access.STAFF, roles=ADMINISTRATORS)
async def send(request: Request) -> Response:
    """Sends the link to the contact's own e-mail or telephone; nowhere else (S7)."""
    contact, bu = await _contact(request)
    channel = Channel.SMS if (await request.form()).get("by") == "SMS" else Channel.MAIL
    to = contact.phone if channel is Channel.SMS else contact.email
    portal, actor = portal_of(request), actor_of(request)
    now = portal.clock()
    if not bu.permanent_code or to is None or not contact.may_come_in(bu, now):
        return see_other(_back(contact), "CANNOT_SEND_LINK")
    reader = Reader(bu, channel, to, contact.locale or bu.locales[0], contact.name)

    def work(connection: Connection) -> None:
        link = ensure_link(connection, portal.secrets, contact.id, portal.public_url, now)
        portal.outbox.put(connection, permanent_link(reader, link))
        tell(connection, contact, "LINK_SENT", actor, now, by=channel.value)

    try:
        await portal.database.write(work)
    except OutOfCreditsError:
        return see_other(_back(contact), "OUT_OF_CREDITS")
    except SmsRefusedError:
        return see_other(_back(contact), "SMS_REFUSED")
    portal.outbox.wake()
    return see_other(_back(contact), "LINK_SENT")


async def _contact(request: Request) -> tuple[Contact, BusinessUnit]:
    id = request.path_params["contact"]
    found = await portal_of(request).database.read(lambda tx: contact_unit(tx, id))
    if found is None:
        raise ProblemError(Problem.NOT_FOUND)
    return found


def _back(contact: Contact) -> str:
    return f"/company/contacts/{contact.id}"
