"""The login of the company's people: password and a code of their authenticator, asked together.

One answer for every refusal. An attempt is counted before it is judged, so that guesses sent side
by side count too; and somebody unknown costs the same time as somebody known.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, select, update

from slotsvc.portal.access import limits
from slotsvc.portal.access.identifiers import IdentifierError
from slotsvc.portal.access.identifiers import email as normalised_email
from slotsvc.portal.access.limits import Throttle
from slotsvc.portal.access.refusals import note_refused
from slotsvc.portal.access.staff import TOTP_PURPOSE
from slotsvc.portal.access.staff_sessions import begin_staff_session, end_staff_sessions
from slotsvc.portal.access.totp import SECRET_BYTES, matching_step
from slotsvc.portal.secrets import PortalSecrets, SecretsError
from slotsvc.portal.tables.audit import record
from slotsvc.portal.tables.schema import STAFF

if TYPE_CHECKING:
    from slotsvc.portal.parts import Portal

# one network at one account: a guesser; any at one: a botnet. Who knows an address alone must not
# be able to shut its owner out (S10)
PAIR = Throttle(free=5, longest=timedelta(minutes=15), within=timedelta(hours=24))
ACCOUNT = Throttle(free=20, longest=timedelta(minutes=5), within=timedelta(hours=1))
NETWORK = Throttle(free=30, longest=timedelta(minutes=5), within=timedelta(hours=1))
_PAIR_KIND = "STAFF_PAIR"
_ACCOUNT_KIND = "STAFF_ACCOUNT"
_NETWORK_KIND = "STAFF_NETWORK"
_THROTTLES = {_PAIR_KIND: PAIR, _ACCOUNT_KIND: ACCOUNT, _NETWORK_KIND: NETWORK}
_NOBODYS = bytes(SECRET_BYTES)
_LONGEST_PASSWORD = 128


@dataclass(frozen=True, slots=True)
class StaffLogin:
    """What was typed, and from where. ``network``: of the visitor's address."""

    email: str
    password: str
    code: str
    network: str
    browser: str


@dataclass(frozen=True, slots=True)
class LoginAnswer:
    """``token``: for the cookie; None: refused. ``wait``: how long before the next try counts."""

    token: str | None = None
    wait: timedelta = timedelta(0)


async def log_in(portal: Portal, typed: StaffLogin, chosen: str | None = None) -> LoginAnswer:
    """A session for who proves password and code. Refusals do not say what was wrong.

    ``chosen``: his password from now on, found good before; his other sessions end then.
    """
    now = portal.clock()
    address = _address(typed.email)
    keys = _keys(portal.secrets, address, typed.network)
    wait = await portal.database.write(lambda tx: _admitted(tx, portal.secrets, keys, typed, now))
    if wait > timedelta(0):
        return LoginAnswer(wait=wait)
    row = await portal.database.read(lambda tx: _standing(tx, address))
    right = await portal.passwords.right(
        row.password_hash if row else None, typed.password[: _LONGEST_PASSWORD + 1]
    )
    step = _step(portal.secrets, row, typed.code, now)
    if row is None or not right or step is None:
        await portal.database.write(lambda tx: _refuse(tx, portal.secrets, row, typed, now))
        return LoginAnswer()
    stored = row.password_hash
    if chosen is not None or portal.passwords.outdated(stored):
        stored = await portal.passwords.hashed(chosen or typed.password)

    def work(connection: Connection) -> str | None:
        if not _used_up(connection, row, stored, step, now):
            _refuse(connection, portal.secrets, row, typed, now)
            return None
        if chosen is not None:
            end_staff_sessions(connection, row.id, now)
        what = "STAFF_LOGIN" if chosen is None else "STAFF_PASSWORD_CHANGED"
        return _begun(connection, row, what, keys, typed, now)

    return LoginAnswer(await portal.database.write(work))


def _address(typed: str) -> str:
    """What cannot be an address is nobody's, and is counted like the others."""
    try:
        return normalised_email(typed[:254])
    except IdentifierError:
        return "?"


def _keys(secrets: PortalSecrets, address: str, network: str) -> dict[str, str]:
    pair = f"{address} {network}"
    return {
        _PAIR_KIND: limits.key_of(secrets, _PAIR_KIND, pair),
        _ACCOUNT_KIND: limits.key_of(secrets, _ACCOUNT_KIND, address),
        _NETWORK_KIND: limits.key_of(secrets, _NETWORK_KIND, network),
    }


def _admitted(
    connection: Connection,
    secrets: PortalSecrets,
    keys: dict[str, str],
    typed: StaffLogin,
    now: datetime,
) -> timedelta:
    """How long to wait; zero: this attempt is let through, and counted."""
    wait = max(
        limits.delay(connection, kind, key, _THROTTLES[kind], now) for kind, key in keys.items()
    )
    if wait > timedelta(0):
        note_refused(connection, secrets, now, "STAFF_LOGIN_DELAYED", network=typed.network)
        return wait
    for kind, key in keys.items():
        limits.add(connection, kind, key, now)
    return wait


def _standing(connection: Connection, address: str) -> Any:
    enabled = (STAFF.c.email == address) & STAFF.c.disabled.is_(False)
    return connection.execute(select(STAFF).where(enabled)).one_or_none()


def _step(secrets: PortalSecrets, row: Any, code: str, now: datetime) -> int | None:
    if row is None or row.totp_sealed is None:
        matching_step(_NOBODYS, code, now, 0)
        return None
    try:
        secret = secrets.opened(TOTP_PURPOSE, row.totp_sealed)
    except SecretsError:
        return None
    return matching_step(secret, code, now, row.totp_last_step)


def _refuse(
    connection: Connection, secrets: PortalSecrets, row: Any, typed: StaffLogin, now: datetime
) -> None:
    subject, what = f"staff/{row.id}" if row is not None else "", "STAFF_LOGIN_REFUSED"
    note_refused(connection, secrets, now, what, subject=subject, network=typed.network)


def _used_up(connection: Connection, row: Any, stored: str, step: int, now: datetime) -> bool:
    """Uses the code up. ``stored``: the password's hash, maybe of another password.

    False: another login was first with this code, or the person was disabled or reset since.
    """
    unused = update(STAFF).where(
        STAFF.c.id == row.id,
        STAFF.c.totp_last_step < step,
        STAFF.c.disabled.is_(False),
        STAFF.c.password_hash == row.password_hash,
    )
    values = {"totp_last_step": step, "password_hash": stored}
    return connection.execute(unused.values(values)).rowcount == 1


def _begun(
    connection: Connection,
    row: Any,
    what: str,
    keys: dict[str, str],
    typed: StaffLogin,
    now: datetime,
) -> str:
    """A new session; failures are forgotten."""
    for kind in (_PAIR_KIND, _ACCOUNT_KIND):
        limits.forget(connection, kind, keys[kind])
    actor = f"staff/{row.id}"
    record(connection, now, actor, what, subject=actor, network=typed.network)
    return begin_staff_session(connection, row.id, typed.browser, now)
