"""One technician's shift and one window, with everything that decides whether a visit fits.

In the field's words and not as arrays, so that a change (a shift that begins earlier, a visit that
is moved away) can be made to it, judged by the same rules, and judged again by the referee.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

import numpy as np

from slotsvc.domain.booking_rules import free_for_all
from slotsvc.domain.offer_windows import OfferWindow
from slotsvc.domain.time_window import TimeWindow, from_epoch, to_epoch
from slotsvc.domain.visit import Placement, PlacementState, RouteKey, Visit
from slotsvc.domain.working_time import Shift, at_pace
from slotsvc.solver.day_of_work import DayOfWork
from slotsvc.solver.instance import INF, Int32, RouteInstance, route_instance
from slotsvc.solver.query import Legs, SlotQuery
from slotsvc.solver.team_calendar import TeamCalendar

REQUEST = ""
"""Id of the new visit's placement."""

_SECOND = timedelta(seconds=1)
_NOTHING = timedelta(0)


@dataclass(frozen=True, slots=True)
class Wanted:
    """When the visit should start. ``window``: as if the site were always open. ``hours``: the
    site's opening hours around it, sorted and disjoint; None: always open."""

    day: date
    window: OfferWindow
    hours: tuple[TimeWindow, ...] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class OneWindow:
    """``shift``: what is left of it, from where and when the technician is free.

    ``placements``: the visits that are still to come, in committed order. ``travel``: int32
    (n + 3, n + 3), driving over start place, end place, placements, the new visit. ``driven``:
    driving of the route without the new visit. ``placed``: live placements of the whole shift;
    ``settled``: time on site of those that no longer wait, ``done`` of them stand before the
    placements. ``keep_order``: the others keep their
    order; ``may_reorder``: a planner may decide otherwise. ``regular``: the whole shift's regular
    time less its pauses. ``earliest_begin`` / ``latest_end``: the
    shift before is over, the shift behind begins; None: there is none. ``late_booking``: how long
    after the cut-off booking is still possible.
    """

    query: SlotQuery
    wanted: Wanted
    shift: Shift
    placements: tuple[Placement, ...]
    travel: Int32
    driven: int
    placed: int
    settled: timedelta
    done: int
    regular: timedelta
    keep_order: bool
    may_reorder: bool
    sound: bool
    move_pending: bool
    snap_m: float
    snap_limit_m: float
    zone: str
    now: datetime
    begun: bool = False
    earliest_begin: datetime | None = None
    latest_end: datetime | None = None
    late_booking: timedelta = _NOTHING

    @property
    def on_site(self) -> timedelta:
        """Time on site of the new visit at this technician's pace."""
        return at_pace(self.query.service, self.shift.pace)


def one_window(
    calendar: TeamCalendar,
    query: SlotQuery,
    legs: Legs,
    row: int,
    wanted: Wanted,
    now: datetime,
    *,
    insert_only: bool,
) -> OneWindow:
    """The window on one row of the calendar."""
    day = calendar.days[row]
    by_id = {p.id: p for p in day.placements}
    visits = tuple(by_id[id] for id in day.instance.visits)
    base, fixed = calendar.base, bool(calendar.facts.keep_order[row]) or insert_only
    before, after = _neighbours(calendar, row)
    settled = sum((by_id[id].on_site for id in day.instance.done if id in by_id), _NOTHING)
    return OneWindow(
        query=query,
        wanted=wanted,
        shift=_rest(day),
        placements=visits,
        travel=_travel(calendar, day.instance, legs),
        driven=int((base.today_travel if fixed else base.travel)[row]),
        placed=len(day.placements),
        settled=settled,
        done=len(day.instance.done),
        regular=free_for_all(day.shift, _NOTHING),
        keep_order=fixed,
        may_reorder=fixed and (day.published or not day.keep_order),
        sound=bool(base.sound[row]),
        move_pending=day.move_pending,
        snap_m=legs.snap_m,
        snap_limit_m=legs.snap_limit_m,
        zone=calendar.zone,
        now=now,
        begun=day.instance.origin > to_epoch(day.shift.window.start) or bool(day.instance.done),
        earliest_begin=before,
        latest_end=after,
    )


def _rest(day: DayOfWork) -> Shift:
    """The shift from when the technician is free; itself where nothing of it is over."""
    route, shift = day.instance, day.shift
    start = from_epoch(route.origin)
    if start == shift.window.start and not route.done:
        return shift
    end = max(shift.window.end, start + _SECOND)
    gone = len(shift.breaks) - len(route.breaks)
    return replace(
        shift,
        window=TimeWindow(start, end),
        overtime=shift.latest_end - end,
        breaks=shift.breaks[gone:],
        start_place=route.places[0],
        max_travel=None if route.max_travel >= INF else timedelta(seconds=route.max_travel),
        unpaid_first_leg=route.unpaid_first,
    )


def _neighbours(calendar: TeamCalendar, row: int) -> tuple[datetime | None, datetime | None]:
    """When the technician's shift before is over, and when the one behind begins."""
    own = calendar.days[row]
    others = [d.shift for d in calendar.days if d.technician == own.technician and d is not own]
    begin = own.shift.window.start
    before = [s.latest_end for s in others if s.window.start < begin]
    after = [s.window.start for s in others if s.window.start > begin]
    return max(before, default=None), min(after, default=None)


def _travel(calendar: TeamCalendar, route: RouteInstance, legs: Legs) -> Int32:
    known = calendar.arrays.numbers
    numbers = [known[place] for place in route.places]
    count = len(numbers)
    wide = np.zeros((count + 1, count + 1), np.int32)
    wide[:count, :count] = route.travel
    wide[:count, count] = np.minimum(legs.into[numbers], INF)
    wide[count, :count] = np.minimum(legs.out[numbers], INF)
    return wide


def start_windows(case: OneWindow) -> Iterator[TimeWindow]:
    """When service may start in the window: inside the opening hours, such that it is over by
    closing time, before it is due, inside what was promised."""
    query = case.query
    for promise, starts in _opened(case):
        until = starts if query.due is None else _before(starts, query.due)
        for kept in (promise,) if query.promised is None else query.promised:
            inside = promise.intersect(kept)
            cut = None if inside is None or until is None else until.intersect(kept)
            if cut is not None:
                yield cut


def _before(starts: TimeWindow, due: datetime) -> TimeWindow | None:
    return TimeWindow(starts.start, min(starts.end, due)) if starts.start < due else None


def _opened(case: OneWindow) -> Iterator[tuple[TimeWindow, TimeWindow]]:
    """The parts of the window in which the site is open: (promise, starts)."""
    window = case.wanted.window
    if case.wanted.hours is None:
        yield window.promise, window.start_window
        return
    for open_ in case.wanted.hours:
        promise, starts = window.promise.intersect(open_), window.start_window.intersect(open_)
        if promise is None or starts is None:
            continue
        last = open_.end - case.on_site - _paused(case, starts.start, open_.end)
        if starts.start <= last:
            yield promise, TimeWindow(starts.start, min(starts.end, last + _SECOND))


def _paused(case: OneWindow, opens: datetime, over: datetime) -> timedelta:
    """Every pause that can fall into a pausable service."""
    if not case.query.pausable:
        return _NOTHING
    inside = (
        pause.duration
        for pause in case.shift.breaks
        if pause.begins.start < over and pause.begins.end > opens
    )
    return sum(inside, _NOTHING)


def routes(case: OneWindow) -> Iterator[RouteInstance]:
    """The day with the new visit as its last node, once for each part of the window."""
    origin = case.shift.window.start
    for starts in start_windows(case):
        if starts.end <= origin:
            continue
        starts = TimeWindow(max(starts.start, origin), starts.end)
        placements = (*case.placements, _placement(case, starts))
        yield _limited(case, route_instance(case.shift, placements, case.travel))


def _limited(case: OneWindow, route: RouteInstance) -> RouteInstance:
    """No more driving than the request may add."""
    added = case.query.max_added_travel
    if added is None:
        return route
    most = case.driven + added // _SECOND
    return replace(route, max_travel=min(route.max_travel, most))


def _placement(case: OneWindow, starts: TimeWindow) -> Placement:
    query = case.query
    visit = Visit(
        REQUEST,
        query.location,
        query.service,
        query.requires,
        access=query.access,
        pausable=query.pausable,
        sector=query.sector,
    )
    route = RouteKey("", case.shift.technician, case.shift.service_date, case.shift.number)
    return Placement(
        REQUEST,
        route,
        visit,
        len(case.placements),
        PlacementState.HELD,
        promise=None,
        start_window=starts,
        service=case.on_site,
    )
