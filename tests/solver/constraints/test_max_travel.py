"""Limits on the driving of a route: the shift's, and what the request may add."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import numpy as np
from hypothesis import given, settings

from slotsvc.solver.constraints import Reason
from slotsvc.solver.params import Freedom, SearchParams
from slotsvc.solver.query import Answer
from slotsvc.solver.suggest import suggest
from slotsvc.solver.team_calendar import TeamCalendar
from tests.examples import examples
from tests.solver.calendars import (
    Day,
    TeamDays,
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
from tests.solver.random_days import Question, Shape, questions

LINE = a_line(0, 10, 20, 30)
MINUTE = timedelta(minutes=1)


def answer_to(calendar: TeamCalendar, place: int, added: timedelta | None = None) -> Answer:
    query = a_query(place, [asked("9:00", "11:00")], max_added_travel=added)
    legs = LINE.legs(calendar, query.location)
    return suggest(calendar, query, legs, SearchParams(), at("0:00"), max_rejections=9)


def test_driving_is_told_apart_from_room() -> None:
    """An hour is driven already: at its limit the day has time for a detour, but may not drive."""
    near = a_placement("near", between("9:00", "15:00"), 1)
    shift = a_shift(max_travel=39 * MINUTE)
    calendar = a_calendar(TeamDays([a_technician()], [Day(shift, [near])]), LINE)
    (rejected,) = answer_to(calendar, 2).rejections
    assert (rejected.reason, rejected.margin) == (Reason.MAX_TRAVEL, 60)
    assert rejected.message.startswith("The driving would be 1 min more than the shift allows.")


def test_no_time_is_no_room_whatever_may_be_driven() -> None:
    """Without any order in time nothing is said of driving."""
    full = [a_placement(f"v{n}", between(f"{n}:00", f"{n}:05"), 0) for n in (8, 9, 10, 11, 12)]
    shift = a_shift(max_travel=30 * MINUTE)
    calendar = a_calendar(TeamDays([a_technician()], [Day(shift, full)]), LINE)
    assert [r.reason for r in answer_to(calendar, 3).rejections] == [Reason.NO_ROOM]


def test_what_lies_on_the_way_adds_nothing() -> None:
    """Place 1 is on the way to 3; with a limit of nothing it is offered all the same."""
    far = a_placement("far", between("9:00", "15:00"), 3)
    calendar = a_calendar(TeamDays([a_technician()], [Day(a_shift(), [far])]), LINE)
    assert [o.added_travel for o in answer_to(calendar, 1, added=timedelta(0)).offers] == [0]


def test_nothing_is_offered_above_the_limit_of_the_request() -> None:
    """40 minutes there and back from an empty day: 39 are too few, by a minute."""
    empty = a_calendar(TeamDays([a_technician()], [Day(a_shift())]), LINE)
    assert len(answer_to(empty, 2, added=40 * MINUTE).offers) == 1
    answer = answer_to(empty, 2, added=39 * MINUTE)
    assert answer.offers == ()
    (rejected,) = answer.rejections
    assert (rejected.reason, rejected.margin) == (Reason.MAX_ADDED_TRAVEL, 60)


def test_a_dearer_way_with_less_driving_is_found() -> None:
    """The cheaper technician drives too much; the one not asked for drives less and is offered."""
    near = a_placement("near", between("9:00", "15:00"), 2)
    days = [Day(a_shift("ana")), Day(a_shift("bo"), [near])]
    calendar = a_calendar(TeamDays([a_technician("ana"), a_technician("bo")], days), LINE)
    query = a_query(2, [asked("9:00", "11:00")], preferred=frozenset({"ana"}))
    params = SearchParams(weights=replace(SearchParams().weights, other_technician=9_000_000))
    legs = LINE.legs(calendar, query.location)
    for added, who in ((None, "ana"), (10 * MINUTE, "bo")):
        limited = replace(query, max_added_travel=added)
        answer = suggest(calendar, limited, legs, params, at("0:00"))
        assert [o.technician for o in answer.offers] == [who]


@settings(max_examples=examples(150))
@given(questions(shape=Shape(visits=(2, 1, 3, 0, 4))))
def test_the_limit_of_the_request_is_a_limit_of_each_route(question: Question) -> None:
    """The same answer as with shifts that may drive so much more than they do without it."""
    calendar, query = question.calendar, question.query
    legs = question.roads.legs(calendar, query.location)
    added = 4 * (1 + len(question.seed.rstrip(b"\0")) % 3)
    asked_for = replace(query, max_added_travel=timedelta(seconds=added))
    answer = suggest(calendar, asked_for, legs, question.params, question.now)

    base = calendar.base
    keep = question.params.freedom is Freedom.INSERT_ONLY
    fixed = np.array([day.keep_order or keep for day in calendar.days])
    most = np.where(fixed, base.today_travel, base.travel) + added
    narrow = replace(calendar, arrays=calendar.arrays.limited(most.astype(np.int32)))
    expected = suggest(narrow, query, legs, question.params, question.now)
    assert answer.offers == expected.offers
    assert all(offer.added_travel <= added for offer in answer.offers)
    wide = replace(question.params, max_slots=50, max_per_day=50)
    whole = suggest(calendar, query, legs, wide, question.now)
    limited = suggest(calendar, asked_for, legs, wide, question.now)
    cheap = {offer.window for offer in whole.offers if offer.added_travel <= added}
    assert cheap <= {offer.window for offer in limited.offers}
