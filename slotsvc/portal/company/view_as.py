"""Looking at the portal through a client's eyes: read-only, and in the audit from start to end."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection

from slotsvc.portal.access.contacts import Contact, contact_by_id
from slotsvc.portal.access.staff_sessions import look_through, viewed_contact
from slotsvc.portal.tables.audit import record


def start_view(
    connection: Connection, session: str, contact: Contact, actor: str, now: datetime
) -> None:
    """From now on the staff's session sees clients' pages as this contact does."""
    look_through(connection, session, contact.id)
    _tell(connection, actor, contact, "VIEW_AS", now)


def end_view(connection: Connection, session: str, actor: str, now: datetime) -> Contact | None:
    """Ends the look; gives the contact it was through, None for nobody."""
    viewed = viewed_contact(connection, session)
    contact = contact_by_id(connection, viewed) if viewed else None
    look_through(connection, session, None)
    if contact is not None:
        _tell(connection, actor, contact, "VIEW_AS_ENDED", now)
    return contact


def _tell(connection: Connection, actor: str, contact: Contact, what: str, now: datetime) -> None:
    bu, subject = contact.business_unit, f"contacts/{contact.id}"
    record(connection, now, actor, what, business_unit=bu, subject=subject)
