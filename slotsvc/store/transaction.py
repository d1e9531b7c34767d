"""What every transaction has: a connection inside BEGIN … COMMIT, and the database's clock."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from sqlalchemy import Connection

from slotsvc.store.calendar_memory import CalendarMemory, Remembered

type DatabaseClock = Callable[[Connection], datetime]
"""Reads the clock of the database through a connection: aware UTC, whole seconds."""


class Transaction:
    """Base of the transactions. Used in one thread, never after the work has returned.

    ``memory``: what the store's transactions share; None: nothing.
    """

    def __init__(
        self, connection: Connection, clock: DatabaseClock, *, memory: CalendarMemory | None = None
    ) -> None:
        self._connection = connection
        self._clock = clock
        self._memory = memory or CalendarMemory()
        self._seen: dict[str, Remembered] = {}
        self._now: datetime | None = None

    def now(self) -> datetime:
        """The database's clock, read after the locks taken so far; one instant until the next."""
        if self._now is None:
            self._now = self._clock(self._connection)
        return self._now
