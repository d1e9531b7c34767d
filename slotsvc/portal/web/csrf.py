"""Forms come from our own pages: a token in each, and what the browser says of their origin (S14).

The token is an HMAC of the session's id; for who has no session, of a random cookie (a signed
double submit, OWASP CSRF cheat sheet). Nothing of it is stored.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.requests import Request

from slotsvc.portal.secrets import hashed
from slotsvc.portal.web.cookies import CLIENT_SESSION, FORM, STAFF_SESSION
from slotsvc.portal.web.errors import Problem, ProblemError
from slotsvc.portal.web.policy import Access

if TYPE_CHECKING:
    from slotsvc.portal.secrets import PortalSecrets

FIELD = "csrf_token"
HEADER = "X-CSRF-Token"
_PURPOSE = "csrf"
_OWN_SITE = frozenset({"same-origin", "none"})
_WITH_SESSION = (CLIENT_SESSION, STAFF_SESSION)


def csrf_token(secrets: PortalSecrets, session: str) -> str:
    """The token of forms on pages of a session (its id), or of a signed-out browser (the hash of
    its form cookie)."""
    return secrets.mac(_PURPOSE, session)


async def check_form(
    request: Request, secrets: PortalSecrets, own_origins: frozenset[str], access: Access
) -> None:
    """Raises ``ProblemError`` unless the request comes from a form of our own pages.

    Pages that need a session take the session's token only.
    """
    if not _own_origin(request, own_origins):
        raise ProblemError(Problem.FOREIGN_FORM)
    sent = request.headers.get(HEADER) or (await request.form()).get(FIELD)
    names = (*_WITH_SESSION, FORM) if access is Access.PUBLIC else _WITH_SESSION
    cookies = [request.cookies[name] for name in names if name in request.cookies]
    known = (secrets.matches(_PURPOSE, hashed(cookie), str(sent or "")) for cookie in cookies)
    if not any(known):
        raise ProblemError(Problem.STALE_FORM)


def _own_origin(request: Request, own: frozenset[str]) -> bool:
    """Our pages send no referrer, so their forms have the origin "null" (Fetch, "append a request
    Origin header"); browsers of today say in Sec-Fetch-Site what it really is. Where neither tells,
    the token decides alone."""
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None and site not in _OWN_SITE:
        return False
    origin = request.headers.get("Origin", "null")
    return origin == "null" or origin in own
