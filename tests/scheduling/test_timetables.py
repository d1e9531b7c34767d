"""Planned times of a stored day: places ten minutes apart on a line, work of an hour each."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import numpy as np

from slotsvc.domain.time_window import TimeWindow
from slotsvc.domain.visit import Placement, PlacementState, Reported, RouteKey, Visit
from slotsvc.domain.working_time import Break, Shift
from slotsvc.scheduling.ports import TravelBlock
from slotsvc.scheduling.timetables import PlannedRoute, planned_route
from slotsvc.scheduling.travel_port import UNREACHABLE, Provenance
from tests.scheduling.line_day import LINE

DAY = date(2030, 6, 3)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
PLACES = np.arange(len(LINE))
ROADS = TravelBlock(
    LINE, 600 * np.abs(np.subtract.outer(PLACES, PLACES)).astype(np.int32), "m", Provenance.LIVE
)


def at(hour: int, minute: int = 0) -> datetime:
    return datetime(2030, 6, 3, hour, minute, tzinfo=UTC)


SHIFT = Shift("ann", DAY, TimeWindow(at(8), at(18)), (), LINE[0], LINE[0])


def visit(place: int, start: int, end: int) -> Placement:
    return Placement(
        f"p{place}",
        RouteKey("acme", "ann", DAY),
        Visit(f"v{place}", LINE[place], HOUR, frozenset()),
        place,
        PlacementState.BOOKED,
        None,
        TimeWindow(at(start), at(end)),
    )


def planned(*order: Placement, shift: Shift = SHIFT, now: datetime | None = None) -> PlannedRoute:
    return planned_route(shift, order, ROADS, now or at(6))


def starts(day: PlannedRoute) -> list[datetime]:
    return [stop.start for stop in day.stops]


def test_times_follow_one_another() -> None:
    """Idle before the first visit is free, idle between two is waiting; home at 12:20."""
    day = planned(visit(1, 9, 10), visit(2, 11, 12))
    assert starts(day) == [at(9), at(11)]
    assert [gap.travel for gap in day.gaps] == [10 * MINUTE, 10 * MINUTE, 20 * MINUTE]
    assert [gap.waiting for gap in day.gaps] == [0 * MINUTE, 50 * MINUTE, 0 * MINUTE]
    assert (day.end, day.travel, day.waiting) == (at(12, 20), 40 * MINUTE, 50 * MINUTE)
    assert day.findings == ()


def test_a_pause_lies_in_its_gap() -> None:
    """It is no waiting: from 10:00 to 10:30, then ten minutes of driving, then twenty idle."""
    lunch = Break(TimeWindow(at(10), at(10, 1)), 30 * MINUTE)
    day = planned(visit(1, 9, 10), visit(2, 11, 12), shift=replace(SHIFT, breaks=(lunch,)))
    assert day.gaps[1].breaks == (TimeWindow(at(10), at(10, 30)),)
    assert day.gaps[1].waiting == 20 * MINUTE


def test_late_is_when_the_client_will_be_served() -> None:
    """Two visits that must both start by 9: the second is told its time, and is at risk."""
    day = planned(visit(1, 8, 9), visit(2, 8, 9))
    assert starts(day) == [at(8, 10), at(9, 20)]
    assert (day.at_risk("p1"), day.at_risk("p2")) == (False, True)


def test_work_behind_the_regular_end_is_overtime() -> None:
    """From 17:30 to 18:30, home at 18:40."""
    late = replace(visit(1, 17, 18), start_window=TimeWindow(at(17, 30), at(17, 31)))
    day = planned(late, shift=replace(SHIFT, overtime=HOUR))
    assert (day.end, day.overtime) == (at(18, 40), 40 * MINUTE)


def test_what_was_reported_is_told_as_it_was() -> None:
    """Begun at 8:30 for an hour: the next starts at 9:40, and the first drive is in the sum."""
    begun = replace(
        visit(1, 8, 9), state=PlacementState.STARTED, reported=Reported(started=at(8, 30))
    )
    day = planned(begun, visit(2, 8, 18), now=at(8, 40))
    assert starts(day) == [at(8, 30), at(9, 40)]
    assert day.travel == 40 * MINUTE
    assert len(day.gaps) == len(day.stops) + 1


def test_an_absence_that_resumes_elsewhere_is_a_pause() -> None:
    """No stop of its own: ten minutes to the first, nobody drives to a dentist, on from place 3."""
    away = Break(TimeWindow(at(11), at(11, 0) + timedelta(seconds=1)), HOUR, True, LINE[3])
    day = planned(visit(1, 8, 9), visit(4, 12, 18), shift=replace(SHIFT, breaks=(away,)))
    assert [stop.placement for stop in day.stops] == ["p1", "p4"]
    assert day.gaps[1].breaks == (TimeWindow(at(11), at(12)),)
    assert day.gaps[1].travel == 10 * MINUTE
    assert starts(day)[1] == at(12, 10)


def test_without_a_road_there_are_no_times() -> None:
    """And a finding says why."""
    seconds = ROADS.seconds.copy()
    seconds[0, 1] = UNREACHABLE
    day = planned_route(SHIFT, [visit(1, 8, 9)], replace(ROADS, seconds=seconds), at(6))
    assert (day.stops, day.gaps, day.end) == ((), (), None)
    assert [found.kind.value for found in day.findings] == ["UNROUTABLE"]
