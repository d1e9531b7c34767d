"""Taking an offer: the one way a placement gets onto a route, held or booked.

Read a snapshot, choose the order, ask roads for what is missing, let the referee judge: all outside
any transaction. Then one transaction: idempotency, locks (which grow the versions), the database's
clock, writes, event, answer. When a route changed in between, everything starts anew.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import numpy as np

from slotsvc.domain.errors import (
    SlotExpiredError,
    SlotGoneError,
    StoreBusyError,
    TravelError,
)
from slotsvc.domain.time_window import TimeWindow, from_epoch, to_epoch
from slotsvc.domain.visit import Pin, Placement, PlacementState, RouteKey, Visit
from slotsvc.scheduling.desk import (
    TRIES,
    Answer,
    Desk,
    Placed,
    RouteChangedError,
    shift_of,
)
from slotsvc.scheduling.mutation import Mutation, once
from slotsvc.scheduling.offer_state import Seen, Taking, refuse_second_hold, see
from slotsvc.scheduling.placing import judge, merged_order, replaced_pairs, without_replaced
from slotsvc.scheduling.ports import Event, ReadTx, StoredVisit, TravelBlock, WriteTx
from slotsvc.scheduling.timetables import planned_route
from slotsvc.scheduling.travel_blocks import block_over, legs_among
from slotsvc.scheduling.travel_port import TravelUnavailableError
from slotsvc.scheduling.wish import HeldOffer
from slotsvc.solver.instance import RouteInstance, route_instance
from slotsvc.solver.one_route import order_with
from slotsvc.solver.started import rest_of_day
from slotsvc.solver.timing import timetable

_SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class _Plan:
    """What will be written if the versions still stand."""

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
        stored = await desk.store.read(lambda tx: _replayed(tx, mutation))
        if stored is not None:
            return stored
        plan = await _plan(desk, taking)
        try:
            return await desk.store.write(
                once(mutation, lambda tx, p=plan: _write(tx, taking, p, answer, mutation))  # type: ignore[misc]
            )
        except RouteChangedError:
            continue
    raise StoreBusyError("the route keeps changing; repeat the call")


def _replayed(tx: ReadTx, mutation: Mutation) -> bytes | None:
    """An earlier answer, before anything is judged: a repeated call must not meet its own visit."""
    m = mutation
    return tx.answered(m.tenant, m.method, m.request_id, m.request_hash)


async def _plan(desk: Desk, taking: Taking) -> _Plan:
    seen = await desk.store.read(lambda tx: see(tx, taking))
    offer = taking.offer
    placement = _placement(desk, taking, seen)
    live = seen.route.live(seen.now)
    if replaced_pairs(live):
        # as in a search: the day may still end in two ways, and a third visit had to suit both
        raise SlotGoneError("another visit of that day is being moved")
    places = [
        seen.work.shift.start_place,
        seen.work.shift.end_place,
        *(p.visit.location for p in live),
        offer.location,
    ]
    try:
        block = await block_over(desk.travel, places, seen.route.block)
    except TravelUnavailableError as error:
        raise TravelError("no travel time can be had") from error
    for ids in _orders(offer, seen, live, placement, block):
        by_id = {p.id: p for p in (*live, placement)}
        order = tuple(
            replace(by_id[i], position=n)
            for n, i in enumerate(merged_order([p.id for p in live], ids))
        )
        # a move confirmed at once: its old place is given up in the same step
        gone = offer.replaces if taking.expires_after is None else ""
        standing = tuple(p for p in order if p.id != gone)
        standing = _not_before_now(seen, standing, placement.id, block)
        if not judge(seen.work.shift, standing, block):
            own = next(p for p in standing if p.id == placement.id)
            return _Plan(seen, own, standing, block)
    raise SlotGoneError("the slot is taken")


def _not_before_now(
    seen: Seen, order: tuple[Placement, ...], placement: str, block: TravelBlock
) -> tuple[Placement, ...]:
    """On a day under way: the new visit's start window begins when it can be reached from now.

    Planned times are derived from the start of the shift; without this they would say that the
    technician set out before anybody knew of the visit.
    """
    if seen.now <= seen.work.shift.window.start:
        return order
    # not yet now itself: a visit that starts by now counts as begun and keeps its place
    later = to_epoch(seen.now) + 1
    order = tuple(_from(p, later) if p.id == placement else p for p in order)
    rest = _instance(seen, list(without_replaced(order)), block)
    table = timetable(rest, rest.committed)
    ids = dict(zip(rest.committed, rest.visits, strict=True))
    stops = table.stops if table else ()
    soonest = next((rest.origin + s.start for s in stops if ids[s.node] == placement), None)
    return tuple(_from(p, soonest) if p.id == placement else p for p in order)


def _from(placement: Placement, soonest: int | None) -> Placement:
    """The placement with its start window cut; as it is when there is nothing to cut."""
    window = placement.start_window
    if soonest is None or not to_epoch(window.start) < soonest < to_epoch(window.end):
        return placement
    return replace(placement, start_window=TimeWindow(from_epoch(soonest), window.end))


def _orders(
    offer: HeldOffer,
    seen: Seen,
    live: tuple[Placement, ...],
    placement: Placement,
    block: TravelBlock,
) -> Iterator[tuple[str, ...]]:
    """Orders to try: the offered one while the route still is as it was, then a fresh search."""
    others = [p for p in live if p.id != offer.replaces]
    # once the day has begun, time goes by between offer and taking: only a fresh search knows
    begun = seen.now >= seen.work.shift.window.start
    if not begun and {p.id for p in others} == set(offer.order) - {""}:
        yield tuple(i or placement.id for i in offer.order)
    found = _searched(offer, seen, others, block, keep=offer.insert_only or len(others) < len(live))
    if found is not None:
        yield tuple(i or placement.id for i in found)


def _searched(
    offer: HeldOffer, seen: Seen, others: list[Placement], block: TravelBlock, keep: bool
) -> tuple[str, ...] | None:
    instance = _instance(seen, others, block)
    row = block.places.index(offer.location)
    nodes = [block.places.index(p) for p in instance.places]
    window = offer.window.start_window
    return order_with(
        instance,
        int(offer.service.total_seconds()),
        (to_epoch(window.start), to_epoch(window.end) - 1),
        block.seconds[nodes, row].astype(np.int32),
        block.seconds[row, nodes].astype(np.int32),
        keep,
    )


def _instance(seen: Seen, others: list[Placement], block: TravelBlock) -> RouteInstance:
    shift = seen.work.shift
    places = [shift.start_place, shift.end_place, *(p.visit.location for p in others)]
    whole = route_instance(shift, others, legs_among(block, places))
    return rest_of_day(whole, to_epoch(seen.now))


def _placement(desk: Desk, taking: Taking, seen: Seen) -> Placement:
    offer = taking.offer
    expires = taking.expires_after(seen.now) if taking.expires_after else None
    return Placement(
        id=desk.new_id("h"),
        route=RouteKey(offer.tenant, offer.technician, offer.day),
        visit=seen.moved.visit if seen.moved else _visit(desk, taking),
        position=0,
        state=PlacementState.HELD if expires else PlacementState.BOOKED,
        promise=offer.window.promise,
        start_window=offer.window.start_window,
        expires=expires,
        replaces=offer.replaces or None,
    )


def _visit(desk: Desk, taking: Taking) -> Visit:
    offer = taking.offer
    return Visit(
        id=desk.new_id("v"),
        location=offer.location,
        service=offer.service,
        requires=offer.requires,
        site=offer.site,
        activity_type=offer.activity_type,
        client=offer.client,
        external_ref=taking.external_ref,
        note=taking.note,
    )


def _write(tx: WriteTx, taking: Taking, plan: _Plan, answer: Answer, mutation: Mutation) -> bytes:
    seen, key = plan.seen, plan.placement.route
    versions = {key: seen.route.version}
    if seen.old_route is not None:
        versions[seen.old_route.key] = seen.old_route.version
    locked = tx.lock_routes(versions)
    if any(locked[k] != v + 1 for k, v in versions.items()) or _other_shift(tx, plan):
        raise RouteChangedError
    now = tx.now()
    if now >= taking.offer.expires:
        raise SlotExpiredError("the offer lapsed; ask for slots again")
    refuse_second_hold(tx, taking, now)
    lapsed = set(tx.expire_lapsed(versions, now))
    stored = _insert(tx, taking, plan, now)
    order = [p.id for p in plan.order if p.id not in lapsed]
    tx.write_route(key, order, plan.block)
    if taking.expires_after is None:
        stored = _book(tx, taking, plan, stored)
    for event in _events(taking, plan, locked):
        tx.record(key.tenant, event, mutation.actor)
    return answer(_placed(plan, stored))


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
        kind = "VISIT_MOVED_AWAY" if taking.expires_after is None else "MOVE_HELD"
        left: dict[str, str | int] = {"placement": taking.offer.replaces}
        yield Event(kind, placed.visit.id, old.key, locked[old.key], left)


def _insert(tx: WriteTx, taking: Taking, plan: _Plan, now: datetime) -> StoredVisit:
    """The placement as a hold; a booking at once confirms it in the same transaction."""
    expires = plan.placement.expires or taking.offer.expires
    held = replace(plan.placement, state=PlacementState.HELD, expires=expires)
    provenance = plan.block.provenance
    if plan.seen.moved is None:
        stored = StoredVisit(held.visit, held, 1, provenance, now, now, held_since=now)
        tx.insert_visit(stored)
        return stored
    tx.insert_placement(held, provenance, now)
    return replace(plan.seen.moved, placement=held, provenance=provenance, held_since=now)


def _book(tx: WriteTx, taking: Taking, plan: _Plan, stored: StoredVisit) -> StoredVisit:
    placed, seen = plan.placement, plan.seen
    planned = planned_route(seen.work.shift, plan.order, plan.block).stop(placed.id)
    assert planned is not None, "the referee found this order legal"
    confirm(tx, placed, kept_pin(taking.pin, seen.moved), planned.start)
    if seen.old_route is not None:
        left = [p.id for p in seen.old_route.live(tx.now()) if p.id != taking.offer.replaces]
        tx.expire_lapsed([seen.old_route.key], tx.now())
        tx.write_route(seen.old_route.key, left, seen.old_route.block)
    fresh = tx.visit(placed.route.tenant, placed.visit.id)
    assert fresh is not None, "it was written just now"
    return fresh


def kept_pin(wanted: Pin, moved: StoredVisit | None) -> Pin:
    """A visit that moves keeps its pin unless another is wanted."""
    return moved.placement.pin if moved is not None and wanted is Pin.NONE else wanted


def confirm(tx: WriteTx, placement: Placement, pin: Pin, start: datetime) -> None:
    """HELD to BOOKED, current place of its visit; a pinned start becomes its only start."""
    tenant = placement.route.tenant
    tx.confirm_placement(tenant, placement.id, pin.value, start)
    if pin is Pin.START:
        tx.set_start_window(tenant, placement.id, start, start + _SECOND)
    tx.make_current(tenant, placement.visit.id, placement.id)


def _placed(plan: _Plan, stored: StoredVisit) -> Placed:
    planned = planned_route(plan.seen.work.shift, _shown(plan), plan.block)
    position = [p.id for p in plan.order].index(plan.placement.id)
    at = replace(stored, placement=replace(stored.placement, position=position))
    who = plan.seen.work.technician
    return Placed(at, who.id, who.display_name, planned.stop(plan.placement.id))


def _shown(plan: _Plan) -> tuple[Placement, ...]:
    """The route as it will be, for the planned times."""
    return without_replaced(plan.order)
