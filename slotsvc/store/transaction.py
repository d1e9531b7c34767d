"""What every transaction has: a connection inside BEGIN … COMMIT, and the database's clock."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from sqlalchemy import Connection

type DatabaseClock = Callable[[Connection], datetime]
"""Reads the clock of the database through a connection: aware UTC, whole seconds."""


class Transaction:
    """Base of the transactions. Used in one thread, never after the work has returned."""

    def __init__(self, connection: Connection, clock: DatabaseClock) -> None:
        self._connection = connection
        self._clock = clock
        self._now: datetime | None = None

    def now(self) -> datetime:
        """The database's clock, read after the locks taken so far; one instant until the next."""
        if self._now is None:
            self._now = self._clock(self._connection)
        return self._now
