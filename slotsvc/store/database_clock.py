"""The clock that decides over holds: the database's own, or one that was handed in for a test."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, text

from slotsvc.domain.time_window import from_epoch
from slotsvc.scheduling.ports import Clock
from slotsvc.store.prepared import Prepared
from slotsvc.store.transaction import DatabaseClock

_SQLITE_NOW = Prepared(text("SELECT unixepoch()"))
_POSTGRES_NOW = Prepared(
    text("SELECT CAST(floor(extract(epoch FROM clock_timestamp())) AS bigint)")
)


def sqlite_now(connection: Connection) -> datetime:
    """SQLite's clock, whole seconds."""
    return from_epoch(int(connection.execute(_SQLITE_NOW).scalar_one()))


def postgres_now(connection: Connection) -> datetime:
    """PostgreSQL's clock, whole seconds: of this moment, not of the transaction's beginning, which
    lies before the wait for its locks."""
    return from_epoch(int(connection.execute(_POSTGRES_NOW).scalar_one()))


def clock_or_database(clock: Clock | None, database: DatabaseClock = sqlite_now) -> DatabaseClock:
    """``clock``, cut to whole seconds; None: the ``database``'s own."""
    if clock is None:
        return database
    return lambda _connection: clock.now().replace(microsecond=0)
