"""Asked-for codes: one row for known and unknown addresses alike, bound to the browser that asked.

Asking only writes the row; whether anybody is known is looked up later, by a worker, so that
neither the answer nor its time tells (S6). Six digits, ten minutes, once, five tries (S2, ASVS
6.5).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, insert, select, update

from slotsvc.portal.access import limits
from slotsvc.portal.access.identifiers import Identifier
from slotsvc.portal.access.limits import Limit
from slotsvc.portal.secrets import PortalSecrets, hashed, new_token
from slotsvc.portal.tables.schema import CHALLENGES
from slotsvc.portal.visitor import ClientVisitor

LIFETIME = timedelta(minutes=10)
MOST_TRIES = 5
CODE_DIGITS = 6
NETWORK_KIND = "code-asked"
NETWORK_LIMITS = (Limit(20, timedelta(hours=1)),)
_CODE_PURPOSE = "code"
_NOBODY = "0" * 64


class Purpose(StrEnum):
    """What a right code is good for."""

    LOGIN = "LOGIN"
    STEP_UP = "STEP_UP"
    CHANGE = "CHANGE"  # of one's own e-mail address or number: sent to the new one


@dataclass(frozen=True, slots=True)
class Wish:
    """What a code is asked for. ``contact`` and ``session``: for who is signed in already."""

    purpose: Purpose
    identifier: Identifier
    locale: str
    contact: str | None = None
    session: str | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """``token``: for the browser's cookie; None: the network asked too often, wait so long."""

    token: str | None
    wait: timedelta = timedelta(0)


@dataclass(frozen=True, slots=True)
class Challenge:
    """One row. ``id``: hash of the cookie's token. ``proven``: the code was right."""

    id: str
    business_unit: str
    purpose: Purpose
    address: str
    locale: str
    contact: str | None
    session: str | None
    code_mac: str | None
    tries: int
    expires_at: datetime
    proven: bool
    used: bool

    @property
    def tries_left(self) -> int:
        """How many more codes may be typed."""
        return max(MOST_TRIES - self.tries, 0)

    def open(self, now: datetime) -> bool:
        """Whether something can still come of it."""
        return not self.used and now < self.expires_at and (self.proven or self.tries_left > 0)


def ask(
    connection: Connection,
    secrets: PortalSecrets,
    bu: str,
    wish: Wish,
    network: str,
    now: datetime,
) -> Asked:
    """Writes the wish for a code. The same rows, whoever is or is not at the address."""
    key = limits.key_of(secrets, NETWORK_KIND, network)
    wait = limits.wait(connection, NETWORK_KIND, key, NETWORK_LIMITS, now)
    if wait:
        return Asked(None, wait)
    limits.add(connection, NETWORK_KIND, key, now)
    token = new_token()
    row = {
        "id": hashed(token),
        "business_unit": bu,
        "purpose": wish.purpose,
        "identifier": wish.identifier.address,
        "channel": wish.identifier.channel,
        "locale": wish.locale,
        "contact": wish.contact,
        "session": wish.session,
        "created_at": int(now.timestamp()),
        "expires_at": int((now + LIFETIME).timestamp()),
    }
    connection.execute(insert(CHALLENGES).values(row))
    return Asked(token)


def challenge_of(
    connection: Connection, bu: str, token: str | None, purposes: set[Purpose], now: datetime
) -> Challenge | None:
    """What the browser with this cookie asked for, and can still finish; None: nothing."""
    query = select(CHALLENGES).where(
        CHALLENGES.c.id == hashed(token or ""),
        CHALLENGES.c.business_unit == bu,
        CHALLENGES.c.purpose.in_(purposes),
    )
    row = connection.execute(query).one_or_none()
    found = _challenge(row) if row is not None else None
    return found if found is not None and found.open(now) else None


def challenge_of_session(
    connection: Connection,
    visitor: ClientVisitor,
    token: str | None,
    purposes: set[Purpose],
    now: datetime,
) -> Challenge | None:
    """``challenge_of``, where the visitor's own session asked for it; None: it did not."""
    found = challenge_of(connection, visitor.bu.id, token, purposes, now)
    return found if found is not None and found.session == visitor.session else None


def use_up(connection: Connection, challenge: Challenge, now: datetime) -> None:
    """Its code was right, and works no more."""
    second = int(now.timestamp())
    mark(connection, challenge.id, proven_at=second, used_at=second)


def challenge_by_link(
    connection: Connection, bu: str, link_token: str, now: datetime
) -> Challenge | None:
    """The one whose letter carried this login link, if it can still be finished."""
    query = select(CHALLENGES).where(
        CHALLENGES.c.link_hash == hashed(link_token), CHALLENGES.c.business_unit == bu
    )
    row = connection.execute(query).one_or_none()
    found = _challenge(row) if row is not None else None
    return found if found is not None and found.open(now) and not found.proven else None


def address_asked_for(
    connection: Connection, bu: str, *, token: str = "", link: str = ""
) -> str | None:
    """The address of the challenge with this cookie's token or login link, open or not."""
    known = CHALLENGES.c.link_hash == hashed(link) if link else CHALLENGES.c.id == hashed(token)
    query = select(CHALLENGES.c.identifier).where(known, CHALLENGES.c.business_unit == bu)
    return connection.execute(query).scalar_one_or_none()


def waiting(connection: Connection, now: datetime) -> list[Challenge]:
    """Those that the worker has not prepared yet, oldest first."""
    query = select(CHALLENGES).where(
        CHALLENGES.c.prepared_at.is_(None), CHALLENGES.c.expires_at > int(now.timestamp())
    )
    rows = connection.execute(query.order_by(CHALLENGES.c.created_at))
    return [_challenge(row) for row in rows]


def code_mac(secrets: PortalSecrets, challenge: str, code: str) -> str:
    """What is kept of a code: short secrets must not be found by trying (S1)."""
    return secrets.mac(_CODE_PURPOSE, f"{challenge}:{code}")


def is_code(secrets: PortalSecrets, challenge: Challenge, typed: str) -> bool:
    """Whether it is the code; as much work where nobody is known."""
    code = "".join(each for each in typed if each.isdigit())[: 2 * CODE_DIGITS]
    text = f"{challenge.id}:{code}"
    same = secrets.matches(_CODE_PURPOSE, text, challenge.code_mac or _NOBODY)
    return same and challenge.code_mac is not None


def mark(connection: Connection, challenge: str, **values: Any) -> None:
    """Sets columns of one row."""
    connection.execute(update(CHALLENGES).where(CHALLENGES.c.id == challenge).values(values))


def count_try(connection: Connection, challenge: str) -> None:
    """One more code was typed."""
    mark(connection, challenge, tries=CHALLENGES.c.tries + 1)


def rebound(connection: Connection, challenge: Challenge) -> str:
    """Binds a proven challenge to another browser: gives the token for its cookie."""
    token = new_token()
    mark(connection, challenge.id, id=hashed(token))
    return token


def sweep(connection: Connection, now: datetime) -> int:
    """Takes out what ran out an hour ago or more; gives how many."""
    hour_ago = int((now - timedelta(hours=1)).timestamp())
    return connection.execute(
        CHALLENGES.delete().where(CHALLENGES.c.expires_at < hour_ago)
    ).rowcount


def _challenge(row: Any) -> Challenge:
    return Challenge(
        id=row.id,
        business_unit=row.business_unit,
        purpose=Purpose(row.purpose),
        address=row.identifier,
        locale=row.locale,
        contact=row.contact,
        session=row.session,
        code_mac=row.code_mac,
        tries=row.tries,
        expires_at=datetime.fromtimestamp(row.expires_at, UTC),
        proven=row.proven_at is not None,
        used=row.used_at is not None,
    )
