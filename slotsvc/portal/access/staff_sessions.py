"""Sessions of the company's people, and looking at the portal through a client's eyes.

The same rules as clients' sessions: a 256-bit token in a cookie, its hash in ``SESSIONS``, idle and
absolute ends, everything about the person read anew each time. A view is a state of the *staff*
session: no session of the client is made, so nothing of it can outlive or pass for his own.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, insert, select, update

from slotsvc.portal.access.contacts import Contact, contact_by_id, sites_of
from slotsvc.portal.access.sessions import ABSOLUTE, IDLE, Sites, csrf_token_of, visitor_of
from slotsvc.portal.secrets import hashed, new_token
from slotsvc.portal.tables.schema import SESSIONS, STAFF
from slotsvc.portal.visitor import BusinessUnit, ClientVisitor, Level, StaffRole, StaffVisitor

if TYPE_CHECKING:
    from slotsvc.portal.access.session_activity import SessionActivity
    from slotsvc.portal.parts import Portal

STAFF_KIND = "STAFF"
_BROWSER_LENGTH = 200
_NEVER = datetime.fromtimestamp(0, UTC)


async def staff_session(portal: Portal, token: str, *, used: bool = True) -> StaffVisitor | None:
    """Whose session the cookie is, now; None: nobody's. One read, no write.

    ``used`` False: a page asked by itself, which must not keep the session from going idle.
    """
    now, session = portal.clock(), hashed(token)
    row = await portal.database.read(lambda tx: _live_row(tx, session, portal.activity, now))
    if row is None:
        return None
    if used:
        portal.activity.touch(session, now)
    return StaffVisitor(
        session=session,
        staff=row.subject,
        name=row.name,
        role=StaffRole(row.role),
        locale=row.locale or "",
        csrf_token=csrf_token_of(portal.secrets, session),
    )


async def viewing_session(portal: Portal, token: str, bu: BusinessUnit) -> ClientVisitor | None:
    """The contact of ``bu`` through whose eyes the session looks; None: through nobody's there.

    He is shown even where he could not come in himself: that is what staff looks for. The visitor
    is of level LINK and never proven, and ``viewed_by`` makes him read-only.
    """
    now, session = portal.clock(), hashed(token)

    def read(connection: Connection) -> tuple[Any, Contact, Sites] | None:
        row = _live_row(connection, session, portal.activity, now)
        if row is None or row.viewing is None:
            return None
        contact = contact_by_id(connection, row.viewing)
        if contact is None or contact.business_unit != bu.id:
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
        level=Level.LINK,
        proven_until=_NEVER,
        csrf_token=csrf_token_of(portal.secrets, session),
        viewed_by=row.subject,
    )


def begin_staff_session(connection: Connection, staff: str, browser: str, now: datetime) -> str:
    """A new session of somebody with password and TOTP proven; the token for the cookie."""
    token = new_token()
    row = {
        "id": hashed(token),
        "kind": STAFF_KIND,
        "subject": staff,
        "level": int(Level.PROVEN),
        "proven_until": 0,
        "browser": browser[:_BROWSER_LENGTH],
        "created_at": _seconds(now),
        "seen_at": _seconds(now),
        "expires_at": _seconds(now + ABSOLUTE),
    }
    connection.execute(insert(SESSIONS).values(row))
    return token


def end_staff_session(connection: Connection, session: str, now: datetime) -> None:
    """This session is over, at once."""
    _end(connection, now, SESSIONS.c.id == session)


def end_staff_sessions(connection: Connection, staff: str, now: datetime) -> None:
    """All of his sessions are over: he was disabled, or proves himself anew."""
    _end(connection, now, SESSIONS.c.subject == staff)


def look_through(connection: Connection, session: str, contact: str | None) -> None:
    """From now on the session shows the portal as ``contact`` sees it; None: no more."""
    ours = (SESSIONS.c.id == session) & (SESSIONS.c.kind == STAFF_KIND)
    connection.execute(update(SESSIONS).where(ours).values(viewing=contact))


def viewed_contact(connection: Connection, session: str) -> str | None:
    """Through whose eyes the session looks; None: nobody's."""
    query = select(SESSIONS.c.viewing).where(SESSIONS.c.id == session)
    return connection.execute(query).scalar_one_or_none()


def _live_row(
    connection: Connection, session: str, activity: SessionActivity, now: datetime
) -> Any:
    query = (
        select(SESSIONS, STAFF.c.name, STAFF.c.role, STAFF.c.locale)
        .join(STAFF, STAFF.c.id == SESSIONS.c.subject)
        .where(
            SESSIONS.c.id == session,
            SESSIONS.c.kind == STAFF_KIND,
            SESSIONS.c.ended_at.is_(None),
            SESSIONS.c.expires_at > _seconds(now),
            STAFF.c.disabled.is_(False),
        )
    )
    row = connection.execute(query).one_or_none()
    if row is None or now - activity.seen(session, row.seen_at) >= IDLE:
        return None
    return row


def _end(connection: Connection, now: datetime, which: Any) -> None:
    ended = update(SESSIONS).where(
        which, SESSIONS.c.kind == STAFF_KIND, SESSIONS.c.ended_at.is_(None)
    )
    connection.execute(ended.values(ended_at=_seconds(now)))


def _seconds(at: datetime) -> int:
    return int(at.timestamp())
