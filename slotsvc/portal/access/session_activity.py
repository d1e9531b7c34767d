"""When sessions were last used: remembered here, written by a task, so that pages only read."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import Connection, update

from slotsvc.portal.tables.database import PortalDatabase
from slotsvc.portal.tables.schema import SESSIONS


class SessionActivity:
    """The last use of each session since the last flush. Used from the event loop only."""

    def __init__(self) -> None:
        self._seen: dict[str, datetime] = {}

    def touch(self, session: str, now: datetime) -> None:
        """The session was used."""
        self._seen[session] = now

    def seen(self, session: str, stored: int) -> datetime:
        """Its last use: what is remembered, or what the table says (epoch seconds)."""
        written = datetime.fromtimestamp(stored, UTC)
        return max(self._seen.get(session, written), written)

    async def flush(self, database: PortalDatabase) -> None:
        """Writes what happened since the last flush; nothing where nothing did."""
        seen = dict(self._seen)
        if not seen:
            return
        await database.write(lambda connection: _write(connection, seen))
        # forgotten only when written: a session must not look idle in between
        for session, at in seen.items():
            if self._seen.get(session) == at:
                del self._seen[session]


def _write(connection: Connection, seen: dict[str, datetime]) -> None:
    for session, at in seen.items():
        second = int(at.timestamp())
        row = update(SESSIONS).where(SESSIONS.c.id == session, SESSIONS.c.seen_at < second)
        connection.execute(row.values(seen_at=second))
