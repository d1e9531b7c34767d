"""A read transaction: one snapshot of everything."""

from __future__ import annotations

from slotsvc.scheduling.ports import StoredEvent
from slotsvc.store import idempotency
from slotsvc.store.access_reads import AccessReads
from slotsvc.store.audit import ChainCheck, verify_chain
from slotsvc.store.calendar_reads import CalendarReads
from slotsvc.store.epoch import current_epoch
from slotsvc.store.events import events_after, last_position
from slotsvc.store.job_reads import JobReads
from slotsvc.store.route_reads import RouteReads
from slotsvc.store.visit_reads import VisitReads


class ReadTransaction(CalendarReads, RouteReads, VisitReads, AccessReads, JobReads):
    """``slotsvc.scheduling.ports.ReadTx``, and the reading of events and of the audit trail."""

    def answered(self, tenant: str, method: str, key: str, request_hash: bytes) -> bytes | None:
        """The stored answer of an earlier call with this key; None: there is none.

        Raises ``IdempotencyKeyReusedError`` for another payload.
        """
        call = (tenant, method, key)
        return idempotency.look(self._connection, call, request_hash, self.now()) if key else None

    def events_after(self, tenant: str, position: str, limit: int) -> list[StoredEvent]:
        """At most ``limit`` events after ``position``, oldest first; "" is the beginning."""
        return events_after(self._connection, tenant, position, limit)

    def last_position(self, tenant: str) -> str:
        """Of the newest event; "" when there is none."""
        return last_position(self._connection, tenant)

    def epoch(self) -> int:
        """Grows with every restore; 0: never restored."""
        return current_epoch(self._connection)

    def verify_audit(self, tenant: str) -> ChainCheck:
        """Recomputes the tenant's whole audit chain."""
        return verify_chain(self._connection, tenant)
