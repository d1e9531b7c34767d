"""Permanent links: the address of a client's own pages. A locator: sensitive acts need a proof.

The token is derived from the key file, so that staff can copy and send the same link again; the
tables keep its hash (S1). A new number makes a new link, and the old one is dead at once (S5).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection, bindparam, update

from slotsvc.portal.access.contacts import Contact, contact_by_id, contact_by_link
from slotsvc.portal.access.sessions import begin, end_all
from slotsvc.portal.secrets import PortalSecrets, hashed
from slotsvc.portal.tables.schema import CONTACTS
from slotsvc.portal.visitor import BusinessUnit, Level


@dataclass(frozen=True, slots=True)
class LinkEntry:
    """``contact`` None: the link does not open. ``session``: the token for the cookie; None: the
    one that the browser has goes on."""

    contact: str | None
    session: str | None = field(default=None, repr=False)


def link_of(secrets: PortalSecrets, contact: Contact, public_url: str) -> str | None:
    """The contact's permanent link, to copy or send; None: he has none, or it was revoked.

    Also None when the key that made it is gone: ``rotate_link`` makes a new one.
    """
    token = _token(secrets, contact.id, contact.link_number)
    if contact.link_hash != hashed(token):
        return None
    return f"{public_url}/{contact.business_unit}/k/{token}"


def ensure_link(
    connection: Connection, secrets: PortalSecrets, contact: str, public_url: str, now: datetime
) -> str:
    """His link, made where there is none. A link that slept for lack of use wakes up.

    Raises ``LookupError`` for an unknown contact.
    """
    found = _known(connection, contact)
    link = link_of(secrets, found, public_url)
    if link is None:
        return rotate_link(connection, secrets, contact, public_url, now)
    made = update(CONTACTS).where(CONTACTS.c.id == contact).values(link_made_at=_seconds(now))
    connection.execute(made)
    return link


def first_links(
    connection: Connection, secrets: PortalSecrets, contacts: Sequence[str], now: datetime
) -> None:
    """A link for each of these contacts who never had one: thousands in one statement."""
    query = update(CONTACTS).where(CONTACTS.c.id == bindparam("of"), CONTACTS.c.link_number == 0)
    rows = [{"of": each, "hash": hashed(_token(secrets, each, 1))} for each in contacts]
    values = {"link_number": 1, "link_hash": bindparam("hash"), "link_made_at": _seconds(now)}
    if rows:
        connection.execute(query.values(values), rows)


def rotate_link(
    connection: Connection, secrets: PortalSecrets, contact: str, public_url: str, now: datetime
) -> str:
    """A new link; the old one and the sessions it opened are over. ``LookupError`` as above."""
    number = _known(connection, contact).link_number + 1
    token = _token(secrets, contact, number)
    _set(connection, contact, link_number=number, link_hash=hashed(token), link_made_at=now)
    end_all(connection, contact, now, level=Level.LINK)
    return f"{public_url}/{_known(connection, contact).business_unit}/k/{token}"


def revoke_link(connection: Connection, contact: str, now: datetime) -> None:
    """No link any more; the old one and the sessions it opened are over."""
    number = _known(connection, contact).link_number + 1
    _set(connection, contact, link_number=number, link_hash=None, link_made_at=None)
    end_all(connection, contact, now, level=Level.LINK)


def enter_by_link(
    connection: Connection,
    bu: BusinessUnit,
    token: str,
    signed_in: str | None,
    browser: str,
    now: datetime,
) -> LinkEntry:
    """Who holds the link gets a session of level LINK; ``signed_in``: the contact whose session
    the browser has already, which is kept."""
    contact = contact_by_link(connection, hashed(token))
    if contact is None or not contact.may_come_in(bu, now) or not contact.may_use_link(bu, now):
        return LinkEntry(None)
    used = update(CONTACTS).where(CONTACTS.c.id == contact.id).values(link_used_at=_seconds(now))
    connection.execute(used)
    if contact.id == signed_in:
        return LinkEntry(contact.id)
    return LinkEntry(contact.id, begin(connection, contact, Level.LINK, browser, now))


def _token(secrets: PortalSecrets, contact: str, number: int) -> str:
    return secrets.derived_token("link", f"{contact}:{number}")


def _set(
    connection: Connection,
    contact: str,
    *,
    link_number: int,
    link_hash: str | None,
    link_made_at: datetime | None,
) -> None:
    made = _seconds(link_made_at) if link_made_at else None
    row = {"link_number": link_number, "link_hash": link_hash, "link_made_at": made}
    query = update(CONTACTS).where(CONTACTS.c.id == contact)
    connection.execute(query.values(row | {"link_used_at": None}))


def _known(connection: Connection, contact: str) -> Contact:
    found = contact_by_id(connection, contact)
    if found is None:
        raise LookupError("no such contact")
    return found


def _seconds(at: datetime) -> int:
    return int(at.timestamp())
