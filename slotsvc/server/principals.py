"""Who is behind the running call. Set around it by ``interceptors.access``, read by servicers.

None: access control is off, anybody may do anything.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import replace
from urllib.parse import unquote

from slotsvc.domain.access import Principal, Role
from slotsvc.domain.errors import InvalidRequestError, PermissionDeniedError, Violation
from slotsvc.scheduling.field_checks import Violations, is_id

ON_BEHALF_OF = "slotsvc-on-behalf-of"
"""Metadata with which a portal's key names a client or technician, percent-encoded (RFC 3986)."""

LONGEST_CLIENT = 200
NOBODY_ASKED = "api"
"""The actor while access control is off."""

_current: ContextVar[Principal | None] = ContextVar("principal", default=None)


def current() -> Principal | None:
    """Who calls; None: access control is off, or no call runs."""
    return _current.get()


def sees_planned_times() -> bool:
    """Whether the caller is shown when a visit is planned. Clients are told windows, and need not
    wait for the planning of a route."""
    principal = _current.get()
    return principal is None or principal.role is not Role.CLIENT


def actor() -> str:
    """Who calls, as the audit trail names it."""
    principal = _current.get()
    return NOBODY_ASKED if principal is None else principal.actor


def subject() -> str:
    """Whose data alone the caller may touch, ``clients/…`` or ``technicians/…``; "": all."""
    principal = _current.get()
    return "" if principal is None else principal.subject


def tenant() -> str | None:
    """The tenant that the caller is bound to; None: to none."""
    principal = _current.get()
    return None if principal is None else principal.tenant or None


@contextmanager
def acting(principal: Principal) -> Iterator[None]:
    """``principal`` is behind what runs inside."""
    token = _current.set(principal)
    try:
        yield
    finally:
        _current.reset(token)


def on_behalf_of(holder: Principal, named: str) -> Principal:
    """Whom a call acts for. ``holder``: of the key. ``named``: what the metadata say.

    Raises ``PermissionDeniedError`` unless a portal's key asks, ``InvalidRequestError`` for
    anything but ``clients/{client}`` and ``technicians/{technician}``.
    """
    if holder.role is not Role.PORTAL:
        raise PermissionDeniedError("only a portal's key acts on behalf of others")
    kind, _, rest = named.partition("/")
    try:
        id = unquote(rest, errors="strict")
    except UnicodeDecodeError:
        id = ""
    if kind == "clients" and _is_reference(id):
        return replace(holder, role=Role.CLIENT, client=id, gateway=True)
    if kind == "technicians" and is_id(id):
        return replace(holder, role=Role.TECHNICIAN, technician=id, gateway=True)
    expected = "clients/{client} or technicians/{technician}, percent-encoded"
    raise InvalidRequestError([Violation(f"metadata {ON_BEHALF_OF}", expected)])


def _is_reference(client: str) -> bool:
    """Whether a key or a visit could name that client: what cannot must not get into trails."""
    wrong = Violations()
    wrong.text("client", client, LONGEST_CLIENT, required=True)
    return not wrong.found
