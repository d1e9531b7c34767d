"""The portal's tables after they were brought back from a copy.

What the copy has as still to do may have been done since it was made. Letters that were due are not
sent again, logins end, and codes and links that work once do not work any more.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection, update

from slotsvc.portal.tables.audit import record
from slotsvc.portal.tables.database import engine_on
from slotsvc.portal.tables.migrate import upgrade
from slotsvc.portal.tables.schema import CHALLENGES, INVITATIONS, OUTBOX, SESSIONS

PROBLEM = "RESTORED"


@dataclass(frozen=True, slots=True)
class Settled:
    """How many letters are not sent, sessions ended, and codes and links void."""

    letters: int
    sessions: int
    codes: int


def settle_restored(path: Path, now: datetime) -> Settled:
    """Brings the tables up to date, and puts what was under way at rest, in one transaction.

    Letters that are due later than ``now`` were not sent in the lost time: they go out.
    Raises ``PortalSchemaError`` for tables of a newer slotsvc.
    """
    upgrade(path)
    engine = engine_on(path, "BEGIN IMMEDIATE", 1)
    try:
        with engine.begin() as connection:
            return _settle(connection, now)
    finally:
        engine.dispose()


def _settle(connection: Connection, now: datetime) -> Settled:
    at = int(now.timestamp())
    under_way = (OUTBOX.c.sent_at.is_(None), OUTBOX.c.failed_at.is_(None), OUTBOX.c.due_at <= at)
    given_up = {"failed_at": at, "sealed": None, "problem": PROBLEM}
    letters = connection.execute(update(OUTBOX).where(*under_way).values(given_up)).rowcount
    open_ = update(SESSIONS).where(SESSIONS.c.ended_at.is_(None))
    sessions = connection.execute(open_.values(ended_at=at)).rowcount
    codes = sum(
        connection.execute(update(t).where(t.c.used_at.is_(None)).values(used_at=at)).rowcount
        for t in (CHALLENGES, INVITATIONS)
    )
    settled = Settled(letters, sessions, codes)
    data = {"letters": letters, "sessions": sessions, "codes": codes}
    record(connection, now, "cli", "RESTORED", data=data)
    return settled
