"""Permanent links as staff handles them: offered, shown, sent, made anew, taken back.

Everything done with a link is in the audit; the link itself never is.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, select

from slotsvc.portal.access.contacts import Contact
from slotsvc.portal.access.permanent_links import ensure_link, first_links, revoke_link, rotate_link
from slotsvc.portal.secrets import PortalSecrets
from slotsvc.portal.tables.audit import record
from slotsvc.portal.tables.schema import CLIENTS, CONTACTS


def offer_links(
    connection: Connection, secrets: PortalSecrets, bu: str, actor: str, now: datetime
) -> int:
    """Makes a link for every portal user of the unit who never had one; gives how many.

    For units that are active and offer permanent codes: then a link is there without asking. One
    that was revoked stays so.
    """
    query = (
        select(CONTACTS.c.id)
        .join(CLIENTS, CLIENTS.c.id == CONTACTS.c.client)
        .where(
            CLIENTS.c.business_unit == bu,
            CLIENTS.c.access.is_(True),
            CONTACTS.c.portal_user.is_(True),
            CONTACTS.c.link_number == 0,
        )
    )
    contacts = list(connection.execute(query).scalars())
    if contacts:
        first_links(connection, secrets, contacts, now)
        data = {"links": len(contacts)}
        subject = f"units/{bu}"
        record(connection, now, actor, "LINKS_MADE", business_unit=bu, subject=subject, data=data)
    return len(contacts)


def make_link(
    connection: Connection,
    secrets: PortalSecrets,
    contact: Contact,
    public_url: str,
    actor: str,
    now: datetime,
) -> str:
    """The contact's link, new where he has none; a sleeping one wakes up."""
    link = ensure_link(connection, secrets, contact.id, public_url, now)
    tell(connection, contact, "LINK_SHOWN" if contact.link_hash else "LINK_MADE", actor, now)
    return link


def renew_link(
    connection: Connection,
    secrets: PortalSecrets,
    contact: Contact,
    public_url: str,
    actor: str,
    now: datetime,
) -> str:
    """Another link; the old one is dead at once."""
    link = rotate_link(connection, secrets, contact.id, public_url, now)
    tell(connection, contact, "LINK_ROTATED", actor, now)
    return link


def take_link_back(connection: Connection, contact: Contact, actor: str, now: datetime) -> None:
    """No link any more."""
    revoke_link(connection, contact.id, now)
    tell(connection, contact, "LINK_REVOKED", actor, now)


def tell(
    connection: Connection, contact: Contact, what: str, actor: str, now: datetime, **data: str
) -> None:
    """Writes into the audit what was done with the contact's link."""
    bu, subject = contact.business_unit, f"contacts/{contact.id}"
    record(connection, now, actor, what, business_unit=bu, subject=subject, data=data)
