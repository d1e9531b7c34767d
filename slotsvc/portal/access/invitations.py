"""Invitations: a link with which a contact chooses his own user name and password, once (S9).

Passwords are never mailed and never chosen by staff. An invitation belongs to a contact that is
there already: accepting one can neither create nor merge anybody (S23).
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import Connection, insert, select, update

from slotsvc.portal.access.contacts import Contact, contact_by_id, contact_by_user_name
from slotsvc.portal.secrets import hashed, new_token
from slotsvc.portal.tables.schema import CONTACTS, INVITATIONS
from slotsvc.portal.visitor import BusinessUnit

LIFETIME = timedelta(hours=72)
KIND = "CONTACT"
SHORTEST_NAME = 3
LONGEST_NAME = 100
_LOOKED_AT = 4 * LONGEST_NAME  # a letter with its accents; normalising takes quadratic time


class UserNameProblem(StrEnum):
    """Why a user name cannot be had."""

    TOO_SHORT = "TOO_SHORT"
    TOO_LONG = "TOO_LONG"
    BLANKS = "BLANKS"
    TAKEN = "TAKEN"


@dataclass(frozen=True, slots=True)
class Invitation:
    """An invitation that can still be used."""

    token_hash: str
    contact: Contact


def invite(connection: Connection, contact: str, now: datetime) -> str:
    """The token of a new invitation; earlier ones of the contact end. ``invitation_url`` has it."""
    withdraw(connection, contact, now)
    token = new_token()
    row = {
        "token_hash": hashed(token),
        "kind": KIND,
        "subject": contact,
        "created_at": int(now.timestamp()),
        "expires_at": int((now + LIFETIME).timestamp()),
    }
    connection.execute(insert(INVITATIONS).values(row))
    return token


def invitation_url(public_url: str, bu: str, token: str) -> str:
    """What the letter links to."""
    return f"{public_url}/{bu}/invitation/{token}"


def open_invitation(
    connection: Connection, bu: BusinessUnit, token: str, now: datetime
) -> Invitation | None:
    """The invitation, of a contact that may come in; None: expired, used, or no such thing."""
    query = select(INVITATIONS).where(
        INVITATIONS.c.token_hash == hashed(token),
        INVITATIONS.c.kind == KIND,
        INVITATIONS.c.used_at.is_(None),
        INVITATIONS.c.expires_at > int(now.timestamp()),
    )
    row = connection.execute(query).one_or_none()
    contact = contact_by_id(connection, row.subject) if row is not None else None
    if row is None or contact is None or not contact.may_come_in(bu, now):
        return None
    return Invitation(row.token_hash, contact)


def folded(user_name: str) -> str:
    """A user name as it is kept and compared: capitals, widths and blanks around do not matter."""
    return unicodedata.normalize("NFKC", user_name[:_LOOKED_AT]).strip().casefold()


def user_name_problem(
    connection: Connection, bu: str, user_name: str, contact: str
) -> UserNameProblem | None:
    """Why ``contact`` cannot have it; None: he can."""
    name = folded(user_name)
    if len(name) < SHORTEST_NAME:
        return UserNameProblem.TOO_SHORT
    if len(name) > LONGEST_NAME:
        return UserNameProblem.TOO_LONG
    if not name.isprintable() or any(each.isspace() for each in name):
        return UserNameProblem.BLANKS
    owner = contact_by_user_name(connection, bu, name)
    return UserNameProblem.TAKEN if owner is not None and owner.id != contact else None


def set_password(
    connection: Connection, contact: str, user_name: str, password_hash: str, now: datetime
) -> None:
    """The user name and password count from now on; no invitation of his is open any more."""
    values = {"user_name": folded(user_name), "password_hash": password_hash}
    connection.execute(update(CONTACTS).where(CONTACTS.c.id == contact).values(values))
    withdraw(connection, contact, now)


def sweep(connection: Connection, now: datetime) -> int:
    """Takes out what ran out a month ago or more; gives how many."""
    oldest = int((now - timedelta(days=30)).timestamp())
    return connection.execute(
        INVITATIONS.delete().where(INVITATIONS.c.expires_at < oldest)
    ).rowcount


def withdraw(connection: Connection, contact: str, now: datetime) -> None:
    """No invitation of the contact is open any more."""
    query = update(INVITATIONS).where(
        INVITATIONS.c.kind == KIND,
        INVITATIONS.c.subject == contact,
        INVITATIONS.c.used_at.is_(None),
    )
    connection.execute(query.values(used_at=int(now.timestamp())))
