"""Ranked slots against every technician, window, order and place for the breaks, one by one.

One example is a team of up to three technicians over up to three days, so a run looks at well over
2,000 random days.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slotsvc.domain.visit import Placement, Stop
from slotsvc.solver.checker import CheckedVisit, check_route, check_times
from slotsvc.solver.params import TRAVEL_ONLY, CostWeights, Freedom
from slotsvc.solver.query import Answer, Offer
from slotsvc.solver.suggest import suggest
from slotsvc.solver.team_calendar import DayOfWork
from slotsvc.solver.timing import timetable
from tests.examples import examples
from tests.solver.brute_force import brute_best
from tests.solver.calendars import a_placement, an_instance, number_of
from tests.solver.literal import (
    LiteralSlot,
    capped,
    kept_in_order,
    known_cost,
    least_cost,
    literal_slots,
    orders_with,
    orders_without,
    tiny,
)
from tests.solver.random_days import Question, Shape, questions

WAYS = [(weights, freedom) for weights in (CostWeights(), TRAVEL_ONLY) for freedom in Freedom]
NAMES = [f"{'travel only' if w == TRAVEL_ONLY else 'default'}, {f.value}" for w, f in WAYS]


@pytest.mark.parametrize(("weights", "freedom"), WAYS, ids=NAMES)
def test_ranked_slots_are_the_literal_ones(weights: CostWeights, freedom: Freedom) -> None:
    """Windows, costs, technicians, order, cap a day and counts are those of brute force."""
    seen = {"days": 0, "offers": 0, "capped": 0, "none": 0}

    @settings(max_examples=examples(300))
    @given(questions(weights, freedom))
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
        seen["days"] += len(question.calendar.days)
        seen["offers"] += len(listed)
        seen["capped"] += len(listed) < len(expected)
        seen["none"] += not listed

    ranked()
    # a test of random days says something only if the days are neither all empty nor all full
    assert seen["days"] >= 2.5 * examples(300)
    assert seen["offers"] >= 0.6 * examples(300)
    assert min(seen["capped"], seen["none"]) >= 0.1 * examples(300)


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
    return offer.cost, offer.window, offer.technician, offer.day


def as_known(question: Question, slot: LiteralSlot) -> tuple[object, ...]:
    day = question.calendar.days[slot.row]
    return slot.cost, slot.asked.window, day.shift.technician, day.day


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

    visits = [CheckedVisit(p.id, p.start_window, p.visit.service) for p in route]
    places = [p.visit.location for p in route]
    block = question.roads.among([day.shift.start_place, *places, day.shift.end_place])
    stops = planned(question, route, day)
    assert check_route(day.shift, visits, block) == ()
    assert check_times(day.shift, visits, block, stops) == ()
    new = stops[offer.position]
    assert (offer.arrival, offer.start, offer.finish) == (new.arrival, new.start, new.finish)


def assert_priced(question: Question, offer: Offer) -> None:
    """The components add up to the cost, which is what the offered order itself costs."""
    day, params = day_of(question, offer), question.params
    route = tiny(day, question.roads, question.query, offer.window.start_window)
    numbers = {"": len(day.placements) + 1}
    numbers.update({p.id: n for n, p in enumerate(day.placements, start=1)})
    order = [numbers[name] for name in offer.order]
    kept = orders_without(day, kept_in_order(day, params))
    added = least_cost(route, [order], params.weights) - least_cost(route, kept, params.weights)
    asked = next(a for a in question.query.windows if a.window == offer.window)
    who = question.calendar.technicians[day.technician]

    assert offer.cost == added + known_cost(who, question.query, asked, params)
    assert offer.cost == sum(component.cost for component in offer.components)
    today = least_cost(route, orders_without(day, keep=True), TRAVEL_ONLY)
    assert offer.added_against_today * 1000 == least_cost(route, [order], TRAVEL_ONLY) - today


def day_of(question: Question, offer: Offer) -> DayOfWork:
    return next(
        d for d in question.calendar.days if (d.shift.technician, d.day) == as_told(offer)[2:]
    )


def placements_in_order(question: Question, offer: Offer, day: DayOfWork) -> list[Placement]:
    query, by_id = question.query, {p.id: p for p in day.placements}
    place = number_of(query.location)
    new = a_placement("", offer.window.start_window, place, query.service)
    return [by_id[name] if name else new for name in offer.order]


def planned(question: Question, route: list[Placement], day: DayOfWork) -> list[Stop]:
    """The timetable of the offered order."""
    instance = an_instance(day.shift, route, question.roads)
    weights = question.params.weights
    table = timetable(instance, instance.committed, weights.travel, weights.waiting)
    assert table is not None
    origin = datetime.fromtimestamp(instance.origin, UTC)

    def clock(seconds: int) -> datetime:
        return origin + timedelta(seconds=seconds)

    return [
        Stop(p.id, clock(s.arrival), clock(s.start), clock(s.finish))
        for p, s in zip(route, table.stops, strict=True)
    ]


@settings(max_examples=examples(60))
@given(questions())
def test_the_same_question_has_the_same_answer(question: Question) -> None:
    """Nothing in an answer depends on chance, not even the order among equals."""
    assert answered(question) == answered(question)


@settings(max_examples=examples(60))
@given(questions(shape=Shape(visits=(1, 2, 0, 3), days=1)), st.booleans())
def test_the_tree_of_ways_is_brute_force(question: Question, keep: bool) -> None:
    """The literal answer walks shared beginnings once; every order alone costs the same."""
    weights = question.params.weights
    window = question.query.windows[0].window.start_window
    for day in question.calendar.days:
        route = tiny(day, question.roads, question.query, window)
        best = brute_best(route, weights.travel, weights.waiting, insert_only=keep)
        found = least_cost(route, orders_with(day, keep), weights)
        assert found == (best[0] if best else -1)
