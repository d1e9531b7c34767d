"""A team's day as it is planned."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from slotsvc.domain.errors import NotFoundError, TravelError
from slotsvc.domain.technician import Technician
from slotsvc.domain.visit import Placement, RouteKey
from slotsvc.domain.working_time import Shift
from slotsvc.scheduling.desk import Desk, shift_of
from slotsvc.scheduling.placing import without_replaced
from slotsvc.scheduling.ports import ReadTx, StoredRoute, TravelBlock
from slotsvc.scheduling.timetables import PlannedRoute, planned_route
from slotsvc.scheduling.travel_blocks import block_over
from slotsvc.scheduling.travel_port import TravelUnavailableError


@dataclass(frozen=True, slots=True)
class TechnicianDay:
    """One technician's route. ``shift`` None: no work that day. ``planned`` None: no shift.

    ``placements``: those live, by position. ``replaced``: ids of places that an open hold on the
    same route would take over; they have no times of their own here.
    """

    technician: Technician
    route: StoredRoute
    shift: Shift | None
    placements: tuple[Placement, ...]
    replaced: frozenset[str]
    block: TravelBlock | None
    planned: PlannedRoute | None
    valid_until: datetime | None


async def get_day(
    desk: Desk, tenant: str, team: str, day: date, technician: str = ""
) -> Sequence[TechnicianDay]:
    """One entry per technician, by id.

    Raises ``NotFoundError``, ``TravelError`` when driving is missing and no roads answer.
    """
    found = await desk.store.read(lambda tx: _read(tx, tenant, team, day, technician))
    return [await _planned(desk, *entry) for entry in found]


type _Entry = tuple[Technician, StoredRoute, Shift | None, datetime]


def _read(tx: ReadTx, tenant: str, team: str, day: date, technician: str) -> list[_Entry]:
    if tx.team(tenant, team) is None:
        raise NotFoundError("no such team")
    members = [t for t in tx.technicians(tenant, team) if technician in ("", t.id)]
    if technician and not members:
        raise NotFoundError("no such technician in this team")
    routes = tx.routes_by_key([RouteKey(tenant, t.id, day) for t in members])
    now = tx.now()
    entries: list[_Entry] = []
    for who in members:
        work = shift_of(tx, RouteKey(tenant, who.id, day))
        route = routes[RouteKey(tenant, who.id, day)]
        entries.append((who, route, work.shift if work else None, now))
    return entries


async def _planned(
    desk: Desk, who: Technician, route: StoredRoute, shift: Shift | None, now: datetime
) -> TechnicianDay:
    live = route.live(now)
    shown = without_replaced(live)
    replaced = frozenset(p.id for p in live) - {p.id for p in shown}
    block = planned = None
    if shift is not None:
        places = [shift.start_place, shift.end_place, *(p.visit.location for p in live)]
        try:
            block = await block_over(desk.travel, places, route.block)
        except TravelUnavailableError as error:
            raise TravelError("no travel time can be had") from error
        planned = planned_route(shift, shown, block)
    return TechnicianDay(who, route, shift, live, replaced, block, planned, route.valid_until(now))
