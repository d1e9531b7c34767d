"""Absences after which work resumes elsewhere."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import numpy as np

from slotsvc.domain.place import Location
from slotsvc.domain.time_window import TimeWindow
from slotsvc.domain.visit import Placement, PlacementState, RouteKey, Visit
from slotsvc.domain.working_time import Break, Shift
from slotsvc.scheduling.placing import findings, judge
from slotsvc.scheduling.ports import TravelBlock
from slotsvc.scheduling.resuming import is_absence, route_places
from slotsvc.scheduling.timetables import planned_route
from slotsvc.scheduling.travel_port import Provenance
from slotsvc.scheduling.under_way import rest_of

DAY = date(2030, 6, 4)
HOME, SURGERY, NEAR, FAR = (Location(43.7, 7.4 + n / 100) for n in range(4))
MINUTE = timedelta(minutes=1)


def at(hour: int, minute: int = 0) -> datetime:
    return datetime(2030, 6, 4, hour, minute, tzinfo=UTC)


def a_shift(resume: Location | None) -> Shift:
    """8 to 17, away from 10 to 12."""
    away = Break(TimeWindow(at(10), at(10, 0) + timedelta(seconds=1)), 120 * MINUTE, True, resume)
    return Shift("ann", DAY, TimeWindow(at(8), at(17)), (away,), HOME, HOME)


def a_placement(name: str, place: Location, start: datetime, end: datetime) -> Placement:
    visit = Visit(name, place, 60 * MINUTE, frozenset())
    key = RouteKey("acme", "ann", DAY)
    window = TimeWindow(start, end)
    return Placement(name, key, visit, 0, PlacementState.BOOKED, window, window)


def a_block(
    minutes: dict[tuple[Location, Location], int], places: tuple[Location, ...]
) -> TravelBlock:
    """Ten minutes between any two places unless said otherwise."""
    distinct = tuple(dict.fromkeys(places))
    seconds = np.full((len(distinct), len(distinct)), 600, np.int32)
    np.fill_diagonal(seconds, 0)
    for (a, b), drive in minutes.items():
        seconds[distinct.index(a), distinct.index(b)] = drive * 60
    return TravelBlock(distinct, seconds, "test", Provenance.LIVE)


MORNING = a_placement("morning", NEAR, at(8), at(9))
NOON = a_placement("noon", FAR, at(12), at(14))


def test_the_afternoon_starts_where_work_resumes() -> None:
    """Nobody drives to the surgery; from there it is 25 minutes to the next visit, not the ten from
    the one before."""
    shift = a_shift(SURGERY)
    block = a_block({(SURGERY, FAR): 25}, route_places(shift, [MORNING, NOON]))
    planned = planned_route(shift, [MORNING, NOON], block, at(7))
    assert not planned.findings
    assert [s.placement for s in planned.stops] == ["morning", "noon"]
    assert planned.stops[1].arrival == at(12, 25)
    assert planned.travel == (10 + 25 + 10) * MINUTE


def test_the_absence_is_shown_as_a_pause() -> None:
    """One gap between the two visits, with the absence in it."""
    shift = a_shift(SURGERY)
    block = a_block({}, route_places(shift, [MORNING, NOON]))
    planned = planned_route(shift, [MORNING, NOON], block, at(7))
    assert len(planned.gaps) == 3
    assert planned.gaps[1].breaks == (TimeWindow(at(10), at(12)),)


def test_without_a_place_work_goes_on_where_it_stopped() -> None:
    """The drive may even be done before the absence begins."""
    shift = a_shift(None)
    block = a_block({}, route_places(shift, [MORNING, NOON]))
    planned = planned_route(shift, [MORNING, NOON], block, at(7))
    assert planned.stops[1].start == at(12)


def test_it_lies_where_the_day_is_least_late() -> None:
    """A visit that may start all day is served before the absence when the afternoon is full."""
    shift = a_shift(SURGERY)
    whole_day = a_placement("any", NEAR, at(8), at(17))
    full = [a_placement(f"full{n}", FAR, at(12 + n, 10), at(12 + n, 30)) for n in range(4)]
    order = [whole_day, *full]
    block = a_block({}, route_places(shift, order))
    rest = rest_of(shift, order, block, at(7))
    assert [is_absence(p.id) for p in rest.open] == [False, True, False, False, False, False]
    assert findings(rest.shift, rest.open, block) == ()


def test_a_visit_over_the_absence_is_a_violation() -> None:
    """It runs into it: the absence's start is missed, by so much."""
    shift = a_shift(SURGERY)
    late = a_placement("late", NEAR, at(9, 30), at(9, 31))
    block = a_block({}, route_places(shift, [late]))
    rest = rest_of(shift, [late], block, at(7))
    found = findings(rest.shift, rest.open, block)
    assert [(f.size, f.cause) for f in found] == [(1800, "work goes on 30 min into an absence")]


def test_a_cancellation_never_takes_the_absence_away() -> None:
    """Removal safety leaves fixed stops in place, and a limit on visits does not count them."""
    shift = replace(a_shift(SURGERY), max_visits=2)
    block = a_block({}, route_places(shift, [MORNING, NOON]))
    rest = rest_of(shift, [MORNING, NOON], block, at(7))
    assert rest.shift.max_visits == 3
    assert judge(rest.shift, rest.open, block) == ()


def test_on_a_day_under_way_work_resumes_there_too() -> None:
    """The morning's visit was done; when the absence is over the technician is where work
    resumes."""
    shift = a_shift(SURGERY)
    told = replace(MORNING.reported, started=at(8, 10), finished=at(10, 5))
    done = replace(MORNING, state=PlacementState.DONE, reported=told)
    block = a_block({(SURGERY, FAR): 25}, route_places(shift, [done, NOON]))
    planned = planned_route(shift, [done, NOON], block, at(10, 30))
    assert planned.stops[1].arrival == at(12, 25)
