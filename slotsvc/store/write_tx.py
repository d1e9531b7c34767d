"""A write transaction: idempotency row, locks, clock, judgement, writes, event, audit, answer."""

from __future__ import annotations

from sqlalchemy import Connection

from slotsvc.scheduling.ports import Event
from slotsvc.store import idempotency
from slotsvc.store.access_writes import AccessWrites
from slotsvc.store.audit import Recorded, append_entries
from slotsvc.store.calendar_memory import CalendarMemory
from slotsvc.store.calendar_writes import CalendarWrites
from slotsvc.store.events import append_events
from slotsvc.store.idempotency import Call
from slotsvc.store.job_writes import JobWrites
from slotsvc.store.read_tx import ReadTransaction
from slotsvc.store.sweep_writes import SweepWrites
from slotsvc.store.transaction import DatabaseClock, OwnClock
from slotsvc.store.turns import ONLY_WRITER, Locks
from slotsvc.store.visit_writes import VisitWrites


class WriteTransaction(
    ReadTransaction, CalendarWrites, VisitWrites, AccessWrites, JobWrites, SweepWrites
):
    """``slotsvc.scheduling.ports.WriteTx``."""

    def __init__(
        self,
        connection: Connection,
        clock: DatabaseClock,
        locks: Locks = ONLY_WRITER,
        *,
        memory: CalendarMemory | None = None,
    ) -> None:
        super().__init__(connection, clock, locks, memory=memory)
        self._recorded: dict[str, list[Recorded]] = {}
        self._unanswered: set[Call] = set()
        self._answered = False

    @property
    def repeatable(self) -> bool:
        """Whether the same work, run again after this transaction was committed, would only find
        the stored answer."""
        return self._answered and not self._unanswered

    def replay(self, tenant: str, method: str, key: str, request_hash: bytes) -> bytes | None:
        """The stored answer of an earlier call with this key; None for the first one.

        An empty key is never stored. Raises ``IdempotencyKeyReusedError`` for another payload.
        """
        self.take_turn(tenant)
        if not key:
            return None
        call = (tenant, method, key)
        answer = self._claimed(call, request_hash)
        if answer is None:
            self._unanswered.add(call)
        else:
            self._answered = True
        return answer

    def _claimed(self, call: Call, request_hash: bytes) -> bytes | None:
        """The stored answer; None when this call is the first, and has the row now."""
        if self._now is None and isinstance(self._clock, OwnClock):
            (row,) = self._ask_with_now(idempotency.claiming(call, request_hash, self._clock))
        else:
            now = self.now()
            (row,) = self._ask_at_once(idempotency.claiming(call, request_hash, now))
        if row.one_or_none() is not None:
            return None
        (rows,) = self._ask(idempotency.looking(call))
        return idempotency.found(rows, request_hash, self.now())

    def remember(
        self, tenant: str, method: str, key: str, request_hash: bytes, answer: bytes
    ) -> None:
        """Stores the answer, in this transaction; ``replay`` may, but need not come before."""
        call = (tenant, method, key)
        if key and (call in self._unanswered or self.replay(*call, request_hash) is None):
            idempotency.fill(self._connection, call, answer)
            self._unanswered.discard(call)
            self._answered = True

    def record(self, tenant: str, event: Event, actor: str) -> None:
        """One event row and one audit row (hash chain per tenant), written by ``finish``."""
        self.take_turn(tenant)
        self._recorded.setdefault(tenant, []).append((event, actor, self.now()))

    def finish(self) -> None:
        """The last words before the commit. Raises ``InvariantError``: nothing is written then."""
        for call in self._unanswered:
            idempotency.drop(self._connection, call)
        self._refuse_live_without_position()
        for tenant in sorted(self._turns):
            self._write_journal(tenant)

    def _write_journal(self, tenant: str) -> None:
        """The tenant's changes and events, numbered in the order of commits: from here to the
        commit nobody else of the tenant numbers anything."""
        if self._turns[tenant]:
            self._locks.journal(self._connection, tenant)
        self._number_changes(tenant)
        if records := self._recorded.get(tenant):
            append_events(self._connection, tenant, [(event, at) for event, _, at in records])
            append_entries(self._connection, tenant, records)
