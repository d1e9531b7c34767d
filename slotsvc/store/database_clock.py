"""The clock that decides over holds: the database's own, or one that was handed in for a test."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection

from slotsvc.domain.time_window import from_epoch
from slotsvc.scheduling.ports import Clock
from slotsvc.store.transaction import DatabaseClock

_POSTGRES_NOW = "SELECT floor(extract(epoch FROM clock_timestamp()))::bigint"


def sqlite_now(connection: Connection) -> datetime:
    """SQLite's clock, whole seconds."""
    return from_epoch(int(connection.exec_driver_sql("SELECT unixepoch()").scalar_one()))


def postgres_now(connection: Connection) -> datetime:
    """PostgreSQL's clock, whole seconds: of this moment, not of the transaction's beginning, which
    lies before the wait for its locks."""
    return from_epoch(int(connection.exec_driver_sql(_POSTGRES_NOW).scalar_one()))


def clock_or_database(clock: Clock | None, database: DatabaseClock = sqlite_now) -> DatabaseClock:
    """``clock``, cut to whole seconds; None: the ``database``'s own."""
    if clock is None:
        return database
    return lambda _connection: clock.now().replace(microsecond=0)
