"""What every answer says to browsers (S15), whether the page thought of it or not."""

from __future__ import annotations

from starlette.datastructures import MutableHeaders

CONTENT_SECURITY_POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' data:",
    "font-src": "'self'",
    "connect-src": "'self'",
    "manifest-src": "'self'",
    "worker-src": "'self'",
    "form-action": "'self'",
    "base-uri": "'none'",
    "frame-ancestors": "'none'",
}
_ONE_YEAR_S = 31_536_000
_ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}


def content_security_policy(**changed: str) -> str:
    """The policy of all pages, with directives replaced for one that needs more
    (``worker_src="'self' blob:"``)."""
    directives = {name.replace("_", "-"): sources for name, sources in changed.items()}
    return "; ".join(
        f"{name} {sources}" for name, sources in (CONTENT_SECURITY_POLICY | directives).items()
    )


_PLAIN = content_security_policy()


def add_security_headers(headers: MutableHeaders, *, https: bool) -> None:
    """Adds what the answer does not say itself. Nothing is kept by caches unless it says so.

    ``https``: whether the portal is public over TLS; only then may browsers be told to insist.
    """
    for name, value in _ALWAYS.items():
        headers.setdefault(name, value)
    headers.setdefault("Content-Security-Policy", _PLAIN)
    headers.setdefault("Cache-Control", "no-store")
    if https:
        headers.setdefault("Strict-Transport-Security", f"max-age={_ONE_YEAR_S}")
