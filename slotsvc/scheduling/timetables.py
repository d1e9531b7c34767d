"""Planned times of stored routes, derived from the recurrence, never stored.

On a day with reports the times of what has begun are the reported ones, and the rest follows.
Where the order cannot be kept in time, times are told all the same, with every limit that is broken
moved out by as much as it is broken: late is when the client will be served.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from slotsvc.domain.time_window import TimeWindow, from_epoch
from slotsvc.domain.visit import Placement, Stop
from slotsvc.domain.working_time import Shift
from slotsvc.scheduling.placing import findings
from slotsvc.scheduling.ports import TravelBlock
from slotsvc.scheduling.resuming import driving, is_absence
from slotsvc.scheduling.travel_blocks import legs_among
from slotsvc.scheduling.under_way import Rest, rest_of
from slotsvc.solver.checker import Finding, FindingKind, relaxed
from slotsvc.solver.instance import RouteInstance, route_instance
from slotsvc.solver.timing import StopTimes, Timetable, timetable


@dataclass(frozen=True, slots=True)
class PlannedGap:
    """Between two stops: driving, idle time, pauses; those inside the stop behind it too."""

    travel: timedelta
    waiting: timedelta
    breaks: tuple[TimeWindow, ...]


@dataclass(frozen=True, slots=True)
class PlannedRoute:
    """A route with its times. ``gaps[i]`` lies before stop i, the last one leads home.

    ``stops`` and ``gaps`` are empty when no times exist (no road leads on). ``findings``: every
    rule broken by what is left of the day.
    """

    stops: tuple[Stop, ...]
    gaps: tuple[PlannedGap, ...]
    end: datetime | None
    travel: timedelta
    waiting: timedelta
    overtime: timedelta
    findings: tuple[Finding, ...]

    def stop(self, placement: str) -> Stop | None:
        """The stop of a placement; None: not planned."""
        return next((s for s in self.stops if s.placement == placement), None)

    def at_risk(self, placement: str) -> bool:
        """As the day now goes it starts after its window."""
        return any(f.subject == placement and f.kind in _LATE for f in self.findings)


_LATE = (FindingKind.LATE, FindingKind.PAST)
_NOTHING = timedelta(0)


def planned_route(
    shift: Shift, placements: Sequence[Placement], block: TravelBlock, now: datetime
) -> PlannedRoute:
    """Times of live placements in their order."""
    rest = rest_of(shift, placements, block, now)
    broken = findings(rest.shift, rest.open, block)
    table, instance = _table(rest, block, ())
    if table is None and broken:
        table, instance = _table(rest, block, broken)
    if table is None:
        return PlannedRoute((), (), None, _NOTHING, _NOTHING, _NOTHING, broken)
    origin = from_epoch(instance.origin)
    end = origin + timedelta(seconds=table.end)
    stops, gaps = _without_absences(_stops(rest, table, origin), _gaps(instance, table, origin))
    return PlannedRoute(
        (*rest.stops, *stops),
        (*_gaps_behind(shift, rest, block), *gaps),
        end,
        timedelta(seconds=table.travel) + _driven(shift, rest, block),
        timedelta(seconds=table.waiting) + _waited(rest),
        max(end - shift.window.end, _NOTHING),
        broken,
    )


def _table(
    rest: Rest, block: TravelBlock, known: Sequence[Finding]
) -> tuple[Timetable | None, RouteInstance]:
    shift, placements = relaxed(rest.shift, rest.open, known)
    instance = route_instance(shift, placements, driving(block, shift, placements, end_last=False))
    return timetable(instance, instance.committed), instance


def _stops(rest: Rest, table: Timetable, origin: datetime) -> tuple[Stop, ...]:
    def at(seconds: int) -> datetime:
        return origin + timedelta(seconds=seconds)

    return tuple(
        Stop(p.id, at(s.arrival), at(s.start), at(s.finish))
        for p, s in zip(rest.open, table.stops, strict=True)
    )


def _without_absences(
    stops: Sequence[Stop], gaps: Sequence[PlannedGap]
) -> tuple[tuple[Stop, ...], tuple[PlannedGap, ...]]:
    """Absences after which work resumes elsewhere are pauses to whoever reads the day."""
    kept: list[Stop] = []
    merged = [gaps[0]]
    for stop, gap in zip(stops, gaps[1:], strict=True):
        if is_absence(stop.placement):
            before = merged.pop()
            breaks = (*before.breaks, TimeWindow(stop.start, stop.finish), *gap.breaks)
            merged.append(
                PlannedGap(before.travel + gap.travel, before.waiting + gap.waiting, breaks)
            )
        else:
            kept.append(stop)
            merged.append(gap)
    return tuple(kept), tuple(merged)


def _gaps(instance: RouteInstance, table: Timetable, origin: datetime) -> tuple[PlannedGap, ...]:
    nodes = [0, *(stop.node for stop in table.stops), 1]
    gaps = []
    for gap, (a, b) in enumerate(pairwise(nodes)):
        pauses = tuple(
            TimeWindow(origin + timedelta(seconds=x), origin + timedelta(seconds=y))
            for g, x, y in table.breaks
            if g == gap
        )
        drive = int(instance.travel[a, b])
        inside = table.stops[gap].start if gap < len(table.stops) else None
        paused = sum(
            y - x for g, x, y in table.breaks if g == gap and (inside is None or x < inside)
        )
        idle = _idle(table.stops, gap, int(instance.legs[a, b]), paused)
        gaps.append(PlannedGap(timedelta(seconds=drive), timedelta(seconds=idle), pauses))
    return tuple(gaps)


def _idle(stops: Sequence[StopTimes], gap: int, leg: int, paused: int) -> int:
    """Idle seconds in a gap between two visits; before the first and after the last it is free."""
    if gap == 0 or gap >= len(stops):
        return 0
    return max(stops[gap].start - stops[gap - 1].finish - leg - paused, 0)


def _gaps_behind(shift: Shift, rest: Rest, block: TravelBlock) -> tuple[PlannedGap, ...]:
    """Before each visit that has begun: driving as read on the roads, pauses nobody reported."""
    return tuple(PlannedGap(leg, _NOTHING, ()) for leg in _legs_behind(shift, rest, block))


def _legs_behind(shift: Shift, rest: Rest, block: TravelBlock) -> list[timedelta]:
    places = [shift.start_place, *(p.visit.location for p in rest.begun)]
    legs = legs_among(block, places)
    return [timedelta(seconds=int(legs[i, i + 1])) for i in range(len(places) - 1)]


def _driven(shift: Shift, rest: Rest, block: TravelBlock) -> timedelta:
    return sum(_legs_behind(shift, rest, block), _NOTHING)


def _waited(rest: Rest) -> timedelta:
    """Between arriving and starting at what has begun, the first one left out."""
    return sum((s.start - s.arrival for s in rest.stops[1:]), _NOTHING)
