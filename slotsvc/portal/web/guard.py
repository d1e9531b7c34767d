"""Runs before every page: which business unit, who looks, in which language, may he (S17).

Default deny: what no rule lets in is refused. Access flags and dates are read anew each time, so
switching a client off ends his sessions with the next click.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

from starlette.requests import Request

from slotsvc.portal.access.sessions import client_session
from slotsvc.portal.access.staff_sessions import staff_session, viewing_session
from slotsvc.portal.visitor import BusinessUnit, ClientVisitor, StaffVisitor, Visitor
from slotsvc.portal.web.cookies import CLIENT_SESSION, STAFF_SESSION
from slotsvc.portal.web.csrf import check_form
from slotsvc.portal.web.denials import note_denied
from slotsvc.portal.web.errors import ElsewhereError, Problem, ProblemError
from slotsvc.portal.web.i18n import choose_locale
from slotsvc.portal.web.policy import COMPANY, READING, Access, Policy
from slotsvc.portal.web.request import is_unattended, own_path, portal_of, with_next
from slotsvc.portal.web.units import active_unit

_RESERVED = COMPANY.strip("/")  # /company/code is nobody's: no page of a unit answers there


def guard(policy: Policy) -> Callable[[Request], AsyncIterator[None]]:
    """The check of one route, as a dependency of it."""

    async def check(request: Request) -> AsyncIterator[None]:
        try:
            await admit(request, policy)
            yield
        finally:
            await request.close()  # files of a form

    return check


async def admit(request: Request, policy: Policy) -> None:
    """Leaves business unit, visitor and locale in ``request.state``, or raises.

    Raises ``ProblemError`` or ``ElsewhereError``.
    """
    unit = await _unit(request)
    request.state.bu = unit
    request.state.locale = choose_locale(request, unit, None)
    visitor = await _visitor(request, unit)
    request.state.visitor = visitor
    request.state.locale = choose_locale(request, unit, visitor)
    try:
        _check_visitor(request, policy, visitor)
        if request.method not in READING:
            await _check_form(request, policy, visitor)
    except ProblemError as refusal:
        await note_denied(request, refusal.problem)
        raise


async def recognise(request: Request) -> None:
    """What ``admit`` leaves, for an address that no page answers: its first word may still be a
    business unit's, and who asks be signed in there."""
    first = request.url.path.lstrip("/").partition("/")[0]
    unit = await portal_of(request).database.read(lambda tx: active_unit(tx, first))
    request.state.bu = unit
    request.state.visitor = visitor = await _visitor(request, unit)
    request.state.locale = choose_locale(request, unit, visitor)


async def _unit(request: Request) -> BusinessUnit | None:
    """Unknown and inactive ones look alike."""
    id = request.path_params.get("bu")
    if id is None or (request.url.path.startswith(COMPANY) and id != _RESERVED):
        return None
    read = portal_of(request).database.read
    unit = None if id == _RESERVED else await read(lambda tx: active_unit(tx, id))
    if unit is None:
        raise ProblemError(Problem.NOT_FOUND)
    return unit


async def _visitor(request: Request, unit: BusinessUnit | None) -> Visitor | None:
    portal = portal_of(request)
    staff_token = request.cookies.get(STAFF_SESSION)
    client_token = request.cookies.get(CLIENT_SESSION)
    if unit is None:
        if not staff_token or not request.url.path.startswith(COMPANY):
            return None
        return await staff_session(portal, staff_token, used=not is_unattended(request))
    if staff_token and (looking := await viewing_session(portal, staff_token, unit)):
        return looking
    return await client_session(portal, client_token, unit) if client_token else None


def _check_visitor(request: Request, policy: Policy, visitor: Visitor | None) -> None:
    match policy.access:
        case Access.PUBLIC:
            return
        case Access.CLIENT | Access.PROVEN:
            _check_client(request, policy, visitor)
        case Access.STAFF:
            _check_staff(request, policy, visitor)
        case _:
            raise ProblemError(Problem.FORBIDDEN)


def _check_client(request: Request, policy: Policy, visitor: Visitor | None) -> None:
    home = f"/{request.path_params['bu']}"
    if not isinstance(visitor, ClientVisitor):
        raise ElsewhereError(with_next(f"{home}/login", _back_to(request, f"{home}/")))
    if policy.access is Access.CLIENT or visitor.viewed_by:
        return
    if visitor.proven_until <= portal_of(request).clock():
        raise ElsewhereError(with_next(f"{home}/proof", _back_to(request, f"{home}/account")))


def _check_staff(request: Request, policy: Policy, visitor: Visitor | None) -> None:
    if not isinstance(visitor, StaffVisitor):
        raise ElsewhereError(with_next("/company/login", _back_to(request, COMPANY)))
    if visitor.role not in policy.roles:
        raise ProblemError(Problem.FORBIDDEN)


async def _check_form(request: Request, policy: Policy, visitor: Visitor | None) -> None:
    portal = portal_of(request)
    await check_form(request, portal.secrets, request.app.state.own_origins, policy.access)
    if isinstance(visitor, ClientVisitor) and visitor.viewed_by:
        raise ProblemError(Problem.READ_ONLY)


def _back_to(request: Request, otherwise: str) -> str:
    """A form cannot be come back to."""
    return own_path(request) if request.method in READING else otherwise
