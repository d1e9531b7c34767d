"""Whose turn it is: a tenant's mutations run one after the other, but those that know better.

On SQLite there is one writer anyway. On PostgreSQL the first thing a mutation does is to wait for
the tenant's others; what it reads afterwards is what they left. Everything that holds over several
routes (quotas, a client's holds, references, the numbers of changes and events, the audit chain)
holds because of that, and two mutations of a tenant cannot lock each other out. Tenants do not
wait for each other.

Holds and bookings of new visits, which are most of the load, come *beside* one another: they lock
their routes, and by name what else they decide on. Why, and what it costs: docs/adr/0013.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Sequence
from typing import Protocol

from sqlalchemy import Connection, text

from slotsvc.domain.errors import InvariantError
from slotsvc.store.calendar_memory import CalendarMemory
from slotsvc.store.prepared import Prepared
from slotsvc.store.transaction import DatabaseClock, Transaction


class Locks(Protocol):
    """How an engine keeps a tenant's mutations apart; each lock ends with the transaction."""

    def turn(self, connection: Connection, tenant: str, beside: bool) -> None:
        """Returns when no other mutation of the tenant runs; ``beside``: none that came alone."""
        ...

    def names(self, connection: Connection, keys: Sequence[int]) -> None:
        """Returns when nobody else has any of the keys, which are sorted."""
        ...

    def routes(self, connection: Connection, keys: Sequence[int]) -> None:
        """The same for routes, whose keys are others. Their rows would do, but whoever waits for a
        row is not served in order of arrival."""
        ...

    def journal(self, connection: Connection, tenant: str) -> None:
        """Returns when nobody else writes the tenant's events and audit."""
        ...


class OnlyWriter:
    """Of an engine with one writer: nobody is there to wait for."""

    def turn(self, connection: Connection, tenant: str, beside: bool) -> None:
        """At once."""

    def names(self, connection: Connection, keys: Sequence[int]) -> None:
        """At once."""

    def routes(self, connection: Connection, keys: Sequence[int]) -> None:
        """At once."""

    def journal(self, connection: Connection, tenant: str) -> None:
        """At once."""


ONLY_WRITER = OnlyWriter()


class TurnTaking(Transaction):
    """A transaction that writes."""

    def __init__(
        self,
        connection: Connection,
        clock: DatabaseClock,
        locks: Locks = ONLY_WRITER,
        *,
        memory: CalendarMemory | None = None,
    ) -> None:
        super().__init__(connection, clock, memory=memory)
        self._locks = locks
        self._turns: dict[str, bool] = {}  # by tenant: whether beside others
        self._changed: set[str] = set()  # tenants whose calendars this transaction changes

    def take_turn(self, tenant: str, *, beside: bool = False) -> None:
        """Waits until the tenant's other mutations have ended; the first call counts.

        ``beside``: others that come beside may run at the same time. ``replay`` and every first
        write take a turn alone. Call it before whatever is read to decide on a write.
        """
        if tenant not in self._turns:
            self._locks.turn(self._connection, tenant, beside)
            self._turns[tenant] = beside
            self._now = None  # what was read before the wait may be too old
            self._ahead.clear()

    def lock_names(self, tenant: str, names: Iterable[str]) -> None:
        """Keeps others that came beside from deciding on the same things; before any route."""
        if self._turns.get(tenant) and (keys := sorted({_key(tenant, name) for name in names})):
            self._locks.names(self._connection, keys)
            self._now = None

    def _queue_for(self, tenant: str, routes: Iterable[str]) -> None:
        """Beside others: behind those who came before for one of the routes."""
        if self._turns.get(tenant) and (keys := sorted({_key(tenant, name) for name in routes})):
            self._locks.routes(self._connection, keys)

    def _require_turn_alone(self, tenant: str) -> None:
        self._ahead.clear()
        self.take_turn(tenant)
        if self._turns[tenant]:
            raise InvariantError("a mutation beside others does what must be done alone")


def _key(tenant: str, name: str) -> int:
    """A signed 32-bit number. Two names with one number wait for each other, and nothing worse."""
    return zlib.crc32(f"{tenant}\n{name}".encode()) - 2**31


class PostgresLocks:
    """Advisory locks of the transaction: they end with it however it ends, behind a pooler too, and
    waiters are served in order of arrival. Two tenants with one hash wait for each other."""

    _TURN, _NAME, _JOURNAL, _ROUTE = 0x510753, 0x510754, 0x510755, 0x510756
    _ALONE = Prepared(text("SELECT pg_advisory_xact_lock(:space, hashtext(:tenant))"), later=True)
    _BESIDE = Prepared(
        text("SELECT pg_advisory_xact_lock_shared(:space, hashtext(:tenant))"), later=True
    )
    _NAMES = Prepared(
        text("SELECT pg_advisory_xact_lock(:space, key) FROM unnest(CAST(:keys AS int[])) key"),
        later=True,
    )

    def turn(self, connection: Connection, tenant: str, beside: bool) -> None:
        """Alone, or beside others that came beside."""
        how = self._BESIDE if beside else self._ALONE
        connection.execute(how, {"space": self._TURN, "tenant": tenant})

    def names(self, connection: Connection, keys: Sequence[int]) -> None:
        """One after the other."""
        connection.execute(self._NAMES, {"space": self._NAME, "keys": list(keys)})

    def routes(self, connection: Connection, keys: Sequence[int]) -> None:
        """One after the other."""
        connection.execute(self._NAMES, {"space": self._ROUTE, "keys": list(keys)})

    def journal(self, connection: Connection, tenant: str) -> None:
        """The last lock that a mutation takes."""
        connection.execute(self._ALONE, {"space": self._JOURNAL, "tenant": tenant})
