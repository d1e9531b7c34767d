"""Who did what: newest first."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from slotsvc.portal.company.audit_names import named
from slotsvc.portal.visitor import StaffRole
from slotsvc.portal.web.pages import Pages
from slotsvc.portal.web.policy import Access
from slotsvc.portal.web.render import render
from slotsvc.portal.web.request import portal_of

pages = Pages()
PAGE_SIZE = 50


@pages.get("/company/audit", access=Access.STAFF, roles={StaffRole.ADMINISTRATOR})
async def audit(request: Request) -> Response:
    """``?before=``: the id where the page before ended; ``?what=``: one kind only."""
    typed = request.query_params.get("before", "")
    before = int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 18 else None
    what = request.query_params.get("what", "")[:40]
    read = portal_of(request).database.read
    entries = await read(lambda tx: named(tx, PAGE_SIZE + 1, before, what or None))
    more = entries[PAGE_SIZE - 1].entry.id if len(entries) > PAGE_SIZE else None
    return render(request, "company/audit.html", entries=entries[:PAGE_SIZE], more=more, what=what)
