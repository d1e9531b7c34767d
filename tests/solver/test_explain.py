"""Sentences: why an offer ranks where it does, and why a cell is full."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from hypothesis import given, settings

from slotsvc.domain.working_time import NoShiftReason
from slotsvc.solver.constraints import Reason
from slotsvc.solver.constraints.sentences import ACTION, TELLING
from slotsvc.solver.explain import _behind
from slotsvc.solver.params import TRAVEL_ONLY, Freedom, SearchParams
from slotsvc.solver.query import Answer
from slotsvc.solver.suggest import suggest
from slotsvc.solver.team_calendar import TeamCalendar
from tests.examples import examples
from tests.solver.calendars import (
    MONDAY,
    NO_ROAD,
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
from tests.solver.clock import Clock
from tests.solver.literal import least_cost, orders_with
from tests.solver.opened import opened
from tests.solver.random_days import ALL_FEATURES, Question, Shape, questions

LINE = a_line(0, 10, 20, 30)


@settings(max_examples=examples(250))
@given(questions(shape=Shape(visits=(3, 1, 4, 2, 0, 5))))
def test_no_room_is_said_of_every_full_cell_and_of_no_other(question: Question) -> None:
    """Counted over all technicians, under the freedom that was searched."""
    told, full, _ = told_and_full(question)
    assert told == full


@settings(max_examples=examples(250))
@given(questions(shape=Shape(visits=(3, 1, 4, 2, 0), features=ALL_FEATURES)))
def test_too_much_driving_is_told_apart_from_no_room(question: Question) -> None:
    """There is time when nobody counts the driving; the mildest cell says how much is too much."""
    told, full, over = told_and_full(question)
    assert told == full
    for rejected in answer_to(question).rejections:
        if rejected.reason is Reason.MAX_TRAVEL:
            assert rejected.margin == over[rejected.technician]


type Counted = dict[tuple[str, Reason], int]


def told_and_full(question: Question) -> tuple[Counted, Counted, dict[str, int]]:
    """Cells without room or with too much driving: as told, as they are, and by how much the
    mildest drives too much."""
    found, answer = opened(question), answer_to(question)
    searched = (Reason.NO_ROOM, Reason.MAX_TRAVEL)
    told = {(r.technician, r.reason): r.cells for r in answer.rejections if r.reason in searched}
    full: Counted = {}
    over: dict[str, int] = {}
    for cell in found.each() if found else ():
        orders = orders_with(cell.day, found.keep(cell.row)) if found else []
        if least_cost(cell.route, orders, question.params.weights) >= 0:
            continue
        who = cell.day.shift.technician
        driving = least_cost(replace(cell.route, most_travel=None), orders, TRAVEL_ONLY) // 1000
        reason = Reason.NO_ROOM if driving < 0 else Reason.MAX_TRAVEL
        full[who, reason] = full.get((who, reason), 0) + 1
        if driving >= 0:
            over[who] = min(over.get(who, NO_ROAD), driving - (cell.route.most_travel or 0))
    rejected = sum(r.cells for r in answer.rejections if r.reason not in searched)
    assert rejected == answer.counts.rejected
    return told, full, over


def answer_to(question: Question) -> Answer:
    legs = question.roads.legs(question.calendar, question.query.location)
    return suggest(
        question.calendar, question.query, legs, question.params, question.now, max_rejections=99
    )


def answer_on(
    calendar: TeamCalendar,
    most: int = 50,
    freedom: Freedom | None = None,
    clock: Callable[[], bool] = lambda: False,
) -> Answer:
    query = a_query(3, [asked("8:00", "10:00"), asked("10:00", "12:00")])
    params = SearchParams(freedom=freedom or Freedom.RESEQUENCE)
    legs = LINE.legs(calendar, query.location)
    return suggest(calendar, query, legs, params, at("0:00"), most, clock)


def three_reasons() -> TeamCalendar:
    """Ana is away, Bo's day is broken, Cy and Di are full."""
    late = a_placement("late", between("8:00", "8:05"), 3)
    full = [a_placement(f"{n}", between(f"{n}:00", f"{n}:01"), 0) for n in range(8, 13)]
    days = [Day(a_shift("bo"), [late])]
    days += [Day(a_shift(who), [replace(p, id=who + p.id) for p in full]) for who in ("cy", "di")]
    team = [a_technician(name) for name in ("ana", "bo", "cy", "di")]
    return a_calendar(TeamDays(team, days, {(0, MONDAY): NoShiftReason.ABSENT}), LINE)


def test_a_short_list_of_rejections_shows_each_kind_first() -> None:
    """The most telling first, and one of every kind before the second of any."""
    reasons = [(r.technician, r.reason) for r in answer_on(three_reasons()).rejections]
    assert reasons == [
        ("cy", Reason.NO_ROOM),
        ("bo", Reason.DAY_BROKEN),
        ("ana", Reason.ABSENT),
        ("di", Reason.NO_ROOM),
    ]
    assert len(answer_on(three_reasons(), most=2).rejections) == 2
    assert answer_on(three_reasons(), most=0).rejections == ()


def test_explained_in_what_time_is_left_nothing_told_is_wrong() -> None:
    """Cut off at every question: each reason has its whole count or is left out, and a missing time
    that was not worked out is told as none."""
    calendar, clock = three_reasons(), Clock(1 << 60)
    whole = {(r.technician, r.reason): r for r in answer_on(calendar, clock=clock).rejections}
    left_out = unsized = 0
    for left in range(clock.asked + 1):
        told = answer_on(calendar, clock=Clock(left)).rejections
        left_out += len(whole) - len(told)
        for one in told:
            true = whole[one.technician, one.reason]
            unsized += one != true
            assert one in (true, replace(true, margin=0, message=one.message, window=one.window))
    assert {(r.technician, r.reason): r for r in told} == whole
    assert left_out
    assert unsized


def test_every_reason_has_its_place_its_action_and_every_component_its_name() -> None:
    """A new rule or component cannot be forgotten."""
    assert set(TELLING) == set(ACTION) == set(Reason)
    calendar = a_calendar(TeamDays([a_technician()], [Day(a_shift())]), LINE)
    assert all(_behind(c.name, 1) for c in answer_on(calendar).offers[0].components)


def test_no_room_without_changing_the_order_is_told_under_that_freedom() -> None:
    """Another order would have room, but the order was to be kept."""
    second = a_placement("second", between("8:00", "13:00"), 1)
    first = a_placement("first", between("8:00", "8:30"), 0)
    third = a_placement("third", between("12:30", "13:00"), 0)
    late = a_placement("late", between("9:00", "12:40"), 0)
    days = [Day(a_shift(end="16:00"), [first, second, late, third])]
    calendar = a_calendar(TeamDays([a_technician()], days), LINE)
    kept = answer_on(calendar, freedom=Freedom.INSERT_ONLY)
    free = answer_on(calendar)
    assert len(kept.offers) + sum(r.cells for r in kept.rejections) == kept.counts.cells
    assert len(free.offers) >= len(kept.offers)


def test_sentences_tell_what_an_offer_costs() -> None:
    """Driving, the days away, a change of order; the first says under what it is the best."""
    calendar = a_calendar(TeamDays([a_technician()], [Day(a_shift())]), LINE)
    first, second = answer_on(calendar).offers
    assert first.why == "Best under these travel times: +60 min driving."
    assert second.why == "As good as the best, later on the clock: +60 min driving."


def test_a_later_rank_names_what_costs_it() -> None:
    """What it has more of than the best offer, of what costs most."""
    busy = a_placement("busy", between("10:00", "10:30"), 3)
    calendar = a_calendar(TeamDays([a_technician()], [Day(a_shift(), [busy])]), LINE)
    query = a_query(3, [asked("8:00", "10:00"), asked("11:00", "13:00"), asked("14:00", "15:00")])
    params = SearchParams(max_per_day=3)
    offers = suggest(
        calendar, query, LINE.legs(calendar, query.location), params, at("0:00")
    ).offers
    assert [(o.added_travel, o.added_waiting) for o in offers] == [(0, 0), (0, 1800), (0, 10800)]
    assert offers[1].why == "+0 s driving, +30 min waiting; 30 min more waiting than the best."
