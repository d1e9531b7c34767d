"""Domain values in the solver's units, by hand."""

from __future__ import annotations

from datetime import timedelta

import numpy as np

from slotsvc.solver.instance import END, INF, START, time_legs, without_visit
from tests.solver.calendars import a_line, a_place, a_placement, a_shift, an_instance, between

LINE = a_line(0, 10, 30)
TEN = {"access": timedelta(minutes=10), "pausable": True}


def test_access_is_charged_once_for_visits_at_one_place() -> None:
    """Going there takes driving and access; staying there, or leaving, takes no access."""
    visits = [a_placement(f"v{n}", between("9:00", "12:00"), 1, visit=TEN) for n in range(2)]
    route = an_instance(a_shift(), visits, LINE)
    assert route.travel[START, 2] == 600
    assert route.legs[START, 2] == 1200
    assert route.legs[2, 3] == route.legs[3, 2] == 0
    assert route.legs[2, END] == 600
    assert route.pausable.tolist() == [False, False, True, True]


def test_a_visit_where_the_shift_starts_needs_no_access() -> None:
    """The technician is there already."""
    here = a_placement("here", between("9:00", "12:00"), 0, visit=TEN)
    assert an_instance(a_shift(), [here], LINE).legs[START, 2] == 0


def test_legs_are_the_driving_where_nothing_else_takes_time() -> None:
    """The same object, so that nobody reads two."""
    route = an_instance(a_shift(), [a_placement("a", between("9:00", "12:00"), 1)], LINE)
    assert route.legs is route.travel
    assert without_visit(route, "a").legs is not route.legs
    assert without_visit(route, "a").legs.tolist() == [[0, 0], [0, 0]]


def test_an_unpaid_drive_takes_no_time_but_is_driven() -> None:
    """To the first visit the access is left, from the last one home nothing."""
    visits = [a_placement(f"v{n}", between("9:00", "12:00"), n, visit=TEN) for n in (1, 2)]
    shift = a_shift(places=(0, 0), unpaid_first_leg=True, unpaid_last_leg=True)
    route = an_instance(shift, visits, LINE)
    assert route.legs[START].tolist() == [0, 0, 600, 600]
    assert route.legs[:, END].tolist() == [0, 0, 0, 0]
    assert route.legs[2, 3] == 20 * 60 + 600
    assert route.travel[START, 3] == route.travel[3, END] == 30 * 60


def test_no_road_stays_no_road() -> None:
    """However little time a leg would take."""
    cut = np.array([[0, 5, INF], [INF, 0, 5], [7, INF, 0]], np.int32)
    access, places = np.array([0, 0, 60], np.int32), [a_place(n) for n in range(3)]
    legs = time_legs(cut, access, places, unpaid_first=True, unpaid_last=True)
    assert legs.tolist() == [[0, 0, INF], [INF, 0, 65], [7, INF, 0]]


def test_the_hard_end_lies_after_the_overtime() -> None:
    """Limits that a shift does not have are as good as infinite."""
    shift = a_shift(overtime=timedelta(hours=1), max_travel=timedelta(minutes=90))
    route = an_instance(shift, [], LINE)
    assert (route.soft_end, route.end, route.max_travel) == (9 * 3600, 10 * 3600, 5400)
    assert an_instance(a_shift(), [], LINE).max_travel == INF
    assert an_instance(a_shift(), [], LINE).end == 9 * 3600
