"""Holds: reserved for a while, prolonged once, given back.

A hold is a promise: until it expires it can be confirmed, whatever else happens. Expiry is read off
the clock; nobody has to sweep.
"""

from __future__ import annotations

from datetime import timedelta

from slotsvc.domain.booking_rules import BookingRules
from slotsvc.domain.errors import HoldExpiredError, HoldLimitError, NotFoundError, WrongStateError
from slotsvc.domain.route_violation import Origin
from slotsvc.domain.visit import PlacementState, RouteKey
from slotsvc.scheduling.desk import Answer, Desk, Placed
from slotsvc.scheduling.mutation import Mutation, once
from slotsvc.scheduling.offer_state import Taking
from slotsvc.scheduling.ports import Event, ReadTx, StoredVisit, WriteTx
from slotsvc.scheduling.put_on_route import put_on_route
from slotsvc.scheduling.read_visits import placed_now
from slotsvc.scheduling.route_violations import record_violations
from slotsvc.scheduling.wish import HeldOffer


async def hold_slot(
    desk: Desk,
    mutation: Mutation,
    offer: HeldOffer,
    hold_for: timedelta | None,
    answer: Answer,
    *,
    external_ref: str = "",
    note: str = "",
) -> bytes:
    """Reserves the offered slot. Raises as ``put_on_route``."""
    taking = Taking(offer, True, hold_for, external_ref, note)
    return await put_on_route(desk, mutation, taking, answer)


async def extend_hold(
    desk: Desk, mutation: Mutation, hold: str, hold_for: timedelta | None, answer: Answer
) -> bytes:
    """Prolongs a hold, once, counted from now, never beyond the longest hold.

    Raises ``NotFoundError``, ``HoldExpiredError``, ``HoldLimitError``, ``WrongStateError``.
    """

    def work(tx: WriteTx) -> bytes:
        stored = held(tx, mutation.tenant, hold)
        tx.lock_routes([stored.placed.route])
        stored = held(tx, mutation.tenant, hold)
        if stored.extended:
            raise HoldLimitError("a hold is prolonged once only")
        now = tx.now()
        usual, longest = _lengths(tx, desk, stored)
        latest = (stored.held_since or now) + longest
        expires = min(now + (hold_for or usual), latest)
        before = stored.placed.expires or now
        tx.prolong(mutation.tenant, hold, max(expires, before))
        _record(tx, "HOLD_EXTENDED", stored, mutation)
        return answer(_shown(tx, hold, mutation.tenant))

    return await desk.store.write(once(mutation, work))


def _lengths(tx: ReadTx, desk: Desk, stored: StoredVisit) -> tuple[timedelta, timedelta]:
    """The usual and the longest hold of the visit's activity."""
    kind = stored.visit.activity_type
    activity = tx.activity_type(stored.tenant, kind) if kind else None
    rules = activity.rules if activity else BookingRules()
    return rules.hold_lengths(desk.limits.default, desk.limits.longest)


async def release_hold(desk: Desk, mutation: Mutation, hold: str) -> bytes:
    """Gives a hold back. One that lapsed, or was released or cancelled before, is fine.

    Raises ``NotFoundError``, ``WrongStateError`` for one that was confirmed.
    """

    def work(tx: WriteTx) -> bytes:
        stored = tx.placement(mutation.tenant, hold)
        if stored is None:
            raise NotFoundError("no such hold")
        placement = stored.placed
        if placement.state not in _GIVEN_BACK:
            raise WrongStateError("the hold was confirmed; cancel the visit instead")
        if placement.state is PlacementState.HELD:
            tx.lock_routes([placement.route])
            tx.set_placement_state(mutation.tenant, hold, PlacementState.RELEASED)
            close_ranks(tx, placement.route, hold)
            _record(tx, "HOLD_RELEASED", stored, mutation)
            record_violations(tx, [placement.route], Origin.LAPSE, mutation.actor)
        return b""

    return await desk.store.write(once(mutation, work))


_GIVEN_BACK = (PlacementState.HELD, PlacementState.RELEASED, PlacementState.CANCELLED)
"""States in which a place may be given back: it is held, or is nobody's any more."""


def close_ranks(tx: WriteTx, route: RouteKey, gone: str) -> None:
    """Writes the route's order anew without one placement; its lock is held."""
    now = tx.now()
    tx.expire_lapsed([route], now)
    stored = tx.routes_by_key([route])[route]
    tx.write_route(route, [p.id for p in stored.live(now) if p.id != gone], stored.block)


def held(tx: ReadTx, tenant: str, hold: str) -> StoredVisit:
    """The visit with this live hold.

    Raises ``NotFoundError``, ``HoldExpiredError`` (lapsed or released), ``WrongStateError``.
    """
    stored = tx.placement(tenant, hold)
    if stored is None:
        raise NotFoundError("no such hold")
    placement = stored.placed
    if placement.state is PlacementState.RELEASED or (
        placement.state is PlacementState.HELD and not placement.live(tx.now())
    ):
        raise HoldExpiredError("the hold lapsed; ask for slots again")
    if placement.state is not PlacementState.HELD:
        raise WrongStateError("this is not a hold any more")
    return stored


def _shown(tx: WriteTx, hold: str, tenant: str) -> Placed:
    stored = tx.placement(tenant, hold)
    assert stored is not None, "it was written just now"
    return placed_now(tx, stored)


def _record(tx: WriteTx, kind: str, stored: StoredVisit, mutation: Mutation) -> None:
    key = stored.placed.route
    version = tx.routes_by_key([key])[key].version
    tx.record(
        key.tenant,
        Event(kind, stored.visit.id, key, version, {"placement": stored.placed.id}),
        mutation.actor,
    )
