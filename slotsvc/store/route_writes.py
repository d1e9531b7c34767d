"""Changing routes: one lock for each, then writes that stay inside the locks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import partial

from sqlalchemy import Connection, bindparam, delete, func, insert, select, text, update

from slotsvc.domain.errors import InvariantError
from slotsvc.domain.route_violation import RouteViolation
from slotsvc.domain.time_window import to_epoch
from slotsvc.domain.visit import Placement, PlacementState, RouteKey, RouteState
from slotsvc.scheduling.ports import StoredRoute, TravelBlock
from slotsvc.store.calendar_memory import CalendarMemory
from slotsvc.store.prepared import JUST_ONE, Prepared, Rows, later
from slotsvc.store.route_reads import FIRST_VERSION, RouteReads, named, on_routes, row_key
from slotsvc.store.transaction import DatabaseClock, Question
from slotsvc.store.travel_block import to_bytes
from slotsvc.store.turns import ONLY_WRITER, Locks, TurnTaking
from slotsvc.store.violation_rows import violation_rows
from slotsvc.store.visit_schema import NO_POSITION, PLACEMENT, ROUTE, ROUTE_VIOLATION
from slotsvc.store.visit_tables import LAPSED, LIVE, NOWHERE, STANDS

# First touch or next version, one statement and one row lock on SQLite and on PostgreSQL.
_BUMP = Prepared(
    text(
        "INSERT INTO route (tenant, technician, day, shift, version, state) "
        f"VALUES (:tenant, :technician, :day, :shift, {FIRST_VERSION}, '{RouteState.DRAFT.value}') "
        "ON CONFLICT (tenant, technician, day, shift) DO UPDATE SET version = route.version + 1 "
        "RETURNING version"
    )
)
_OTHER = ROUTE.alias("other")
_LAST = select(func.coalesce(func.max(_OTHER.c.change), 0)).where(
    _OTHER.c.tenant == bindparam("of")
)
# Last of all, when it is this transaction's turn to commit: so changes are numbered in the order of
# their commits.
_NUMBER = Prepared(
    update(ROUTE).where(on_routes(ROUTE)).values(change=_LAST.scalar_subquery() + 1), later=True
)
_ORDER_OFF = Prepared(
    update(PLACEMENT)
    .where(on_routes(PLACEMENT), PLACEMENT.c.position != NOWHERE)
    .values(position=NO_POSITION),
    later=True,
)
_ORDER_ON = Prepared(
    update(PLACEMENT).where(
        PLACEMENT.c.tenant == bindparam("of"),
        PLACEMENT.c.id == bindparam("at"),
        PLACEMENT.c.technician == bindparam("who"),
        PLACEMENT.c.day == bindparam("on"),
        PLACEMENT.c.shift == bindparam("in"),
        STANDS,
    )
)
_BLOCK = Prepared(
    update(ROUTE).where(on_routes(ROUTE)).values(block=bindparam("travel")), later=True
)
_STATE = Prepared(
    update(ROUTE).where(on_routes(ROUTE)).values(state=bindparam("reached")), later=True
)
_FORGET = Prepared(delete(ROUTE_VIOLATION).where(on_routes(ROUTE_VIOLATION)), later=True)
_BROKEN = Prepared(insert(ROUTE_VIOLATION), later=True)
_RELEASE = Prepared(
    update(PLACEMENT)
    .where(on_routes(PLACEMENT), LAPSED)
    .values(state=PlacementState.RELEASED.value, expires=None)
    .returning(PLACEMENT.c.id)
)
_LEFT_OUT = Prepared(
    select(PLACEMENT.c.id)
    .where(on_routes(PLACEMENT), PLACEMENT.c.position == NOWHERE, LIVE)
    .limit(JUST_ONE)
)


class RouteWrites(RouteReads, TurnTaking):
    """The writing half of ``slotsvc.scheduling.ports.WriteTx`` that concerns routes."""

    def __init__(
        self,
        connection: Connection,
        clock: DatabaseClock,
        locks: Locks = ONLY_WRITER,
        *,
        memory: CalendarMemory | None = None,
    ) -> None:
        super().__init__(connection, clock, locks, memory=memory)
        self._locked: dict[RouteKey, int] = {}
        self._read: dict[RouteKey, StoredRoute] = {}  # locked, and not written to since
        self._places: dict[tuple[str, str], Placement] = {}  # since the last lock

    def lock_routes(self, keys: Iterable[RouteKey]) -> Mapping[RouteKey, int]:
        """Bumps and locks the routes in sorted order; gives the new versions.

        A route grows by one in a transaction, however often it is named. Take all of them in one
        call: a second call could wait for somebody who waits for the first.
        """
        wanted = sorted(set(keys))
        for tenant in sorted({key.tenant for key in wanted}):
            self.take_turn(tenant)
            self._queue_for(tenant, (_name(key) for key in wanted if key.tenant == tenant))
        new = [key for key in wanted if key not in self._locked]
        self._read.clear()  # what was read before the wait for a lock may be too old
        self._places.clear()
        self._ahead.clear()
        for key, told in zip(new, self._ask_with_now(*map(_bump, new)), strict=True):
            self._locked[key] = int(told.scalar_one())
        return {key: self._locked[key] for key in wanted}

    def routes_by_key(self, keys: Iterable[RouteKey]) -> Mapping[RouteKey, StoredRoute]:
        """The named routes; one that is locked is read once, until something is written."""
        wanted = list(dict.fromkeys(keys))
        unread = [key for key in wanted if key not in self._read]
        fresh = super().routes_by_key(unread) if unread else {}
        found = {key: fresh.get(key) or self._read[key] for key in wanted}
        self._read |= {key: route for key, route in fresh.items() if key in self._locked}
        return found

    def write_route(self, key: RouteKey, order: Sequence[str], block: TravelBlock | None) -> None:
        """Positions 0.. for the placements in ``order``, and the block (None: none is kept).

        All others of the route lose their position. Raises ``InvariantError`` for a placement that
        does not stand on this route.
        """
        self._require_lock(key)
        # Off first, then on: no two may share a position even between two statements.
        self._connection.execute(_ORDER_OFF, named([key]))
        if order:
            here = dict(zip(("of", "who", "on", "in"), row_key(key), strict=True))
            places = [here | {"at": id, "position": n} for n, id in enumerate(order)]
            later(self._connection, _ORDER_ON, places, partial(_refuse_strangers, order))
        stored = None if block is None else to_bytes(block)
        self._connection.execute(_BLOCK, named([key]) | {"travel": stored})

    def set_route_state(self, key: RouteKey, state: RouteState) -> None:
        """What automation may do to the order from now on."""
        self._require_lock(key)
        self._connection.execute(_STATE, named([key]) | {"reached": state.value})

    def write_violations(self, key: RouteKey, found: Sequence[RouteViolation]) -> None:
        """Replaces what is recorded of the route."""
        self._require_lock(key)
        self._connection.execute(_FORGET, named([key]))
        if found:
            self._connection.execute(_BROKEN, violation_rows(key, found))

    def expire_lapsed(self, keys: Iterable[RouteKey], now: datetime) -> Sequence[str]:
        """Marks lapsed holds of these routes RELEASED; gives their ids, sorted."""
        routes = list(keys)
        for key in routes:
            self._require_lock(key)
        tidied = self._connection.execute(_RELEASE, named(routes) | {"now": to_epoch(now)})
        return sorted(tidied.scalars())

    def _require_lock(self, key: RouteKey) -> None:
        """Before every write to a route."""
        if key not in self._locked:
            raise InvariantError("a route was written without its lock")
        self._read.clear()
        self._ahead.clear()

    def _number_changes(self, tenant: str) -> None:
        keys = [key for key in self._locked if key.tenant == tenant]
        if keys:
            self._connection.execute(_NUMBER, named(keys) | {"of": tenant})

    def _refuse_live_without_position(self) -> None:
        if not self._locked:
            return
        locked = named(self._locked) | {"now": to_epoch(self.now())}
        later(self._connection, _LEFT_OUT, [locked], _refuse_left_out)


def _bump(key: RouteKey) -> Question:
    return _BUMP, dict(zip(("tenant", "technician", "day", "shift"), row_key(key), strict=True))


def _refuse_strangers(order: Sequence[str], told: Rows) -> None:
    if told.rowcount != len(order) or told.rowcount != len(set(order)):
        raise InvariantError("the order of a route names what is not on it, or twice")


def _refuse_left_out(told: Rows) -> None:
    if told.one_or_none() is not None:
        raise InvariantError("a live placement was left out of the order of its route")


def _name(key: RouteKey) -> str:
    return "\n".join(map(str, row_key(key)))
