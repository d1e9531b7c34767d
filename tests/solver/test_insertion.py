"""Insertions into known orders against brute force, gap by gap."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from slotsvc.solver import tables as t
from slotsvc.solver.arrays import TeamArrays, team_arrays
from slotsvc.solver.cell import NEVER
from slotsvc.solver.cells import NO_CLOSING, Cells
from slotsvc.solver.insertion import Amounts, Least, Spot, least_of_ways, spot_of, whole_day
from slotsvc.solver.instance import INF
from slotsvc.solver.legs import INTO_TIME, OUT_TIME, request_legs, rows_of, safe_rows
from slotsvc.solver.room import over_max_travel
from slotsvc.solver.tables import view_of
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


@dataclass(frozen=True)
class Tried:
    """The visit in one gap of a cell. ``order``: the visits (1..n) of its order, the new one in."""

    cells: Opened
    cell: Cell
    gap: int
    order: tuple[int, ...]
    spot: Spot
    opens: int
    closes: int

    @property
    def driving(self) -> int:
        """Of the day, weighed."""
        request, tables = self.cells.request, self.cells.question.calendar.arrays.tables
        into, out, _, _ = rows_of(self.cells.question.calendar.arrays, request, self.cell.row)
        gap = tables.gap[self.gap]
        detour = int(into[gap[t.BEFORE]]) + int(out[gap[t.AFTER]]) - int(gap[t.LEG])
        return self.cells.weights[0] * (int(gap[t.TRAVEL]) + detour)

    @property
    def least(self) -> Least:
        """By the O(1) test."""
        tables = self.cells.question.calendar.arrays.tables
        pauses = view_of(tables, self.cell.row).pauses
        window, weights = (self.opens, self.closes), self.cells.weights
        return least_of_ways(tables.state, tables.latest, pauses, self.spot, *window, weights)

    @property
    def day(self) -> Amounts:
        """Stop by stop."""
        tables, window = self.cells.question.calendar.arrays.tables, (self.opens, self.closes)
        return whole_day(tables, self.cell.row, self.gap, self.spot, *window, self.cells.weights)

    @property
    def true(self) -> int | None:
        """Simulated with every place for the breaks, whatever it drives; None: impossible."""
        route = replace(self.cell.route, most_travel=None)
        return brute_cost(route, self.order, self.cells.weights)


def order_around(arrays: TeamArrays, row: int, gap: int) -> tuple[list[int], int]:
    """The nodes of the order that a gap (numbered among all) belongs to, and the gap's place in it:
    0 before the first visit."""
    gaps = len(arrays.routes[row].visits) + 1
    number = (gap - int(arrays.tables.at[row, t.GAPS])) % gaps
    first = gap - number
    return arrays.tables.gap[first : first + gaps - 1, t.AFTER].tolist(), number


def tried(cells: Opened) -> Iterator[Tried]:
    """Every gap of every order in every cell."""
    arrays, windows = cells.question.calendar.arrays, cells.windows
    for cell in cells.each():
        opens, closes = (int(part[cell.row, cell.column]) for part in windows)
        legs = rows_of(arrays, cells.request, cell.row).astype(np.int64)
        service = int(cells.request.service[cell.row])
        for gap in range(*arrays.tables.at[cell.row : cell.row + 2, t.GAPS].tolist()):
            path, place = order_around(arrays, cell.row, gap)
            visits = [node - 1 for node in path]
            order = (*visits[:place], len(cell.route.windows), *visits[place:])
            spot = spot_of(arrays.tables, cell.row, gap, legs, service, cells.request.pausable)
            yield Tried(cells, cell, gap, order, spot, opens, closes)


@settings(max_examples=examples(300))
@given(st.sampled_from(SHAPES).flatmap(lambda shape: questions(shape=shape)))
def test_an_insertion_is_found_where_and_only_where_it_fits(question: Question) -> None:
    """Gap by gap the same as a simulation of every place for the breaks; never dearer than it, and
    as dear where it is called settled."""
    cells = opened(question)
    for one in tried(cells) if cells else ():
        least, true = one.least, one.true
        assert (least.bound < NEVER) == (true is not None)
        if true is not None:
            assert one.driving + least.bound <= true
            assert least.settled > least.bound or one.driving + least.settled == true


@settings(max_examples=examples(200))
@given(questions(shape=WITHOUT_BREAKS))
def test_without_breaks_the_cost_is_exact(question: Question) -> None:
    """Then there is nothing to guess about waiting."""
    cells = opened(question)
    for one in tried(cells) if cells else ():
        assert one.least.settled == one.least.bound


@settings(max_examples=examples(200))
@given(questions(shape=SHAPE))
def test_days_with_the_visit_are_priced_exactly(question: Question) -> None:
    """Stop by stop it is the least cost over all places for the breaks, or never."""
    cells = opened(question)
    for one in tried(cells) if cells else ():
        day, true = one.day, one.true
        assert (day.key == NEVER) == (true is None)
        if true is not None:
            _, waiting, overtime = one.cells.weights
            assert one.driving + day.key == true
            assert day.key == waiting * day.waiting + overtime * day.overtime


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
    safe = safe_rows(arrays, cells.request)
    every = list(tried(cells))
    for cell in cells.each():
        if safe[cell.row] and arrays.whole[cell.row]:
            best = least_cost(cell.route, orders_with(cell.day, keep=False), weights)
            mine = [one for one in every if one.cell == cell and one.least.bound < NEVER]
            costs = [least_cost(cell.route, [one.order], weights) for one in mine]
            assert best == min((cost for cost in costs if cost >= 0), default=-1)


def some_cells(opens: list[int], length: int) -> Cells:
    """Windows on one route that begins at second 0."""
    count, none = len(opens), np.zeros(1, np.int64)
    starts = np.array(opens, np.int64)
    return Cells(
        np.zeros(1, np.int32), np.full(1, count, np.int32), starts, starts + length,
        np.full(count, NO_CLOSING, np.int64), none, np.zeros(count, np.int64), none,
        np.zeros(count, np.int32), np.zeros(1, np.bool_),
    )  # fmt: skip


def test_too_much_driving_is_told_from_no_room() -> None:
    """Two hours of driving where ninety minutes are allowed; later no time is left either."""
    shift = a_shift(max_travel=timedelta(minutes=90))
    full = a_placement("full", between("13:00", "14:00"), 0, timedelta(hours=4))
    roads = a_line(0, 60)
    arrays = team_arrays([an_instance(shift, [full], roads)])
    into = roads.seconds[0, [1]]
    hour = np.array([3600], np.int32)
    request = request_legs(arrays, a_place(1), hour, 0, False, into, into)
    cells = some_cells([3600, 5 * 3600], 1800)
    assert over_max_travel(arrays, request, cells).tolist() == [[1800, INF]]


def test_the_access_is_not_charged_again_at_the_same_place() -> None:
    """A new visit where somebody already is, ten minutes from the road; elsewhere it is charged."""
    visit = {"access": timedelta(minutes=10)}
    there = a_placement("there", between("9:00", "12:00"), 1, visit=visit)
    roads = a_line(0, 30)
    arrays = team_arrays([an_instance(a_shift(), [there], roads)])
    numbers = [number_of(p) for p in arrays.places]
    into, out = roads.seconds[numbers, 1], roads.seconds[1, numbers]
    hour = np.array([3600], np.int32)
    same = rows_of(arrays, request_legs(arrays, a_place(1), hour, 600, False, into, out), 0)
    assert same[INTO_TIME].tolist() == [1800 + 600, 1800 + 600, 0]
    assert same[OUT_TIME].tolist() == [1800, 1800, 0]
    beside = rows_of(arrays, request_legs(arrays, a_place(7), hour, 600, False, into, out), 0)
    assert beside[INTO_TIME].tolist() == [2400, 2400, 600]
    assert beside[OUT_TIME].tolist() == [1800, 1800, 600]
