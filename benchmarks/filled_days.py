"""Days full of booked visits, written straight into a database that no service has open.

Bookings through the API are as the product makes them, and take minutes for a team of fifty; a
thousand technicians need another way. Each day gets visits with promised windows in an order that
keeps them, lunch included, and the driving of its own places as a booking would store it.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from itertools import batched
from pathlib import Path

import numpy as np

from benchmarks.company import TWO_HOURS, Place
from slotsvc.domain.place import Location
from slotsvc.domain.time_window import TimeWindow
from slotsvc.domain.visit import Placement, PlacementState, RouteKey, Visit
from slotsvc.domain.working_time import NoShiftReason, Shift
from slotsvc.scheduling.ports import ReadTx, StoredVisit, TravelBlock, WriteTx
from slotsvc.scheduling.travel_port import Provenance, TravelTimes
from slotsvc.scheduling.work_calendar import read_work_days
from slotsvc.solver.instance import route_instance
from slotsvc.solver.timing import timetable
from slotsvc.store.sqlite_store import SqliteStore

MINUTES = (30, 45, 60)
AT_ONCE = 100
SPARE = 3
"""Places tried besides those wanted: not each of them fits a day."""


@dataclass(frozen=True, slots=True)
class FilledTeam:
    """Whose days are filled. ``opens``: hour of the shift's start on the wall clock; ``visits``:
    most a day."""

    tenant: str
    team: str
    days: Sequence[date]
    visits: int
    opens: int = 8


@dataclass(frozen=True, slots=True)
class _Day:
    key: RouteKey
    placements: Sequence[Placement]
    block: TravelBlock


async def fill_days(
    path: Path, team: FilledTeam, travel: TravelTimes, places: Iterator[Place], seed: int
) -> int:
    """How many visits were placed. ``path``: of the database, with the team set up."""
    chance, placed = random.Random(f"{seed}/days"), 0
    with closing(SqliteStore(path)) as store:
        shifts = await store.read(lambda tx: _shifts(tx, team))
        for some in batched(shifts, AT_ONCE):
            days = [await _day(team, shift, travel, places, chance) for shift in some]
            await store.write(partial(_put, days=days))
            placed += sum(len(day.placements) for day in days)
    return placed


def _shifts(tx: ReadTx, team: FilledTeam) -> list[Shift]:
    who = tx.technicians(team.tenant, team.team)
    found = read_work_days(tx, team.tenant, who, team.days[0], team.days[-1], team.team)
    return [days[0] for days in found.values() if not isinstance(days, NoShiftReason)]


async def _day(
    team: FilledTeam,
    shift: Shift,
    travel: TravelTimes,
    places: Iterator[Place],
    chance: random.Random,
) -> _Day:
    spots = [Location(*next(places)) for _ in range(team.visits + SPARE)]
    where = [shift.start_place, shift.end_place, *spots]
    seconds = (await travel.table(where, where)).seconds
    chosen: list[tuple[int, int, Placement]] = []  # window, number of the place, placement
    for number, spot in enumerate(spots, start=2):
        span = chance.randrange(len(TWO_HOURS))
        one = _placement(team, shift, spot, number, span, chance.choice(MINUTES))
        trial = sorted([*chosen, (span, number, one)], key=lambda c: c[0])
        if len(chosen) < team.visits and _kept(shift, trial, seconds):
            chosen = trial
    nodes = [0, *([1] if shift.end_place != shift.start_place else []), *(n for _, n, _ in chosen)]
    block = TravelBlock(
        tuple(where[n] for n in nodes),
        seconds[np.ix_(nodes, nodes)].astype(np.int32),
        travel.map_id,
        Provenance.LIVE,
    )
    key = RouteKey(team.tenant, shift.technician, shift.service_date, shift.number)
    return _Day(key, [placement for _, _, placement in chosen], block)


def _kept(shift: Shift, trial: Sequence[tuple[int, int, Placement]], seconds: np.ndarray) -> bool:
    nodes = [0, 1, *(number for _, number, _ in trial)]
    placements = [placement for _, _, placement in trial]
    route = route_instance(shift, placements, seconds[np.ix_(nodes, nodes)])
    return timetable(route, route.committed) is not None


def _placement(
    team: FilledTeam, shift: Shift, spot: Location, number: int, span: int, minutes: int
) -> Placement:
    start, end = (timedelta(hours=hour - team.opens) for hour in TWO_HOURS[span])
    window = TimeWindow(shift.window.start + start, shift.window.start + end)
    id = f"{shift.technician}-{shift.service_date:%Y%m%d}-{number}"
    visit = Visit(
        f"visit-{id}", spot, timedelta(minutes=minutes), frozenset(),
        activity_type="service", team=team.team,
    )  # fmt: skip
    key = RouteKey(team.tenant, shift.technician, shift.service_date, shift.number)
    return Placement(f"placement-{id}", key, visit, 0, PlacementState.BOOKED, window, window)


def _put(tx: WriteTx, days: Sequence[_Day]) -> None:
    tx.lock_routes([day.key for day in days])
    now = tx.now()
    for day in days:
        for placement in day.placements:
            visit, tenant = placement.visit, day.key.tenant
            tx.insert_visit(
                StoredVisit(tenant, visit, placement, 1, Provenance.LIVE, now, now, now)
            )
        tx.write_route(day.key, [placement.id for placement in day.placements], day.block)
