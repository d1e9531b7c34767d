"""What a day with the visit costs at least is never more than what it costs."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from slotsvc.solver import tables as t
from slotsvc.solver.cell import NEVER
from slotsvc.solver.floors import FLOOR, OWN
from slotsvc.solver.instance import START
from slotsvc.solver.legs import INTO, INTO_TIME, OUT, OUT_TIME, rows_of, safe_rows
from slotsvc.solver.screen import KNOWN, SAFE, UNBOUNDED, Screened, Team, new_screened, screen
from tests.examples import examples
from tests.solver.opened import RULES_OF_TIME, Opened, opened
from tests.solver.random_days import Question, Shape, questions
from tests.solver.test_insertion import Tried, tried

SHAPE = Shape(visits=(3, 1, 2, 4, 0), days=2, breaks=(0, 1, 2), features=RULES_OF_TIME)
SHAPES = [replace(SHAPE, features=frozenset()), SHAPE]


def floor_of(one: Tried) -> int:
    """Of a day with the visit in one gap, before its window is looked at."""
    arrays, weights = one.cells.question.calendar.arrays, one.cells.weights
    tables, floors = arrays.tables, one.cells.question.calendar.base.floors.gap[one.gap]
    legs, gap = rows_of(arrays, one.cells.request, one.cell.row).astype(int), tables.gap[one.gap]
    before, after = gap[t.BEFORE], gap[t.AFTER]
    least = int(floors[FLOOR])
    if before != START:
        route = arrays.routes[one.cell.row]
        longer = legs[INTO_TIME, before] + legs[OUT_TIME, after] - route.legs[before, after]
        longer += one.cells.request.service[one.cell.row]
        least = max(least, int(floors[OWN]) - weights[1] * max(int(longer), 0))
    detour = int(legs[INTO, before] + legs[OUT, after] - gap[t.LEG])
    return least + weights[0] * detour


@settings(max_examples=examples(300))
@given(st.sampled_from(SHAPES).flatmap(lambda shape: questions(shape=shape)))
def test_no_gap_costs_less_than_its_floor(question: Question) -> None:
    """In any window, over all places for the breaks, where leaving the visit out is safe."""
    cells = opened(question)
    if cells is None:
        return
    safe = safe_rows(question.calendar.arrays, cells.request)
    for one in tried(cells):
        true = one.true
        assert true is None or not safe[one.cell.row] or floor_of(one) <= true


@settings(max_examples=examples(200))
@given(st.sampled_from(SHAPES).flatmap(lambda shape: questions(shape=shape)))
def test_the_screen_is_the_least_of_the_floors(question: Question) -> None:
    """Of each route, with what is known of its cheapest slot; nothing is said of others."""
    cells = opened(question)
    if cells is None:
        return
    found, known = screened(cells), cells.cells.cells
    arrays, base = question.calendar.arrays, question.calendar.base
    every = list(tried(cells))
    for row in range(len(arrays)):
        if known.low[row] >= known.high[row]:
            assert found.least[row] == NEVER
        elif found.known[row] != KNOWN | SAFE:
            assert found.least[row] == UNBOUNDED
        elif floors := [floor_of(one) for one in every if one.cell.row == row]:
            extra = int(known.extra[known.low[row] : known.high[row]].min() + known.who[row])
            assert found.least[row] <= min(floors) - int(base.cost[row]) + extra


def screened(cells: Opened) -> Screened:
    calendar = cells.question.calendar
    arrays, base = calendar.arrays, calendar.base
    team = Team(
        arrays.tables, base.floors, cells.request, cells.cells.cells, cells.weights, base.cost,
        base.whole,
    )  # fmt: skip
    found = new_screened(len(arrays))
    screen(team, found)
    assert (
        sorted(found.order[: found.counts[0]].tolist())
        == np.flatnonzero(cells.cells.cells.low < cells.cells.cells.high).tolist()
    )
    return found
