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
from slotsvc.domain.visit import BEGUN, Placement, PlacementState, Stop
from slotsvc.domain.working_time import Break, Shift
from slotsvc.scheduling.ports import TravelBlock
from slotsvc.scheduling.travel_blocks import legs_among
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
        return Rest(shift, tuple(placements))
    open_ = tuple(p for p in placements if p.state not in BEGUN)
    stops = _stops(shift, begun, block, now)
    here, free = begun[-1].visit.location, stops[-1].finish
    if open_:  # nothing that was not reported has begun
        drive = _drive(block, here, open_[0].visit.location)
        free = max(free, now + _SECOND - drive)
    else:
        free = max(free, now)
    left = _left_of(shift, begun, placements, block, free)
    return Rest(replace(left, start_place=here), open_, begun, stops)


def _stops(
    shift: Shift, begun: Sequence[Placement], block: TravelBlock, now: datetime
) -> tuple[Stop, ...]:
    stops: list[Stop] = []
    here, free = shift.start_place, shift.window.start
    for placement in begun:
        stop = _stop(placement, here, free, block, now)
        stops.append(stop)
        here, free = placement.visit.location, stop.finish
    return tuple(stops)


def _stop(
    placement: Placement, here: Location, free: datetime, block: TravelBlock, now: datetime
) -> Stop:
    """Reported times where there are any; else the soonest that is not before now."""
    told = placement.reported
    left = told.departed or free
    arrival = left + _drive(block, here, placement.visit.location)
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
) -> Shift:
    """The shift from ``free`` on, with what is left of its pauses and limits."""
    end = max(shift.window.end, free + _SECOND)
    driven = _driven(shift, begun, block)
    return replace(
        shift,
        window=TimeWindow(free, end),
        overtime=max(shift.latest_end - end, timedelta(0)),
        breaks=_breaks_left(shift, begun, placements, block, free),
        unpaid_first_leg=False,
        max_travel=None if shift.max_travel is None else max(shift.max_travel - driven, _ZERO),
        max_visits=None if shift.max_visits is None else max(shift.max_visits - len(begun), 0),
    )


_ZERO = timedelta(0)


def _breaks_left(
    shift: Shift,
    begun: Sequence[Placement],
    placements: Sequence[Placement],
    block: TravelBlock,
    free: datetime,
) -> tuple[Break, ...]:
    """Nobody reports pauses: those planned before the last visit begun count as taken, and so do
    those whose time to begin is over."""
    taken = _planned_before(shift, placements, block, len(begun))
    left = shift.breaks[taken:]
    return tuple(b for b in left if b.begins.end > free)


def _planned_before(
    shift: Shift, placements: Sequence[Placement], block: TravelBlock, stops: int
) -> int:
    places = [shift.start_place, shift.end_place, *(p.visit.location for p in placements)]
    instance = route_instance(shift, placements, legs_among(block, places))
    table = timetable(instance, instance.committed)
    return sum(gap < stops for gap, _, _ in table.breaks) if table else 0


def _driven(shift: Shift, begun: Sequence[Placement], block: TravelBlock) -> timedelta:
    places = [shift.start_place, *(p.visit.location for p in begun)]
    return sum((_drive(block, a, b) for a, b in pairwise(places)), _ZERO)


def _drive(block: TravelBlock, a: Location, b: Location) -> timedelta:
    seconds = block.seconds[block.places.index(a), block.places.index(b)]
    return timedelta(seconds=int(seconds))


def has_begun(placement: Placement) -> bool:
    """It was reported that somebody is on the way to it, there, or done."""
    return placement.state in BEGUN


def is_over(placement: Placement) -> bool:
    """It was reported done."""
    return placement.state is PlacementState.DONE
