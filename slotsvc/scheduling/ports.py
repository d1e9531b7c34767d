"""What the use cases need from outside: a store with transactions, and a clock.

The store runs *work*: a plain function that gets a transaction. It may be run several times, so it
must not do anything but read and write through the transaction; roads, solver, mail and password
hashing never happen inside.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from slotsvc.domain.errors import InvariantError
from slotsvc.domain.place import Location
from slotsvc.domain.route_violation import RouteViolation
from slotsvc.domain.visit import (
    Placement,
    PlacementState,
    Reported,
    RouteKey,
    RouteState,
    Standing,
    UnplacedReason,
    Visit,
)
from slotsvc.scheduling.calendar_ports import CalendarRead, CalendarWrite
from slotsvc.scheduling.event_ports import Event as Event
from slotsvc.scheduling.event_ports import EventRead
from slotsvc.scheduling.event_ports import StoredEvent as StoredEvent
from slotsvc.scheduling.job_ports import JobRead, JobWrite
from slotsvc.scheduling.key_ports import KeyRead, KeyWrite
from slotsvc.scheduling.measure_ports import MeasureRead, MeasureWrite
from slotsvc.scheduling.sweep_ports import SweepWrite
from slotsvc.scheduling.travel_port import Provenance
from slotsvc.scheduling.turn_port import TurnPort


class Clock(Protocol):
    """Aware UTC now, whole seconds are enough."""

    def now(self) -> datetime: ...


@dataclass(frozen=True, slots=True)
class TravelBlock:
    """Full pairwise travel among the distinct places of a route, start and end place included.

    ``places``: m distinct places. ``seconds``: int32 (m, m), rounded up, UNREACHABLE = no road.
    Stored with the route, so that every removal or re-order can be judged without asking roads.
    """

    places: tuple[Location, ...]
    seconds: NDArray[np.int32]
    map_id: str
    provenance: Provenance


@dataclass(frozen=True, slots=True)
class StoredRoute:
    """A route as stored. ``version`` grows by exactly 1 per committed mutation; 0 = untouched.

    ``placements``: every placement not ended, by position, holds included even when they lapsed
    (judge them by ``Placement.live(now)``). ``block``: None when the route never had a visit.
    ``state``: what automation may do to its order. ``violations``: what was recorded at the last
    write.
    """

    key: RouteKey
    version: int
    placements: tuple[Placement, ...] = ()
    block: TravelBlock | None = None
    state: RouteState = RouteState.DRAFT
    violations: tuple[RouteViolation, ...] = ()

    def live(self, now: datetime) -> tuple[Placement, ...]:
        """Placements that occupy the route at ``now``, by position."""
        return tuple(p for p in self.placements if p.live(now))

    def valid_until(self, now: datetime) -> datetime | None:
        """Earliest expiry of a live hold: the route changes then without a write. None: never."""
        expiries = [p.expires for p in self.live(now) if p.state is PlacementState.HELD]
        return min((e for e in expiries if e is not None), default=None)


@dataclass(frozen=True, slots=True)
class PendingMove:
    """A live hold that would take over from another placement."""

    hold: str
    expires: datetime


@dataclass(frozen=True, slots=True)
class StoredVisit:
    """A visit with its current placement and bookkeeping.

    ``placement``: the last one when it has none live; None when it never had one. ``revision``
    grows with every change of the visit; the API's etag. ``extended``: the hold was prolonged.
    ``held_since``: when the hold was made; None for a visit that was never held.
    ``unplaced_reason``: None unless ``standing`` is UNPLACED.
    """

    tenant: str
    visit: Visit
    placement: Placement | None
    revision: int
    provenance: Provenance
    created: datetime
    updated: datetime
    promised_at: datetime | None = None
    held_since: datetime | None = None
    extended: bool = False
    standing: Standing = Standing.PLACED
    unplaced_reason: UnplacedReason | None = None

    @property
    def place(self) -> Placement | None:
        """Where it is, or was until it was cancelled; None for what has only ever waited, or waits
        again."""
        return self.placement if self.standing is Standing.PLACED else None

    def live_place(self, now: datetime) -> Placement | None:
        """The place it occupies; None while it waits for one, and when it is over or cancelled."""
        place = self.place
        return place if place is not None and place.live(now) else None

    @property
    def placed(self) -> Placement:
        """The current placement. Raises ``InvariantError`` when it never had one."""
        if self.placement is None:
            raise InvariantError("a visit without a place was taken for a placed one")
        return self.placement


NO_DUE = 1 << 40
"""Sort key of a visit without a due time."""


class RouteRead(Protocol):
    """Reading of routes and visits."""

    def now(self) -> datetime:
        """The database's clock, read after the locks of this transaction were taken."""
        ...

    def routes(
        self, tenant: str, technicians: Iterable[str], first: date, last: date
    ) -> Mapping[RouteKey, StoredRoute]:
        """Touched routes, first <= date <= last; an untouched one is absent (version 0, empty)."""
        ...

    def route_versions(
        self, tenant: str, technicians: Iterable[str], first: date, last: date
    ) -> Mapping[RouteKey, int]:
        """Versions only, of touched routes."""
        ...

    def last_change(self, tenant: str) -> int:
        """Number of the last committed change of any of the tenant's routes; 0: there was none."""
        ...

    def changed_routes(self, tenant: str, after: int) -> tuple[int, Sequence[RouteKey]]:
        """The number of the last change, and the routes changed since ``after``, an earlier one.

        A transaction sees the changes of all that were committed before it, and no others.
        """
        ...

    def routes_by_key(self, keys: Iterable[RouteKey]) -> Mapping[RouteKey, StoredRoute]:
        """The named routes, in this order; untouched ones are empty, at version 0 of the epoch."""
        ...

    def running_routes(self, now: datetime) -> Sequence[RouteKey]:
        """Routes under way: RUNNING, with a service date at most two days from ``now``."""
        ...

    def live_holds(self) -> int:
        """How many holds are live now, of all tenants."""
        ...

    def visit(self, tenant: str, visit: str) -> StoredVisit | None: ...
    def placement(self, tenant: str, placement: str) -> StoredVisit | None:
        """The visit that has, or had, the placement with this id, shown with *that* placement."""
        ...

    def pending_moves(self, tenant: str, now: datetime) -> Mapping[str, PendingMove]:
        """By the id of the placement that a live hold would take over from."""
        ...

    def live_holds_of_client(self, tenant: str, client: str, now: datetime) -> Sequence[Placement]:
        """The client's live holds, replacements included, the oldest first."""
        ...

    def open_hold(self, tenant: str, visit: str, now: datetime) -> Placement | None:
        """The live hold of a visit, be it new, a move, or the placing of a stored one."""
        ...

    def live_of_activity(
        self, tenant: str, team: str, activity_type: str, first: date, last: date, now: datetime
    ) -> Mapping[date, int]:
        """How many live placements of an activity the team has, by service date; 0 is absent."""
        ...

    def list_unplaced(
        self,
        tenant: str,
        *,
        team: str | None,
        client: str | None,
        after: tuple[int, int, int, str] | None,
        limit: int,
        now: datetime,
    ) -> Sequence[StoredVisit]:
        """The backlog without visits that are held now: by (-priority, due, created, id), strictly
        after ``after``; no due time sorts as the largest Unix time, ``NO_DUE``."""
        ...

    def visit_by_external_ref(self, tenant: str, external_ref: str) -> StoredVisit | None:
        """The visit with the caller's reference: the live one, else the newest."""
        ...

    def list_visits(
        self,
        tenant: str,
        *,
        technicians: Sequence[str] | None,
        first: date | None,
        last: date | None,
        states: Sequence[PlacementState],
        client: str | None,
        after: tuple[str, str, int, str] | None,
        limit: int,
        now: datetime,
    ) -> Sequence[StoredVisit]:
        """Ordered by (date, technician, position, visit id), strictly after ``after``.

        ``states`` as they stand at ``now``: a lapsed hold counts as RELEASED. The position of an
        ended placement is -1 once its route was written anew. A visit of the backlog that is held
        somewhere is shown there. Visits cancelled without a place come first, as ("", "", -1, id),
        unless technicians or dates are asked for.
        """
        ...


class ReadTx(CalendarRead, RouteRead, KeyRead, MeasureRead, JobRead, EventRead, Protocol):
    """One snapshot."""

    def answered(self, tenant: str, method: str, key: str, request_hash: bytes) -> bytes | None:
        """The stored answer of an earlier call with this key; None: there is none.

        Raises ``IdempotencyKeyReusedError`` when the payload differed.
        """
        ...

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
        """What will be read next, with the tenant's calendar, so that it can come in one journey.

        Changes nothing of what is read. It comes with the next reading, or behind the next lock,
        and what has come is forgotten when a lock is waited for or something is written.
        ``answer``: of a method and a key.
        """
        ...


class WriteTx(
    ReadTx, CalendarWrite, KeyWrite, MeasureWrite, JobWrite, SweepWrite, TurnPort, Protocol
):
    """One atomic mutation. ``lock_routes`` comes before anything is judged."""

    def replay(self, tenant: str, method: str, key: str, request_hash: bytes) -> bytes | None:
        """The stored answer of an earlier call with this key; None for the first one.

        Raises ``IdempotencyKeyReusedError`` when the payload differed.
        """
        ...

    def remember(
        self, tenant: str, method: str, key: str, request_hash: bytes, answer: bytes
    ) -> None:
        """Stores the answer, in this transaction."""
        ...

    def lock_routes(self, keys: Iterable[RouteKey]) -> Mapping[RouteKey, int]:
        """Bumps and locks the routes in sorted order; gives the new versions.

        A route grows by one in a transaction, however often it is named. Whatever is written to a
        route without its lock raises ``InvariantError``.
        """
        ...

    def insert_visit(self, stored: StoredVisit) -> None:
        """A visit and its first placement, if it has one; ``write_route`` gives the position.

        Raises ``AlreadyExistsError`` for a taken id.
        """
        ...

    def insert_placement(
        self, placement: Placement, provenance: Provenance, held_since: datetime | None
    ) -> None:
        """A further placement of a stored visit, not the current one; raises likewise."""
        ...

    def set_placement_state(self, tenant: str, placement: str, state: PlacementState) -> None:
        """Clears its expiry too."""
        ...

    def confirm_placement(self, tenant: str, placement: str, pin: str, start: datetime) -> None:
        """HELD -> BOOKED: clears expiry and replaces, records the promise as told now.

        What it replaces becomes MOVED first. ``start``: what is pinned when ``pin`` is START.
        """
        ...

    def prolong(self, tenant: str, placement: str, expires: datetime) -> None: ...
    def set_start_window(
        self, tenant: str, placement: str, start: datetime, end: datetime
    ) -> None: ...
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
        ...

    def report(
        self, tenant: str, placement: str, state: PlacementState, reported: Reported
    ) -> None:
        """What the road says of a placement. Raises ``NotFoundError``."""
        ...

    def set_route_state(self, key: RouteKey, state: RouteState) -> None:
        """The route's lock is held."""
        ...

    def write_violations(self, key: RouteKey, found: Sequence[RouteViolation]) -> None:
        """Replaces what is recorded of the route; its lock is held."""
        ...

    def write_route(self, key: RouteKey, order: Sequence[str], block: TravelBlock | None) -> None:
        """Positions 0.. for the placements in ``order``, and the block (None: none is kept).

        All others of the route lose their position. At the commit every live placement of a
        locked route must have one, else ``InvariantError``.
        """
        ...

    def expire_lapsed(self, keys: Iterable[RouteKey], now: datetime) -> Sequence[str]:
        """Marks lapsed holds of these routes RELEASED (tidying; expiry is a read predicate)."""
        ...

    def record(self, tenant: str, event: Event, actor: str) -> None:
        """One event row and one audit row (hash chain per tenant)."""
        ...


class Store(Protocol):
    """Transactions. Both calls run the work off the event loop and return its result."""

    async def read[T](self, work: Callable[[ReadTx], T]) -> T:
        """One snapshot."""
        ...

    async def write[T](self, work: Callable[[WriteTx], T]) -> T:
        """One atomic transaction, committed when the work returns, rolled back when it raises.

        Raises ``StoreBusyError`` when the store cannot be written in time.
        """
        ...
