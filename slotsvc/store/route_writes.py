"""Changing routes and visits: one lock for each route, then writes that stay inside the locks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, case, insert, select, text, update
from sqlalchemy.exc import IntegrityError

from slotsvc.domain.errors import AlreadyExistsError, InvariantError, NotFoundError
from slotsvc.domain.time_window import to_epoch
from slotsvc.domain.visit import Pin, Placement, PlacementState, RouteKey
from slotsvc.scheduling.ports import StoredVisit, TravelBlock
from slotsvc.scheduling.travel_port import Provenance
from slotsvc.store.errors import is_taken_id
from slotsvc.store.route_reads import RouteReads, on_routes
from slotsvc.store.tables import NO_POSITION, PLACEMENT, ROUTE, VISIT
from slotsvc.store.transaction import DatabaseClock
from slotsvc.store.travel_block import to_bytes
from slotsvc.store.visit_tables import (
    BOOKED,
    STANDING,
    history_row,
    is_lapsed,
    is_live,
    placement_row,
    visit_row,
)

# First touch or next version, one statement and one row lock on SQLite and on PostgreSQL.
_BUMP = text(
    "INSERT INTO route (tenant, technician, day, version) VALUES (:tenant, :technician, :day, 1) "
    "ON CONFLICT (tenant, technician, day) DO UPDATE SET version = route.version + 1 "
    "RETURNING version"
)


class RouteWrites(RouteReads):
    """The writing half of ``slotsvc.scheduling.ports.WriteTx`` that concerns routes."""

    def __init__(self, connection: Connection, clock: DatabaseClock) -> None:
        super().__init__(connection, clock)
        self._locked: dict[RouteKey, int] = {}

    def lock_routes(self, keys: Iterable[RouteKey]) -> Mapping[RouteKey, int]:
        """Bumps and locks the routes in sorted order; gives the new versions.

        A route grows by one in a transaction, however often it is named. Take all of them in one
        call: a second call could wait for somebody who waits for the first.
        """
        wanted = sorted(set(keys))
        for key in wanted:
            if key not in self._locked:
                self._locked[key] = self._bump(key)
        self._now = None  # what was read before the wait for a lock may be too old
        return {key: self._locked[key] for key in wanted}

    def insert_visit(self, stored: StoredVisit) -> None:
        """A new visit and its first placement. Raises ``AlreadyExistsError`` for a taken id.

        The placement has no position until ``write_route`` gives it one.
        """
        self._require_lock(stored.placement.route)
        row = placement_row(stored.placement) | history_row(stored)
        with _fresh_id():
            self._connection.execute(insert(VISIT).values(visit_row(stored)))
            self._connection.execute(insert(PLACEMENT).values(row | {"position": NO_POSITION}))

    def insert_placement(
        self, placed: Placement, provenance: Provenance, held_since: datetime | None
    ) -> None:
        """A further placement of a stored visit; the current one stays what it is."""
        self._require_lock(placed.route)
        row = placement_row(placed) | {
            "position": NO_POSITION,
            "provenance": provenance.value,
            "held_since": None if held_since is None else to_epoch(held_since),
            "extended": False,
        }
        with _fresh_id():
            self._connection.execute(insert(PLACEMENT).values(row))

    def set_placement_state(
        self, tenant: str, placement: str, state: PlacementState, expires: datetime | None = None
    ) -> None:
        """Raises ``NotFoundError``. ``expires`` None clears the expiry."""
        until = None if expires is None else to_epoch(expires)
        self._change(tenant, placement, state=state.value, expires=until)

    def confirm_placement(self, tenant: str, placement: str, pin: str, start: datetime) -> None:
        """HELD -> BOOKED: clears expiry and replaces, records the promise as told now.

        What it replaces becomes MOVED first. ``pin``: a ``Pin`` or its value; ``start`` is kept
        as the pinned start when the start is what is pinned. Raises ``NotFoundError``.
        """
        replaced = self._placed(tenant, placement).replaces
        if replaced is not None:
            self.set_placement_state(tenant, replaced, PlacementState.MOVED)
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

    def prolong(self, tenant: str, placement: str, expires: datetime) -> None:
        """A later expiry, and the mark that it was prolonged. Raises ``NotFoundError``."""
        self._change(tenant, placement, expires=to_epoch(expires), extended=True)

    def set_start_window(self, tenant: str, placement: str, start: datetime, end: datetime) -> None:
        """Service may start in [start, end). Raises ``NotFoundError``."""
        window = {"start_from": to_epoch(start), "start_until": to_epoch(end)}
        self._change(tenant, placement, **window)

    def make_current(self, tenant: str, visit: str, placement: str) -> None:
        """The visit's current placement; grows its revision. Raises ``NotFoundError``."""
        if self._placed(tenant, placement).visit != visit:
            raise InvariantError("a visit's placement must be its own")
        here = (VISIT.c.tenant == tenant, VISIT.c.id == visit)
        self._connection.execute(update(VISIT).where(*here).values(placement=placement))
        self._grow_revision(tenant, placement)

    def write_route(self, key: RouteKey, order: Sequence[str], block: TravelBlock | None) -> None:
        """Positions 0.. for the placements in ``order``, and the block (None: none is kept).

        All others of the route lose their position. Raises ``InvariantError`` for a placement that
        does not stand on this route.
        """
        self._require_lock(key)
        here = on_routes(PLACEMENT, [key])
        # Off first, then on: no two may share a position even between two statements.
        off = update(PLACEMENT).where(here, PLACEMENT.c.position != NO_POSITION)
        self._connection.execute(off.values(position=NO_POSITION))
        if order:
            to = case({id: position for position, id in enumerate(order)}, value=PLACEMENT.c.id)
            standing = (here, PLACEMENT.c.state.in_(STANDING), PLACEMENT.c.id.in_(order))
            on = update(PLACEMENT).where(*standing).values(position=to)
            if self._connection.execute(on).rowcount != len(order):
                raise InvariantError("the order of a route names what is not on it, or twice")
        stored = None if block is None else to_bytes(block)
        self._connection.execute(update(ROUTE).where(on_routes(ROUTE, [key])).values(block=stored))

    def expire_lapsed(self, keys: Iterable[RouteKey], now: datetime) -> Sequence[str]:
        """Marks lapsed holds of these routes RELEASED; gives their ids, sorted."""
        routes = list(keys)
        for key in routes:
            self._require_lock(key)
        released = {"state": PlacementState.RELEASED.value, "expires": None}
        tidy = update(PLACEMENT).where(on_routes(PLACEMENT, routes), is_lapsed(now))
        ids = self._connection.execute(tidy.values(released).returning(PLACEMENT.c.id)).scalars()
        return sorted(ids)

    def _bump(self, key: RouteKey) -> int:
        row = {"tenant": key.tenant, "technician": key.technician, "day": key.day.isoformat()}
        return int(self._connection.execute(_BUMP, row).scalar_one())

    def _require_lock(self, key: RouteKey) -> None:
        if key not in self._locked:
            raise InvariantError("a route was written without its lock")

    def _placed(self, tenant: str, placement: str) -> Row[Any]:
        query = select(PLACEMENT).where(*_is(tenant, placement))
        found = self._connection.execute(query).one_or_none()
        if found is None:
            raise NotFoundError("no such placement")
        return found

    def _change(self, tenant: str, placement: str, **columns: object) -> None:
        row = self._placed(tenant, placement)
        self._require_lock(RouteKey(tenant, row.technician, date.fromisoformat(row.day)))
        here = _is(tenant, placement)
        self._connection.execute(update(PLACEMENT).where(*here).values(columns))
        self._grow_revision(tenant, placement)

    def _grow_revision(self, tenant: str, placement: str) -> None:
        # A hold that may replace the current placement some day is not yet a change of the visit.
        shown = (VISIT.c.tenant == tenant, VISIT.c.placement == placement)
        grown = {"revision": VISIT.c.revision + 1, "updated": to_epoch(self.now())}
        self._connection.execute(update(VISIT).where(*shown).values(grown))

    def _refuse_live_without_position(self) -> None:
        if not self._locked:
            return
        here = on_routes(PLACEMENT, self._locked)
        lost = select(PLACEMENT.c.id).where(
            here, PLACEMENT.c.position == NO_POSITION, is_live(self.now())
        )
        if self._connection.execute(lost.limit(1)).one_or_none() is not None:
            raise InvariantError("a live placement was left out of the order of its route")


def _is(tenant: str, placement: str) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return PLACEMENT.c.tenant == tenant, PLACEMENT.c.id == placement


@contextmanager
def _fresh_id() -> Iterator[None]:
    try:
        yield
    except IntegrityError as error:
        if is_taken_id(error):
            raise AlreadyExistsError("this id is taken") from error
        raise
