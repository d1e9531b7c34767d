"""What the guard refuses: a line in the log, and for what was to be done an entry of the audit."""

from __future__ import annotations

import structlog
from starlette.requests import Request

from slotsvc.portal.access.limits import network_of
from slotsvc.portal.access.refusals import note_refused
from slotsvc.portal.visitor import ClientVisitor, StaffVisitor, Visitor
from slotsvc.portal.web.errors import Problem
from slotsvc.portal.web.policy import READING
from slotsvc.portal.web.request import address_of, bu_or_none, portal_of, visitor_of

_FORBIDDEN = 403
_log = structlog.get_logger(__name__)


async def note_denied(request: Request, problem: Problem) -> None:
    """Notes a 403. Pages that are asked for write nothing: of them the log tells.

    The route's template stands for the address, which may hold a token.
    """
    if problem.value.status != _FORBIDDEN:
        return
    portal, unit, network = portal_of(request), bu_or_none(request), network_of(address_of(request))
    route = str(getattr(request.scope.get("route"), "path", ""))
    _log.warning("access refused", why=problem.name, route=route, network=network)
    if request.method in READING:
        return
    actor, subject = _names(visitor_of(request))
    await portal.database.write(
        lambda tx: note_refused(
            tx,
            portal.secrets,
            portal.clock(),
            "ACCESS_REFUSED",
            network=network,
            actor=actor,
            business_unit=unit.id if unit else None,
            subject=subject,
            data={"why": problem.name, "page": route},
        )
    )


def _names(visitor: Visitor | None) -> tuple[str, str]:
    """Who it was, and through whose eyes."""
    match visitor:
        case StaffVisitor():
            return f"staff/{visitor.staff}", ""
        case ClientVisitor() if visitor.viewed_by:
            return f"staff/{visitor.viewed_by}", f"contacts/{visitor.contact}"
        case ClientVisitor():
            return f"contacts/{visitor.contact}", ""
    return "portal", ""
