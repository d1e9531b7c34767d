"""Reads one team's day from the engine: independent questions at once, each of them cheap."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

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


@dataclass(frozen=True, slots=True)
class Day:
    """One team's day. ``more_unplaced``: the backlog is longer than what is in ``unplaced``."""

    rows: list[TechnicianRow]
    unplaced: list[UnplacedRow]
    more_unplaced: bool


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


async def road(service: ServiceCalls, places: Sequence[Place]) -> list[Place]:
    """The way along the places; the places themselves where it takes no two. ``ServiceError``."""
    if len(places) < 2:
        return list(places)
    answer = await service.planner.shape(places)
    return [(point.latitude, point.longitude) for point in answer.points]
