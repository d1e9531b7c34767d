"""Booking: a hold confirmed, or a slot taken at once; moving and cancelling what is booked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from slotsvc.domain.commitment import superseded
from slotsvc.domain.errors import (
    EtagMismatchError,
    InvariantError,
    NotFoundError,
    WrongStateError,
)
from slotsvc.domain.route_violation import Origin
from slotsvc.domain.visit import BEGUN, Pin, Placement, PlacementState, RouteKey, Standing
from slotsvc.scheduling.desk import Answer, Desk
from slotsvc.scheduling.hold_slot import close_ranks, held
from slotsvc.scheduling.mutation import Mutation, once
from slotsvc.scheduling.offer_state import Taking, confirmed_under
from slotsvc.scheduling.placing import replaced_pairs
from slotsvc.scheduling.ports import Event, ReadTx, StoredVisit, WriteTx
from slotsvc.scheduling.put_on_route import confirm, put_on_route
from slotsvc.scheduling.read_visits import placed_now
from slotsvc.scheduling.route_violations import record_violations
from slotsvc.scheduling.wish import HeldOffer


async def confirm_hold(
    desk: Desk,
    mutation: Mutation,
    hold: str,
    pin: Pin,
    answer: Answer,
    visit: str = "",
    channel: str = "",
) -> bytes:
    """Turns a hold into a booking; what it replaces gives up its place in the same step.

    ``visit``: when given, the hold must be a move of this visit. ``channel``: by which the client
    is told. Nothing is judged anew: the hold is a promise. Raises ``NotFoundError``,
    ``HoldExpiredError``, ``WrongStateError``.
    """

    def work(tx: WriteTx) -> bytes:
        placement = held(tx, mutation.tenant, hold).placed
        _refuse_other_visit(placement, visit)
        old = _replaced(tx, placement)
        routes = {placement.route, old.route} if old else {placement.route}
        tx.lock_names(mutation.tenant, confirmed_under(tx, placement))
        tx.expect(mutation.tenant, placement=hold)
        versions = tx.lock_routes(routes)
        placement = held(tx, mutation.tenant, hold).placed
        pinned = _pinned(tx, placement, old, pin)
        free = placement.start_window.start
        start = _planned_start(tx, placement) if pinned is Pin.START else free
        confirm(tx, placement, pinned, start, channel)
        if old is not None:
            close_ranks(tx, old.route, old.id)
        _record_confirmed(tx, placement, old, versions, mutation)
        tx.expect(mutation.tenant, visit=placement.visit.id, moves=True)
        record_violations(tx, routes, Origin.LAPSE, mutation.actor)
        return visit_answer(tx, placement, answer)

    def expected(tx: WriteTx) -> bytes:
        tx.expect(mutation.tenant, placement=hold)
        # of one visit on one route, unless it moves
        return once(mutation, work, beside=not visit)(tx)

    return await desk.store.write(expected)


def _record_confirmed(
    tx: WriteTx,
    placement: Placement,
    old: Placement | None,
    versions: Mapping[RouteKey, int],
    mutation: Mutation,
) -> None:
    if old is None:
        record_change(tx, "VISIT_BOOKED", placement, versions, mutation)
        return
    record_change(tx, "VISIT_MOVED", placement, versions, mutation, replaces=old.id)
    if old.route != placement.route:
        record_change(tx, "VISIT_MOVED_AWAY", old, versions, mutation)


async def book_slot(
    desk: Desk,
    mutation: Mutation,
    offer: HeldOffer,
    pin: Pin,
    answer: Answer,
    *,
    external_ref: str = "",
    note: str = "",
    channel: str = "",
) -> bytes:
    """Books the offered slot at once; a slot found for a visit moves it. Raises as
    ``put_on_route``."""
    taking = Taking(offer, False, None, external_ref, note, pin, channel)
    return await put_on_route(desk, mutation, taking, answer)


async def cancel_visit(
    desk: Desk, mutation: Mutation, visit: str, etag: str | None, cause: str, answer: Answer
) -> bytes:
    """Frees the visit's place and any that is held for it; what was promised no longer holds.

    Always possible until the visit is done, whatever state the day is in. Raises
    ``NotFoundError``, ``EtagMismatchError``, ``WrongStateError`` when there is nothing to cancel.
    """

    def work(tx: WriteTx) -> bytes:
        stored = cancellable(tx, mutation.tenant, visit)
        refuse_other_etag(stored, etag)
        held_place = tx.open_hold(mutation.tenant, visit, tx.now())
        placed = stored.place
        places = [p for p in (held_place, placed) if p is not None]
        places = list({p.id: p for p in places}.values())
        routes = {p.route for p in places}
        versions = tx.lock_routes(routes)
        stored = cancellable(tx, mutation.tenant, visit)
        for gone in places:
            pending = gone is held_place and placed is not None and gone.id != placed.id
            released = pending or placed is None
            state = PlacementState.RELEASED if released else PlacementState.CANCELLED
            tx.set_placement_state(mutation.tenant, gone.id, state)
            close_ranks(tx, gone.route, gone.id)
        standing = Standing.PLACED if placed is not None else Standing.CANCELLED
        promises = superseded(stored.visit.promises, tx.now())
        tx.update_visit(mutation.tenant, replace(stored.visit, promises=promises), standing)
        _record_cancelled(tx, stored, placed, held_place, versions, mutation, cause)
        record_violations(tx, routes, Origin.LAPSE, mutation.actor)
        return answer(placed_now(tx, require_visit(tx, mutation.tenant, visit)))

    return await desk.store.write(once(mutation, work))


def _record_cancelled(
    tx: WriteTx,
    stored: StoredVisit,
    placed: Placement | None,
    held_place: Placement | None,
    versions: Mapping[RouteKey, int],
    mutation: Mutation,
    cause: str,
) -> None:
    if placed is None:
        data = {"cause": cause} if cause else {}
        event = Event("VISIT_CANCELLED", stored.visit.id, None, 0, data)
        tx.record(mutation.tenant, event, mutation.actor)
    else:
        record_change(tx, "VISIT_CANCELLED", placed, versions, mutation, cause=cause)
    if held_place is not None and (placed is None or held_place.route != placed.route):
        record_change(tx, "HOLD_RELEASED", held_place, versions, mutation)


def cancellable(tx: ReadTx, tenant: str, visit: str) -> StoredVisit:
    """The visit, live or in the backlog. Raises ``NotFoundError``, ``WrongStateError``."""
    stored = require_visit(tx, tenant, visit)
    if stored.standing is Standing.UNPLACED:
        return stored
    if stored.standing is Standing.CANCELLED or not stored.placed.live(tx.now()):
        raise WrongStateError("the visit has no place to cancel")
    if stored.placed.state is PlacementState.DONE:
        raise WrongStateError("the visit is done")
    return stored


def refuse_other_etag(stored: StoredVisit, etag: str | None) -> None:
    """Raises ``EtagMismatchError``."""
    if etag is not None and etag != str(stored.revision):
        raise EtagMismatchError("the visit changed since it was read")


def require_visit(tx: ReadTx, tenant: str, visit: str) -> StoredVisit:
    """Raises ``NotFoundError``."""
    stored = tx.visit(tenant, visit)
    if stored is None:
        raise NotFoundError("no such visit")
    return stored


def _refuse_other_visit(placement: Placement, visit: str) -> None:
    if visit and (placement.replaces is None or placement.visit.id != visit):
        raise WrongStateError("the hold is not a move of this visit")
    if not visit and placement.replaces is not None:
        raise WrongStateError("the hold moves a visit; use RescheduleVisit")


def _replaced(tx: WriteTx, placement: Placement) -> Placement | None:
    """The place that is given up; None when there is none, or it was given up meanwhile.

    Raises ``WrongStateError`` when its visit has begun.
    """
    if placement.replaces is None:
        return None
    old = tx.placement(placement.route.tenant, placement.replaces)
    if old is None:
        raise InvariantError("a hold replaces what does not exist")
    if old.placed.state in BEGUN:
        raise WrongStateError("the visit has begun at its old place")
    return old.placed if old.placed.state is PlacementState.BOOKED else None


def _pinned(tx: WriteTx, placement: Placement, old: Placement | None, pin: Pin) -> Pin:
    """The pin wanted, else the one the visit had. While another visit of the route is being moved
    within it the day may go in two ways, and no one start suits both: a wanted pin of the start is
    refused, one that the visit had becomes a pin of the technician. Raises ``WrongStateError``."""
    kept = old.pin if old is not None and pin is Pin.NONE else pin
    if kept is not Pin.START:
        return kept
    live = tx.routes_by_key([placement.route])[placement.route].live(tx.now())
    moving = any(new != placement.id for _, new in replaced_pairs(live))
    if not moving:
        return kept
    if pin is Pin.START:
        raise WrongStateError("another visit of that day is being moved; pin the start later")
    return Pin.TECHNICIAN


def _planned_start(tx: WriteTx, placement: Placement) -> datetime:
    stored = tx.placement(placement.route.tenant, placement.id)
    stop = placed_now(tx, stored).stop if stored is not None else None
    if stop is None or not placement.start_window.contains(stop.start):
        raise WrongStateError("the day cannot be kept as it stands, so no start can be pinned")
    return stop.start


def record_change(
    tx: WriteTx,
    kind: str,
    placement: Placement,
    versions: Mapping[RouteKey, int],
    mutation: Mutation,
    **more: str,
) -> None:
    """The event of one route's new version; every route that was locked has one."""
    data = {"placement": placement.id} | {name: value for name, value in more.items() if value}
    version = versions[placement.route]
    event = Event(kind, placement.visit.id, placement.route, version, data)
    tx.record(placement.route.tenant, event, mutation.actor)


def visit_answer(tx: WriteTx, placement: Placement, answer: Answer) -> bytes:
    """The answer for the visit of a placement, as it now stands."""
    stored = tx.visit(placement.route.tenant, placement.visit.id)
    if stored is None:
        raise InvariantError("a visit vanished while it was changed")
    return answer(placed_now(tx, stored))
