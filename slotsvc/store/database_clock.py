"""The clock that decides over holds: the database's own, or one that was handed in for a test."""

from __future__ import annotations

from slotsvc.scheduling.ports import Clock
from slotsvc.store.transaction import DatabaseClock, OwnClock

sqlite_now = OwnClock("unixepoch()")
"""SQLite's clock, whole seconds."""

postgres_now = OwnClock("CAST(floor(extract(epoch FROM clock_timestamp())) AS bigint)")
"""PostgreSQL's clock, whole seconds: of this moment, not of the transaction's beginning, which
lies before the wait for its locks."""


def clock_or_database(clock: Clock | None, database: DatabaseClock = sqlite_now) -> DatabaseClock:
    """``clock``, cut to whole seconds; None: the ``database``'s own."""
    if clock is None:
        return database
    return lambda _connection: clock.now().replace(microsecond=0)
