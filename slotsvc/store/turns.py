"""Whose turn it is: a tenant's mutations run one after the other, on every engine.

On SQLite there is one writer anyway. On PostgreSQL the first thing a mutation does is to wait for
the tenant's others; what it reads afterwards is what they left. Everything that holds over several
routes (quotas, a client's holds, references, the numbers of changes and events, the audit chain)
holds because of that, and two mutations of a tenant cannot lock each other out. Tenants do not
wait for each other. Why, and what it costs: docs/adr/0013.
"""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import Connection, text

from slotsvc.store.transaction import DatabaseClock, Transaction

type WaitForTurn = Callable[[Connection, str], None]
"""Returns when no other mutation of the tenant runs, nor can begin before this one's end."""

_SPACE = 0x510753
"""Our part of the database's advisory locks."""

# For the transaction, so that it ends with it however it ends, behind a pooler too. Waiters are
# served in order of arrival.
_TAKE = text("SELECT pg_advisory_xact_lock(:space, hashtext(:tenant))")


def only_writer(_connection: Connection, _tenant: str) -> None:
    """Of an engine with one writer: nobody is there to wait for."""


def wait_on_postgres(connection: Connection, tenant: str) -> None:
    """Two tenants with one hash wait for each other, and nothing worse."""
    connection.execute(_TAKE, {"space": _SPACE, "tenant": tenant})


class TurnTaking(Transaction):
    """A transaction that writes."""

    def __init__(
        self, connection: Connection, clock: DatabaseClock, wait: WaitForTurn = only_writer
    ) -> None:
        super().__init__(connection, clock)
        self._wait = wait
        self._turns: set[str] = set()

    def take_turn(self, tenant: str) -> None:
        """Waits until the tenant's other mutations have ended; once, however often it is called.

        ``replay`` and every first write do it. Call it before whatever is read to decide on a
        write.
        """
        if tenant not in self._turns:
            self._wait(self._connection, tenant)
            self._turns.add(tenant)
            self._now = None  # what was read before the wait may be too old
