"""A read transaction: one snapshot of everything."""

from __future__ import annotations

from collections.abc import Iterable

from slotsvc.domain.visit import RouteKey
from slotsvc.scheduling.ports import StoredEvent
from slotsvc.store import idempotency
from slotsvc.store.access_reads import AccessReads
from slotsvc.store.audit import ChainCheck, verify_chain
from slotsvc.store.calendar_reads import CalendarReads, revision_of
from slotsvc.store.epoch import current_epoch
from slotsvc.store.events import events_after, last_position
from slotsvc.store.job_reads import JobReads
from slotsvc.store.route_reads import RouteReads, routes_of
from slotsvc.store.visit_reads import VisitReads, moves_of, placement_of, visit_of


class ReadTransaction(CalendarReads, RouteReads, VisitReads, AccessReads, JobReads):
    """``slotsvc.scheduling.ports.ReadTx``, and the reading of events and of the audit trail."""

    def answered(self, tenant: str, method: str, key: str, request_hash: bytes) -> bytes | None:
        """The stored answer of an earlier call with this key; None: there is none.

        Raises ``IdempotencyKeyReusedError`` for another payload.
        """
        if not key:
            return None
        now = self.now()  # brings along what is asked for next
        (rows,) = self._ask(idempotency.looking((tenant, method, key)))
        return idempotency.found(rows, request_hash, now)

    def expect(
        self,
        tenant: str,
        *,
        routes: Iterable[RouteKey] = (),
        placement: str = "",
        visit: str = "",
        moves: bool = False,
        answer: tuple[str, str] | None = None,
    ) -> None:
        """What will be read next, with the tenant's calendar: it comes with the next reading, and
        is forgotten when something is written. ``answer``: of a method and a key."""
        asked = [] if tenant in self._seen else [revision_of(tenant)]
        asked += routes_of(list(routes))
        asked += [placement_of(tenant, placement)] if placement else []
        asked += [visit_of(tenant, visit)] if visit else []
        asked += [moves_of(tenant, self.now())] if moves else []
        asked += [idempotency.looking((tenant, *answer))] if answer and answer[1] else []
        self._want(*asked)

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
