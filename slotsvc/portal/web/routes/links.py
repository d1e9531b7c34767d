"""Links from letters. Opening one shows a button and changes nothing: mail scanners open links, so
only pressing the button goes in (S3)."""

from __future__ import annotations

from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import Response

from slotsvc.portal.access import login_codes, permanent_links
from slotsvc.portal.access.login_codes import Entry, Outcome
from slotsvc.portal.access.permanent_links import LinkEntry
from slotsvc.portal.visitor import ClientVisitor
from slotsvc.portal.web.pages import Pages
from slotsvc.portal.web.policy import Access
from slotsvc.portal.web.render import render, see_other
from slotsvc.portal.web.request import bu_of, portal_of, visitor_of
from slotsvc.portal.web.routes.login import entered
from slotsvc.portal.web.signing import (
    caller_of,
    note_entry,
    note_refusal,
    note_refused_entry,
    page_of,
    signed_in,
)

pages = Pages()


@pages.get("/{bu}/l/{token}", access=Access.PUBLIC)
async def login_link(request: Request, token: str) -> Response:
    """The button of a login link; whether the link is any good is not looked at."""
    return render(request, "login/link.html")


@pages.post("/{bu}/l/{token}", access=Access.PUBLIC)
async def enter_by_login_link(request: Request, token: str) -> Response:
    """In, in the browser that asked; elsewhere the code of the same letter is asked for."""
    form = await request.form()
    portal, bu, caller = portal_of(request), bu_of(request), caller_of(request)
    typed, now = str(form.get("code", "")), portal.clock()

    def work(connection: Connection) -> Entry:
        entry = login_codes.enter_by_link(
            connection, portal.secrets, bu, token, caller.challenge, typed, caller.browser, now
        )
        if entry.contact is not None:
            note_entry(connection, request, entry.contact, "LOGIN_LINK")
        elif entry.outcome is Outcome.GONE:
            whose = login_codes.suspect(connection, bu, now, link=token)
            note_refused_entry(connection, request, "LOGIN_LINK", whose)
        return entry

    entry = await portal.database.write(work)
    match entry.outcome:
        case Outcome.CODE_NEEDED:
            return render(request, "login/link_code.html", left=None)
        case Outcome.WRONG:
            note_refusal(request, "LOGIN_LINK")
            return render(request, "login/link_code.html", status=422, left=entry.tries_left)
        case Outcome.GONE:
            note_refusal(request, "LOGIN_LINK")
            return render(request, "login/link_gone.html", status=410)
    return entered(request, entry, page_of(request))


@pages.get("/{bu}/k/{token}", access=Access.PUBLIC)
async def permanent_link(request: Request, token: str) -> Response:
    """The button of a permanent link; nothing of anybody is shown before it is pressed."""
    return render(request, "login/link.html")


@pages.post("/{bu}/k/{token}", access=Access.PUBLIC)
async def enter_by_permanent_link(request: Request, token: str) -> Response:
    """In, with little proven, to an address without the token."""
    portal, bu, caller = portal_of(request), bu_of(request), caller_of(request)
    visitor, now = visitor_of(request), portal.clock()
    present = visitor.contact if isinstance(visitor, ClientVisitor) else None

    def work(connection: Connection) -> LinkEntry:
        entry = permanent_links.enter_by_link(connection, bu, token, present, caller.browser, now)
        if entry.contact is not None and entry.session is not None:
            note_entry(connection, request, entry.contact, "PERMANENT_LINK")
        elif entry.contact is None:
            note_refused_entry(connection, request, "PERMANENT_LINK", None)
        return entry

    entry = await portal.database.write(work)
    if entry.contact is None:
        note_refusal(request, "PERMANENT_LINK")
        return render(request, "login/link_gone.html", status=410)
    home = page_of(request)
    return signed_in(home, entry.session) if entry.session else see_other(home)
