"""Moves made by hand, tried out: every rule they break, told and not hidden.

Nothing is forbidden to a planner. A move is laid on the routes as they are, each touched route is
judged before and after, and what is new or bigger is marked.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

from slotsvc.domain.commitment import promised
from slotsvc.domain.errors import (
    InvalidRequestError,
    NotFoundError,
    Violation,
    WrongStateError,
)
from slotsvc.domain.route_violation import RouteViolation
from slotsvc.domain.time_window import TimeWindow
from slotsvc.domain.visit import BEGUN, Pin, Placement, PlacementState, RouteKey, Standing
from slotsvc.domain.working_time import NoShiftReason, Shift, at_pace
from slotsvc.scheduling.desk import Desk
from slotsvc.scheduling.from_now import from_now
from slotsvc.scheduling.placing import findings, without_a_shift, without_replaced
from slotsvc.scheduling.ports import ReadTx, StoredRoute, StoredVisit, TravelBlock
from slotsvc.scheduling.resuming import route_places
from slotsvc.scheduling.route_violations import on_record
from slotsvc.scheduling.timetables import PlannedRoute, planned_route
from slotsvc.scheduling.travel_blocks import block_over
from slotsvc.scheduling.under_way import rest_of
from slotsvc.scheduling.work_calendar import read_shift
from slotsvc.solver.checker import Finding, not_worse

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class HandMove:
    """Where a planner wants a visit. ``position``: in the order of the whole route; None: where it
    breaks least, then drives least. ``window``: None: as promised, else any time of the shift."""

    visit: str
    technician: str
    day: date
    shift: int = 0
    position: int | None = None
    window: TimeWindow | None = None


@dataclass(frozen=True, slots=True)
class TriedRoute:
    """A route as it would be. ``worse``: those of ``findings`` that are new or bigger than before.

    ``recorded``: what is on record of the route as it is. ``planned`` None: no shift, so no times.
    ``added_travel``: driving then, less driving now.
    """

    key: RouteKey
    version: int
    placements: tuple[Placement, ...]
    block: TravelBlock
    findings: tuple[Finding, ...]
    worse: tuple[Finding, ...]
    recorded: tuple[RouteViolation, ...]
    planned: PlannedRoute | None
    added_travel: timedelta


@dataclass(frozen=True, slots=True)
class Board:
    """The routes that moves touch, as a snapshot has them. ``shifts``: or why there is none."""

    now: datetime
    revision: int
    visits: Mapping[str, StoredVisit]
    routes: Mapping[RouteKey, StoredRoute]
    shifts: Mapping[RouteKey, Shift | NoShiftReason]
    paces: Mapping[str, int]


async def check_plan(desk: Desk, tenant: str, moves: Sequence[HandMove]) -> tuple[TriedRoute, ...]:
    """What the moves, made one after the other, would break. By route.

    Raises ``NotFoundError``, ``WrongStateError``, ``InvalidRequestError``, ``TravelError``.
    """
    board = await desk.store.read(lambda tx: look(tx, tenant, moves))
    tried, _ = await try_moves(desk, tenant, board, moves, Pin.NONE)
    return tried


def look(tx: ReadTx, tenant: str, moves: Sequence[HandMove]) -> Board:
    """One look at everything the moves touch. Raises ``NotFoundError``, ``WrongStateError``."""
    visits = {move.visit: _movable(tx, tenant, move.visit) for move in moves}
    keys = {_target(tenant, move) for move in moves}
    keys |= {v.place.route for v in visits.values() if v.place is not None}
    shifts: dict[RouteKey, Shift | NoShiftReason] = {}
    paces: dict[str, int] = {}
    for key in keys:
        who = tx.technician(tenant, key.technician)
        if who is None:
            raise NotFoundError("no such technician")
        shifts[key], paces[who.id] = read_shift(tx, who, key), who.pace
    routes = tx.routes_by_key(sorted(keys))
    return Board(tx.now(), tx.calendar_revision(tenant), visits, routes, shifts, paces)


def _movable(tx: ReadTx, tenant: str, visit: str) -> StoredVisit:
    stored = tx.visit(tenant, visit)
    if stored is None:
        raise NotFoundError("no such visit")
    if tx.open_hold(tenant, visit, tx.now()) is not None:
        raise WrongStateError("a place of this visit is held and not confirmed yet")
    if stored.standing is Standing.UNPLACED:
        return stored
    if stored.standing is Standing.CANCELLED or not stored.placed.live(tx.now()):
        raise WrongStateError("the visit has no place, and waits for none")
    if stored.placed.state in BEGUN:
        raise WrongStateError("the visit has begun")
    return stored


async def try_moves(
    desk: Desk,
    tenant: str,
    board: Board,
    moves: Sequence[HandMove],
    pin: Pin,
    path: str = "moves[{}]",
) -> tuple[tuple[TriedRoute, ...], Mapping[str, Placement]]:
    """The touched routes as they would be, and the new placement of every visit.

    ``path``: of a move in the request, with ``{}`` for its number.
    """
    blocks = {key: await _block(desk, board, key, moves) for key in sorted(board.routes)}
    lists = {key: list(route.live(board.now)) for key, route in board.routes.items()}
    placed: dict[str, Placement] = {}
    for number, move in enumerate(moves):
        _refuse_past(board, move, path.format(number))
        gone = placed.get(move.visit) or _old(board, move.visit)
        if gone is not None:
            lists[gone.route] = [p for p in lists[gone.route] if p.id != gone.id]
        new = _placement(desk, tenant, board, move, gone, pin)
        key = new.route
        at = _position(board, key, lists[key], blocks[key], move, new, path.format(number))
        lists[key] = _inserted(board, key, lists[key], blocks[key], new, at)
        placed[move.visit] = lists[key][at]
    tried = tuple(_tried(board, key, lists[key], blocks[key]) for key in sorted(lists))
    return tried, placed


def _refuse_past(board: Board, move: HandMove, path: str) -> None:
    if move.window is not None and move.window.end <= board.now:
        raise InvalidRequestError([Violation(f"{path}.start_window", "is over")])


def _target(tenant: str, move: HandMove) -> RouteKey:
    return RouteKey(tenant, move.technician, move.day, move.shift)


def _old(board: Board, visit: str) -> Placement | None:
    return board.visits[visit].place


async def _block(desk: Desk, board: Board, key: RouteKey, moves: Sequence[HandMove]) -> TravelBlock:
    route, shift = board.routes[key], board.shifts[key]
    live = route.live(board.now)
    here = (
        route_places(shift, live) if isinstance(shift, Shift) else [p.visit.location for p in live]
    )
    coming = [board.visits[m.visit].visit.location for m in moves]
    return await block_over(desk.travel, [*here, *coming], route.block)


def _placement(
    desk: Desk, tenant: str, board: Board, move: HandMove, old: Placement | None, pin: Pin
) -> Placement:
    stored, key = board.visits[move.visit], _target(tenant, move)
    service = at_pace(stored.visit.service, board.paces[move.technician])
    kept = old.pin if old is not None and pin is Pin.NONE else pin
    return Placement(
        id=desk.new_id("h"),
        route=key,
        visit=stored.visit,
        position=0,
        state=PlacementState.BOOKED,
        promise=old.promise if old is not None else None,
        start_window=move.window or _window(board, stored, key, old),
        pin=kept,
        service=None if service == stored.visit.service else service,
    )


def _window(board: Board, stored: StoredVisit, key: RouteKey, old: Placement | None) -> TimeWindow:
    """As it was on the same day; else as promised, if the promise reaches into the shift; else the
    whole shift, or the whole UTC day where there is none. What is over by now says nothing."""
    shift = board.shifts[key]
    if isinstance(shift, Shift):
        span = TimeWindow(shift.window.start, shift.latest_end)
    else:
        start = datetime.combine(key.day, datetime.min.time(), tzinfo=UTC)
        span = TimeWindow(start, start + _DAY)
    same_day = [old.start_window] if old is not None and old.route.day == key.day else []
    kept = [*same_day, *(promised(stored.visit.promises) or ())]
    ahead = (one for one in kept if one.overlaps(span) and one.end > board.now)
    return next(ahead, span)


def _position(
    board: Board,
    key: RouteKey,
    others: Sequence[Placement],
    block: TravelBlock,
    move: HandMove,
    new: Placement,
    path: str,
) -> int:
    begun = sum(p.state in BEGUN for p in others)
    if move.position is not None:
        if not begun <= move.position <= len(others):
            text = f"from {begun} to {len(others)}: what has begun keeps its place"
            raise InvalidRequestError([Violation(f"{path}.position", text)])
        return move.position
    places = range(begun, len(others) + 1)
    return min(places, key=lambda at: _how_bad(board, key, others, block, new, at))


def _inserted(
    board: Board,
    key: RouteKey,
    others: Sequence[Placement],
    block: TravelBlock,
    new: Placement,
    at: int,
) -> list[Placement]:
    """The order with the visit in it, starting when somebody can be there from now on."""
    order, shift = [*others[:at], new, *others[at:]], board.shifts[key]
    if not isinstance(shift, Shift):
        return order
    rest = rest_of(shift, without_replaced(order), block, board.now)
    left = from_now(rest, rest.open, new.id, block, board.now)
    cut = next(p for p in left if p.id == new.id)
    return [cut if p.id == new.id else p for p in order]


def _how_bad(
    board: Board,
    key: RouteKey,
    others: Sequence[Placement],
    block: TravelBlock,
    new: Placement,
    at: int,
) -> tuple[int, int, float]:
    order = _inserted(board, key, others, block, new, at)
    found, planned = _judged(board, key, order, block, ())
    travel = planned.travel.total_seconds() if planned else 0.0
    return len(found), sum(f.size for f in found), travel


def _tried(
    board: Board, key: RouteKey, order: Sequence[Placement], block: TravelBlock
) -> TriedRoute:
    route = board.routes[key]
    now_found, now_planned = _judged(
        board, key, route.live(board.now), block, on_record(route.violations)
    )
    found, planned = _judged(board, key, order, block, now_found)
    driving = planned.travel if planned else timedelta(0)
    before = now_planned.travel if now_planned else timedelta(0)
    return TriedRoute(
        key,
        route.version,
        tuple(replace(p, position=n) for n, p in enumerate(order)),
        block,
        found,
        not_worse(now_found, found),
        route.violations,
        planned,
        driving - before,
    )


def _judged(
    board: Board,
    key: RouteKey,
    order: Sequence[Placement],
    block: TravelBlock,
    known: Iterable[Finding],
) -> tuple[tuple[Finding, ...], PlannedRoute | None]:
    """What is broken, and the times. A route without visits breaks nothing."""
    shift, shown = board.shifts[key], without_replaced(order)
    if not isinstance(shift, Shift):
        return without_a_shift(shown, shift), None
    rest = rest_of(shift, shown, block, board.now)
    found = findings(rest.shift, rest.open, block, tuple(known)) if shown else ()
    return found, planned_route(shift, shown, block, board.now)
