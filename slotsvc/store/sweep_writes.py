"""Tidying up what nobody reads any more."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import bindparam, literal_column, select, tuple_, update

from slotsvc.domain.time_window import to_epoch
from slotsvc.domain.visit import PlacementState
from slotsvc.store import idempotency
from slotsvc.store.transaction import Transaction
from slotsvc.store.visit_schema import PLACEMENT

_ID = tuple_(PLACEMENT.c.tenant, PLACEMENT.c.id)
_LAPSED = (
    select(PLACEMENT.c.tenant, PLACEMENT.c.id)
    .where(
        PLACEMENT.c.state == literal_column(f"'{PlacementState.HELD.value}'"),
        PLACEMENT.c.expires <= bindparam("before"),
    )
    .limit(bindparam("most"))
    .with_for_update(skip_locked=True)
)
_RELEASE = (
    update(PLACEMENT)
    .where(_ID.in_(_LAPSED))
    .values(state=PlacementState.RELEASED.value, expires=None)
)


class SweepWrites(Transaction):
    """``slotsvc.scheduling.sweep_ports.SweepWrite``."""

    def forget_answers(self, most: int) -> int:
        """Takes out stored answers that are kept no longer; gives how many."""
        return idempotency.forget(self._connection, self.now(), most)

    def release_lapsed(self, before: datetime, most: int) -> int:
        """Marks holds that lapsed before then RELEASED; gives how many.

        Needs no lock of their routes: a lapsed hold can be neither confirmed nor prolonged.
        """
        asked = {"before": to_epoch(before), "most": most}
        return self._connection.execute(_RELEASE, asked).rowcount
