"""What a page knows of the request, with its types."""

from __future__ import annotations

from urllib.parse import quote

from starlette.requests import Request

from slotsvc.portal.access.limits import network_of
from slotsvc.portal.languages import Words, words
from slotsvc.portal.parts import Portal
from slotsvc.portal.tables.audit import Actor
from slotsvc.portal.visitor import BusinessUnit, ClientVisitor, StaffVisitor, Visitor
from slotsvc.portal.web.hosts import client_address


def portal_of(request: Request) -> Portal:
    """The running portal."""
    portal: Portal = request.app.state.portal
    return portal


def bu_of(request: Request) -> BusinessUnit:
    """The business unit in the path. Raises ``LookupError`` on pages without one."""
    unit = bu_or_none(request)
    if unit is None:
        raise LookupError("this address belongs to no business unit")
    return unit


def bu_or_none(request: Request) -> BusinessUnit | None:
    """The business unit in the path; None: none there."""
    unit: BusinessUnit | None = getattr(request.state, "bu", None)
    return unit


def visitor_of(request: Request) -> Visitor | None:
    """Who is signed in; None: nobody."""
    visitor: Visitor | None = getattr(request.state, "visitor", None)
    return visitor


def client_of(request: Request) -> ClientVisitor:
    """The contact. Raises ``LookupError`` where the route's access does not promise one."""
    visitor = visitor_of(request)
    if not isinstance(visitor, ClientVisitor):
        raise LookupError("nobody is signed in as a client")
    return visitor


def staff_of(request: Request) -> StaffVisitor:
    """The member of staff. Raises ``LookupError`` where the access does not promise one."""
    visitor = visitor_of(request)
    if not isinstance(visitor, StaffVisitor):
        raise LookupError("nobody of the company is signed in")
    return visitor


def is_unattended(request: Request) -> bool:
    """Whether the page asks by itself, not because somebody did something."""
    return "X-Unattended" in request.headers or (
        request.headers.get("Accept") == "text/event-stream"
    )


def locale_of(request: Request) -> str:
    """The language of the page, as the guard chose it."""
    return str(getattr(request.state, "locale", "en"))


def words_of(request: Request) -> Words:
    """The words of the page's language."""
    return words(locale_of(request))


def address_of(request: Request) -> str:
    """The visitor's IP address: of the connection, or as a trusted proxy tells it."""
    return client_address(request, portal_of(request).options.trusted_proxies)


def actor_of(request: Request) -> Actor:
    """The member of staff as the audit names him. Raises ``LookupError`` as ``staff_of``."""
    return Actor(f"staff/{staff_of(request).staff}", network_of(address_of(request)))


def is_fragment(request: Request) -> bool:
    """Whether htmx asks for a part of the page only."""
    return request.headers.get("HX-Request") == "true"


def own_path(request: Request) -> str:
    """Path and query of this page, to come back to."""
    query = request.url.query
    return request.url.path + (f"?{query}" if query else "")


def with_next(url: str, back_to: str) -> str:
    """``url`` with ``?next=``: where to go afterwards."""
    return f"{url}?next={quote(back_to, safe='/')}"


def next_of(value: object, otherwise: str) -> str:
    """``?next=`` as it was sent, where it is a path of this portal; else ``otherwise``.

    "//host" and backslashes are addresses of others to a browser.
    """
    path = str(value or "")
    safe = path.startswith("/") and not path.startswith("//") and "\\" not in path
    return path if safe and path.isprintable() else otherwise
