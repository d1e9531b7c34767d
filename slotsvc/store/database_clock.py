"""The clock that decides over holds: the database's own, or one that was handed in for a test."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection

from slotsvc.domain.time_window import from_epoch
from slotsvc.scheduling.ports import Clock
from slotsvc.store.transaction import DatabaseClock


def sqlite_now(connection: Connection) -> datetime:
    """SQLite's clock, whole seconds."""
    return from_epoch(int(connection.exec_driver_sql("SELECT unixepoch()").scalar_one()))


def clock_or_database(clock: Clock | None) -> DatabaseClock:
    """``clock``, cut to whole seconds; None: the database's own."""
    if clock is None:
        return sqlite_now
    return lambda _connection: clock.now().replace(microsecond=0)
