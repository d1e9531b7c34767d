"""A day as the road reports it: what has begun, and what is left to plan.

Reports are facts. Visits that have begun keep their place in front of the route; the rest of the
day starts where the last of them is, when it is over. A day without any report is taken to go as
planned.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import pairwise

from slotsvc.domain.place import Location
from slotsvc.domain.time_window import TimeWindow
from slotsvc.domain.visit import BEGUN, Placement, Stop
from slotsvc.domain.working_time import Break, Shift
from slotsvc.scheduling.ports import TravelBlock
from slotsvc.scheduling.resuming import driving, orders_with, without_resuming
from slotsvc.solver.checked_day import checked_visit
from slotsvc.solver.checker import check_route
from slotsvc.solver.instance import route_instance
from slotsvc.solver.timing import timetable

_SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Rest:
    """What is left of a day. ``shift`` begins where and when the last of ``begun`` is over.

    ``open``: not begun, in order. ``stops``: the begun ones' times, reported or, for what is not
    over, expected. Without reports: the whole day.
    """

    shift: Shift
    open: tuple[Placement, ...]
    begun: tuple[Placement, ...] = ()
    stops: tuple[Stop, ...] = ()


def rest_of(
    shift: Shift, placements: Sequence[Placement], block: TravelBlock, now: datetime
) -> Rest:
    """``placements``: those live, in order. ``block`` covers their places and the shift's ends."""
    begun = tuple(p for p in placements if p.state in BEGUN)
    if not begun:
        return _with_fixed_stops(Rest(shift, tuple(placements)), block)
    open_ = tuple(p for p in placements if p.state not in BEGUN)
    stops = _stops(shift, begun, block, now)
    here, free = _after(shift, begun[-1].visit.location, stops[-1].finish)
    if open_:  # nothing that was not reported has begun
        drive = _drive(block, here, open_[0].visit.location)
        free = max(free, now + _SECOND - drive)
    free = max(free, shift.window.start)
    left = _left_of(shift, begun, placements, block, free, stops[-1].start)
    rest = Rest(replace(left, start_place=here), open_, begun, stops)
    return _with_fixed_stops(rest, block)


def _after(shift: Shift, here: Location, free: datetime) -> tuple[Location, datetime]:
    """Where and when work goes on after a stop, when an absence has begun by then."""
    for pause in shift.breaks:
        over = pause.begins.start + pause.duration
        if pause.resume is not None and pause.begins.start <= free <= over:
            here, free = pause.resume, over
    return here, free


def _with_fixed_stops(rest: Rest, block: TravelBlock) -> Rest:
    """Absences after which work resumes elsewhere as stops, where they cost the day least."""
    shift, stops = without_resuming(rest.shift)
    order = rest.open
    for stop in stops:
        order = min(orders_with(order, stop), key=lambda o: _how_bad(shift, o, block))
    return replace(rest, shift=shift, open=order)


def _how_bad(shift: Shift, order: Sequence[Placement], block: TravelBlock) -> tuple[int, int, int]:
    """Lateness first, then driving, then waiting."""
    legs = driving(block, shift, order, end_last=False)
    instance = route_instance(shift, order, legs)
    table = timetable(instance, instance.committed)
    if table is not None:
        return 0, table.travel, table.waiting
    visits = [checked_visit(placement) for placement in order]
    found = check_route(shift, visits, driving(block, shift, order, end_last=True))
    return sum(f.size for f in found) + 1, 0, 0


def _stops(
    shift: Shift, begun: Sequence[Placement], block: TravelBlock, now: datetime
) -> tuple[Stop, ...]:
    stops: list[Stop] = []
    here, free = shift.start_place, shift.window.start
    for placement, after in zip(begun, (*begun[1:], None), strict=True):
        stop = _stop(placement, here, free, block, now)
        left = after.reported.departed or after.reported.started if after is not None else None
        if placement.reported.finished is None and left is not None:
            # nobody said that it is over, but somebody is elsewhere by now
            stop = replace(stop, finish=min(stop.finish, max(left, stop.start)))
        stops.append(stop)
        here, free = placement.visit.location, stop.finish
    return tuple(stops)


def _stop(
    placement: Placement, here: Location, free: datetime, block: TravelBlock, now: datetime
) -> Stop:
    """Reported times where there are any; else the soonest that is not before now."""
    told = placement.reported
    left = told.departed or free
    there = placement.visit.location
    access = placement.visit.access if here != there else _ZERO
    arrival = left + _drive(block, here, there) + access
    if told.started is None and told.finished is None:
        arrival = max(arrival, now)
    start = told.started or max(arrival, placement.start_window.start)
    if told.finished is not None:
        start = min(start, told.finished)
        return Stop(placement.id, min(arrival, start), start, told.finished)
    finish = start + placement.on_site
    return Stop(placement.id, min(arrival, start), start, max(finish, now))


def _left_of(
    shift: Shift,
    begun: Sequence[Placement],
    placements: Sequence[Placement],
    block: TravelBlock,
    free: datetime,
    last_start: datetime,
) -> Shift:
    """The shift from ``free`` on, with what is left of its pauses and limits.

    What is left of a limit is below zero when it is exceeded already, the overtime too: so the size
    of what is broken is that of the whole day.
    """
    end = max(shift.window.end, free + _SECOND)
    driven = _driven(shift, begun, block)
    return replace(
        shift,
        window=TimeWindow(free, end),
        overtime=shift.latest_end - end,
        breaks=_breaks_left(shift, begun, placements, block, free, last_start),
        unpaid_first_leg=False,
        max_travel=None if shift.max_travel is None else shift.max_travel - driven,
        max_visits=None if shift.max_visits is None else shift.max_visits - len(begun),
    )


_ZERO = timedelta(0)


def _breaks_left(
    shift: Shift,
    begun: Sequence[Placement],
    placements: Sequence[Placement],
    block: TravelBlock,
    free: datetime,
    last_start: datetime,
) -> tuple[Break, ...]:
    """Nobody reports pauses: those planned before the last visit begun count as taken if they could
    begin before it did, and so do those whose time to begin is over."""
    planned = _planned_before(shift, placements, block, len(begun))
    return tuple(
        pause
        for number, pause in enumerate(shift.breaks)
        if pause.begins.end > free and not (number < planned and pause.begins.start < last_start)
    )


def _planned_before(
    shift: Shift, placements: Sequence[Placement], block: TravelBlock, stops: int
) -> int:
    instance = route_instance(shift, placements, driving(block, shift, placements, end_last=False))
    table = timetable(instance, instance.committed)
    return sum(gap < stops for gap, _, _ in table.breaks) if table else 0


def _driven(shift: Shift, begun: Sequence[Placement], block: TravelBlock) -> timedelta:
    places = [shift.start_place, *(p.visit.location for p in begun)]
    return sum((_drive(block, a, b) for a, b in pairwise(places)), _ZERO)


def _drive(block: TravelBlock, a: Location, b: Location) -> timedelta:
    seconds = block.seconds[block.places.index(a), block.places.index(b)]
    return timedelta(seconds=int(seconds))
