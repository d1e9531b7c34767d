"""Absences after which work resumes somewhere else.

An absence in the middle of a shift is a pause, after which work goes on where it stopped. When it
resumes elsewhere (at home, at a given place) the day has a *fixed stop* instead: it begins when the
absence begins, lasts as long, needs no way to it (how somebody gets to the dentist is not work),
and the day goes on from the place where work resumes. Searches and the referee treat it as a visit
with one possible start; it is never stored, offered or shown as one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta

import numpy as np
from numpy.typing import NDArray

from slotsvc.domain.place import Location
from slotsvc.domain.time_window import TimeWindow, to_epoch
from slotsvc.domain.visit import Placement, PlacementState, RouteKey, Visit
from slotsvc.domain.working_time import Break, Shift
from slotsvc.scheduling.ports import TravelBlock

_MARK = "away:"
_SECOND = timedelta(seconds=1)


def is_absence(placement: str) -> bool:
    """Whether the id is that of a fixed stop of this module."""
    return placement.startswith(_MARK)


def route_places(shift: Shift, placements: Sequence[Placement]) -> tuple[Location, ...]:
    """Every place a route's driving must be known of: both ends, its stops, where work resumes."""
    resumed = (pause.resume for pause in shift.breaks if pause.resume is not None)
    return (
        shift.start_place,
        shift.end_place,
        *(p.visit.location for p in placements),
        *resumed,
    )


def covering(
    block: TravelBlock | None, shift: Shift, placements: Sequence[Placement]
) -> TravelBlock | None:
    """``block`` when it knows all of the route's driving; None: some must be asked of roads."""
    if block is None or not set(route_places(shift, placements)) <= set(block.places):
        return None
    return block


def without_resuming(shift: Shift) -> tuple[Shift, tuple[Placement, ...]]:
    """The shift without the absences after which work resumes elsewhere, and their fixed stops."""
    elsewhere = [pause for pause in shift.breaks if pause.resume is not None]
    if not elsewhere:
        return shift, ()
    kept = tuple(pause for pause in shift.breaks if pause.resume is None)
    most = None if shift.max_visits is None else shift.max_visits + len(elsewhere)
    stops = tuple(_stop(shift, pause) for pause in elsewhere)
    return replace(shift, breaks=kept, max_visits=most), stops


def orders_with(order: Sequence[Placement], stop: Placement) -> Iterator[tuple[Placement, ...]]:
    """The order with the fixed stop wherever it may lie: behind what must start before it is over,
    in front of what cannot start before."""
    begin, over = stop.start_window.start, stop.start_window.start + stop.visit.service
    first = max((n + 1 for n, p in enumerate(order) if p.start_window.end <= over), default=0)
    later = (n for n, p in enumerate(order) if p.start_window.start >= begin)
    last = max(next(later, len(order)), first)
    for at in range(first, last + 1):
        yield (*order[:at], stop, *order[at:])


def _stop(shift: Shift, pause: Break) -> Placement:
    assert pause.resume is not None, "asked of those that resume elsewhere"
    begin = pause.begins.start
    id = f"{_MARK}{to_epoch(begin)}"
    return Placement(
        id=id,
        route=RouteKey("", shift.technician, shift.service_date, shift.number),
        visit=Visit(id, pause.resume, pause.duration, frozenset()),
        position=0,
        state=PlacementState.BOOKED,
        promise=None,
        start_window=TimeWindow(begin, begin + _SECOND),
    )


def driving(
    block: TravelBlock, shift: Shift, order: Sequence[Placement], *, end_last: bool
) -> NDArray[np.int32]:
    """int32 (n + 2, n + 2), seconds over start place, end place and ``order``; ``end_last``: the
    end place stands behind the others. Nobody drives to a fixed stop."""
    here = [p.visit.location for p in order]
    ends = [shift.start_place, shift.end_place]
    places = [ends[0], *here, ends[1]] if end_last else [*ends, *here]
    rows = [block.places.index(place) for place in places]
    seconds = block.seconds[np.ix_(rows, rows)]
    fixed = [n for n, p in enumerate(order, start=1 if end_last else 2) if is_absence(p.id)]
    if fixed:
        seconds = seconds.copy()
        seconds[:, fixed] = 0
    return seconds
