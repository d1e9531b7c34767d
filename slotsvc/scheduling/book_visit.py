"""Booking: a hold confirmed, or a slot taken at once; moving and cancelling what is booked."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from slotsvc.domain.errors import (
    EtagMismatchError,
    InvariantError,
    NotFoundError,
    WrongStateError,
)
from slotsvc.domain.visit import Pin, Placement, PlacementState, RouteKey
from slotsvc.scheduling.desk import Answer, Desk
from slotsvc.scheduling.hold_slot import close_ranks, held
from slotsvc.scheduling.mutation import Mutation, once
from slotsvc.scheduling.offer_state import Taking
from slotsvc.scheduling.ports import Event, StoredVisit, WriteTx
from slotsvc.scheduling.put_on_route import confirm, kept_pin, put_on_route
from slotsvc.scheduling.read_visits import placed_now
from slotsvc.scheduling.wish import HeldOffer


async def confirm_hold(
    desk: Desk, mutation: Mutation, hold: str, pin: Pin, answer: Answer, visit: str = ""
) -> bytes:
    """Turns a hold into a booking; what it replaces gives up its place in the same step.

    ``visit``: when given, the hold must be a move of this visit. Nothing is judged anew: the hold
    is a promise. Raises ``NotFoundError``, ``HoldExpiredError``, ``WrongStateError``.
    """

    def work(tx: WriteTx) -> bytes:
        placement = held(tx, mutation.tenant, hold).placement
        _refuse_other_visit(placement, visit)
        old = _replaced(tx, placement)
        routes = {placement.route, old.placement.route} if old else {placement.route}
        versions = tx.lock_routes(routes)
        placement = held(tx, mutation.tenant, hold).placement
        pinned = kept_pin(pin, old)
        free = placement.start_window.start
        start = _planned_start(tx, placement) if pinned is Pin.START else free
        confirm(tx, placement, pinned, start)
        if old is not None:
            close_ranks(tx, old.placement.route, old.placement.id)
        if old is None:
            _record(tx, "VISIT_BOOKED", placement, versions, mutation)
        else:
            left = old.placement
            _record(tx, "VISIT_MOVED", placement, versions, mutation, replaces=left.id)
            if left.route != placement.route:
                _record(tx, "VISIT_MOVED_AWAY", left, versions, mutation)
        return _answer(tx, placement, answer)

    return await desk.store.write(once(mutation, work))


async def book_slot(
    desk: Desk,
    mutation: Mutation,
    offer: HeldOffer,
    pin: Pin,
    answer: Answer,
    *,
    external_ref: str = "",
    note: str = "",
) -> bytes:
    """Books the offered slot at once; a slot found for a visit moves it. Raises as
    ``put_on_route``."""
    return await put_on_route(desk, mutation, Taking(offer, None, external_ref, note, pin), answer)


async def cancel_visit(
    desk: Desk, mutation: Mutation, visit: str, etag: str | None, cause: str, answer: Answer
) -> bytes:
    """Frees the visit's place, and that of an open move of it.

    Raises ``NotFoundError``, ``EtagMismatchError``, ``WrongStateError`` when it has no place.
    """

    def work(tx: WriteTx) -> bytes:
        stored = _with_place(tx, mutation.tenant, visit)
        if etag is not None and etag != str(stored.revision):
            raise EtagMismatchError("the visit changed since it was read")
        placement = stored.placement
        pending = tx.open_replacement(mutation.tenant, placement.id, tx.now())
        routes = {placement.route, pending.route} if pending else {placement.route}
        versions = tx.lock_routes(routes)
        placement = _with_place(tx, mutation.tenant, visit).placement
        for gone in (pending, placement):
            if gone is not None:
                ended = PlacementState.RELEASED if gone is pending else PlacementState.CANCELLED
                tx.set_placement_state(mutation.tenant, gone.id, ended)
                close_ranks(tx, gone.route, gone.id)
        _record(tx, "VISIT_CANCELLED", placement, versions, mutation, cause=cause)
        if pending is not None and pending.route != placement.route:
            _record(tx, "HOLD_RELEASED", pending, versions, mutation)
        return _answer(tx, placement, answer)

    return await desk.store.write(once(mutation, work))


def _with_place(tx: WriteTx, tenant: str, visit: str) -> StoredVisit:
    stored = tx.visit(tenant, visit)
    if stored is None:
        raise NotFoundError("no such visit")
    if not stored.placement.live(tx.now()):
        raise WrongStateError("the visit has no place to cancel")
    return stored


def _refuse_other_visit(placement: Placement, visit: str) -> None:
    if visit and (placement.replaces is None or placement.visit.id != visit):
        raise WrongStateError("the hold is not a move of this visit")
    if not visit and placement.replaces is not None:
        raise WrongStateError("the hold moves a visit; use RescheduleVisit")


def _replaced(tx: WriteTx, placement: Placement) -> StoredVisit | None:
    if placement.replaces is None:
        return None
    old = tx.placement(placement.route.tenant, placement.replaces)
    if old is None:
        raise InvariantError("a hold replaces what does not exist")
    return old if old.placement.state is PlacementState.BOOKED else None


def _planned_start(tx: WriteTx, placement: Placement) -> datetime:
    stored = tx.placement(placement.route.tenant, placement.id)
    stop = placed_now(tx, stored).stop if stored is not None else None
    if stop is None:
        raise WrongStateError("the day cannot be planned as it stands, so no start can be pinned")
    return stop.start


def _record(
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


def _answer(tx: WriteTx, placement: Placement, answer: Answer) -> bytes:
    stored = tx.visit(placement.route.tenant, placement.visit.id)
    if stored is None:
        raise InvariantError("a visit vanished while it was changed")
    return answer(placed_now(tx, stored))
