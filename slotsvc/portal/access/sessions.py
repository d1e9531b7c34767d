"""Sessions of clients: a random token in a cookie, its hash in ``SESSIONS``, every rule asked anew.

Idle 30 minutes, 12 hours in all, raised for 10 minutes by a proof (S13; ASVS 7.3). What a session
says about its owner is read from the tables each time; nothing comes from the browser (S21).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import ColumnElement, Connection, Row, select, update
from sqlalchemy import insert as insert_row

from slotsvc.portal.access.contacts import Contact, contact_by_id, sites_of
from slotsvc.portal.secrets import PortalSecrets, hashed, new_token
from slotsvc.portal.tables.schema import CLIENTS, CONTACTS, SESSIONS
from slotsvc.portal.visitor import BusinessUnit, ClientVisitor, Level

if TYPE_CHECKING:
    from slotsvc.portal.access.session_activity import SessionActivity
    from slotsvc.portal.parts import Portal

CLIENT_KIND = "CLIENT"
IDLE = timedelta(minutes=30)
ABSOLUTE = timedelta(hours=12)
PROOF_LASTS = timedelta(minutes=10)
_BROWSER_LENGTH = 200


@dataclass(frozen=True, slots=True)
class OpenSession:
    """One entry of the list on the account page. ``id``: for ending it; no secret."""

    id: str
    browser: str
    level: Level
    created_at: datetime
    seen_at: datetime


async def client_session(portal: Portal, token: str, bu: BusinessUnit) -> ClientVisitor | None:
    """Whose session the cookie is, in this unit and now; None: nobody's. One read, no write."""
    now, session = portal.clock(), hashed(token)

    def read(connection: Connection) -> tuple[Row[tuple[object, ...]], Contact, Sites] | None:
        row = _live_row(connection, session, bu.id, portal.activity, now)
        contact = contact_by_id(connection, row.subject) if row is not None else None
        if row is None or contact is None or not contact.may_stay(bu, Level(row.level), now):
            return None
        return row, contact, sites_of(connection, contact)

    found = await portal.database.read(read)
    if found is None:
        return None
    portal.activity.touch(session, now)
    row, contact, sites = found
    return visitor_of(
        contact,
        bu,
        sites,
        session=session,
        level=Level(row.level),
        proven_until=datetime.fromtimestamp(row.proven_until, UTC),
        csrf_token=csrf_token_of(portal.secrets, session),
    )


type Sites = frozenset[str] | None


def visitor_of(
    contact: Contact,
    bu: BusinessUnit,
    sites: Sites,
    *,
    session: str,
    level: Level,
    proven_until: datetime,
    csrf_token: str,
    viewed_by: str | None = None,
) -> ClientVisitor:
    """The contact as pages see him."""
    return ClientVisitor(
        session=session,
        contact=contact.id,
        name=contact.name,
        client=contact.client,
        client_id=contact.client_id,
        client_name=contact.client_name,
        bu=bu,
        sites=sites,
        locale=contact.locale or "",
        level=level,
        proven_until=proven_until,
        csrf_token=csrf_token,
        viewed_by=viewed_by,
    )


def csrf_token_of(secrets: PortalSecrets, session: str) -> str:
    """What the forms of a session carry. ``session``: its id."""
    return secrets.mac("csrf", session)


def begin(
    connection: Connection, contact: Contact, level: Level, browser: str, now: datetime
) -> str:
    """A new session; gives the token for the cookie. A proof now counts as a step-up."""
    token = new_token()
    proven = now + PROOF_LASTS if level is Level.PROVEN else None
    row = {
        "id": hashed(token),
        "kind": CLIENT_KIND,
        "subject": contact.id,
        "business_unit": contact.business_unit,
        "level": int(level),
        "proven_until": _seconds(proven) if proven else 0,
        "browser": browser[:_BROWSER_LENGTH],
        "created_at": _seconds(now),
        "seen_at": _seconds(now),
        "expires_at": _seconds(now + ABSOLUTE),
    }
    connection.execute(insert_row(SESSIONS).values(row))
    return token


def raised(connection: Connection, session: str, now: datetime) -> str | None:
    """The session anew, with a new token, proven from now on; the old token ends (S12).

    Its absolute end stays. None: the session has ended meanwhile.
    """
    row = connection.execute(select(SESSIONS).where(_alive(now), SESSIONS.c.id == session))
    old = row.one_or_none()
    if old is None or old.kind != CLIENT_KIND:
        return None
    token = new_token()
    new = dict(old._mapping) | {
        "id": hashed(token),
        "level": int(Level.PROVEN),
        "proven_until": _seconds(now + PROOF_LASTS),
        "seen_at": _seconds(now),
    }
    connection.execute(insert_row(SESSIONS).values(new))
    end(connection, session, now)
    return token


def end(connection: Connection, session: str, now: datetime) -> None:
    """The session is over, at once."""
    _end_where(connection, SESSIONS.c.id == session, now)


def end_all(
    connection: Connection,
    contact: str,
    now: datetime,
    *,
    level: Level | None = None,
    keep: str | None = None,
) -> None:
    """All sessions of the contact are over. ``level``: only those of this level; ``keep``: not the
    one with this token."""
    which = _sessions_of(contact)
    if level is not None:
        which &= SESSIONS.c.level == int(level)
    if keep is not None:
        which &= SESSIONS.c.id != hashed(keep)
    _end_where(connection, which, now)


def end_all_of_client(connection: Connection, client: str, now: datetime) -> None:
    """All sessions of the client's contacts are over: his access was switched off (S13)."""
    contacts = select(CONTACTS.c.id).where(CONTACTS.c.client == client)
    _end_where(connection, _kind() & SESSIONS.c.subject.in_(contacts), now)


def end_all_of_unit(connection: Connection, bu: str, now: datetime) -> None:
    """All sessions of the unit's clients are over: its portal was switched off (S13)."""
    clients = select(CLIENTS.c.id).where(CLIENTS.c.business_unit == bu)
    contacts = select(CONTACTS.c.id).where(CONTACTS.c.client.in_(clients))
    _end_where(connection, _kind() & SESSIONS.c.subject.in_(contacts), now)


def open_sessions(
    connection: Connection, contact: str, activity: SessionActivity, now: datetime
) -> list[OpenSession]:
    """The contact's live sessions, last used first."""
    query = select(SESSIONS).where(_sessions_of(contact), _alive(now))
    found = [
        OpenSession(
            row.id,
            row.browser,
            Level(row.level),
            datetime.fromtimestamp(row.created_at, UTC),
            activity.seen(row.id, row.seen_at),
        )
        for row in connection.execute(query)
    ]
    live = [each for each in found if now - each.seen_at < IDLE]
    return sorted(live, key=lambda each: each.seen_at, reverse=True)


def sweep(connection: Connection, now: datetime) -> int:
    """Takes out sessions that ended a day ago or more; gives how many."""
    day_ago = _seconds(now - timedelta(days=1))
    over = (SESSIONS.c.expires_at < day_ago) | (SESSIONS.c.ended_at < day_ago)
    return connection.execute(SESSIONS.delete().where(over)).rowcount


def _live_row(
    connection: Connection, session: str, bu: str, activity: SessionActivity, now: datetime
) -> Row[tuple[object, ...]] | None:
    query = select(SESSIONS).where(
        SESSIONS.c.id == session, _kind(), SESSIONS.c.business_unit == bu, _alive(now)
    )
    row = connection.execute(query).one_or_none()
    if row is None or now - activity.seen(session, row.seen_at) >= IDLE:
        return None
    return row


def _end_where(connection: Connection, which: ColumnElement[bool], now: datetime) -> None:
    query = update(SESSIONS).where(which, SESSIONS.c.ended_at.is_(None))
    connection.execute(query.values(ended_at=_seconds(now)))


def _sessions_of(contact: str) -> ColumnElement[bool]:
    return _kind() & (SESSIONS.c.subject == contact)


def _kind() -> ColumnElement[bool]:
    return SESSIONS.c.kind == CLIENT_KIND


def _alive(now: datetime) -> ColumnElement[bool]:
    return SESSIONS.c.ended_at.is_(None) & (SESSIONS.c.expires_at > _seconds(now))


def _seconds(at: datetime) -> int:
    return int(at.timestamp())
