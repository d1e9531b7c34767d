"""One shift and one window in the field's words say the same as the arrays of the search."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from slotsvc.domain.time_window import from_epoch
from slotsvc.solver.fits import Fit, opens
from slotsvc.solver.instance import RouteInstance, route_instance
from slotsvc.solver.one_window import OneWindow, one_window, routes
from slotsvc.solver.repair import repairs
from slotsvc.solver.started import rest_of_day
from slotsvc.solver.team_calendar import TeamCalendar
from tests.examples import examples
from tests.solver.calendars import (
    Day,
    TeamDays,
    a_break,
    a_calendar,
    a_line,
    a_placement,
    a_query,
    a_shift,
    a_technician,
    asked,
    at,
    between,
)
from tests.solver.random_days import ALL_FEATURES, Question, Shape, questions
from tests.solver.test_repair import brute_opens, made, one_less, wanted_of

LINE = a_line(0, 10, 20, 30)


def without_the_visit(case: OneWindow) -> RouteInstance:
    """What the search would make of the case's shift and visits."""
    legs = np.ascontiguousarray(case.travel[:-1, :-1])
    return route_instance(case.shift, case.placements, legs)


def same(one: RouteInstance, other: RouteInstance) -> bool:
    """All that decides what is possible; a soft end that is over costs, but closes nothing."""
    arrays = ("opens", "closes", "service", "pausable", "access", "travel", "legs")
    alike = all(np.array_equal(getattr(one, name), getattr(other, name)) for name in arrays)
    numbers = ("origin", "end", "max_travel", "breaks", "visits", "unpaid_first", "unpaid_last")
    return alike and all(getattr(one, name) == getattr(other, name) for name in numbers)


def cases_at(question: Question, hours: float) -> list[tuple[OneWindow, RouteInstance]]:
    """Every day of the question as it is so many hours after its beginning."""
    calendar, query = question.calendar, question.query
    days = []
    for day in calendar.days:
        now = day.instance.origin + int(hours * 3600)
        days.append(Day(day.shift, day.placements, instance=rest_of_day(day.instance, now)))
    team = TeamDays(calendar.technicians, days)
    begun = a_calendar(team, question.roads)
    legs = question.roads.legs(begun, query.location)
    wanted = wanted_of(query.windows[0])
    return [
        (
            one_window(begun, query, legs, row, wanted, question.now, insert_only=False),
            begun.days[row].instance,
        )
        for row in range(len(begun.days))
    ]


@settings(max_examples=examples(60), deadline=None)
@given(
    questions(shape=Shape(visits=(2, 1, 3, 0, 4), features=ALL_FEATURES - {"broken"})),
    st.floats(0, 3),
)
def test_what_is_left_of_a_day_is_the_same_day(question: Question, hours: float) -> None:
    """Visits that have begun, pauses taken, driving done and where the technician is: the case
    leads to the very arrays that the search has."""
    for case, instance in cases_at(question, hours):
        assert same(without_the_visit(case), instance)


@settings(max_examples=examples(30), deadline=None)
@given(questions(shape=Shape(visits=(3, 1, 2, 4), features=ALL_FEATURES)), st.floats(0, 3))
def test_the_ways_out_hold_on_a_day_under_way(question: Question, hours: float) -> None:
    """Enough, and one unit less is not, by brute force over what is left of the day."""
    for case, _ in cases_at(question, hours):
        if opens(case) is Fit.NO:
            for repair in repairs(case, question.params.weights.of_orders, 20):
                assert brute_opens(made(case, repair.changes), question.roads)
                less = [brute_opens(one, question.roads) for one in one_less(case, repair)]
                assert not (repair.least and any(less))


def a_day(**shift: object) -> TeamCalendar:
    breaks = [a_break()]
    day = Day(a_shift(breaks=breaks, **shift), [a_placement("one", between("9:00", "10:00"), 1)])  # type: ignore[arg-type]
    return a_calendar(TeamDays([a_technician()], [day]), LINE)


def case_of(calendar: TeamCalendar, start: str, end: str, **query: object) -> OneWindow:
    asked_for = a_query(2, [asked(start, end)], **query)
    legs = LINE.legs(calendar, asked_for.location)
    wanted = wanted_of(asked_for.windows[0])
    return one_window(calendar, asked_for, legs, 0, wanted, at("0:00"), insert_only=False)


def test_the_new_visit_is_the_last_node() -> None:
    """With its own place, window and driving."""
    (route,) = routes(case_of(a_day(), "11:00", "12:00"))
    assert [int(route.opens[-1]), int(route.closes[-1])] == [3 * 3600, 4 * 3600 - 1]
    assert route.travel[:, -1].tolist() == [1200, 1200, 600, 0]
    assert route.visits == ("one", "")


def test_what_was_promised_may_leave_several_parts_of_a_window() -> None:
    """Each is tried; what lies before the shift is none."""
    promised = (between("7:00", "7:30"), between("9:00", "9:30"), between("10:00", "10:30"))
    found = routes(case_of(a_day(), "7:00", "11:00", promised=promised))
    assert [int(route.opens[-1]) for route in found] == [3600, 7200]


def test_service_is_over_by_closing_time() -> None:
    """Pauses that may lie inside a pausable service included."""
    case = case_of(a_day(), "10:00", "13:00", pausable=True)
    closing = from_epoch(int(at("13:30").timestamp()))
    hours = (replace(between("9:00", "10:00"), end=closing),)
    (route,) = routes(replace(case, wanted=replace(case.wanted, hours=hours)))
    latest = at("13:30") - timedelta(hours=1, minutes=30)
    assert route.origin + int(route.closes[-1]) == int(latest.timestamp())
