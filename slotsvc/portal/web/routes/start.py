"""The first address, and whether the portal is well."""

from __future__ import annotations

import structlog
from sqlalchemy import text
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from slotsvc.portal.web.pages import Pages
from slotsvc.portal.web.policy import Access
from slotsvc.portal.web.render import render, see_other
from slotsvc.portal.web.request import portal_of
from slotsvc.portal.web.units import active_units

pages = Pages()
_PATIENCE_S = 0.5
_log = structlog.get_logger(__name__)


@pages.get("/", access=Access.PUBLIC)
async def start(request: Request) -> Response:
    """The one business unit that is open, or the choice."""
    units = await portal_of(request).database.read(active_units)
    if len(units) == 1:
        return see_other(f"/{units[0].id}/")
    return render(request, "start/units.html", units=units)


@pages.get("/healthz", access=Access.PUBLIC)
async def health(request: Request) -> Response:
    """200 while the portal's database answers; 503 otherwise. The engine is told apart: without it
    pages still say whom to call."""
    reachable = await portal_of(request).service.reachable(_PATIENCE_S)
    checks = {
        "database": await _database(request),
        "service": "ok" if reachable else "does not answer",
    }
    status = 200 if checks["database"] == "ok" else 503
    return JSONResponse(checks, status_code=status)


async def _database(request: Request) -> str:
    try:
        await portal_of(request).database.read(lambda tx: tx.execute(text("SELECT 1")).scalar())
    except Exception as error:
        _log.error("database check failed", error=type(error).__name__)
        return "does not answer"
    return "ok"
