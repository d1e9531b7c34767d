"""What the pages for coming in have in common: who calls, whose cookies, where to go then."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from math import ceil

import structlog
from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import Response

from slotsvc.portal.access.browsers import browser_name
from slotsvc.portal.access.challenges import LIFETIME, Asked, Wish, ask
from slotsvc.portal.access.limits import network_of
from slotsvc.portal.access.refusals import note_refused
from slotsvc.portal.access.sessions import end
from slotsvc.portal.secrets import hashed
from slotsvc.portal.tables.audit import record
from slotsvc.portal.web.cookies import CHALLENGE, CLIENT_SESSION, drop_cookie, set_cookie
from slotsvc.portal.web.render import see_other
from slotsvc.portal.web.request import address_of, bu_of, next_of, portal_of

_log = structlog.get_logger(__name__)
_CHALLENGE_S = int(LIFETIME.total_seconds())


@dataclass(frozen=True, slots=True)
class Caller:
    """``network``: /24 or /48; ``browser``: its name; ``challenge``: token of what it asked for."""

    network: str
    browser: str
    challenge: str | None


def caller_of(request: Request) -> Caller:
    """Who calls, as little of it as is needed."""
    return Caller(
        network_of(address_of(request)),
        browser_name(request.headers.get("User-Agent", "")),
        request.cookies.get(CHALLENGE),
    )


def page_of(request: Request, name: str = "") -> str:
    """The address of a page of the business unit, its home without a name."""
    return f"/{bu_of(request).id}/{name}"


def onward(request: Request, sent: object) -> str:
    """Where to go once in: ``next`` as it was sent where that is a page of this business unit."""
    home = page_of(request)
    path = next_of(sent, home)
    return path if path.startswith(home) else home


async def asked(request: Request, wish: Wish) -> Asked:
    """Writes the wish for a code, and tells the worker."""
    portal, bu, caller = portal_of(request), bu_of(request).id, caller_of(request)
    now = portal.clock()
    result = await portal.database.write(
        lambda tx: ask(tx, portal.secrets, bu, wish, caller.network, now)
    )
    portal.codes_asked.set()
    return result


def to_code(url: str, token: str) -> Response:
    """To the page where the code is typed; the browser that asked keeps the token."""
    response = see_other(url)
    set_cookie(response, CHALLENGE, token, max_age_s=_CHALLENGE_S)
    return response


def signed_in(url: str, session: str, notice: str | None = None) -> Response:
    """On to ``url`` with the session, new or renewed; what was asked for is done."""
    response = see_other(url, notice)
    set_cookie(response, CLIENT_SESSION, session)
    drop_cookie(response, CHALLENGE)
    return response


def note_entry(connection: Connection, request: Request, contact: str, way: str) -> None:
    """Somebody came in: the browser's session of before is over, and the audit says how."""
    portal, bu = portal_of(request), bu_of(request)
    now = portal.clock()
    if before := request.cookies.get(CLIENT_SESSION):
        end(connection, hashed(before), now)
    note(connection, request, contact, "LOGIN", way=way, bu=bu.id)


def note(
    connection: Connection, request: Request, contact: str, what: str, way: str = "", bu: str = ""
) -> None:
    """An entry of the audit about the contact's own doing."""
    record(
        connection,
        portal_of(request).clock(),
        f"contacts/{contact}",
        what,
        business_unit=bu or bu_of(request).id,
        subject=f"contacts/{contact}",
        data={"way": way} if way else None,
        network=network_of(address_of(request)),
    )


def note_refused_entry(
    connection: Connection,
    request: Request,
    way: str,
    contact: str | None,
    what: str = "LOGIN_REFUSED",
) -> None:
    """An entry of the audit: a way in has ended. ``contact``: whose it was, where that is known."""
    portal = portal_of(request)
    note_refused(
        connection,
        portal.secrets,
        portal.clock(),
        what,
        network=network_of(address_of(request)),
        business_unit=bu_of(request).id,
        subject=f"contacts/{contact}" if contact else "",
        data={"way": way},
    )


def note_refusal(request: Request, way: str) -> None:
    """A log line of a try that failed (ASVS 16.3.1): from which network, never whose it was."""
    network = network_of(address_of(request))
    _log.warning("entry refused", way=way, business_unit=bu_of(request).id, network=network)


def seconds(wait: timedelta) -> int:
    """A wait in whole seconds, for people and for ``Retry-After``."""
    return ceil(wait.total_seconds())
