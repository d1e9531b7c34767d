"""What every transaction has: a connection inside BEGIN … COMMIT, and the database's clock."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

type DatabaseClock = Callable[[Connection], datetime]
"""Reads the clock of the database through a connection: aware UTC, whole seconds."""


class Transaction:
    """Base of the transactions. Used in one thread, never after the work has returned."""

    def __init__(self, connection: Connection, clock: DatabaseClock) -> None:
        self._connection = connection
        self._clock = clock
        self._now: datetime | None = None
        self._seen: dict[tuple[object, ...], Any] = {}

    def now(self) -> datetime:
        """The database's clock, read after the locks taken so far; one instant until the next."""
        if self._now is None:
            self._now = self._clock(self._connection)
        return self._now

    def _once[T](self, question: tuple[object, ...], read: Callable[[], T]) -> T:
        """What ``read`` gave before, while nothing can have changed: a day is judged several times
        in a transaction, and asks for the same people and hours each time."""
        if question not in self._seen:
            self._seen[question] = read()
        found: T = self._seen[question]
        return found

    def _look_anew(self) -> None:
        """What ``_once`` was told may have changed."""
        self._seen.clear()
