"""Work without a place: made, listed, taken off its route; and what clients are told of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from slotsvc.domain.commitment import Promise, announced, promised
from slotsvc.domain.errors import NotFoundError, WrongStateError
from slotsvc.domain.route_violation import Origin
from slotsvc.domain.visit import (
    BEGUN,
    Placement,
    PlacementState,
    RouteKey,
    Standing,
    UnplacedReason,
    Visit,
)
from slotsvc.scheduling.book_visit import record_change, refuse_other_etag, require_visit
from slotsvc.scheduling.desk import Answer, Desk, Placed
from slotsvc.scheduling.hold_slot import close_ranks
from slotsvc.scheduling.mutation import Mutation, once
from slotsvc.scheduling.offer_state import refuse_taken_reference
from slotsvc.scheduling.ports import Event, ReadTx, StoredVisit, WriteTx
from slotsvc.scheduling.read_visits import placed_now, waiting
from slotsvc.scheduling.route_violations import record_violations
from slotsvc.scheduling.travel_port import Provenance


@dataclass(frozen=True, slots=True)
class BacklogFilter:
    """What to list. "": no limit. ``after``: sort key of the last one of the page before."""

    tenant: str
    team: str = ""
    client: str = ""
    after: tuple[int, int, int, str] | None = None
    limit: int = 50


type MakeVisit = Callable[[ReadTx, str], Visit]
"""Gives the visit with this id; may look up sites and types. Raises ``InvalidRequestError``."""

type Revise = Callable[[Visit], Visit]
"""Gives the changed visit. Raises ``InvalidRequestError``."""


async def create_visit(desk: Desk, mutation: Mutation, make: MakeVisit, answer: Answer) -> bytes:
    """Puts work into the backlog. Raises ``InvalidRequestError``, ``AlreadyExistsError``."""

    def work(tx: WriteTx) -> bytes:
        now, tenant = tx.now(), mutation.tenant
        if tx.tenant(tenant) is None:
            raise NotFoundError("no such tenant")
        visit = make(tx, desk.new_id("v"))
        if visit.external_ref:
            refuse_taken_reference(tx, tenant, visit.external_ref, now)
        stored = StoredVisit(
            tenant, visit, None, 1, Provenance.LIVE, now, now,
            standing=Standing.UNPLACED, unplaced_reason=UnplacedReason.NEW,
        )  # fmt: skip
        tx.insert_visit(stored)
        _record(tx, "VISIT_CREATED", visit, mutation)
        return answer(placed_now(tx, require_visit(tx, tenant, visit.id)))

    return await desk.store.write(once(mutation, work))


async def update_visit(
    desk: Desk, mutation: Mutation, visit: str, etag: str | None, revise: Revise, answer: Answer
) -> bytes:
    """Changes what is known of a visit. Raises ``NotFoundError``, ``EtagMismatchError``,
    ``InvalidRequestError``, ``AlreadyExistsError``."""

    def work(tx: WriteTx) -> bytes:
        stored = require_visit(tx, mutation.tenant, visit)
        refuse_other_etag(stored, etag)
        after = revise(stored.visit)
        if after.external_ref and after.external_ref != stored.visit.external_ref:
            refuse_taken_reference(tx, mutation.tenant, after.external_ref, tx.now(), visit)
        placed = stored.live_place(tx.now())
        versions = tx.lock_routes([placed.route] if placed is not None else [])
        tx.update_visit(mutation.tenant, after, stored.standing, stored.unplaced_reason)
        if placed is None:
            _record(tx, "VISIT_UPDATED", after, mutation)
        else:
            record_change(tx, "VISIT_UPDATED", placed, versions, mutation)
            record_violations(tx, [placed.route], Origin.CALENDAR, mutation.actor)
        return answer(placed_now(tx, require_visit(tx, mutation.tenant, visit)))

    return await desk.store.write(once(mutation, work))


async def list_unplaced(desk: Desk, wanted: BacklogFilter) -> Sequence[Placed]:
    """The most urgent first. Raises ``NotFoundError`` for a missing team."""

    def work(tx: ReadTx) -> Sequence[Placed]:
        if wanted.team and tx.team(wanted.tenant, wanted.team) is None:
            raise NotFoundError("no such team")
        found = tx.list_unplaced(
            wanted.tenant,
            team=wanted.team or None,
            client=wanted.client or None,
            after=wanted.after,
            limit=wanted.limit,
            now=tx.now(),
        )
        return [waiting(stored) for stored in found]

    return await desk.store.read(work)


async def unplace_visit(
    desk: Desk, mutation: Mutation, visit: str, etag: str | None, answer: Answer
) -> bytes:
    """Takes a booked visit off its route. What the client was told stands.

    Always possible until the visit has begun. Raises ``NotFoundError``, ``EtagMismatchError``,
    ``WrongStateError``.
    """

    def work(tx: WriteTx) -> bytes:
        stored = require_visit(tx, mutation.tenant, visit)
        refuse_other_etag(stored, etag)
        routes = return_to_backlog(tx, stored, UnplacedReason.PLANNER, mutation)
        record_violations(tx, routes, Origin.LAPSE, mutation.actor)
        return answer(placed_now(tx, require_visit(tx, mutation.tenant, visit)))

    return await desk.store.write(once(mutation, work))


def return_to_backlog(
    tx: WriteTx, stored: StoredVisit, reason: UnplacedReason, mutation: Mutation
) -> frozenset[RouteKey]:
    """Ends the visit's place, and an open move of it.

    Gives the routes it left, for the caller to judge. Raises ``WrongStateError``.
    """
    tenant, visit = mutation.tenant, stored.visit
    placed = stored.live_place(tx.now())
    if placed is None or placed.state is PlacementState.HELD:
        raise WrongStateError("the visit has no place")
    if placed.state in BEGUN:
        raise WrongStateError("the visit has begun")
    pending = tx.open_hold(tenant, visit.id, tx.now())
    routes = frozenset({placed.route} | ({pending.route} if pending else set()))
    versions = tx.lock_routes(routes)
    for gone in (pending, placed):
        if gone is not None:
            held = gone is pending
            state = PlacementState.RELEASED if held else PlacementState.RETURNED
            tx.set_placement_state(tenant, gone.id, state)
            close_ranks(tx, gone.route, gone.id)
    tx.update_visit(tenant, visit, Standing.UNPLACED, reason)
    record_change(tx, "VISIT_UNPLACED", placed, versions, mutation, reason=reason.value)
    if pending is not None and pending.route != placed.route:
        record_change(tx, "HOLD_RELEASED", pending, versions, mutation)
    return routes


async def announce_promise(
    desk: Desk,
    mutation: Mutation,
    visit: str,
    promise: Callable[[ReadTx], Promise],
    answer: Answer,
    *,
    instead: bool,
) -> bytes:
    """Appends what the client was told. On a route the visit then starts inside the narrowest
    promise that stands; where that cannot be, it is recorded as broken.

    ``instead``: earlier promises no longer hold. Raises ``NotFoundError``, ``WrongStateError``.
    """

    def work(tx: WriteTx) -> bytes:
        tenant = mutation.tenant
        stored = require_visit(tx, tenant, visit)
        _refuse_over(tx, stored)
        if tx.open_hold(tenant, visit, tx.now()) is not None:
            # confirmed, the hold is what its client agreed to: it would undo what is told now
            raise WrongStateError("a place of this visit is held and not confirmed yet")
        promises = announced(stored.visit.promises, promise(tx), instead=instead)
        after = replace(stored.visit, promises=promises)
        placed = stored.live_place(tx.now())
        versions = tx.lock_routes([placed.route] if placed is not None else [])
        if placed is not None:
            _narrow(tx, placed, after)
        tx.update_visit(tenant, after, stored.standing, stored.unplaced_reason)
        if placed is None:
            _record(tx, "PROMISE_ANNOUNCED", after, mutation)
        else:
            record_change(tx, "PROMISE_ANNOUNCED", placed, versions, mutation)
            record_violations(tx, [placed.route], Origin.OVERRIDE, mutation.actor)
        return answer(placed_now(tx, require_visit(tx, tenant, visit)))

    return await desk.store.write(once(mutation, work))


def _refuse_over(tx: ReadTx, stored: StoredVisit) -> None:
    if stored.standing is Standing.UNPLACED:
        return
    place = stored.live_place(tx.now())
    if place is None or place.state is PlacementState.DONE:
        raise WrongStateError("the visit is over")


def _narrow(tx: WriteTx, placed: Placement, visit: Visit) -> None:
    """Cuts the start window to the promise it lies in; none: it stays, and is on record."""
    kept = promised(visit.promises) or ()
    both = (placed.start_window.intersect(one) for one in kept)
    window = next((one for one in both if one is not None), None)
    if window is not None and window != placed.start_window:
        tx.set_start_window(placed.route.tenant, placed.id, window.start, window.end)


def _record(tx: WriteTx, kind: str, visit: Visit, mutation: Mutation) -> None:
    data = {"team": visit.team} if visit.team else {}
    tx.record(mutation.tenant, Event(kind, visit.id, None, 0, data), mutation.actor)
