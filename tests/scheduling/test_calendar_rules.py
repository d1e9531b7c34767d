"""What a week, opening hours and an offer grid must obey."""

from __future__ import annotations

from datetime import date, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slotsvc.domain.place import Location
from slotsvc.domain.shifts import resolve_shift
from slotsvc.domain.technician import Technician
from slotsvc.domain.working_time import BreakRule, DayHours, LocalInterval, Shift, WorkingTime
from slotsvc.scheduling import calendar_rules as rules
from slotsvc.scheduling.field_checks import Violations

OFF = DayHours(None)


def between(start: int, end: int) -> LocalInterval:
    return LocalInterval(time(start), time(end % 24))


def a_break(start: int, end: int, minutes: int) -> BreakRule:
    return BreakRule(between(start, end), timedelta(minutes=minutes))


def found(check: object, *values: object) -> list[str]:
    wrong = Violations()
    check(wrong, "p", *values)  # type: ignore[operator]
    return [violation.field for violation in wrong.found]


@pytest.mark.parametrize(
    ("day", "named"),
    [
        (DayHours(between(8, 17), (a_break(12, 13, 30),)), []),
        (DayHours(between(8, 17), (a_break(12, 13, 30), a_break(12, 13, 30))), []),
        (DayHours(between(22, 6), (a_break(1, 3, 30),)), []),
        (DayHours(None, (a_break(12, 13, 30),)), ["p.breaks"]),
        (DayHours(between(8, 17), (a_break(7, 9, 30),)), ["p.breaks[0]"]),
        (DayHours(between(8, 17), (a_break(16, 17, 30),)), ["p.breaks[0]"]),
        (DayHours(between(22, 6), (a_break(12, 13, 30),)), ["p.breaks[0]"]),
        (DayHours(between(8, 17), (a_break(12, 13, 61), a_break(12, 13, 61))), ["p.breaks"]),
    ],
)
def test_every_break_can_be_taken(day: DayHours, named: list[str]) -> None:
    """By itself inside the hours, night shifts too, and all of them on one day."""
    assert found(rules.check_day, day) == named


hour = st.integers(0, 23)


@given(hour, hour, st.lists(st.tuples(hour, hour, st.integers(1, 480)), max_size=3))
def test_a_day_that_passes_loses_no_break(
    start: int, end: int, breaks: list[tuple[int, int, int]]
) -> None:
    """Hours that are accepted give a shift with all of their breaks on an ordinary day."""
    day = DayHours(between(start, end), tuple(a_break(*b) for b in breaks))
    technician = Technician(
        "a", "", "t", "UTC", Location(0, 0), Location(0, 0), WorkingTime((day,) * 7)
    )

    shift = resolve_shift(technician, date(2026, 11, 23), None, ())

    complete = isinstance(shift, Shift) and len(shift.breaks) == len(breaks)
    assert (found(rules.check_day, day) == []) == complete


def test_shifts_of_following_days_do_not_overlap() -> None:
    """A night shift ends before the next one begins, Sunday's before Monday's too."""
    night, morning, day = DayHours(between(22, 6)), DayHours(between(5, 9)), DayHours(between(6, 9))

    assert found(rules.check_week, WorkingTime((night, day, *(OFF,) * 5))) == []
    assert found(rules.check_week, WorkingTime((night, morning, *(OFF,) * 5))) == [
        "p.tuesday.hours"
    ]
    assert found(rules.check_week, WorkingTime((morning, *(OFF,) * 5, night))) == ["p.monday.hours"]
    assert found(rules.check_week, WorkingTime((DayHours(between(8, 8)),) * 7)) == []


@pytest.mark.parametrize(
    ("cells", "named"),
    [
        ([(8, 10), (10, 12)], []),
        ([(8, 10), (9, 12)], ["p[1]"]),
        ([(10, 12), (8, 10)], ["p[1]"]),
        ([(8, 10), (22, 8)], []),
        ([(8, 10), (22, 9)], ["p[1]"]),
        ([(0, 0)], []),
        ([(20, 2), (1, 5)], ["p[1]"]),
    ],
)
def test_cells_come_in_order(cells: list[tuple[int, int]], named: list[str]) -> None:
    """Also around midnight, into the first cell of the next day."""
    assert found(rules.check_cells, [between(*cell) for cell in cells]) == named


def test_opening_intervals_do_not_overlap() -> None:
    """Whatever their order."""
    good = [between(14, 18), between(9, 12)]

    assert found(rules.check_opening_day, good) == []
    assert found(rules.check_opening_day, [*good, between(11, 13)]) == ["p[2]"]


def test_a_notice_leaves_something_to_offer() -> None:
    """A notice as long as the horizon would close every window."""
    week = timedelta(days=7)

    assert found(rules.check_offering, timedelta(0), week) == []
    assert found(rules.check_offering, week, week) == ["p.horizon"]
