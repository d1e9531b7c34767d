"""Reads one team's day from the engine: independent questions at once, each of them cheap."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from slotsvc.pb.v1.visit_service_pb2 import VisitState
from slotsvc.portal.day.rows import (
    Known,
    Place,
    TechnicianRow,
    UnplacedRow,
    technician_rows,
    unplaced_rows,
)
from slotsvc.portal.service.calls import ServiceCalls

UNPLACED_SHOWN = 50
LATER_DAYS = 28


@dataclass(frozen=True, slots=True)
class Day:
    """One team's day. ``more_unplaced``: the backlog is longer than what is in ``unplaced``."""

    rows: list[TechnicianRow]
    unplaced: list[UnplacedRow]
    more_unplaced: bool

    @property
    def clients(self) -> set[str]:
        """References of all clients that it tells of."""
        stops = (stop.client for row in self.rows for stop in row.stops)
        return {*stops, *(one.client for one in self.unplaced)} - {""}


@dataclass(frozen=True, slots=True)
class StreetMap:
    """What the engine's streets cover. ``attribution``: to be shown with every drawing of them."""

    attribution: str
    south_west: Place
    north_east: Place


async def read_day(service: ServiceCalls, team: str, day: date) -> Day:
    """Routes, backlog and what is broken. Raises ``ServiceError``."""
    planner, catalogue = service.planner, service.catalogue
    routes, to_do, done, waiting, sites, types = await asyncio.gather(
        planner.day(team, day),
        planner.visits(team, day, day),
        planner.visits(team, day, day, VisitState.VISIT_STATE_DONE),
        planner.unplaced(team, UNPLACED_SHOWN + 1),
        catalogue.sites(),
        catalogue.activity_types(),
    )
    known = Known({visit.name: visit for visit in (*to_do, *done, *waiting)}, sites, types)
    return Day(
        technician_rows(routes, known),
        unplaced_rows(waiting[:UNPLACED_SHOWN], known),
        len(waiting) > UNPLACED_SHOWN,
    )


async def read_routes(service: ServiceCalls, team: str, day: date) -> list[TechnicianRow]:
    """The routes alone, without the names of what is done there. Raises ``ServiceError``."""
    return technician_rows(await service.planner.day(team, day), Known({}, {}, {}))


async def street_map(service: ServiceCalls) -> StreetMap | None:
    """None: the engine knows no streets, and estimates the driving. Raises ``ServiceError``."""
    found = await service.planner.map()
    if not found.HasField("south_west"):
        return None
    south_west, north_east = found.south_west, found.north_east
    return StreetMap(
        found.attribution,
        (south_west.latitude, south_west.longitude),
        (north_east.latitude, north_east.longitude),
    )


async def road(service: ServiceCalls, places: Sequence[Place]) -> list[Place]:
    """The way along the places; the places themselves where it takes no two. ``ServiceError``."""
    if len(places) < 2:
        return list(places)
    answer = await service.planner.shape(places)
    return [(point.latitude, point.longitude) for point in answer.points]


async def broken_later(service: ServiceCalls, team: str, day: date) -> dict[date, int]:
    """How many rules are broken on which of the ``LATER_DAYS`` days behind ``day``, in order."""
    first, last = day + timedelta(days=1), day + timedelta(days=LATER_DAYS)
    counted: Counter[date] = Counter()
    for route in await service.planner.violations(team, first, last):
        at = route.date
        counted[date(at.year, at.month, at.day)] += len(route.findings)
    return dict(sorted(counted.items()))
