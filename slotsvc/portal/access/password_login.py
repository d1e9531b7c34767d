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
class Checked:
    """``contact``: whose user name and password they are; None: wrong, or too early by ``wait``.
    ``suspect``: whose user name was typed, for the audit only. ``password_hash``: of the password
    that was right, as it is stored."""

    contact: str | None = None
    password_hash: str | None = field(default=None, repr=False)
    suspect: str | None = field(default=None, repr=False)
    wait: timedelta = timedelta(0)


@dataclass(frozen=True, slots=True)
class _Tried:
    contact: str | None = None
    password_hash: str | None = None
    wait: timedelta = timedelta(0)


async def check_password(
    portal: Portal, bu: BusinessUnit, user_name: str, password: str, network: str
) -> Checked:
    """Whether both belong together, for somebody who may come in now."""
    name = folded(user_name)
    tried = await portal.database.write(lambda tx: _try(tx, portal, bu, name, network))
    if tried.wait:
        return Checked(wait=tried.wait)
    right = await portal.passwords.right(tried.password_hash, password[: LONGEST + 1])
    contact, stored = tried.contact, tried.password_hash
    if not right or contact is None or stored is None:
        return Checked(suspect=contact)
    outdated = portal.passwords.outdated(stored)
    renewed = await portal.passwords.hashed(password) if outdated else stored
    keys = _keys(portal, bu, name, network)
    if not await portal.database.write(lambda tx: _succeeded(tx, contact, keys, stored, renewed)):
        return Checked(suspect=contact)
    return Checked(contact, renewed)


def enter(
    connection: Connection, bu: BusinessUnit, checked: Checked, browser: str, now: datetime
) -> str | None:
    """A proven session of whom ``check_password`` found; its token. None: nobody, not open any
    more, or the password is another one by now."""
    found = contact_by_id(connection, checked.contact) if checked.contact else None
    if found is None or not found.may_come_in(bu, now):
        return None
    if found.password_hash is None or found.password_hash != checked.password_hash:
        return None
    return begin(connection, found, Level.PROVEN, browser, now)


def _try(
    connection: Connection, portal: Portal, bu: BusinessUnit, name: str, network: str
) -> _Tried:
    now = portal.clock()
    keys = _keys(portal, bu, name, network)
    waits = [
        limits.delay(connection, kind, key, THROTTLES[kind], now) for kind, key in keys.items()
    ]
    if longest := max(waits):
        return _Tried(wait=longest)
    for kind, key in keys.items():
        limits.add(connection, kind, key, now)
    contact = contact_by_user_name(connection, bu.id, name)
    if contact is None or not contact.may_come_in(bu, now):
        return _Tried()
    return _Tried(contact.id, contact.password_hash)


def _succeeded(
    connection: Connection, contact: str, keys: dict[str, str], stored: str, renewed: str
) -> bool:
    """Failures are forgotten; the hash is of today's parameters.

    False: the password was changed while it was judged, and the one that was typed counts no more.
    """
    same = update(CONTACTS).where(CONTACTS.c.id == contact, CONTACTS.c.password_hash == stored)
    if connection.execute(same.values(password_hash=renewed)).rowcount == 0:
        return False
    for kind in _CLEARED:
        limits.forget(connection, kind, keys[kind])
    forgive(connection, [contact])
    return True


def _keys(portal: Portal, bu: BusinessUnit, name: str, network: str) -> dict[str, str]:
    of = {
        "password-pair": f"{bu.id}:{name}:{network}",
        "password-network": network,
        "password-account": f"{bu.id}:{name}",
    }
    return {kind: limits.key_of(portal.secrets, kind, text) for kind, text in of.items()}
