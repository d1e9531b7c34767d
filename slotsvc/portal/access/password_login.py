"""Login with user name and password: the same work for known and unknown names, ever slower tries.

Delays grow per account and network; login by code stays open meanwhile, so that nobody can lock
somebody else out (S10). A try counts before it is judged: many at once gain nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import Connection, update

from slotsvc.portal.access import limits
from slotsvc.portal.access.contacts import contact_by_id, contact_by_user_name, forgive
from slotsvc.portal.access.invitations import folded
from slotsvc.portal.access.limits import Throttle
from slotsvc.portal.access.passwords import LONGEST
from slotsvc.portal.access.sessions import begin
from slotsvc.portal.tables.schema import CONTACTS
from slotsvc.portal.visitor import BusinessUnit, Level

if TYPE_CHECKING:
    from slotsvc.portal.parts import Portal

THROTTLES = {
    # one network at one account: a guesser; at any account: a sprayer; any at one: a botnet
    "password-pair": Throttle(5, timedelta(minutes=15), timedelta(hours=6)),
    "password-network": Throttle(30, timedelta(minutes=5), timedelta(hours=1)),
    "password-account": Throttle(20, timedelta(seconds=30), timedelta(hours=1)),
}
_CLEARED = ("password-pair", "password-account")


@dataclass(frozen=True, slots=True)
class PasswordEntry:
    """``session``: the token for its cookie; None: wrong, or too early by ``wait``."""

    session: str | None = field(default=None, repr=False)
    contact: str | None = None
    wait: timedelta = timedelta(0)


@dataclass(frozen=True, slots=True)
class _Tried:
    contact: str | None
    password_hash: str | None
    wait: timedelta


async def enter_by_password(
    portal: Portal, bu: BusinessUnit, user_name: str, password: str, network: str, browser: str
) -> PasswordEntry:
    """A session for who knows both."""
    name = folded(user_name)
    tried = await portal.database.write(lambda tx: _try(tx, portal, bu, name, network))
    if tried.wait:
        return PasswordEntry(wait=tried.wait)
    right = await portal.passwords.right(tried.password_hash, password[: LONGEST + 1])
    if not right or tried.contact is None or tried.password_hash is None:
        return PasswordEntry()
    renewed = await _renewed(portal, tried.password_hash, password)
    contact = tried.contact
    return await portal.database.write(
        lambda tx: _enter(tx, portal, bu, name, network, browser, contact, renewed)
    )


def _try(
    connection: Connection, portal: Portal, bu: BusinessUnit, name: str, network: str
) -> _Tried:
    now = portal.clock()
    keys = _keys(portal, bu, name, network)
    waits = [
        limits.delay(connection, kind, key, THROTTLES[kind], now) for kind, key in keys.items()
    ]
    if longest := max(waits):
        return _Tried(None, None, longest)
    for kind, key in keys.items():
        limits.add(connection, kind, key, now)
    contact = contact_by_user_name(connection, bu.id, name)
    if contact is None or not contact.may_come_in(bu, now):
        return _Tried(None, None, timedelta(0))
    return _Tried(contact.id, contact.password_hash, timedelta(0))


async def _renewed(portal: Portal, stored: str, password: str) -> str | None:
    """The hash made anew where today's parameters are others; None: as it is."""
    return await portal.passwords.hashed(password) if portal.passwords.outdated(stored) else None


def _enter(
    connection: Connection,
    portal: Portal,
    bu: BusinessUnit,
    name: str,
    network: str,
    browser: str,
    contact: str,
    renewed: str | None,
) -> PasswordEntry:
    now = portal.clock()
    found = contact_by_id(connection, contact)
    if found is None or not found.may_come_in(bu, now):
        return PasswordEntry()
    keys = _keys(portal, bu, name, network)
    for kind in _CLEARED:
        limits.forget(connection, kind, keys[kind])
    if renewed is not None:
        row = update(CONTACTS).where(CONTACTS.c.id == contact)
        connection.execute(row.values(password_hash=renewed))
    forgive(connection, [contact])
    return PasswordEntry(begin(connection, found, Level.PROVEN, browser, now), contact)


def _keys(portal: Portal, bu: BusinessUnit, name: str, network: str) -> dict[str, str]:
    of = {
        "password-pair": f"{bu.id}:{name}:{network}",
        "password-network": network,
        "password-account": f"{bu.id}:{name}",
    }
    return {kind: limits.key_of(portal.secrets, kind, text) for kind, text in of.items()}
