"""A team's day as it is planned."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from slotsvc.domain.errors import NotFoundError
from slotsvc.domain.technician import Technician
from slotsvc.domain.visit import Placement, RouteKey
from slotsvc.domain.working_time import NoShiftReason, Shift, WorkDay
from slotsvc.scheduling.desk import Desk
from slotsvc.scheduling.placing import without_a_shift, without_replaced
from slotsvc.scheduling.ports import ReadTx, StoredRoute, TravelBlock
from slotsvc.scheduling.resuming import route_places
from slotsvc.scheduling.timetables import PlannedRoute, planned_route
from slotsvc.scheduling.travel_blocks import block_over
from slotsvc.scheduling.work_calendar import read_work_days, shift_numbered
from slotsvc.solver.checker import Finding


@dataclass(frozen=True, slots=True)
class TechnicianDay:
    """One route. ``work``: its shift, or why there is none. ``planned`` None: no shift.

    ``placements``: those live, by position. ``replaced``: ids of places that an open hold would
    take over; with the hold on the same route they have no times of their own here. ``findings``:
    what is broken when there is no shift.
    """

    technician: Technician
    route: StoredRoute
    work: Shift | NoShiftReason
    placements: tuple[Placement, ...]
    replaced: frozenset[str]
    block: TravelBlock | None
    planned: PlannedRoute | None
    valid_until: datetime | None
    findings: tuple[Finding, ...]


async def get_day(
    desk: Desk, tenant: str, team: str, day: date, technician: str = ""
) -> Sequence[TechnicianDay]:
    """One entry per technician and shift, by id; one for a technician without a shift.

    Technicians lent in that day are there, those lent away are not.
    Raises ``NotFoundError``, ``TravelError`` when driving is missing and no roads answer.
    """
    found = await desk.store.read(lambda tx: _read(tx, tenant, team, day, technician))
    return [await _planned(desk, entry) for entry in found]


@dataclass(frozen=True, slots=True)
class _Entry:
    who: Technician
    route: StoredRoute
    work: Shift | NoShiftReason
    moving: frozenset[str]
    now: datetime


def _read(tx: ReadTx, tenant: str, team: str, day: date, technician: str) -> list[_Entry]:
    if tx.team(tenant, team) is None:
        raise NotFoundError("no such team")
    members = [t for t in tx.technicians(tenant, team, day, day) if technician in ("", t.id)]
    if technician and not members:
        raise NotFoundError("no such technician in this team")
    stored = tx.routes(tenant, [t.id for t in members], day, day)
    days = read_work_days(tx, tenant, members, day, day, team)
    now = tx.now()
    moving = frozenset(tx.pending_moves(tenant, now))
    used = {
        key
        for key, route in stored.items()
        if any(p.visit.team in ("", team) for p in route.live(now))
    }
    return [
        _Entry(who, stored.get(key) or StoredRoute(key, 0), work, moving, now)
        for who in members
        for key, work in _routes(tenant, who, day, days[who.id, day], used)
    ]


def _routes(
    tenant: str, who: Technician, day: date, work: WorkDay, used: Collection[RouteKey]
) -> Iterator[tuple[RouteKey, Shift | NoShiftReason]]:
    """Every shift of the day, and every route with the team's visits that has lost its shift: the
    hours changed, or the technician was lent away."""
    shifts = {s.number: s for s in work} if isinstance(work, tuple) else {}
    numbers = set(shifts) | {key.shift for key in used if key.technician == who.id}
    for number in sorted(numbers or {0}):
        yield RouteKey(tenant, who.id, day, number), shift_numbered(work, number)


async def _planned(desk: Desk, entry: _Entry) -> TechnicianDay:
    who, route, work, now = entry.who, entry.route, entry.work, entry.now
    live = route.live(now)
    shown = without_replaced(live)
    replaced = frozenset(p.id for p in live) - {p.id for p in shown}
    replaced |= entry.moving & {p.id for p in live}
    until = route.valid_until(now)
    if isinstance(work, NoShiftReason):
        found = without_a_shift(shown, work)
        return TechnicianDay(who, route, work, live, replaced, route.block, None, until, found)
    block = await block_over(desk.travel, route_places(work, live), route.block)
    planned = planned_route(work, shown, block, now)
    return TechnicianDay(who, route, work, live, replaced, block, planned, until, planned.findings)
