"""Planned times of stored routes, derived from the recurrence, never stored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from slotsvc.domain.time_window import TimeWindow
from slotsvc.domain.visit import Placement, Stop
from slotsvc.domain.working_time import Shift
from slotsvc.scheduling.placing import checked
from slotsvc.scheduling.ports import TravelBlock
from slotsvc.scheduling.travel_blocks import legs_among
from slotsvc.solver.checker import Finding, check_route
from slotsvc.solver.instance import INF, route_instance
from slotsvc.solver.timing import timetable


@dataclass(frozen=True, slots=True)
class PlannedRoute:
    """A route with its times. ``gaps[i]`` lies before stop i, the last one leads home.

    ``stops`` is empty when the order cannot be kept; ``findings`` then say why.
    """

    stops: tuple[Stop, ...]
    gaps: tuple[PlannedGap, ...]
    end: datetime | None
    travel: timedelta
    waiting: timedelta
    findings: tuple[Finding, ...]

    def stop(self, placement: str) -> Stop | None:
        """The stop of a placement; None: not planned."""
        return next((s for s in self.stops if s.placement == placement), None)


@dataclass(frozen=True, slots=True)
class PlannedGap:
    """Between two stops: driving, idle time, pauses."""

    travel: timedelta
    waiting: timedelta
    breaks: tuple[TimeWindow, ...]


def planned_route(
    shift: Shift, placements: Sequence[Placement], block: TravelBlock
) -> PlannedRoute:
    """Times of placements in their order."""
    places = [shift.start_place, shift.end_place, *(p.visit.location for p in placements)]
    instance = route_instance(shift, placements, legs_among(block, places))
    table = timetable(instance, instance.committed)
    if table is None:
        nothing = timedelta(0)
        return PlannedRoute((), (), None, nothing, nothing, findings(shift, placements, block))
    origin = datetime.fromtimestamp(instance.origin, UTC)

    def at(seconds: int) -> datetime:
        return origin + timedelta(seconds=seconds)

    stops = tuple(
        Stop(p.id, at(s.arrival), at(s.start), at(s.finish))
        for p, s in zip(placements, table.stops, strict=True)
    )
    nodes = [0, *(s.node for s in table.stops), 1]
    gaps = []
    for gap, (a, b) in enumerate(pairwise(nodes)):
        pauses = tuple(TimeWindow(at(x), at(y)) for g, x, y in table.breaks if g == gap)
        drive = min(int(instance.travel[a, b]), INF)
        idle = _idle(table.stops, gap, drive, sum(y - x for g, x, y in table.breaks if g == gap))
        gaps.append(PlannedGap(timedelta(seconds=drive), timedelta(seconds=idle), pauses))
    return PlannedRoute(
        stops,
        tuple(gaps),
        at(table.end),
        timedelta(seconds=table.travel),
        timedelta(seconds=table.waiting),
        findings(shift, placements, block),
    )


def findings(
    shift: Shift, placements: Sequence[Placement], block: TravelBlock
) -> tuple[Finding, ...]:
    """What is wrong with the route as it stands, by the referee."""
    places = [shift.start_place, *(p.visit.location for p in placements), shift.end_place]
    return check_route(shift, [checked(p) for p in placements], legs_among(block, places))


def _idle(stops: Sequence[object], gap: int, drive: int, paused: int) -> int:
    """Idle seconds in a gap between two visits; before the first and after the last it is free."""
    if gap == 0 or gap >= len(stops):
        return 0
    before, after = stops[gap - 1], stops[gap]
    return int(after.start - before.finish) - drive - paused  # type: ignore[attr-defined]
