"""Ranked slots against every technician, window, order and place for the breaks, one by one.

One example is a team of up to three technicians over up to three days, some with two shifts. Among
them are days with every rule a shift may have, and broken days whose violated limits were moved
out. What fails here is made small before it is told; ``test_proof`` looks at many more days.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slotsvc.domain.time_window import from_epoch, to_epoch
from slotsvc.solver.arrays import team_arrays
from slotsvc.solver.base import base_costs
from slotsvc.solver.day_of_work import DayOfWork
from slotsvc.solver.params import TRAVEL_ONLY, CostWeights, Freedom
from slotsvc.solver.query import AskedWindow
from slotsvc.solver.route_facts import route_facts
from slotsvc.solver.started import rest_of_day
from slotsvc.solver.team_calendar import TeamCalendar
from tests.examples import examples
from tests.solver.brute_force import TinyRoute, brute_best
from tests.solver.calendars import BUDGET, at
from tests.solver.literal import (
    LiteralSlot,
    Room,
    capped,
    kept_in_order,
    known_cost,
    least_cost,
    may_serve,
    most_added,
    on_site_of,
    orders_with,
    tiny,
)
from tests.solver.literal_rules import leaves_the_reserve, offered_parts
from tests.solver.proven import (
    answered,
    as_told,
    assert_proven,
    day_of,
    is_on_a_broken_day,
    placements_in_order,
    row_of,
    violations,
)
from tests.solver.random_days import ALL_FEATURES, Question, Shape, questions

WAYS = [(weights, freedom) for weights in (CostWeights(), TRAVEL_ONLY) for freedom in Freedom]
SMALL = Shape(visits=(3, 2, 4, 1), days=1, features=ALL_FEATURES)
EVERYTHING = Shape(features=ALL_FEATURES)
NAMES = [f"{'travel only' if w == TRAVEL_ONLY else 'default'}, {f.value}" for w, f in WAYS]


@pytest.mark.parametrize(("weights", "freedom"), WAYS, ids=NAMES)
def test_ranked_slots_are_the_literal_ones(weights: CostWeights, freedom: Freedom) -> None:
    """Windows, costs, technicians, order, cap a day and counts are those of brute force."""
    seen = dict.fromkeys(("days", "offers", "capped", "none", "broken", "overtime"), 0)

    @settings(max_examples=examples(110))
    @given(questions(weights, freedom, EVERYTHING))
    def ranked(question: Question) -> None:
        answer, expected = assert_proven(question)
        listed = capped(expected, question.params)
        for offer in answer.offers:
            seen["broken"] += is_on_a_broken_day(question, offer)
            seen["overtime"] += offer.added_overtime != 0
        seen["days"] += len(question.calendar.days)
        seen["offers"] += len(listed)
        seen["capped"] += len(listed) < len(expected)
        seen["none"] += not listed

    ranked()
    # a test of random days says something only if the days are neither all empty nor all full
    assert seen["days"] >= 3.5 * examples(110)
    assert seen["offers"] >= 0.6 * examples(110)
    assert min(seen["capped"], seen["none"]) >= 0.1 * examples(110)
    assert min(seen["broken"], seen["overtime"]) > 0


@settings(max_examples=examples(150))
@given(questions(CostWeights(), shape=SMALL), st.integers(1, 9))
def test_days_under_way_are_answered_from_now_on(question: Question, tenths: int) -> None:
    """Settled visits come first, nothing is planned before now, costs are those of what is left."""
    last = max(asked.window.promise.start for asked in question.query.windows)
    now = from_epoch(to_epoch(at("8:00") + (last - at("8:00")) * tenths / 10))
    calendar = under_way(question.calendar, now)
    later = replace(question, calendar=calendar, now=now)
    answer = answered(later)
    for offer in answer.offers:
        day = day_of(later, offer)
        done = day.instance.done
        assert offer.order[: len(done)] == done
        assert offer.arrival >= from_epoch(day.instance.origin) >= now
        route = placements_in_order(later, offer, day)
        assert violations(later, day.shift, route) == ()
    told = [(o.cost, o.window.promise, *as_told(o)[3:]) for o in answer.offers]
    known = capped(slots_from_now_on(later), later.params)
    assert told == [(s.cost, s.window, *row_of(later, s)) for s in known]


def under_way(calendar: TeamCalendar, now: datetime) -> TeamCalendar:
    days = tuple(replace(d, instance=rest_of_day(d.instance, to_epoch(now))) for d in calendar.days)
    arrays = team_arrays([d.instance for d in days])
    weights = CostWeights()
    base = base_costs(arrays, weights.of_orders, BUDGET)
    return replace(calendar, days=days, arrays=arrays, base=base, facts=route_facts(days))


def slots_from_now_on(question: Question) -> list[LiteralSlot]:
    """Every window over what is left of the days, best first, without caps."""
    slots = []
    for asked in question.query.windows:
        for part in offered_parts(question.query, asked, question.now):
            one = replace(asked, window=part)
            if costs := list(costs_from_now_on(question, one)):
                cost, row = min(costs)
                slots.append(LiteralSlot(cost, part.promise, row, one))
    return sorted(slots, key=lambda s: (s.cost, s.window, s.row))


def costs_from_now_on(question: Question, asked: AskedWindow) -> Iterator[tuple[int, int]]:
    """(cost, row) of every day that has room for the window in what is left of it."""
    query, params = question.query, question.params
    for row, day in enumerate(question.calendar.days):
        who = question.calendar.technicians[day.technician]
        on_site = on_site_of(day.shift, query)
        free = leaves_the_reserve(query, day.shift, day.placements, on_site)
        if free and day.instance.end > 0 and may_serve(who, day.shift, query):
            rest = rest_in_words(question, day, asked)
            keep, most = kept_in_order(day, params), most_added(query)
            added = Room(rest, keep, params.weights, most).added()
            if added is not None:
                yield added + known_cost(who, query, asked, params), row


def rest_in_words(question: Question, day: DayOfWork, asked: AskedWindow) -> TinyRoute:
    """The rest of a day, with the request as its last visit.

    It starts where and when the instance says; what is left of each limit is worked out here.
    """
    rest, shift = day.instance, day.shift
    settled, done = len(shift.breaks) - len(rest.breaks), day.placements[: len(rest.done)]
    begun = rest.origin != to_epoch(shift.window.start)
    been = [shift.start_place, *(p.visit.location for p in done)]
    if been[-1] != rest.places[0]:
        been.append(rest.places[0])
    legs = question.roads.among(been)
    driven = timedelta(seconds=sum(int(legs[i, i + 1]) for i in range(len(been) - 1)))
    left = replace(
        shift,
        start_place=rest.places[0],
        breaks=shift.breaks[settled:],
        unpaid_first_leg=shift.unpaid_first_leg and not begun,
        max_travel=None if shift.max_travel is None else shift.max_travel - driven,
        max_visits=None if shift.max_visits is None else shift.max_visits - len(done),
    )
    rest_of_it = replace(day, shift=left, placements=day.placements[len(done) :])
    route = tiny(rest_of_it, question.roads, question.query, asked.window)
    return replace(route, shift_start=rest.origin - to_epoch(shift.window.start))


@settings(max_examples=examples(60))
@given(questions(shape=EVERYTHING))
def test_the_same_question_has_the_same_answer(question: Question) -> None:
    """Nothing in an answer depends on chance, not even the order among equals."""
    assert answered(question) == answered(question)


@settings(max_examples=examples(60))
@given(questions(shape=replace(SMALL, visits=(1, 2, 0, 3))), st.booleans())
def test_the_tree_of_ways_is_brute_force(question: Question, keep: bool) -> None:
    """The literal answer walks shared beginnings once; every order alone costs the same."""
    weights = question.params.weights
    window = question.query.windows[0].window
    for day in question.calendar.days:
        route = tiny(day, question.roads, question.query, window)
        best = brute_best(route, weights.of_orders, insert_only=keep)
        found = least_cost(route, orders_with(day, keep), weights)
        assert found == (best[0] if best else -1)
