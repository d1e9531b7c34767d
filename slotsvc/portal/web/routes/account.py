"""The account page: who I am, how I come in, where I am signed in. Changes need a proof."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import Response

from slotsvc.portal.access import contact_data, permanent_links, sessions
from slotsvc.portal.access.contacts import Contact, contact_by_id
from slotsvc.portal.access.identifiers import masked
from slotsvc.portal.access.sessions import OpenSession
from slotsvc.portal.web.cookies import LANGUAGE, set_cookie
from slotsvc.portal.web.errors import Problem, ProblemError
from slotsvc.portal.web.pages import Pages
from slotsvc.portal.web.policy import Access
from slotsvc.portal.web.render import render, see_other
from slotsvc.portal.web.request import bu_of, client_of, portal_of
from slotsvc.portal.web.signing import note, page_of

pages = Pages()
_ONE_YEAR_S = 31_536_000


@dataclass(frozen=True, slots=True)
class ShownAccount:
    """What the page says. Addresses are masked and ``link`` is None until the visitor has proven
    himself; ``link_used_at`` None: never."""

    name: str
    email: str
    phone: str
    user_name: str
    has_link: bool
    link: str | None
    link_used_at: datetime | None
    sessions: list[OpenSession]


@pages.get("/{bu}/account", access=Access.CLIENT)
async def account(request: Request) -> Response:
    """All of it on one page."""
    portal, visitor, now = portal_of(request), client_of(request), portal_of(request).clock()
    proven = visitor.proven_until > now

    def read(connection: Connection) -> ShownAccount:
        contact = _known(connection, visitor.contact)
        live = sessions.open_sessions(connection, contact.id, portal.activity, now)
        return _shown(request, contact, proven, [] if visitor.viewed_by else live)

    shown = await portal.database.read(read)
    return render(
        request, "account/account.html", account=shown, proven=proven, here=visitor.session
    )


@pages.post("/{bu}/account/language", access=Access.CLIENT)
async def language(request: Request) -> Response:
    """The language of pages and letters."""
    form = await request.form()
    locale, contact = str(form.get("language", "")), client_of(request).contact
    if locale not in bu_of(request).locales:
        raise ProblemError(Problem.BAD_REQUEST)
    await portal_of(request).database.write(lambda tx: contact_data.speak(tx, contact, locale))
    response = see_other(page_of(request, "account"), "SAVED")
    set_cookie(response, LANGUAGE, locale, max_age_s=_ONE_YEAR_S)
    return response


@pages.post("/{bu}/account/sessions/end", access=Access.CLIENT)
async def end_sessions(request: Request) -> Response:
    """One other session is over, or all of them but this one."""
    form = await request.form()
    portal, visitor, now = portal_of(request), client_of(request), portal_of(request).clock()
    chosen = str(form.get("session", ""))

    def end(connection: Connection) -> None:
        live = sessions.open_sessions(connection, visitor.contact, portal.activity, now)
        for each in live:
            if each.id != visitor.session and chosen in ("", each.id):
                sessions.end(connection, each.id, now)
        note(connection, request, visitor.contact, "SESSIONS_ENDED", way="" if chosen else "ALL")

    await portal.database.write(end)
    return see_other(page_of(request, "account"), "SIGNED_OUT_EVERYWHERE")


@pages.post("/{bu}/account/link", access=Access.PROVEN)
async def rotate_link(request: Request) -> Response:
    """A new permanent link; where the company offers them."""
    portal, contact, now = (
        portal_of(request),
        client_of(request).contact,
        portal_of(request).clock(),
    )
    if not bu_of(request).permanent_code:
        raise ProblemError(Problem.NOT_FOUND)

    def rotate(connection: Connection) -> None:
        permanent_links.rotate_link(connection, portal.secrets, contact, portal.public_url, now)
        note(connection, request, contact, "LINK_ROTATED")

    await portal.database.write(rotate)
    return see_other(page_of(request, "account"), "LINK_NEW")


@pages.post("/{bu}/account/link/off", access=Access.PROVEN)
async def revoke_link(request: Request) -> Response:
    """No permanent link any more."""
    portal, contact, now = (
        portal_of(request),
        client_of(request).contact,
        portal_of(request).clock(),
    )

    def revoke(connection: Connection) -> None:
        permanent_links.revoke_link(connection, contact, now)
        note(connection, request, contact, "LINK_REVOKED")

    await portal.database.write(revoke)
    return see_other(page_of(request, "account"), "LINK_OFF")


def _known(connection: Connection, contact: str) -> Contact:
    found = contact_by_id(connection, contact)
    if found is None:
        raise ProblemError(Problem.NOT_FOUND)
    return found


def _shown(
    request: Request, contact: Contact, proven: bool, live: list[OpenSession]
) -> ShownAccount:
    portal, bu = portal_of(request), bu_of(request)
    has_link = contact.may_use_link(bu, portal.clock())
    shows_link = has_link and proven
    link = permanent_links.link_of(portal.secrets, contact, portal.public_url)
    address = str if proven else masked
    return ShownAccount(
        name=contact.name,
        email=address(contact.email) if contact.email else "",
        phone=address(contact.phone) if contact.phone else "",
        user_name=contact.user_name or "",
        has_link=has_link,
        link=link if shows_link else None,
        link_used_at=contact.link_used_at,
        sessions=live,
    )
