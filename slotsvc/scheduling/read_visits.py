"""Visits as they stand, with their planned times."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from slotsvc.domain.errors import NotFoundError
from slotsvc.domain.visit import Placement, PlacementState, RouteKey, Standing
from slotsvc.scheduling.desk import Desk, Placed, shift_of
from slotsvc.scheduling.placing import without_replaced
from slotsvc.scheduling.ports import PendingMove, ReadTx, StoredVisit
from slotsvc.scheduling.resuming import covering
from slotsvc.scheduling.timetables import PlannedRoute, planned_route
from slotsvc.scheduling.travel_port import Provenance

STANDING = (
    PlacementState.HELD,
    PlacementState.BOOKED,
    PlacementState.EN_ROUTE,
    PlacementState.STARTED,
)
"""What is listed when no state is asked for: all that is still to be done."""


@dataclass(frozen=True, slots=True)
class VisitFilter:
    """What to list. None and "": no limit. ``after``: the last one of the page before."""

    tenant: str
    team: str = ""
    technician: str = ""
    first: date | None = None
    last: date | None = None
    states: tuple[PlacementState, ...] = STANDING
    client: str = ""
    after: tuple[str, str, int, str] | None = None
    limit: int = 50


async def get_visit(desk: Desk, tenant: str, visit: str, *, planned: bool = True) -> Placed:
    """One visit. ``planned`` False: without planned times, but for the arrival of who is on the
    way; they cost the planning of a whole route. Raises ``NotFoundError``."""

    def work(tx: ReadTx) -> Placed:
        stored = tx.visit(tenant, visit)
        if stored is None:
            raise NotFoundError("no such visit")
        return placed_now(tx, stored, planned=planned)

    return await desk.store.read(work)


async def list_visits(desk: Desk, wanted: VisitFilter, *, planned: bool = True) -> Sequence[Placed]:
    """In order of date, technician, position. ``planned``: see ``get_visit``. Raises
    ``NotFoundError`` for a missing team."""

    def work(tx: ReadTx) -> Sequence[Placed]:
        stored = tx.list_visits(
            wanted.tenant,
            technicians=_technicians(tx, wanted),
            first=wanted.first,
            last=wanted.last,
            states=wanted.states,
            client=wanted.client or None,
            after=wanted.after,
            limit=wanted.limit,
            now=tx.now(),
        )
        look = _look(tx, wanted.tenant, planned)
        return [_placed(tx, one, look) for one in stored]

    return await desk.store.read(work)


def position_of(stored: StoredVisit) -> tuple[str, str, int, str]:
    """Where it stands in a list: behind which the next page goes on."""
    place, id = stored.placement, stored.visit.id
    if place is None or stored.standing is Standing.CANCELLED:
        return "", "", -1, id
    return place.route.day.isoformat(), place.route.technician, place.position, id


def _technicians(tx: ReadTx, wanted: VisitFilter) -> list[str] | None:
    """Whose visits to list; None: everybody's."""
    if tx.tenant(wanted.tenant) is None:
        raise NotFoundError("no such tenant")
    if not wanted.team:
        return [wanted.technician] if wanted.technician else None
    if tx.team(wanted.tenant, wanted.team) is None:
        raise NotFoundError("no such team")
    members = [who.id for who in tx.technicians(wanted.tenant, wanted.team)]
    return [who for who in members if wanted.technician in ("", who)]


def placed_now(tx: ReadTx, stored: StoredVisit, *, planned: bool = True) -> Placed:
    """A stored visit with its planned times, if it has a place. One of the backlog that is held
    somewhere is shown there. ``planned``: see ``get_visit``."""
    look = _look(tx, stored.tenant, planned)
    if stored.standing is not Standing.UNPLACED:
        return _placed(tx, stored, look)
    hold = tx.open_hold(stored.tenant, stored.visit.id, tx.now())
    shown = tx.placement(stored.tenant, hold.id) if hold is not None else None
    return _placed(tx, shown, look) if shown else waiting(stored)


def waiting(stored: StoredVisit) -> Placed:
    """A stored visit that has no place, and is held nowhere."""
    return Placed(stored, "", "", None, live=False)


type _Planned = tuple[str, int, PlannedRoute | None, bool]
"""The technician's name, the route's version, its times, whether their driving is estimated."""


@dataclass(frozen=True, slots=True)
class _Look:
    """What visits shown together share: routes as they are met, and open moves. ``timed``: whether
    planned times are wanted."""

    planned: dict[RouteKey, _Planned]
    moves: Mapping[str, PendingMove]
    timed: bool


def _look(tx: ReadTx, tenant: str, timed: bool) -> _Look:
    return _Look({}, tx.pending_moves(tenant, tx.now()), timed)


def _placed(tx: ReadTx, stored: StoredVisit, look: _Look) -> Placed:
    placement = stored.placement
    if placement is None:
        return waiting(stored)
    key, move = placement.route, look.moves.get(placement.id)
    if not look.timed and placement.state is not PlacementState.EN_ROUTE:
        return Placed(stored, key.technician, "", None, placement.live(tx.now()), pending=move)
    if key not in look.planned:
        look.planned[key] = _planned(tx, placement)
    name, version, route, estimated = look.planned[key]
    live = placement.live(tx.now())
    if route is None or not live:
        return Placed(stored, key.technician, name, None, live, version=version, pending=move)
    stop, risk = route.stop(placement.id), route.at_risk(placement.id)
    if estimated:  # its times hang on it, whatever its own place was judged with
        stored = replace(stored, provenance=Provenance.ESTIMATE)
    return Placed(stored, key.technician, name, stop, live, risk, version, move)


def _planned(tx: ReadTx, placement: Placement) -> _Planned:
    key, now = placement.route, tx.now()
    who = tx.technician(key.tenant, key.technician)
    work = shift_of(tx, key)
    route = tx.routes_by_key([key])[key]
    name = who.display_name if who else ""
    live = route.live(now)
    block = covering(route.block, work.shift, live) if work is not None else None
    if work is None or block is None or not live:
        return name, route.version, None, False
    # of an open replacement on this route, the side that is asked about
    gone = {p.id for p in live} - {p.id for p in without_replaced(live)}
    if placement.id in gone:
        pending = {p.id for p in live if p.replaces in gone}
        shown = tuple(p for p in live if p.id not in pending)
    else:
        shown = without_replaced(live)
    estimated = block.provenance is Provenance.ESTIMATE
    return name, route.version, planned_route(work.shift, shown, block, now), estimated
