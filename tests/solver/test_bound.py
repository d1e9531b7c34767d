"""The bound is never above the true added cost, and says so where it knows nothing."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np
from hypothesis import given, settings

from slotsvc.solver.bound import bounds_of
from slotsvc.solver.cell import NEVER
from slotsvc.solver.legs import safe_rows
from slotsvc.solver.params import CostWeights
from slotsvc.solver.screen import UNBOUNDED
from tests.examples import examples
from tests.solver.brute_force import TinyRoute
from tests.solver.literal import least_cost, orders_with, orders_without
from tests.solver.opened import RULES_OF_TIME, Opened, opened
from tests.solver.random_days import Question, Shape, questions

SHAPE = Shape(visits=(3, 1, 2, 4, 3, 0), days=2, breaks=(0, 1, 2))
WITH_RULES = replace(SHAPE, features=RULES_OF_TIME)


def bounds(found: Opened) -> np.ndarray:  # int64 (R, W)
    arrays, cells = found.question.calendar.arrays, found.cells.cells
    safe = safe_rows(arrays, found.request)
    every = np.zeros((len(arrays), int((cells.high - cells.low).max())), np.int64)
    for row in range(len(arrays)):
        where = arrays.tables, found.request, cells, found.weights, row, bool(safe[row])
        _, mine = bounds_of(*where)
        every[row, : mine.size] = mine
    return every


@settings(max_examples=examples(300))
@given(questions(shape=SHAPE))
def test_no_cell_costs_less_than_its_bound(question: Question) -> None:
    """Over all orders and places for the breaks, and over insertions alone too."""
    assert_admissible(question)


@settings(max_examples=examples(300))
@given(questions(shape=WITH_RULES))
def test_no_cell_costs_less_under_every_rule_of_time(question: Question) -> None:
    """Overtime, limits on driving, unpaid legs, access, pauses inside visits."""
    assert_admissible(question)


@settings(max_examples=examples(600))
@given(questions(CostWeights(), shape=Shape(visits=(1, 2), technicians=2, breaks=(1, 2))))
def test_no_cell_costs_less_with_a_pause_behind_the_visit(question: Question) -> None:
    """Small days on which the bound is tight: what comes first, and how long it then waits."""
    assert_admissible(question)


def assert_admissible(question: Question) -> None:
    found = opened(question)
    if found is None:
        return
    bound, weights = bounds(found), question.params.weights
    for cell in found.each():
        for keep in (False, True):
            without = least_cost(cell.route, orders_without(cell.day, keep), weights)
            with_it = least_cost(cell.route, orders_with(cell.day, keep), weights)
            if with_it >= 0 and without >= 0:
                assert bound[cell.row, cell.column] <= with_it - without


@settings(max_examples=examples(400))
@given(questions(shape=SHAPE))
def test_no_bound_only_where_leaving_the_visit_out_makes_somebody_later(
    question: Question,
) -> None:
    """Where every detour over the visit takes at least as long as the direct leg, one is known."""
    found = opened(question)
    if found is None:
        return
    bound = bounds(found)
    safe = safe_rows(question.calendar.arrays, found.request)
    for cell in found.each():
        assert bool(safe[cell.row]) == shortens_nothing(cell.route)
        assert (bound[cell.row, cell.column] == UNBOUNDED) == (not safe[cell.row])


def shortens_nothing(route: TinyRoute) -> bool:
    """No leg between two others takes longer than over the last visit, its service included."""
    new, end = len(route.windows), len(route.windows) + 1
    legs = route.travel
    return all(
        legs[i][j] <= legs[i][new] + route.services[new - 1] + legs[new][j]
        for i, j in product(range(new), [*range(1, new), end])
        if i != j
    )


@settings(max_examples=examples(200))
@given(questions(shape=SHAPE))
def test_never_means_that_no_order_is_possible(question: Question) -> None:
    """A cell without possible neighbours is closed for good."""
    found = opened(question)
    if found is None:
        return
    bound = bounds(found)
    for cell in found.each():
        if bound[cell.row, cell.column] == NEVER:
            assert (
                least_cost(cell.route, orders_with(cell.day, keep=False), question.params.weights)
                < 0
            )
