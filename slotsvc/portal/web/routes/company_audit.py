"""Who did what: newest first."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from slotsvc.portal.company.audit_names import named
from slotsvc.portal.company.units import all_units
from slotsvc.portal.languages import marked
from slotsvc.portal.visitor import StaffRole
from slotsvc.portal.web.pages import Pages
from slotsvc.portal.web.policy import Access
from slotsvc.portal.web.render import render
from slotsvc.portal.web.request import portal_of

pages = Pages()
PAGE_SIZE = 50

WORDS = {
    "LOGIN": marked("Signed in (client)"),
    "LOGIN_REFUSED": marked("Sign-in refused (client)"),
    "LOGOUT": marked("Signed out (client)"),
    "SESSIONS_ENDED": marked("Signed out elsewhere"),
    "STEP_UP": marked("Identity confirmed"),
    "STEP_UP_REFUSED": marked("Identity not confirmed"),
    "PASSWORD_CHOSEN": marked("Password chosen"),
    "NAME_CHANGED": marked("Own name changed"),
    "ADDRESS_CHANGED": marked("Own address changed"),
    "VISIT_BOOKED": marked("Appointment booked"),
    "VISIT_RESCHEDULED": marked("Appointment moved"),
    "VISIT_CANCELLED": marked("Appointment cancelled"),
    "ACCESS_REFUSED": marked("Access refused"),
    "STAFF_PASSWORD_CHANGED": marked("Password changed"),
    "STAFF_LOGIN": marked("Signed in"),
    "STAFF_LOGIN_REFUSED": marked("Sign-in refused"),
    "STAFF_LOGIN_DELAYED": marked("Sign-in slowed down"),
    "STAFF_LOGOUT": marked("Signed out"),
    "FIRST_ADMINISTRATOR": marked("First administrator made"),
    "STAFF_INVITED": marked("Person invited"),
    "STAFF_ENROLLED": marked("Login set up"),
    "STAFF_RESET": marked("Login reset"),
    "STAFF_DISABLED": marked("Person shut out"),
    "STAFF_ENABLED": marked("Person let in again"),
    "UNIT_ADDED": marked("Business unit added"),
    "UNIT_CHANGED": marked("Business unit changed"),
    "ACTIVITY_TYPE_ADDED": marked("Activity type added"),
    "ACTIVITY_TYPE_CHANGED": marked("Activity type changed"),
    "ACTION_ADDED": marked("Action added"),
    "ACTION_CHANGED": marked("Action changed"),
    "ACTION_REMOVED": marked("Action removed"),
    "DRAFT_KEPT": marked("Draft kept"),
    "DRAFT_DISCARDED": marked("Draft discarded"),
    "SETTINGS_SAVED": marked("Business unit saved"),
    "BULK_ACCESS_ON": marked("Access for all switched on"),
    "BULK_ACCESS_OFF": marked("Access for all switched off"),
    "CLIENT_ADDED": marked("Client added"),
    "CLIENT_CHANGED": marked("Client changed"),
    "CLIENT_REMOVED": marked("Client removed"),
    "ACCESS_ON": marked("Access switched on"),
    "ACCESS_OFF": marked("Access switched off"),
    "CONTACT_ADDED": marked("Contact added"),
    "CONTACT_CHANGED": marked("Contact changed"),
    "CONTACT_REMOVED": marked("Contact removed"),
    "CONTACT_INVITED": marked("Invitation sent"),
    "CODES_FORGIVEN": marked("Codes work again"),
    "LINKS_MADE": marked("Links made"),
    "LINK_MADE": marked("Link made"),
    "LINK_SHOWN": marked("Link shown"),
    "LINK_SENT": marked("Link sent"),
    "LINK_ROTATED": marked("Link made anew"),
    "LINK_REVOKED": marked("Link taken back"),
    "VIEW_AS": marked("Client view begun"),
    "VIEW_AS_ENDED": marked("Client view ended"),
    "TEST_CREATED": marked("Test intervention made"),
    "TEST_CANCELLED": marked("Test intervention cancelled"),
    "SMS_CREDITS_TAKEN": marked("Text message paid"),
    "SMS_CREDITS_BACK": marked("Credit given back"),
    "SMS_CREDITS_ADDED": marked("Credits added"),
}
"""The deeds in words; what an older version wrote is shown by its stable word."""

KEYS = {
    "way": marked("By"),
    "why": marked("Why"),
    "page": marked("Page"),
    "start": marked("Appointment"),
    "before": marked("Before"),
    "cause": marked("Reason"),
}
"""Of the details."""

VALUES = {
    "CODE": marked("code"),
    "PASSWORD": marked("password"),
    "LOGIN_LINK": marked("link in a letter"),
    "PERMANENT_LINK": marked("portal link"),
    "INVITATION": marked("invitation"),
    "ACCOUNT": marked("account page"),
    "ALL": marked("all sessions"),
    "MAIL": marked("e-mail"),
    "SMS": marked("text message"),
    "FORBIDDEN": marked("not open to this role"),
    "READ_ONLY": marked("client view is read-only"),
    "STALE_FORM": marked("form without a valid token"),
    "FOREIGN_FORM": marked("form of another site"),
}
"""Of the details, where they are stable words."""


@pages.get("/company/audit", access=Access.STAFF, roles={StaffRole.ADMINISTRATOR})
async def audit(request: Request) -> Response:
    """``?before=``: the id where the page before ended; ``?what=``: one kind only."""
    typed = request.query_params.get("before", "")
    before = int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 18 else None
    what = request.query_params.get("what", "")[:40]
    read = portal_of(request).database.read
    entries = await read(lambda tx: named(tx, PAGE_SIZE + 1, before, what or None))
    units = await read(all_units)
    more = entries[PAGE_SIZE - 1].entry.id if len(entries) > PAGE_SIZE else None
    return render(
        request,
        "company/audit.html",
        entries=entries[:PAGE_SIZE],
        more=more,
        what=what,
        words=WORDS,
        zone=units[0].time_zone if units else "UTC",
        keys=KEYS,
        values=VALUES,
    )
