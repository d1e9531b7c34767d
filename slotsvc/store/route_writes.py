"""Changing routes and visits: one lock for each route, then writes that stay inside the locks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, insert, select, text, update
from sqlalchemy.exc import IntegrityError

from slotsvc.domain.errors import AlreadyExistsError, InvariantError, NotFoundError
from slotsvc.domain.time_window import to_epoch
from slotsvc.domain.visit import Pin, Placement, PlacementState, RouteKey
from slotsvc.scheduling.ports import StoredVisit, TravelBlock
from slotsvc.scheduling.travel_port import Provenance
from slotsvc.store.errors import is_taken_id
from slotsvc.store.route_reads import RouteReads, named, on_routes
from slotsvc.store.tables import NO_POSITION, PLACEMENT, ROUTE, VISIT
from slotsvc.store.transaction import DatabaseClock
from slotsvc.store.travel_block import to_bytes
from slotsvc.store.visit_tables import (
    BOOKED,
    LAPSED,
    LIVE,
    STANDS,
    epoch_or_none,
    history_row,
    placement_row,
    visit_row,
)

# First touch or next version, one statement and one row lock on SQLite and on PostgreSQL.
_BUMP = text(
    "INSERT INTO route (tenant, technician, day, version) VALUES (:tenant, :technician, :day, 1) "
    "ON CONFLICT (tenant, technician, day) DO UPDATE SET version = route.version + 1 "
    "RETURNING version"
)
_NEW_VISIT = insert(VISIT)
_NEW_PLACEMENT = insert(PLACEMENT)
_ONE = (PLACEMENT.c.tenant == bindparam("of"), PLACEMENT.c.id == bindparam("at"))
_FIND = select(PLACEMENT).where(*_ONE)
_CHANGE = update(PLACEMENT).where(*_ONE)
# A hold that may replace the current placement some day is not yet a change of the visit.
_GROW = (
    update(VISIT)
    .where(VISIT.c.tenant == bindparam("of"), VISIT.c.placement == bindparam("at"))
    .values(revision=VISIT.c.revision + 1, updated=bindparam("now"))
)
_SHOW = (
    update(VISIT)
    .where(VISIT.c.tenant == bindparam("of"), VISIT.c.id == bindparam("shown"))
    .values(placement=bindparam("at"))
)
_ORDER_OFF = (
    update(PLACEMENT)
    .where(on_routes(PLACEMENT), PLACEMENT.c.position != NO_POSITION)
    .values(position=NO_POSITION)
)
_ORDER_ON = update(PLACEMENT).where(
    *_ONE, PLACEMENT.c.technician == bindparam("who"), PLACEMENT.c.day == bindparam("on"), STANDS
)
_BLOCK = update(ROUTE).where(on_routes(ROUTE)).values(block=bindparam("travel"))
_RELEASE = (
    update(PLACEMENT)
    .where(on_routes(PLACEMENT), LAPSED)
    .values(state=PlacementState.RELEASED.value, expires=None)
    .returning(PLACEMENT.c.id)
)
_LEFT_OUT = (
    select(PLACEMENT.c.id)
    .where(on_routes(PLACEMENT), PLACEMENT.c.position == NO_POSITION, LIVE)
    .limit(1)
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
            self._connection.execute(_NEW_VISIT, visit_row(stored))
            self._connection.execute(_NEW_PLACEMENT, row | {"position": NO_POSITION})

    def insert_placement(
        self, placed: Placement, provenance: Provenance, held_since: datetime | None
    ) -> None:
        """A further placement of a stored visit; the current one stays what it is."""
        self._require_lock(placed.route)
        row = placement_row(placed) | {
            "position": NO_POSITION,
            "provenance": provenance.value,
            "promised_at": None,
            "held_since": epoch_or_none(held_since),
            "extended": False,
        }
        with _fresh_id():
            self._connection.execute(_NEW_PLACEMENT, row)

    def set_placement_state(
        self, tenant: str, placement: str, state: PlacementState, expires: datetime | None = None
    ) -> None:
        """Raises ``NotFoundError``. ``expires`` None clears the expiry."""
        self._change(tenant, placement, state=state.value, expires=epoch_or_none(expires))

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
        shown = {"of": tenant, "shown": visit, "at": placement}
        self._connection.execute(_SHOW, shown)
        self._grow_revision(tenant, placement)

    def write_route(self, key: RouteKey, order: Sequence[str], block: TravelBlock | None) -> None:
        """Positions 0.. for the placements in ``order``, and the block (None: none is kept).

        All others of the route lose their position. Raises ``InvariantError`` for a placement that
        does not stand on this route.
        """
        self._require_lock(key)
        # Off first, then on: no two may share a position even between two statements.
        self._connection.execute(_ORDER_OFF, named([key]))
        if order:
            here = {"of": key.tenant, "who": key.technician, "on": key.day.isoformat()}
            places = [here | {"at": id, "position": n} for n, id in enumerate(order)]
            placed = self._connection.execute(_ORDER_ON, places).rowcount
            if placed != len(order) or placed != len(set(order)):
                raise InvariantError("the order of a route names what is not on it, or twice")
        stored = None if block is None else to_bytes(block)
        self._connection.execute(_BLOCK, named([key]) | {"travel": stored})

    def expire_lapsed(self, keys: Iterable[RouteKey], now: datetime) -> Sequence[str]:
        """Marks lapsed holds of these routes RELEASED; gives their ids, sorted."""
        routes = list(keys)
        for key in routes:
            self._require_lock(key)
        tidied = self._connection.execute(_RELEASE, named(routes) | {"now": to_epoch(now)})
        return sorted(tidied.scalars())

    def _bump(self, key: RouteKey) -> int:
        row = {"tenant": key.tenant, "technician": key.technician, "day": key.day.isoformat()}
        return int(self._connection.execute(_BUMP, row).scalar_one())

    def _require_lock(self, key: RouteKey) -> None:
        if key not in self._locked:
            raise InvariantError("a route was written without its lock")

    def _placed(self, tenant: str, placement: str) -> Row[Any]:
        here = {"of": tenant, "at": placement}
        found = self._connection.execute(_FIND, here).one_or_none()
        if found is None:
            raise NotFoundError("no such placement")
        return found

    def _change(self, tenant: str, placement: str, **columns: object) -> None:
        row = self._placed(tenant, placement)
        self._require_lock(RouteKey(tenant, row.technician, date.fromisoformat(row.day)))
        self._connection.execute(_CHANGE, {"of": tenant, "at": placement} | columns)
        self._grow_revision(tenant, placement)

    def _grow_revision(self, tenant: str, placement: str) -> None:
        shown = {"of": tenant, "at": placement, "now": to_epoch(self.now())}
        self._connection.execute(_GROW, shown)

    def _refuse_live_without_position(self) -> None:
        if not self._locked:
            return
        locked = named(self._locked) | {"now": to_epoch(self.now())}
        if self._connection.execute(_LEFT_OUT, locked).one_or_none() is not None:
            raise InvariantError("a live placement was left out of the order of its route")


@contextmanager
def _fresh_id() -> Iterator[None]:
    try:
        yield
    except IntegrityError as error:
        if is_taken_id(error):
            raise AlreadyExistsError("this id is taken") from error
        raise
