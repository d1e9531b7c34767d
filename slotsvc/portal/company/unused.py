"""Clients and contacts that were added by mistake: taken out again while nobody of them came in."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, or_, select, update

from slotsvc.portal.access.contacts import Contact
from slotsvc.portal.company.clients import Client
from slotsvc.portal.tables.audit import record
from slotsvc.portal.tables.schema import (
    AUDIT,
    CHALLENGES,
    CLIENTS,
    CONTACT_SITES,
    CONTACTS,
    HOLDS,
    INVITATIONS,
    SESSIONS,
)


class InUseError(Exception):
    """Somebody came in: what he did must go on having an owner."""


def client_unused(connection: Connection, client: Client) -> bool:
    """Whether none of the client's contacts ever came in."""
    return not _came_in(connection, _contacts_of(connection, client))


def contact_unused(connection: Connection, contact: str) -> bool:
    """Whether the contact never came in."""
    return not _came_in(connection, [contact])


def remove_client(connection: Connection, client: Client, actor: str, now: datetime) -> None:
    """Takes a client and his contacts out of the portal; the engine keeps what it has of him.

    Raises ``InUseError``.
    """
    contacts = _contacts_of(connection, client)
    if _came_in(connection, contacts):
        raise InUseError
    _forget(connection, contacts)
    connection.execute(delete(CLIENTS).where(CLIENTS.c.id == client.id))
    subject, data = f"clients/{client.id}", {"contacts": len(contacts)}
    _tell(connection, client.business_unit, "CLIENT_REMOVED", subject, data, actor, now)


def remove_contact(connection: Connection, contact: Contact, actor: str, now: datetime) -> None:
    """Takes a contact out of the portal. Raises ``InUseError``."""
    if _came_in(connection, [contact.id]):
        raise InUseError
    _forget(connection, [contact.id])
    subject, data = f"contacts/{contact.id}", {"client": contact.client_id}
    _tell(connection, contact.business_unit, "CONTACT_REMOVED", subject, data, actor, now)


def _contacts_of(connection: Connection, client: Client) -> list[str]:
    query = select(CONTACTS.c.id).where(CONTACTS.c.client == client.id)
    return list(connection.execute(query).scalars())


def _came_in(connection: Connection, contacts: list[str]) -> bool:
    """Sessions are thrown away after a day, so the audit is asked, too."""
    subjects = [f"contacts/{contact}" for contact in contacts]
    used = or_(CONTACTS.c.link_used_at.is_not(None), CONTACTS.c.password_hash.is_not(None))
    traces = (
        select(CONTACTS.c.id).where(CONTACTS.c.id.in_(contacts), used),
        select(SESSIONS.c.id).where(SESSIONS.c.kind == "CLIENT", SESSIONS.c.subject.in_(contacts)),
        select(HOLDS.c.name).where(HOLDS.c.contact.in_(contacts)),
        select(AUDIT.c.id).where(AUDIT.c.what == "LOGIN", AUDIT.c.subject.in_(subjects)),
    )
    return any(connection.execute(trace.limit(1)).first() is not None for trace in traces)


def _forget(connection: Connection, contacts: list[str]) -> None:
    """Whoever looks through their eyes sees the company's pages again."""
    seen = update(SESSIONS).where(SESSIONS.c.viewing.in_(contacts))
    connection.execute(seen.values(viewing=None))
    for gone in (
        delete(INVITATIONS).where(
            INVITATIONS.c.kind == "CONTACT", INVITATIONS.c.subject.in_(contacts)
        ),
        delete(CHALLENGES).where(CHALLENGES.c.contact.in_(contacts)),
        delete(CONTACT_SITES).where(CONTACT_SITES.c.contact.in_(contacts)),
        delete(CONTACTS).where(CONTACTS.c.id.in_(contacts)),
    ):
        connection.execute(gone)


def _tell(
    connection: Connection,
    bu: str,
    what: str,
    subject: str,
    data: dict[str, Any],
    actor: str,
    now: datetime,
) -> None:
    record(connection, now, actor, what, business_unit=bu, subject=subject, data=data)
