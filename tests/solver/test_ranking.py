"""What a ranking claims when it could not do everything: never more than it knows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slotsvc.pb.v1 import types_pb2
from slotsvc.server.slot_convert import receipt_to_pb
from slotsvc.solver import exact, orders
from slotsvc.solver.arrays import team_arrays
from slotsvc.solver.base import base_costs
from slotsvc.solver.cell import NEVER
from slotsvc.solver.cell_search import Searched
from slotsvc.solver.params import SearchParams
from slotsvc.solver.query import Answer
from slotsvc.solver.ranking import gap_of
from slotsvc.solver.suggest import suggest
from slotsvc.solver.team_calendar import TeamCalendar
from tests.examples import examples
from tests.solver.calendars import (
    MONDAY,
    Day,
    Roads,
    TeamDays,
    a_calendar,
    a_placement,
    a_query,
    a_shift,
    a_technician,
    asked,
    at,
    between,
    minutes,
)
from tests.solver.opened import RULES_OF_TIME
from tests.solver.random_days import Question, Shape, questions

FREE = Shape(visits=(5, 4, 6, 5), days=1, technicians=2, windows=2, breaks=(0, 0, 1), free=True)
WITH_RULES = replace(FREE, features=RULES_OF_TIME)
SCATTERED = minutes(
    [0, 26, 9, 31, 18, 25, 12, 22, 40],
    [24, 0, 35, 11, 28, 7, 33, 16, 42],
    [10, 33, 0, 37, 15, 30, 8, 27, 40],
    [30, 12, 38, 0, 36, 9, 35, 13, 44],
    [17, 29, 14, 35, 0, 27, 19, 31, 41],
    [26, 8, 31, 10, 28, 0, 29, 12, 43],
    [11, 34, 9, 36, 20, 30, 0, 26, 40],
    [23, 15, 28, 12, 30, 13, 25, 0, 45],
    [40, 42, 40, 44, 41, 43, 40, 45, 0],
)
"""Nine places of a town, none on the way to another."""


def free_questions() -> st.SearchStrategy[Question]:
    """With the rules of time, and without."""
    return st.sampled_from([FREE, WITH_RULES]).flatmap(lambda shape: questions(shape=shape))


@pytest.fixture
def budget_alone() -> Iterator[None]:
    """So that a budget is felt on small days already."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(exact, "NODES", 0)
        yield


def a_free_day(who: str) -> Day:
    """Seven visits at any time, in a bad order: too many orders to know them all."""
    placements = [
        a_placement(f"{who}-{n}", between("8:00", "19:00"), n, timedelta(minutes=10))
        for n in (1, 2, 3, 4, 5, 6, 7)
    ]
    return Day(a_shift(who, "8:00", "20:00"), placements)


def town(*days: Day, budget: int = 200_000) -> TeamCalendar:
    names = sorted({d.shift.technician for d in days})
    return a_calendar(TeamDays([a_technician(n) for n in names], days), SCATTERED, budget=budget)


NINE_TO_ELEVEN = [asked("9:00", "11:00")]


def answer_of(calendar: TeamCalendar, roads: Roads, place: int, budget: int) -> Answer:
    query = a_query(place, NINE_TO_ELEVEN, service=timedelta(minutes=10))
    params = SearchParams(label_budget=budget)
    return suggest(calendar, query, roads.legs(calendar, query.location), params, at("0:00"))


@pytest.mark.usefixtures("budget_alone")
def test_the_gap_covers_what_an_unfinished_search_could_save() -> None:
    """The cheaper technician is not searched to the end; the dearer one's slot may be that much
    too dear."""
    calendar = town(a_free_day("ana"), Day(a_shift("bo", "8:00", "20:00")))
    short, true = (answer_of(calendar, SCATTERED, 8, budget) for budget in (5, 200_000))

    assert true.counts.complete
    assert [o.technician for o in true.offers] == ["ana"]
    assert not short.counts.complete
    assert short.offers[0].cost - true.offers[0].cost <= short.counts.gap


@pytest.mark.usefixtures("budget_alone")
def test_a_slot_that_an_insertion_finds_is_offered_though_the_search_gives_up() -> None:
    """A spent budget costs proof, not the offer."""
    calendar = town(a_free_day("ana"))
    short, true = (answer_of(calendar, SCATTERED, 8, budget) for budget in (5, 200_000))

    assert len(true.offers) == 1
    assert not short.counts.complete
    assert [o.window for o in short.offers] == [o.window for o in true.offers]


@pytest.mark.usefixtures("budget_alone")
def test_costs_against_an_unproven_day_are_not_called_exact() -> None:
    """Where a day's own best order was not found, what a visit adds to it is not known exactly."""
    calendar = town(a_free_day("ana"), budget=5)
    true = answer_of(town(a_free_day("ana")), SCATTERED, 8, 200_000)
    answer = answer_of(calendar, SCATTERED, 8, 200_000)

    assert not calendar.base.finished[0]
    assert answer.offers[0].cost == true.offers[0].cost or not answer.counts.complete
    assert abs(answer.offers[0].cost - true.offers[0].cost) <= answer.counts.gap


@pytest.mark.usefixtures("budget_alone")
@settings(max_examples=examples(200))
@given(free_questions(), st.sampled_from([1, 4, 12, 40, 100]))
def test_a_short_budget_never_claims_too_much(question: Question, budget: int) -> None:
    """Complete means the same slots; otherwise no rank is cheaper by more than the gap."""
    true = suggested(question, 1 << 20)
    short = suggested(question, budget)
    assert true.counts.complete
    if short.counts.complete:
        assert costs(short) == costs(true)
    for told, really in zip(costs(short), costs(true), strict=False):
        assert really <= told <= really + short.counts.gap


@pytest.mark.usefixtures("budget_alone")
@settings(max_examples=examples(200))
@given(free_questions(), st.sampled_from([1, 4, 12, 40]))
def test_an_unproven_day_never_claims_too_much(question: Question, budget: int) -> None:
    """The zero line of a day may be too high; then nothing on it is called complete."""
    true = suggested(question, 1 << 20)
    weights = question.params.weights.of_orders
    base = base_costs(question.calendar.arrays, weights, budget)
    doubtful = replace(question.calendar, base=base)
    short = suggested(replace(question, calendar=doubtful), 1 << 20)
    if short.counts.complete:
        assert costs(short) == costs(true)
    for told, really in zip(costs(short), costs(true), strict=False):
        assert abs(told - really) <= short.counts.gap


@settings(max_examples=examples(150))
@given(questions(shape=Shape(visits=(3, 2, 4, 1), days=2, features=RULES_OF_TIME)))
def test_known_orders_and_a_fresh_search_agree(question: Question) -> None:
    """The same slots at the same cost, whether a day's orders are known or searched each time."""
    routes, weights = question.calendar.arrays.routes, question.params.weights.of_orders
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(orders, "MOST_ORDERS", 1)
        arrays = team_arrays(routes)
    base = base_costs(arrays, weights, 1 << 20)
    unknown = replace(question.calendar, arrays=arrays, base=base)
    searched = suggested(replace(question, calendar=unknown), 1 << 20)
    known = suggested(question, 1 << 20)
    assert searched.counts.complete
    assert [(o.cost, o.window, o.technician, o.day, o.shift) for o in searched.offers] == [
        (o.cost, o.window, o.technician, o.day, o.shift) for o in known.offers
    ]


def suggested(question: Question, budget: int) -> Answer:
    legs = question.roads.legs(question.calendar, question.query.location)
    params = replace(question.params, label_budget=budget)
    return suggest(question.calendar, question.query, legs, params, question.now)


def costs(answer: Answer) -> list[int]:
    return [offer.cost for offer in answer.offers]


# --- out of time ----------------------------------------------------------------------------------


def many_days() -> tuple[TeamCalendar, Roads]:
    """Forty days of two technicians, six visits a day at any time: too many orders to know."""
    names, days = ("ana", "bo"), []
    for name, n in product(names, range(40)):
        day = MONDAY + timedelta(days=n)
        all_day = between("8:00", "16:00", day)
        half = timedelta(minutes=30)
        visits = [a_placement(f"{name}{n}-{i}", all_day, i + n % 3, half) for i in range(6)]
        days.append(Day(a_shift(name, day=day), visits))
    team = TeamDays([a_technician(name) for name in names], days)
    return a_calendar(team, SCATTERED), SCATTERED


EVERYTHING = SearchParams(max_slots=1000, max_per_day=10)


def asked_for_forty_days(out_of_time: Callable[[], bool], params: SearchParams) -> Answer:
    calendar, roads = many_days()
    windows = [
        asked(f"{hour}:00", f"{hour + 2}:00", MONDAY + timedelta(days=n))
        for n in range(40)
        for hour in (8, 10, 12, 14)
    ]
    query = a_query(8, windows, horizon=timedelta(days=90))
    legs = roads.legs(calendar, query.location)
    return suggest(calendar, query, legs, params, at("0:00"), 0, out_of_time)


def test_out_of_time_leaves_cells_out_and_says_so() -> None:
    """What is skipped is counted, the receipt says PARTIAL, and what is offered still holds."""
    whole = asked_for_forty_days(lambda: False, EVERYTHING)
    partial = asked_for_forty_days(lambda: True, EVERYTHING)

    assert whole.counts.skipped == 0
    assert whole.counts.complete
    assert receipt_to_pb(whole, timedelta(0)).proof == types_pb2.PROOF_EXACT

    counts = partial.counts
    assert counts.skipped > 0
    assert not counts.complete
    assert receipt_to_pb(partial, timedelta(0)).proof == types_pb2.PROOF_PARTIAL
    assert counts.cells == counts.rejected + counts.evaluated + counts.pruned + counts.skipped
    assert counts.cells == whole.counts.cells
    least = {offer.window: offer.cost for offer in whole.offers}
    assert partial.offers
    assert all(offer.cost >= least[offer.window] for offer in partial.offers)


def test_time_runs_out_between_chunks() -> None:
    """The longer it may take, the less is left out."""
    skipped = []
    for chunks in (0, 1, 10_000):
        answers = iter([False] * chunks)
        answer = asked_for_forty_days(lambda left=answers: next(left, True), EVERYTHING)
        skipped.append(answer.counts.skipped)
    assert skipped == sorted(skipped, reverse=True)
    assert skipped[-1] == 0


def test_most_cells_of_a_short_list_are_never_priced() -> None:
    """Pruning is what makes the answer quick; what it leaves out is counted as proven."""
    counts = asked_for_forty_days(lambda: False, SearchParams()).counts
    assert counts.complete
    assert counts.pruned > counts.cells / 5


# --- overtime -------------------------------------------------------------------------------------


def test_overtime_is_allowed_at_its_price() -> None:
    """An hour of work at 16:30, ten minutes from home: forty minutes after the end at 17:00."""
    shift = a_shift(overtime=timedelta(minutes=40))
    calendar = a_calendar(TeamDays([a_technician()], [Day(shift)]), minutes([0, 10], [10, 0]))
    query = a_query(1, [asked("16:30", "17:00")])
    legs = minutes([0, 10], [10, 0]).legs(calendar, query.location)
    (offer,) = suggest(calendar, query, legs, SearchParams(), at("0:00")).offers
    late = next(c for c in offer.components if c.name == "overtime")
    assert (late.quantity, late.cost, offer.added_overtime) == (2400, 4_800_000, 2400)
    assert offer.start == at("16:30")


@pytest.mark.parametrize(
    ("floor", "costs", "gap"),
    [
        (NEVER, [50, 70], 0),
        (71, [50, 70], 0),
        (70, [50, 70], 1),
        (60, [50, 70], 10),
        (71, [50], 1),
        (60, [], 1),
    ],
)
def test_an_order_that_may_come_out_equal_is_a_gap(floor: int, costs: list[int], gap: int) -> None:
    """Of equal slots the earlier one is offered: who may still tie with the last of two may take
    its place. Where there is room in the list anybody may come in."""
    assert gap_of(Searched(floor=floor), costs, 2) == gap
    assert gap_of(Searched(floor=floor, doubt=15), costs, 2) == max(gap, 15)
