"""What a week, opening hours and an offer grid must obey."""

from __future__ import annotations

from datetime import date, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slotsvc.domain.eligibility import Certificate
from slotsvc.domain.layers import Layers, work_days
from slotsvc.domain.place import Location
from slotsvc.domain.technician import Loan, Technician
from slotsvc.domain.working_time import (
    BreakRule,
    DayHours,
    LocalInterval,
    NoShiftReason,
    ShiftHours,
    WorkingTime,
)
from slotsvc.scheduling import calendar_rules as rules
from slotsvc.scheduling.field_checks import Violations

OFF = DayHours(None)


def between(start: int, end: int) -> LocalInterval:
    return LocalInterval(time(start), time(end % 24))


def a_break(start: int, end: int, minutes: int) -> BreakRule:
    return BreakRule(between(start, end), timedelta(minutes=minutes))


def two_shifts(start: int, end: int, start2: int, end2: int, *breaks: BreakRule) -> DayHours:
    return DayHours(between(start, end), more=(ShiftHours(between(start2, end2), breaks),))


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
        (two_shifts(8, 12, 12, 18), []),
        (two_shifts(8, 12, 22, 6), []),
        (two_shifts(8, 13, 12, 18), ["p.more[0].hours"]),
        (two_shifts(22, 6, 7, 9), ["p.more[0].hours"]),
        (two_shifts(8, 10, 12, 18, a_break(10, 11, 30)), ["p.more[0].breaks[0]"]),
        (DayHours(None, more=(ShiftHours(between(8, 9)),)), ["p.more"]),
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

    on = date(2026, 11, 23)
    shifts = work_days(technician, [on], Layers())[on]

    complete = not isinstance(shifts, NoShiftReason) and len(shifts[0].breaks) == len(breaks)
    assert (found(rules.check_day, day) == []) == complete


def test_shifts_of_following_days_do_not_overlap() -> None:
    """A night shift ends before the next one begins, Sunday's before Monday's too."""
    night, morning, day = DayHours(between(22, 6)), DayHours(between(5, 9)), DayHours(between(6, 9))

    assert found(rules.check_week, WorkingTime((night, day, *(OFF,) * 5))) == []
    assert found(rules.check_week, WorkingTime((night, morning, *(OFF,) * 5))) == [
        "p.tuesday.hours"
    ]
    assert found(rules.check_week, WorkingTime((morning, *(OFF,) * 5, night))) == ["p.monday.hours"]
    late = two_shifts(8, 12, 22, 6)
    assert found(rules.check_week, WorkingTime((late, morning, *(OFF,) * 5))) == ["p.tuesday.hours"]


def test_a_certificate_holds_on_some_date() -> None:
    """One day is enough; the end may be open on either side, but not lie before the start."""
    first, last = date(2026, 3, 1), date(2026, 3, 2)

    for fine in (Certificate("a", 1, first, first), Certificate("a", 1, None, first)):
        assert found(rules.check_certificate, fine) == []
    assert found(rules.check_certificate, Certificate("a", 1, last, first)) == ["p.valid_until"]


def test_loans_of_one_technician_do_not_overlap() -> None:
    """They may touch, may be changed in place, and lead to another team."""
    here = Location(0, 0)
    ana = Technician("ana", "", "north", "UTC", here, here, WorkingTime((OFF,) * 7))
    first, last = date(2026, 3, 2), date(2026, 3, 6)
    loan = Loan("a", "ana", "south", first, last)
    after = Loan("b", "ana", "south", last + timedelta(days=1), last + timedelta(days=3))
    over = Loan("c", "ana", "west", last, last)

    assert found(rules.check_loan, loan, ana, [loan, after]) == []
    assert found(rules.check_loan, loan, ana, [over]) == ["p.first_date"]
    assert found(rules.check_loan, Loan("a", "ana", "north", first, last), ana, []) == ["p.to_team"]
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
