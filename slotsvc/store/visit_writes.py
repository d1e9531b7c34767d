"""Changing visits and their placements, inside the locks of the routes they stand on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime

from sqlalchemy import bindparam, insert, select, update
from sqlalchemy.exc import IntegrityError

from slotsvc.domain.errors import AlreadyExistsError, InvariantError, NotFoundError
from slotsvc.domain.time_window import to_epoch
from slotsvc.domain.visit import (
    Pin,
    Placement,
    PlacementState,
    Reported,
    RouteKey,
    Standing,
    UnplacedReason,
    Visit,
)
from slotsvc.scheduling.ports import StoredVisit
from slotsvc.scheduling.travel_port import Provenance
from slotsvc.store.calendar_tables import Columns
from slotsvc.store.errors import is_taken_id
from slotsvc.store.prepared import Prepared, Rows, later
from slotsvc.store.route_reads import named, on_routes
from slotsvc.store.route_writes import RouteWrites
from slotsvc.store.visit_reads import VisitReads
from slotsvc.store.visit_schema import NO_POSITION, PLACEMENT, VISIT
from slotsvc.store.visit_tables import (
    BOOKED,
    STANDS,
    epoch_or_none,
    history_row,
    known_row,
    placement_row,
    reported_row,
    visit_row,
)

_NEW_VISIT = Prepared(insert(VISIT), later=True)
_NEW_PLACEMENT = Prepared(insert(PLACEMENT), later=True)
_ONE = (PLACEMENT.c.tenant == bindparam("of"), PLACEMENT.c.id == bindparam("at"))
_CHANGE = Prepared(update(PLACEMENT).where(*_ONE), later=True)
_FLAGGED = select(PLACEMENT.c.id).where(
    on_routes(PLACEMENT), STANDS, PLACEMENT.c.provenance == Provenance.ESTIMATE.value
)
# A hold that may replace the current placement some day is not yet a change of the visit.
_GROW = Prepared(
    update(VISIT)
    .where(VISIT.c.tenant == bindparam("of"), VISIT.c.placement == bindparam("at"))
    .values(revision=VISIT.c.revision + 1, updated=bindparam("now")),
    later=True,
)
_WRITE = Prepared(
    update(VISIT)
    .where(VISIT.c.tenant == bindparam("of"), VISIT.c.id == bindparam("known"))
    .values(revision=VISIT.c.revision + 1)
)


class VisitWrites(RouteWrites, VisitReads):
    """The writing half of ``slotsvc.scheduling.ports.WriteTx`` that concerns visits."""

    def insert_visit(self, stored: StoredVisit) -> None:
        """A new visit and its first placement, if it has one; only that one needs a lock.

        The placement has no position until ``write_route`` gives it one. Raises
        ``AlreadyExistsError`` for a taken id.
        """
        placed = stored.placement
        if placed is not None:
            self._require_lock(placed.route)
        with self._fresh_id():
            self._connection.execute(_NEW_VISIT, visit_row(stored))
            if placed is not None:
                self._insert(placement_row(placed) | history_row(stored))

    def insert_placement(
        self, placed: Placement, provenance: Provenance, held_since: datetime | None
    ) -> None:
        """A further placement of a stored visit; the current one stays what it is."""
        self._require_lock(placed.route)
        row = placement_row(placed) | {
            "provenance": provenance.value,
            "promised_at": None,
            "held_since": epoch_or_none(held_since),
            "extended": False,
        }
        with self._fresh_id():
            self._insert(row)

    def set_placement_state(self, tenant: str, placement: str, state: PlacementState) -> None:
        """Clears its expiry too. Raises ``NotFoundError``."""
        self._change(tenant, placement, state=state.value, expires=None)

    def confirm_placement(self, tenant: str, placement: str, pin: str, start: datetime) -> None:
        """HELD -> BOOKED: clears expiry and replaces, records the promise as told now.

        What it replaces becomes MOVED first. ``pin``: a ``Pin`` or its value; ``start`` is kept
        as the pinned start when the start is what is pinned. Raises ``NotFoundError``.
        """
        placed = self._placed(tenant, placement)
        if placed.replaces is not None:
            self.set_placement_state(tenant, placed.replaces, PlacementState.MOVED)
        pinned = Pin(pin)
        self._change(
            tenant,
            placement,
            state=BOOKED,
            expires=None,
            replaces=None,
            pin=pinned.value,
            pinned_start=to_epoch(start) if pinned is Pin.START else None,
            promised_at=to_epoch(self.now()),
        )
        self._places[tenant, placement] = replace(placed, replaces=None)

    def prolong(self, tenant: str, placement: str, expires: datetime) -> None:
        """A later expiry, and the mark that it was prolonged. Raises ``NotFoundError``."""
        self._change(tenant, placement, expires=to_epoch(expires), extended=True)

    def set_start_window(self, tenant: str, placement: str, start: datetime, end: datetime) -> None:
        """Service may start in [start, end). Raises ``NotFoundError``."""
        window = {"start_from": to_epoch(start), "start_until": to_epoch(end)}
        self._change(tenant, placement, **window)

    def update_visit(
        self,
        tenant: str,
        visit: Visit,
        standing: Standing,
        unplaced_reason: UnplacedReason | None = None,
        *,
        placement: str | None = None,
    ) -> None:
        """Writes everything known of the visit anew (not its placements); grows its revision.

        ``placement``: its current one from now on; None: the one it has. Raises ``NotFoundError``.
        """
        row = known_row(visit, standing, unplaced_reason) | {"updated": to_epoch(self.now())}
        of = {"of": tenant, "known": visit.id}
        if placement is not None:
            if self._placed(tenant, placement).visit.id != visit.id:
                raise InvariantError("a visit's placement must be its own")
            row["placement"] = placement
        self._read.clear()
        self._places.clear()
        self._ahead.clear()
        later(self._connection, _WRITE, [row | of], _require_it)

    def set_measured(self, key: RouteKey) -> None:
        """Takes the flag from the route's placements that were judged on estimates."""
        self._require_lock(key)
        for placement in self._connection.execute(_FLAGGED, named([key])).scalars().all():
            self._change(key.tenant, placement, provenance=Provenance.LIVE.value)

    def report(
        self, tenant: str, placement: str, state: PlacementState, reported: Reported
    ) -> None:
        """What the road says of a placement. Raises ``NotFoundError``."""
        self._change(tenant, placement, state=state.value, **reported_row(reported))

    def _insert(self, row: Columns) -> None:
        self._connection.execute(_NEW_PLACEMENT, row | {"position": NO_POSITION})

    def placement(self, tenant: str, placement: str) -> StoredVisit | None:
        """The visit that has, or had, the placement with this id, shown with *that* placement."""
        stored = super().placement(tenant, placement)
        if stored is not None:
            self._places[tenant, placement] = stored.placed
        return stored

    def _placed(self, tenant: str, placement: str) -> Placement:
        known = self._places.get((tenant, placement))
        if known is not None:
            return known
        stored = self.placement(tenant, placement)
        if stored is None:
            raise NotFoundError("no such placement")
        return stored.placed

    def _change(self, tenant: str, placement: str, **columns: object) -> None:
        self._require_lock(self._placed(tenant, placement).route)
        self._connection.execute(_CHANGE, {"of": tenant, "at": placement} | columns)
        self._grow_revision(tenant, placement)

    def _grow_revision(self, tenant: str, placement: str) -> None:
        shown = {"of": tenant, "at": placement, "now": to_epoch(self.now())}
        self._connection.execute(_GROW, shown)

    @contextmanager
    def _fresh_id(self) -> Iterator[None]:
        try:
            yield  # what is run later says so later: ``slotsvc.store.sql_states``
        except IntegrityError as error:
            if is_taken_id(error):
                raise AlreadyExistsError("this id is taken") from error
            raise


def _require_it(told: Rows) -> None:
    if told.rowcount != 1:
        raise NotFoundError("no such visit")
