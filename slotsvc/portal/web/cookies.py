"""The portal's cookies: ``__Host-`` ones, which no other host and no plain page can set (S12)."""

from __future__ import annotations

from starlette.responses import Response

CLIENT_SESSION = "__Host-slotsvc"
STAFF_SESSION = "__Host-company"
CHALLENGE = "__Host-challenge"
FORM = "__Host-csrf"
LANGUAGE = "__Host-language"


def set_cookie(response: Response, name: str, value: str, *, max_age_s: int | None = None) -> None:
    """Sends the cookie; ``max_age_s`` None: until the browser is closed."""
    response.set_cookie(
        name, value, max_age=max_age_s, path="/", secure=True, httponly=True, samesite="lax"
    )


def drop_cookie(response: Response, name: str) -> None:
    """Takes the cookie back."""
    response.delete_cookie(name, path="/", secure=True, httponly=True, samesite="lax")
