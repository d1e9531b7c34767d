"""Ranked slots against every technician, window, order and place for the breaks, one by one.

One example is a team of up to three technicians over up to three days, some with two shifts, so a
run looks at well over 5,000 random days. Among them are days with every rule a shift may have, and
broken days whose violated limits were moved out.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from slotsvc.domain.time_window import from_epoch, to_epoch
from slotsvc.domain.visit import Placement, Stop
from slotsvc.domain.working_time import Shift
from slotsvc.solver.arrays import team_arrays
from slotsvc.solver.base import base_costs
from slotsvc.solver.checker import Finding, check_route, check_times, not_worse
from slotsvc.solver.params import TRAVEL_ONLY, CostWeights, Freedom
from slotsvc.solver.query import Answer, AskedWindow, Offer
from slotsvc.solver.started import rest_of_day
from slotsvc.solver.suggest import suggest
from slotsvc.solver.team_calendar import DayOfWork, TeamCalendar
from slotsvc.solver.timing import timetable
from tests.examples import examples
from tests.solver.brute_force import TinyRoute, brute_best
from tests.solver.calendars import BUDGET, an_instance, at, checked
from tests.solver.literal import (
    LiteralSlot,
    added_by_the_last,
    capped,
    kept_in_order,
    known_cost,
    least_cost,
    literal_slots,
    may_serve,
    new_visit,
    on_site_of,
    orders_with,
    orders_without,
    tiny,
)
from tests.solver.literal_rules import leaves_the_reserve, offered_parts
from tests.solver.random_days import ALL_FEATURES, Question, Shape, questions

WAYS = [(weights, freedom) for weights in (CostWeights(), TRAVEL_ONLY) for freedom in Freedom]
SMALL = Shape(visits=(3, 2, 4, 1), days=1, features=ALL_FEATURES)
EVERYTHING = Shape(features=ALL_FEATURES)
NAMES = [f"{'travel only' if w == TRAVEL_ONLY else 'default'}, {f.value}" for w, f in WAYS]


@pytest.mark.parametrize(("weights", "freedom"), WAYS, ids=NAMES)
def test_ranked_slots_are_the_literal_ones(weights: CostWeights, freedom: Freedom) -> None:
    """Windows, costs, technicians, order, cap a day and counts are those of brute force."""
    seen = dict.fromkeys(("days", "offers", "capped", "none", "broken", "overtime"), 0)

    @settings(max_examples=examples(360))
    @given(questions(weights, freedom, EVERYTHING))
    def ranked(question: Question) -> None:
        answer, expected = answered(question), literal(question)
        listed = capped(expected, question.params)

        assert [as_told(offer) for offer in answer.offers] == [
            as_known(question, slot) for slot in listed
        ]
        assert answer.counts.complete
        assert_counts_add_up(answer)
        assert answer.offers or answer.rejections
        for offer in answer.offers:
            assert_legal(question, offer)
            assert_priced(question, offer)
            seen["broken"] += is_on_a_broken_day(question, offer)
            seen["overtime"] += offer.added_overtime != 0
        seen["days"] += len(question.calendar.days)
        seen["offers"] += len(listed)
        seen["capped"] += len(listed) < len(expected)
        seen["none"] += not listed

    ranked()
    # a test of random days says something only if the days are neither all empty nor all full
    assert seen["days"] >= 3.5 * examples(360)  # four ways: more than 5,000 in all
    assert seen["offers"] >= 0.6 * examples(360)
    assert min(seen["capped"], seen["none"]) >= 0.1 * examples(360)
    assert min(seen["broken"], seen["overtime"]) >= 0.02 * examples(360)


def answered(question: Question) -> Answer:
    legs = question.roads.legs(question.calendar, question.query.location)
    return suggest(
        question.calendar, question.query, legs, question.params, question.now, max_rejections=99
    )


def literal(question: Question) -> list[LiteralSlot]:
    return literal_slots(
        question.calendar, question.roads, question.query, question.params, question.now
    )


def as_told(offer: Offer) -> tuple[object, ...]:
    window = offer.window
    where = offer.technician, offer.day, offer.shift
    return offer.cost, window.promise, window.start_window, *where


def as_known(question: Question, slot: LiteralSlot) -> tuple[object, ...]:
    day = question.calendar.days[slot.row]
    starts = new_visit(day.shift, question.query, slot.asked.window).start_window
    return slot.cost, slot.window, starts, *row_of(question, slot)


def assert_counts_add_up(answer: Answer) -> None:
    counts = answer.counts
    assert counts.cells == counts.rejected + counts.evaluated + counts.pruned + counts.skipped
    assert min(counts.rejected, counts.evaluated, counts.pruned, counts.skipped) >= 0


def assert_legal(question: Question, offer: Offer) -> None:
    """The referee passes the order and its times, and the freedom was not overstepped."""
    day = day_of(question, offer)
    route = placements_in_order(question, offer, day)
    committed = [p.id for p in day.placements]
    others = [p.id for p in route if p.id]
    assert sorted(others) == sorted(committed)
    assert offer.resequences == (others != committed)
    assert not (offer.resequences and kept_in_order(day, question.params))

    visits = [checked(p) for p in route]
    block = among(question, day.shift, route)
    stops = planned(question, route, day)
    assert check_route(day.shift, visits, block) == ()
    assert check_times(day.shift, visits, block, stops) == ()
    new = stops[offer.position]
    assert (offer.arrival, offer.start, offer.finish) == (new.arrival, new.start, new.finish)


def is_on_a_broken_day(question: Question, offer: Offer) -> bool:
    """True for a day that was relaxed; then nothing is worse on the day as it was before that."""
    day = day_of(question, offer)
    given = question.given[question.calendar.days.index(day)]
    if given.broken is None:
        return False
    shift, placements = given.broken[0], {p.id: p for p in given.broken[1]}
    shift = replace(shift, offers=day.shift.offers)
    before = violations(question, shift, list(placements.values()))
    new = placements_in_order(question, offer, day)[offer.position]
    order = [placements.get(name, new) for name in offer.order]
    assert before
    assert [p.id for p in order if p.id] == list(placements)
    assert not_worse(before, violations(question, shift, order, before)) == ()
    return True


def violations(
    question: Question, shift: Shift, route: list[Placement], known: Sequence[Finding] = ()
) -> tuple[Finding, ...]:
    visits, block = [checked(p) for p in route], among(question, shift, route)
    return check_route(shift, visits, block, known=known)


def among(question: Question, shift: Shift, route: Sequence[Placement]) -> NDArray[np.int32]:
    """Driving over start, stops and end."""
    stops = (p.visit.location for p in route)
    return question.roads.among([shift.start_place, *stops, shift.end_place])


def assert_priced(question: Question, offer: Offer) -> None:
    """The components add up to the cost, which is what the offered order itself costs."""
    day, params = day_of(question, offer), question.params
    route = tiny(day, question.roads, question.query, offer.window)
    numbers = {"": len(day.placements) + 1}
    numbers.update({p.id: n for n, p in enumerate(day.placements, start=1)})
    order = [numbers[name] for name in offer.order]
    kept = orders_without(day, kept_in_order(day, params))
    added = least_cost(route, [order], params.weights) - least_cost(route, kept, params.weights)
    promise = offer.window.promise
    asked = next(a for a in question.query.windows if a.window.promise.covers(promise))
    asked = replace(asked, window=offer.window)
    who = question.calendar.technicians[day.technician]

    assert offer.cost == added + known_cost(who, question.query, asked, params)
    assert offer.cost == sum(component.cost for component in offer.components)
    today = least_cost(route, orders_without(day, keep=True), TRAVEL_ONLY)
    assert offer.added_against_today * 1000 == least_cost(route, [order], TRAVEL_ONLY) - today


def day_of(question: Question, offer: Offer) -> DayOfWork:
    return next(
        d
        for d in question.calendar.days
        if (d.shift.technician, d.day, d.shift.number) == as_told(offer)[3:]
    )


def placements_in_order(question: Question, offer: Offer, day: DayOfWork) -> list[Placement]:
    by_id = {p.id: p for p in day.placements}
    new = new_visit(day.shift, question.query, offer.window)
    new = replace(new, visit=replace(new.visit, requires=question.query.requires))
    return [by_id[name] if name else new for name in offer.order]


def planned(question: Question, route: list[Placement], day: DayOfWork) -> list[Stop]:
    """The timetable of the offered order."""
    instance = an_instance(day.shift, route, question.roads)
    table = timetable(instance, instance.committed, question.params.weights.of_orders)
    assert table is not None
    origin = datetime.fromtimestamp(instance.origin, UTC)

    def clock(seconds: int) -> datetime:
        return origin + timedelta(seconds=seconds)

    return [
        Stop(p.id, clock(s.arrival), clock(s.start), clock(s.finish))
        for p, s in zip(route, table.stops, strict=True)
    ]


@settings(max_examples=examples(500))
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
    return replace(calendar, days=days, arrays=arrays, base=base)


def row_of(question: Question, slot: LiteralSlot) -> tuple[object, ...]:
    """Technician, date and number of the shift a slot is on."""
    shift = question.calendar.days[slot.row].shift
    return shift.technician, shift.service_date, shift.number


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
            added = added_by_the_last(rest, kept_in_order(day, params), params.weights)
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
