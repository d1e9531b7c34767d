"""A visit put where a planner wants it: applied when it worsens nothing, or with a reason."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial

from slotsvc.domain.errors import PlanWorseError, StoreBusyError
from slotsvc.domain.route_violation import Origin
from slotsvc.domain.visit import Pin, Placement, PlacementState, RouteKey
from slotsvc.scheduling.book_visit import record_change, refuse_other_etag, require_visit
from slotsvc.scheduling.desk import TRIES, Desk, Placed, RouteChangedError
from slotsvc.scheduling.hand_moves import Board, HandMove, TriedRoute, look, try_moves
from slotsvc.scheduling.mutation import Mutation, once
from slotsvc.scheduling.offer_state import other_visit
from slotsvc.scheduling.ports import WriteTx
from slotsvc.scheduling.put_on_route import replayed, take_place
from slotsvc.scheduling.read_visits import placed_now
from slotsvc.scheduling.route_violations import record_violations

_SECOND = timedelta(seconds=1)
_A_MOMENT = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Wanted:
    """``reason``: why what the move breaks is accepted; "": it must not break anything."""

    move: HandMove
    pin: Pin = Pin.NONE
    reason: str = ""
    etag: str | None = None


type MoveAnswer = Callable[[Placed, Sequence[TriedRoute]], bytes]


@dataclass(frozen=True, slots=True)
class _Tried:
    board: Board
    routes: tuple[TriedRoute, ...]
    placement: Placement


async def move_visit(desk: Desk, mutation: Mutation, wanted: Wanted, answer: MoveAnswer) -> bytes:
    """Raises ``PlanWorseError`` with the routes, ``NotFoundError``, ``WrongStateError``,
    ``EtagMismatchError``, ``InvalidRequestError``, ``TravelError``, ``StoreBusyError``."""
    for _ in range(TRIES):
        board = await desk.store.read(
            lambda tx: replayed(tx, mutation) or look(tx, mutation.tenant, [wanted.move])
        )
        if isinstance(board, bytes):
            return board
        tried = await _try(desk, mutation.tenant, wanted, board)
        if not wanted.reason and any(route.worse for route in tried.routes):
            raise PlanWorseError("the move would break what is not broken now", tried.routes)
        try:
            work = partial(_write, wanted=wanted, tried=tried, mutation=mutation, answer=answer)
            return await desk.store.write(once(mutation, work))
        except RouteChangedError:
            continue
    raise StoreBusyError("the route keeps changing; repeat the call")


async def _try(desk: Desk, tenant: str, wanted: Wanted, board: Board) -> _Tried:
    routes, placed = await try_moves(desk, tenant, board, [wanted.move], wanted.pin, "move")
    return _Tried(board, routes, placed[wanted.move.visit])


def _write(
    tx: WriteTx, wanted: Wanted, tried: _Tried, mutation: Mutation, answer: MoveAnswer
) -> bytes:
    tenant, placement = mutation.tenant, tried.placement
    versions = {route.key: route.version for route in tried.routes}
    locked = tx.lock_routes(versions)
    changed = any(locked[key] != version + 1 for key, version in versions.items())
    changed |= tx.now() < tried.board.now  # its clock went back: what had lapsed may be alive
    if changed or tx.calendar_revision(tenant) != tried.board.revision:
        raise RouteChangedError
    stored = require_visit(tx, tenant, placement.visit.id)
    refuse_other_etag(stored, wanted.etag)
    old = stored.place
    if other_visit(tx, tried.board.visits[placement.visit.id]):
        raise RouteChangedError
    _place(tx, placement, old, tried)
    lapsed = set(tx.expire_lapsed(versions, tx.now()))
    for route in tried.routes:
        order = [p.id for p in route.placements if p.id not in lapsed]
        tx.write_route(route.key, order, route.block)
    _record(tx, placement, old, locked, mutation)
    record_violations(tx, versions, Origin.OVERRIDE, mutation.actor, wanted.reason)
    fresh = require_visit(tx, tenant, placement.visit.id)
    return answer(placed_now(tx, fresh), tried.routes)


def _place(tx: WriteTx, placement: Placement, old: Placement | None, tried: _Tried) -> None:
    block = next(r.block for r in tried.routes if r.key == placement.route)
    held = replace(
        placement,
        state=PlacementState.HELD,
        expires=tx.now() + _A_MOMENT,
        replaces=old.id if old else None,
    )
    tx.insert_placement(held, block.provenance, None)
    take_place(tx, placement, placement.pin, _pinned_start(placement, tried), placement.visit)


def _pinned_start(placement: Placement, tried: _Tried) -> datetime:
    """The planned start, as far as the start window allows it."""
    planned = next(r.planned for r in tried.routes if r.key == placement.route)
    stop = planned.stop(placement.id) if planned is not None else None
    window = placement.start_window
    return min(stop.start, window.end - _SECOND) if stop is not None else window.start


def _record(
    tx: WriteTx,
    placement: Placement,
    old: Placement | None,
    versions: Mapping[RouteKey, int],
    mutation: Mutation,
) -> None:
    if old is None:
        record_change(tx, "VISIT_BOOKED", placement, versions, mutation, by_hand="1")
        return
    record_change(tx, "VISIT_MOVED", placement, versions, mutation, replaces=old.id, by_hand="1")
    if old.route != placement.route:
        record_change(tx, "VISIT_MOVED_AWAY", old, versions, mutation)
