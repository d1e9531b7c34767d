"""Taking an offer: the one way a slot becomes a placement, held or booked.

Read a snapshot, choose the order, ask roads for what is missing, let the referee judge: all outside
any transaction. Then one transaction: idempotency, locks (which grow the versions), the database's
clock, writes, event, answer. When a route changed in between, everything starts anew.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial

import numpy as np

from slotsvc.domain.booking_rules import refuse_a_day_full_of_holds, takes_the_reserve
from slotsvc.domain.commitment import CommitmentKind, Promise, announced, promised, superseded
from slotsvc.domain.errors import SlotExpiredError, SlotGoneError, StoreBusyError
from slotsvc.domain.route_violation import Origin
from slotsvc.domain.time_window import TimeWindow, to_epoch
from slotsvc.domain.visit import (
    Pin,
    Placement,
    PlacementState,
    RouteKey,
    RouteState,
    Standing,
    Visit,
)
from slotsvc.scheduling.day_of_work import instance_of
from slotsvc.scheduling.desk import (
    TRIES,
    Answer,
    Desk,
    HoldLimits,
    Placed,
    RouteChangedError,
    shift_of,
)
from slotsvc.scheduling.from_now import from_now
from slotsvc.scheduling.mutation import Mutation, once
from slotsvc.scheduling.offer_state import (
    Seen,
    Taking,
    decided_on,
    other_visit,
    refuse_another_hold,
    refuse_full_day,
    see,
)
from slotsvc.scheduling.placing import (
    findings,
    judge,
    merged_order,
    replaced_pairs,
    times_are_kept,
    without_replaced,
)
from slotsvc.scheduling.ports import Event, ReadTx, StoredVisit, TravelBlock, WriteTx
from slotsvc.scheduling.resuming import is_absence, route_places
from slotsvc.scheduling.route_violations import record_violations
from slotsvc.scheduling.timetables import planned_route
from slotsvc.scheduling.travel_blocks import block_over
from slotsvc.scheduling.under_way import Rest, rest_of
from slotsvc.scheduling.wish import HeldOffer
from slotsvc.solver.checker import Finding, relaxed
from slotsvc.solver.one_route import order_with

_SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class _Day:
    """The route's day as it is before the taking. ``before``: what is broken on it as it is."""

    rest: Rest
    block: TravelBlock
    before: tuple[Finding, ...]
    live: tuple[Placement, ...]


@dataclass(frozen=True, slots=True)
class _Plan:
    """What will be written if the versions still stand. ``order``: the whole route."""

    seen: Seen
    placement: Placement
    order: tuple[Placement, ...]
    block: TravelBlock


async def put_on_route(desk: Desk, mutation: Mutation, taking: Taking, answer: Answer) -> bytes:
    """Holds or books the offered slot; gives the answer's bytes.

    Raises ``SlotExpiredError``, ``SlotGoneError`` (without alternatives: the caller knows the
    search), ``HoldLimitError``, ``WrongStateError``, ``NotFoundError``, ``AlreadyExistsError``,
    ``IdempotencyKeyReusedError``, ``TravelError``, ``StoreBusyError``.
    """
    for _ in range(TRIES):
        seen = await desk.store.read(partial(_seen, mutation=mutation, taking=taking, desk=desk))
        if isinstance(seen, bytes):
            return seen
        plan = await _plan(desk, taking, seen)
        try:
            work = partial(_write, taking=taking, plan=plan, answer=answer, limits=desk.limits)
            work = partial(work, mutation=mutation)
            # a new visit is nobody else's yet; one that is stored may be wanted elsewhere too
            return await desk.store.write(once(mutation, work, beside=not taking.offer.work.id))
        except RouteChangedError:
            continue
    raise StoreBusyError("the route keeps changing; repeat the call")


def _seen(tx: ReadTx, mutation: Mutation, taking: Taking, desk: Desk) -> Seen | bytes:
    call = mutation.method, mutation.request_id
    tx.expect(mutation.tenant, routes=[taking.offer.route], answer=call)
    return replayed(tx, mutation) or see(tx, taking, desk.limits)


def replayed(tx: ReadTx, mutation: Mutation) -> bytes | None:
    """An earlier answer, before anything is judged: a repeated call must not meet its own visit.

    Look for it in the snapshot that is judged: between two, a twin of the call may commit.
    """
    m = mutation
    return tx.answered(m.tenant, m.method, m.request_id, m.request_hash)


async def _plan(desk: Desk, taking: Taking, seen: Seen) -> _Plan:
    day = await _day(desk, taking, seen)
    placement = _placement(desk, taking, seen)
    _refuse_reserve(taking.offer, seen, day, placement)
    for ids in _orders(taking.offer, seen, day, placement):
        by_id = {p.id: p for p in (*day.rest.open, placement)}
        order = tuple(by_id[i] for i in merged_order([p.id for p in day.rest.open], ids))
        # a move confirmed at once: its old place is given up in the same step
        gone = "" if taking.hold else taking.offer.replaces
        standing = tuple(p for p in order if p.id != gone)
        standing = from_now(day.rest, standing, placement.id, day.block, seen.now)
        if not judge(day.rest.shift, standing, day.block, day.before):
            stops = (p for p in standing if not is_absence(p.id))
            whole = (*day.rest.begun, *stops)
            whole = tuple(replace(p, position=n) for n, p in enumerate(whole))
            own = next(p for p in whole if p.id == placement.id)
            if taking.hold:  # asked last: what is gone is gone, and has equivalents to offer
                refuse_a_day_full_of_holds(
                    seen.work.shift, day.live, own.on_site, seen.now, desk.limits.day_share
                )
            return _Plan(seen, own, whole, day.block)
    raise SlotGoneError("the slot is taken")


def _refuse_reserve(offer: HeldOffer, seen: Seen, day: _Day, placement: Placement) -> None:
    """Somebody else may have taken what was free beside the emergency reserve."""
    if offer.work.priority > 0 or not seen.reserve:
        return
    others = [p for p in day.live if p.id != placement.replaces]
    if takes_the_reserve(seen.work.shift, others, placement.on_site, seen.reserve) is not None:
        raise SlotGoneError("the rest of that day is kept free for urgent visits")


async def _day(desk: Desk, taking: Taking, seen: Seen) -> _Day:
    live, shift = seen.route.live(seen.now), seen.work.shift
    if replaced_pairs(live):
        # as in a search: the day may still end in two ways, and a third visit had to suit both
        raise SlotGoneError("another visit of that day is being moved")
    places = [*route_places(shift, live), taking.offer.work.location]
    block = await block_over(desk.travel, places, seen.route.block)
    rest = rest_of(shift, live, block, seen.now)
    return _Day(rest, block, findings(rest.shift, rest.open, block), live)


def _orders(
    offer: HeldOffer, seen: Seen, day: _Day, placement: Placement
) -> Iterator[tuple[str, ...]]:
    """Orders of what is left to try: the offered one while the route still is as it was, then a
    fresh search."""
    others = [p for p in day.rest.open if p.id != offer.replaces]
    keep = _keeps_order(offer, seen, day)
    # once the day has begun, time goes by between offer and taking: only a fresh search knows
    begun = seen.now >= seen.work.shift.window.start
    kept = [p.id for p in others]
    offered = [i for i in offer.order if i]
    if not begun and (offered == kept if keep else set(offered) == set(kept)):
        yield tuple(i or placement.id for i in offer.order)
    found = _searched(offer, seen, day, others, placement, keep)
    if found is not None:
        yield tuple(i or placement.id for i in found)


def _keeps_order(offer: HeldOffer, seen: Seen, day: _Day) -> bool:
    """What was told to technicians, is broken, or has a visit leaving it, keeps its order."""
    told = seen.route.state is not RouteState.DRAFT or bool(day.rest.begun)
    leaves = any(p.id == offer.replaces for p in day.rest.open)
    told = told and not offer.resequence_published
    return offer.insert_only or leaves or told or not times_are_kept(day.before)


def _searched(
    offer: HeldOffer,
    seen: Seen,
    day: _Day,
    others: Sequence[Placement],
    placement: Placement,
    keep: bool,
) -> tuple[str, ...] | None:
    shift, placements = relaxed(day.rest.shift, others, day.before)
    left = Rest(shift, placements)
    instance = instance_of(left, day.block, seen.now)
    row = day.block.places.index(placement.visit.location)
    nodes = [day.block.places.index(p) for p in instance.places]
    window = offer.window.start_window
    return order_with(
        instance,
        placement.visit.location,
        int(placement.on_site.total_seconds()),
        int(placement.visit.access.total_seconds()),
        placement.visit.pausable,
        (to_epoch(window.start), to_epoch(window.end) - 1),
        day.block.seconds[nodes, row].astype(np.int32),
        day.block.seconds[row, nodes].astype(np.int32),
        keep,
    )


def _placement(desk: Desk, taking: Taking, seen: Seen) -> Placement:
    offer = taking.offer
    length = seen.hold_length(desk.limits, taking.hold_for)
    told = offer.work.commitment.kind is CommitmentKind.APPOINTMENT
    return Placement(
        id=desk.new_id("h"),
        route=offer.route,
        visit=seen.stored.visit if seen.stored else _visit(desk, taking),
        position=0,
        state=PlacementState.HELD if taking.hold else PlacementState.BOOKED,
        promise=offer.window.promise if told else None,
        start_window=_start_window(offer, seen),
        expires=seen.now + length if taking.hold else None,
        replaces=offer.replaces or None,
        service=None if offer.on_site == offer.work.service else offer.on_site,
        team=offer.team,
    )


def _start_window(offer: HeldOffer, seen: Seen) -> TimeWindow:
    """The offered one; for work that nobody waits for, all that its commitment leaves."""
    offered = offer.window.start_window
    if not seen.wide:
        return offered
    shift, visit = seen.work.shift, seen.stored.visit if seen.stored else offer.work
    commitment = visit.commitment
    start = min(offered.start, shift.window.start)
    end = max(offered.end, shift.latest_end)
    if commitment.target is not None:
        start, end = max(start, commitment.target.start), min(end, commitment.target.end)
    if commitment.due is not None:
        end = min(end, commitment.due)
    return TimeWindow(min(start, offered.start), max(end, offered.end))


def _visit(desk: Desk, taking: Taking) -> Visit:
    work = taking.offer.work
    return replace(work, id=desk.new_id("v"), external_ref=taking.external_ref, note=taking.note)


def _write(
    tx: WriteTx,
    taking: Taking,
    plan: _Plan,
    answer: Answer,
    limits: HoldLimits,
    mutation: Mutation,
) -> bytes:
    seen, key = plan.seen, plan.placement.route
    versions = {key: seen.route.version}
    if seen.old_route is not None:
        versions[seen.old_route.key] = seen.old_route.version
    tx.lock_names(key.tenant, decided_on(taking, seen.activity))
    tx.expect(key.tenant)
    locked = tx.lock_routes(versions)
    if any(locked[k] != v + 1 for k, v in versions.items()) or _other_shift(tx, plan):
        raise RouteChangedError
    if seen.stored is not None and other_visit(tx, seen.stored):
        raise RouteChangedError
    now = tx.now()
    if now < seen.now:  # the database's clock went back: what had lapsed may be alive
        raise RouteChangedError
    if now >= taking.offer.expires:
        raise SlotExpiredError("the offer lapsed; ask for slots again")
    refuse_another_hold(tx, taking, limits, now)
    refuse_full_day(tx, taking, seen.activity, now)
    lapsed = set(tx.expire_lapsed(versions, now)) if seen.some_lapsed(now) else set[str]()
    stored = _insert(tx, taking, plan, now)
    order = [p.id for p in plan.order if p.id not in lapsed]
    tx.write_route(key, order, plan.block)
    if not taking.hold:
        stored = _book(tx, taking, plan, stored)
    for event in _events(taking, plan, locked):
        tx.record(key.tenant, event, mutation.actor)
    record_violations(tx, versions, Origin.LAPSE, mutation.actor)
    return answer(_placed(plan, stored, locked[key]))


def _other_shift(tx: WriteTx, plan: _Plan) -> bool:
    """Whether the technician's day is another one than was judged: an absence, say."""
    key, seen = plan.placement.route, plan.seen
    if tx.calendar_revision(key.tenant) == seen.revision:
        return False
    return shift_of(tx, key) != seen.work


def _events(taking: Taking, plan: _Plan, locked: Mapping[RouteKey, int]) -> Iterator[Event]:
    """One for each route whose version grew: no version without its event."""
    placed, old = plan.placement, plan.seen.old_route
    data: dict[str, str | int] = {"placement": placed.id}
    if placed.replaces is not None:
        data["replaces"] = placed.replaces
    yield Event(taking.kind, placed.visit.id, placed.route, locked[placed.route], data)
    if old is not None:
        kind = "MOVE_HELD" if taking.hold else "VISIT_MOVED_AWAY"
        left: dict[str, str | int] = {"placement": taking.offer.replaces}
        yield Event(kind, placed.visit.id, old.key, locked[old.key], left)


def _insert(tx: WriteTx, taking: Taking, plan: _Plan, now: datetime) -> StoredVisit:
    """The placement as a hold; a booking at once confirms it in the same transaction."""
    expires = plan.placement.expires or taking.offer.expires
    held = replace(plan.placement, state=PlacementState.HELD, expires=expires)
    provenance = plan.block.provenance
    if plan.seen.stored is None:
        tenant = taking.offer.tenant
        stored = StoredVisit(tenant, held.visit, held, 1, provenance, now, now, held_since=now)
        tx.insert_visit(stored)
        return stored
    tx.insert_placement(held, provenance, now)
    return replace(
        plan.seen.stored, placement=held, provenance=provenance, held_since=now, extended=False
    )


def _book(tx: WriteTx, taking: Taking, plan: _Plan, stored: StoredVisit) -> StoredVisit:
    placed, seen = plan.placement, plan.seen
    planned = planned_route(seen.work.shift, plan.order, plan.block, seen.now).stop(placed.id)
    assert planned is not None, "the referee found this order legal"
    confirm(tx, placed, kept_pin(taking.pin, seen.stored), planned.start, taking.channel)
    if seen.old_route is not None:
        left = [p.id for p in seen.old_route.live(tx.now()) if p.id != taking.offer.replaces]
        tx.expire_lapsed([seen.old_route.key], tx.now())
        tx.write_route(seen.old_route.key, left, seen.old_route.block)
    fresh = tx.visit(placed.route.tenant, placed.visit.id)
    assert fresh is not None, "it was written just now"
    return fresh


def kept_pin(wanted: Pin, moved: StoredVisit | None) -> Pin:
    """A visit that moves keeps its pin unless another is wanted."""
    placed = moved.placement if moved is not None and wanted is Pin.NONE else None
    return placed.pin if placed is not None else wanted


def confirm(tx: WriteTx, placement: Placement, pin: Pin, start: datetime, channel: str) -> None:
    """As ``take_place``. What the client was told joins the visit's promises; a window outside
    earlier promises stands instead of them, for the client agreed."""
    take_place(tx, placement, pin, start, _told(placement, tx.now(), channel))


def take_place(tx: WriteTx, placement: Placement, pin: Pin, start: datetime, visit: Visit) -> None:
    """HELD to BOOKED, current place of its visit; a pinned start becomes its only start.

    ``visit``: as it is known from now on.
    """
    tenant = placement.route.tenant
    tx.confirm_placement(tenant, placement.id, pin.value, start)
    if pin is Pin.START:
        tx.set_start_window(tenant, placement.id, start, start + _SECOND)
    tx.update_visit(tenant, visit, Standing.PLACED, placement=placement.id)


def _told(placement: Placement, now: datetime, channel: str) -> Visit:
    visit, window = replace(placement.visit, team=placement.of_team), placement.promise
    kept = promised(visit.promises) or ()
    instead = not any(one.covers(window or placement.start_window) for one in kept)
    if window is None:
        return replace(visit, promises=superseded(visit.promises, now)) if instead else visit
    promise = Promise((window,), now, channel)
    return replace(visit, promises=announced(visit.promises, promise, instead=instead))


def _placed(plan: _Plan, stored: StoredVisit, version: int) -> Placed:
    shift, own = plan.seen.work.shift, plan.placement
    planned = planned_route(shift, without_replaced(plan.order), plan.block, plan.seen.now)
    at = replace(stored, placement=replace(stored.placed, position=own.position))
    who = plan.seen.work.technician
    stop = planned.stop(own.id)
    return Placed(at, who.id, who.display_name, stop, version=version)
