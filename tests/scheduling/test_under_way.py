"""What is left of a day once the road has reported: small days, exact minutes."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import numpy as np

from slotsvc.domain.visit import Placement, PlacementState, Reported
from slotsvc.domain.working_time import Break, Shift
from slotsvc.scheduling.placing import findings
from slotsvc.scheduling.ports import TravelBlock
from slotsvc.scheduling.timetables import planned_route
from slotsvc.scheduling.travel_port import Provenance
from slotsvc.scheduling.under_way import Rest, rest_of
from slotsvc.solver.checker import FindingKind
from tests.solver.calendars import a_line, a_place, a_placement, a_shift, at, between

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
DEPOT, NEAR, FAR = 0, 10, 30


def block() -> TravelBlock:
    """Places on a line, ten and thirty minutes from the depot."""
    numbers = (0, 1, 2)
    seconds = np.asarray(a_line(DEPOT, NEAR, FAR).seconds)
    return TravelBlock(tuple(a_place(n) for n in numbers), seconds, "test-map", Provenance.LIVE)


def begun(placement: Placement, state: PlacementState, **clocks: str) -> Placement:
    """Reported so: ``started="9:15"``."""
    told = {name: at(clock) for name, clock in clocks.items()}
    return replace(placement, state=state, reported=Reported(**told))


def first(start: str = "8:00", end: str = "12:00") -> Placement:
    return a_placement("first", between(start, end), 1, HOUR)


def second(start: str = "8:00", end: str = "18:00") -> Placement:
    return a_placement("second", between(start, end), 2, HOUR)


def done(placement: Placement, started: str, finished: str) -> Placement:
    return begun(placement, PlacementState.DONE, started=started, finished=finished)


def shift(**changed: object) -> Shift:
    """Eight to six, depot to depot."""
    return replace(a_shift(), window=between("8:00", "18:00"), **changed)  # type: ignore[arg-type]


def left(day: Shift, *placements: Placement, now: str) -> Rest:
    return rest_of(day, placements, block(), at(now))


def sizes(rest: Rest) -> dict[tuple[FindingKind, str], int]:
    return {(f.kind, f.subject): f.size for f in findings(rest.shift, rest.open, block())}


def test_without_reports_the_whole_day_is_left() -> None:
    """However late it is: the day is taken to go as planned."""
    day = shift()
    assert left(day, first(), second(), now="17:00") == Rest(day, (first(), second()))


def test_the_rest_begins_where_and_when_the_last_visit_was_finished() -> None:
    """Not at the depot, and not before now less the drive to what is next."""
    rest = left(shift(), done(first(), "8:10", "9:40"), second(), now="9:41")
    assert rest.shift.start_place == a_place(1)
    assert rest.shift.window.start == at("9:40")
    assert [p.id for p in rest.open] == ["second"]
    later = left(shift(), done(first(), "8:10", "9:40"), second(), now="11:00")
    assert later.shift.window.start == at("11:00") + timedelta(seconds=1) - 20 * MINUTE


def test_who_is_on_the_way_arrives_after_the_drive_and_the_access() -> None:
    """Departed at 8:20, ten minutes of road and five to the door; never earlier than now."""
    visit = replace(first(), visit=replace(first().visit, access=5 * MINUTE))
    visit = begun(visit, PlacementState.EN_ROUTE, departed="8:20")
    (stop,) = left(shift(), visit, now="8:21").stops
    assert (stop.arrival, stop.start, stop.finish) == (at("8:35"), at("8:35"), at("9:35"))
    (stop,) = left(shift(), visit, now="8:50").stops
    assert (stop.arrival, stop.start, stop.finish) == (at("8:50"), at("8:50"), at("9:50"))


def test_what_takes_longer_than_planned_is_over_now_at_the_soonest() -> None:
    """Started at 9:00 for an hour, 10:30 by now."""
    visit = begun(first(), PlacementState.STARTED, started="9:00")
    (stop,) = left(shift(), visit, now="10:30").stops
    assert stop.finish == at("10:30")


def test_who_works_elsewhere_by_now_has_left_here() -> None:
    """The finish was never reported, the next start was: the two do not overlap."""
    one = begun(first(), PlacementState.STARTED, started="9:00")
    two = begun(second(), PlacementState.STARTED, started="10:30")
    stops = left(shift(), one, two, now="12:00").stops
    assert [(s.start, s.finish) for s in stops] == [
        (at("9:00"), at("10:30")),
        (at("10:30"), at("12:00")),
    ]
    soon = begun(second(), PlacementState.STARTED, started="9:30")
    assert left(shift(), one, soon, now="9:31").stops[0].finish == at("9:30")


def test_an_overrun_is_late_for_what_comes_next_by_its_minutes() -> None:
    """Free at 10:30 instead of 10:00, twenty minutes of road: 10:50 where 10:40 was the last."""
    visit = begun(first(), PlacementState.STARTED, started="9:00")
    after = second("10:00", "10:40")
    rest = left(shift(), visit, after, now="10:30")
    # nothing was reported of the second, so it has not begun by now either
    assert sizes(rest) == {(FindingKind.LATE, "second"): 10 * 60 + 1}
    planned = planned_route(shift(), [visit, after], block(), at("10:30"))
    assert planned.at_risk("second")
    assert [s.placement for s in planned.stops] == ["first", "second"]


def test_a_day_that_is_done_is_over_whatever_the_hour() -> None:
    """Finished at 16:00, home at 16:30; seen at midnight nothing is broken."""
    visit = done(second(), "15:00", "16:00")
    rest = left(shift(), visit, now="23:00")
    assert sizes(rest) == {}
    planned = planned_route(shift(), [visit], block(), at("23:00"))
    assert planned.end == at("16:30")
    assert planned.overtime == timedelta(0)


def test_work_after_the_end_of_the_shift_counts_in_full() -> None:
    """Free at 19:00, home at 19:30: an hour and a half too late, an hour with overtime."""
    visit = done(second(), "17:00", "19:00")
    assert sizes(left(shift(), visit, now="19:01")) == {(FindingKind.SHIFT_END, "ana"): 5400}
    longer = shift(overtime=30 * MINUTE)
    assert sizes(left(longer, visit, now="19:01")) == {(FindingKind.SHIFT_END, "ana"): 3600}
    within = shift(overtime=2 * HOUR)
    assert sizes(left(within, visit, now="19:01")) == {}


def test_driving_behind_counts_for_the_limit_and_for_its_size() -> None:
    """Thirty minutes out were driven, thirty lead home: ten more than fifty, forty more than 20."""
    visit = done(second(), "9:00", "10:00")
    for most, over in ((60, None), (50, 600), (20, 2400)):
        found = sizes(left(shift(max_travel=most * MINUTE), visit, now="10:01"))
        assert found.get((FindingKind.MAX_TRAVEL, "ana")) == over


def test_visits_behind_count_for_the_limit_and_for_its_size() -> None:
    """Two done and one to do, where one is allowed: two too many."""
    one, two = done(first(), "8:10", "9:10"), done(second(), "9:30", "10:30")
    third = a_placement("third", between("8:00", "18:00"), 1, HOUR)
    rest = left(shift(max_visits=1), one, two, third, now="10:31")
    assert sizes(rest) == {(FindingKind.MAX_VISITS, "ana"): 2}


def lunch() -> Break:
    return Break(between("12:00", "13:00"), 30 * MINUTE)


def test_a_pause_planned_before_what_has_begun_was_taken() -> None:
    """Lunch lay between the two, and the second began after noon."""
    day = shift(breaks=(lunch(),))
    one = done(first("8:00", "11:30"), "11:00", "11:55")
    two = begun(second("13:00", "15:00"), PlacementState.STARTED, started="12:40")
    assert left(day, one, two, now="12:45").shift.breaks == ()


def test_a_pause_that_could_not_have_begun_yet_is_still_to_come() -> None:
    """Lunch was planned before a visit that then began at 10:15, long before lunch may begin."""
    day = shift(breaks=(lunch(),))
    one = done(first(), "8:10", "9:10")
    two = begun(second("13:00", "15:00"), PlacementState.STARTED, started="10:15")
    assert left(day, one, two, now="10:20").shift.breaks == (lunch(),)


def test_a_pause_whose_time_is_over_is_not_asked_for_any_more() -> None:
    """Nobody was free before one o'clock."""
    day = shift(breaks=(lunch(),))
    one = done(first("11:00", "12:00"), "11:30", "13:05")
    assert left(day, one, second(), now="13:06").shift.breaks == ()


def test_an_unpaid_first_drive_is_behind_once_something_has_begun() -> None:
    """The drive to what is next is ordinary work."""
    day = shift(unpaid_first_leg=True)
    rest = left(day, done(first(), "8:00", "9:00"), second(), now="9:01")
    assert not rest.shift.unpaid_first_leg
    stop = planned_route(day, [done(first(), "8:00", "9:00"), second()], block(), at("9:01")).stop(
        "second"
    )
    assert stop is not None
    assert stop.arrival == at("9:20")


def test_nothing_is_planned_before_the_shift() -> None:
    """Done by 7:30: the next drive begins at eight."""
    rest = left(shift(), done(first(), "7:00", "7:30"), second(), now="7:31")
    assert rest.shift.window.start == at("8:00")
