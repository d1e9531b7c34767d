"""Insertions into known orders against brute force, gap by gap."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from datetime import timedelta

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from slotsvc.solver.arrays import team_arrays
from slotsvc.solver.batch import NEVER, evaluate
from slotsvc.solver.cells import with_order, with_requests
from slotsvc.solver.gaps import Gaps
from slotsvc.solver.insertion import (
    Insertions,
    Windows,
    insertions,
    leaves_safely,
    over_max_travel,
    request_legs,
)
from slotsvc.solver.instance import INF
from tests.examples import examples
from tests.solver.brute_force import brute_cost
from tests.solver.calendars import (
    a_line,
    a_place,
    a_placement,
    a_shift,
    an_instance,
    between,
    number_of,
)
from tests.solver.literal import least_cost, orders_with
from tests.solver.opened import RULES_OF_TIME, Cell, Opened, opened
from tests.solver.random_days import Question, Shape, questions

SHAPE = Shape(visits=(3, 1, 2, 4, 0), days=2, breaks=(0, 1, 2), features=RULES_OF_TIME)
WITHOUT_BREAKS = replace(SHAPE, breaks=(0,))
SHAPES = [replace(SHAPE, features=frozenset()), SHAPE]


def found_in(cells: Opened) -> Insertions:
    arrays = cells.question.calendar.arrays
    return insertions(arrays, cells.request, cells.cells.cells.windows, cells.weights)


def order_of(gaps: Gaps, gap: int, new: int) -> tuple[int, ...]:
    """The visits (1..n) of a gap's order with ``new`` in it."""
    path = [int(n) - 1 for n in gaps.paths[gaps.order[gap]] if n >= 0]
    at = int(gaps.number[gap])
    return (*path[:at], new, *path[at:])


def by_cell(cells: Opened, found: Insertions) -> dict[tuple[int, int], dict[int, int]]:
    """Gap -> cost, per (row, column)."""
    gaps = cells.question.calendar.arrays.gaps
    known: dict[tuple[int, int], dict[int, int]] = defaultdict(dict)
    for gap, column, cost in zip(found.gap, found.column, found.cost, strict=True):
        known[int(gaps.route[gap]), int(column)][int(gap)] = int(cost)
    return known


def gaps_of(cells: Opened, cell: Cell) -> list[int]:
    return [int(g) for g in np.flatnonzero(cells.question.calendar.arrays.gaps.route == cell.row)]


@settings(max_examples=examples(300))
@given(st.sampled_from(SHAPES).flatmap(lambda shape: questions(shape=shape)))
def test_an_insertion_is_found_where_and_only_where_it_fits(question: Question) -> None:
    """Gap by gap the same as a simulation of every place for the breaks; never dearer than it."""
    cells = opened(question)
    if cells is None:
        return
    known, gaps = by_cell(cells, found_in(cells)), question.calendar.arrays.gaps
    for cell in cells.each():
        costs = known[cell.row, cell.column]
        for gap in gaps_of(cells, cell):
            order = order_of(gaps, gap, len(cell.route.windows))
            true = brute_cost(cell.route, order, cells.weights)
            assert (gap in costs) == (true is not None)
            assert true is None or costs[gap] <= true


@settings(max_examples=examples(200))
@given(questions(shape=WITHOUT_BREAKS))
def test_without_breaks_the_cost_is_exact(question: Question) -> None:
    """Then there is nothing to guess about waiting."""
    cells = opened(question)
    if cells is None:
        return
    known, gaps = by_cell(cells, found_in(cells)), question.calendar.arrays.gaps
    for cell in cells.each():
        for gap, cost in known[cell.row, cell.column].items():
            order = order_of(gaps, gap, len(cell.route.windows))
            assert cost == brute_cost(cell.route, order, cells.weights)


@settings(max_examples=examples(200))
@given(st.sampled_from(SHAPES).flatmap(lambda shape: questions(shape=shape)))
def test_where_leaving_out_is_safe_the_best_insertion_is_the_best_order(
    question: Question,
) -> None:
    """All orders of a route are known, so nothing else has to be searched."""
    cells = opened(question)
    if cells is None:
        return
    arrays, weights = question.calendar.arrays, question.params.weights
    safe = leaves_safely(arrays, cells.request)
    known = by_cell(cells, found_in(cells))
    for cell in cells.each():
        if safe[cell.row] and arrays.orders[cell.row].whole:
            best = least_cost(cell.route, orders_with(cell.day, keep=False), weights)
            orders = [
                order_of(arrays.gaps, gap, len(cell.route.windows))
                for gap in known[cell.row, cell.column]
            ]
            assert best == min((least_cost(cell.route, [o], weights) for o in orders), default=-1)


@settings(max_examples=examples(200))
@given(questions(shape=SHAPE))
def test_orders_with_the_visit_are_priced_exactly(question: Question) -> None:
    """``evaluate`` is the least cost over all places for the breaks, or never."""
    cells = opened(question)
    if cells is None:
        return
    arrays, windows = question.calendar.arrays, cells.cells.cells.windows
    each = [(cell, gap) for cell in cells.each() for gap in gaps_of(cells, cell)]
    gap = np.array([g for _, g in each], np.int32)
    route = np.array([c.row for c, _ in each], np.int32)
    column = np.array([c.column for c, _ in each], np.int32)
    batch = with_requests(arrays, cells.request, windows, route, column)
    paths = arrays.gaps.paths[arrays.gaps.order[gap]]
    priced = evaluate(batch, with_order(paths, arrays.gaps.number[gap], batch), cells.weights)
    for number, (cell, at) in enumerate(each):
        order = order_of(arrays.gaps, at, len(cell.route.windows))
        true = brute_cost(cell.route, order, cells.weights)
        assert int(priced.cost[number]) == (NEVER if true is None else true)
        if true is not None:
            parts = priced.travel[number], priced.waiting[number], priced.overtime[number]
            assert sum(w * p for w, p in zip(cells.weights, parts, strict=True)) == true


@settings(max_examples=examples(60))
@given(questions(shape=SHAPE))
def test_only_wanted_places_are_looked_at(question: Question) -> None:
    """``wanted`` takes some of what is found away and nothing else."""
    cells = opened(question)
    if cells is None:
        return
    arrays, windows = question.calendar.arrays, cells.cells.cells.windows
    wanted = (arrays.gaps.number[:, None] % 2 == 0) & (windows.closes[arrays.gaps.route] >= 0)
    some = insertions(arrays, cells.request, windows, cells.weights, wanted)
    every = found_in(cells)
    kept = wanted[every.gap, every.column]
    assert np.array_equal(some.gap, every.gap[kept])
    assert np.array_equal(some.column, every.column[kept])
    assert np.array_equal(some.cost, every.cost[kept])


def test_too_much_driving_is_told_from_no_room() -> None:
    """Two hours of driving where ninety minutes are allowed; later no time is left either."""
    shift = a_shift(max_travel=timedelta(minutes=90))
    full = a_placement("full", between("13:00", "14:00"), 0, timedelta(hours=4))
    roads = a_line(0, 60)
    arrays = team_arrays([an_instance(shift, [full], roads)])
    into = roads.seconds[0, [1]]
    hour = np.array([3600], np.int32)
    request = request_legs(arrays, a_place(1), hour, 0, False, into, into)
    opens = np.array([[3600, 5 * 3600]], np.int32)
    windows = Windows(opens, opens + 1800)
    assert insertions(arrays, request, windows, (1000, 0, 0)).gap.size == 0
    assert over_max_travel(arrays, request, windows).tolist() == [[1800, INF]]


def test_the_access_is_not_charged_again_at_the_same_place() -> None:
    """A new visit where somebody already is, ten minutes from the road; elsewhere it is charged."""
    visit = {"access": timedelta(minutes=10)}
    there = a_placement("there", between("9:00", "12:00"), 1, visit=visit)
    roads = a_line(0, 30)
    arrays = team_arrays([an_instance(a_shift(), [there], roads)])
    numbers = [number_of(p) for p in arrays.places]
    into, out = roads.seconds[numbers, 1], roads.seconds[1, numbers]
    hour = np.array([3600], np.int32)
    same = request_legs(arrays, a_place(1), hour, 600, False, into, out)
    assert same.into_legs.tolist() == [[1800 + 600, 1800 + 600, 0]]
    assert same.out_legs.tolist() == [[1800, 1800, 0]]
    beside = request_legs(arrays, a_place(7), hour, 600, False, into, out)
    assert beside.into_legs.tolist() == [[2400, 2400, 600]]
    assert beside.out_legs.tolist() == [[1800, 1800, 600]]
