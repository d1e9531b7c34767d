"""What every transaction has: a connection inside BEGIN … COMMIT, and the database's clock."""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Executable, text

from slotsvc.domain.time_window import from_epoch
from slotsvc.store.calendar_memory import CalendarMemory, Remembered
from slotsvc.store.prepared import Prepared, together

LATE_S = 1.0
"""A clock that came in a journey of so many seconds is asked again: the process may have been
frozen since the server read it, and what was live then may have lapsed."""

type Question = tuple[Executable, Mapping[str, Any]]
"""A statement that reads, and its values."""

type DatabaseClock = Callable[[Connection], datetime]
"""Reads the clock of the database through a connection: aware UTC, whole seconds."""


class OwnClock:
    """The database's own clock, a ``DatabaseClock``. ``sql``: gives whole seconds since 1970."""

    def __init__(self, sql: str) -> None:
        self.sql = sql
        self.question: Question = (Prepared(text(f"SELECT {sql}")), {})

    def __call__(self, connection: Connection) -> datetime:
        """Reads it."""
        return self.read(connection.execute(*self.question))

    @staticmethod
    def read(rows: Any) -> datetime:
        """Of what the question gave."""
        return from_epoch(int(rows.scalar_one()))


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
        self._wanted: dict[Hashable, Question] = {}
        self._ahead: dict[Hashable, Any] = {}

    def now(self) -> datetime:
        """The database's clock, read after the locks taken so far; one instant until the next."""
        if self._now is None:
            self._ask_with_now()
        if self._now is None:
            self._now = self._clock(self._connection)
        return self._now

    def _ask_with_now(self, *asked: Question) -> list[Any]:
        """What ``asked`` gives, and behind it, in the same journey, the clock is read."""
        if not isinstance(self._clock, OwnClock):
            told = self._ask_at_once(*asked) if asked else []
            self._now = self._clock(self._connection)
            return told
        begun = time.monotonic()
        *told, now = self._ask_at_once(*asked, self._clock.question)
        late = time.monotonic() - begun > LATE_S
        self._now = None if late else self._clock.read(now)
        return told

    def _want(self, *asked: Question) -> None:
        """Reads it with the next question that is a journey, for ``_ask`` to give."""
        self._wanted |= {_key(one): one for one in asked}

    def _ask(self, *asked: Question) -> list[Any]:
        """What statements give; not run again when they came with an earlier one."""
        keys = [_key(one) for one in asked]
        if self._ahead.keys() >= set(keys):
            return [self._ahead.pop(key) for key in keys]
        return self._ask_at_once(*asked)

    def _ask_at_once(self, *asked: Question) -> list[Any]:
        wanted, self._wanted = self._wanted, {}
        told = together(self._connection, *asked, *wanted.values())
        self._ahead |= zip(wanted, told[len(asked) :], strict=True)
        return told[: len(asked)]


def _key(asked: Question) -> Hashable:
    statement, values = asked
    named = ((name, tuple(v) if isinstance(v, list) else v) for name, v in values.items())
    return id(statement), *named
