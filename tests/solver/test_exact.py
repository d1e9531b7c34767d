"""The best order of a cell: one search takes over from the other, and what stays open is told."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slotsvc.solver import exact
from slotsvc.solver.cell import NEVER, Cell
from slotsvc.solver.ending import price
from slotsvc.solver.exact import best_order
from slotsvc.solver.params import Weights
from tests.examples import examples
from tests.solver.ordered_cells import (
    ANY,
    LARGE,
    SMALL,
    WEIGHTS,
    WITH_RULES,
    OrderedCell,
    a_free_day,
    cells,
)

ROOM = 100_000


def after(questions: int) -> Callable[[], bool]:
    """Time that is over after so many questions."""
    left = iter(range(questions))
    return lambda: next(left, None) is None


@settings(max_examples=examples(300))
@given(cells(SMALL, LARGE, WITH_RULES), st.sampled_from(WEIGHTS), st.integers(0, 60))
def test_where_one_search_ends_the_next_goes_on(
    found: OrderedCell, weights: Weights, nodes: int
) -> None:
    """Whatever depth first has come to, the cost and its parts are the same."""
    cell = found.cell
    usual = best_order(cell, ANY, weights, ROOM)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(exact, "NODES", nodes)
        other = best_order(cell, ANY, weights, ROOM)
    assert usual.finished
    assert other.finished
    assert usual.cost == other.cost == usual.floor == other.floor
    if usual.cost < NEVER:
        assert price(cell, weights, np.array(other.order, np.int64)) == other[:4]


@settings(max_examples=examples(300))
@given(
    cells(LARGE, WITH_RULES), st.sampled_from(WEIGHTS),
    st.integers(0, 60), st.integers(0, 400), st.integers(0, 9),
)  # fmt: skip
def test_an_unfinished_search_tells_what_is_proven(
    found: OrderedCell, weights: Weights, nodes: int, room: int, questions: int
) -> None:
    """The truth lies between the floor and the cost; finished means that they are the same."""
    cell = found.cell
    true = best_order(cell, ANY, weights, ROOM).cost
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(exact, "NODES", nodes)
        short = best_order(cell, ANY, weights, room, after(questions))
    assert short.floor <= true <= short.cost
    assert short.finished == (short.floor == short.cost)


@pytest.mark.parametrize("breaks", [0, 1, 2])
@pytest.mark.parametrize("visits", [12, 14])
def test_visits_all_day_long(visits: int, breaks: int) -> None:
    """Half a billion orders and more: proven, within a moment."""
    cell = a_free_day(visits, 1, breaks)
    begun = time.thread_time()
    best = best_order(cell, ANY, WEIGHTS[0], ROOM)
    assert time.thread_time() - begun < 2.0
    assert best.finished
    assert price(cell, WEIGHTS[0], np.array(best.order, np.int64)) == best[:4]
    below = best_order(cell, best.cost - 1, WEIGHTS[0], ROOM)
    assert below.finished
    assert below.cost == NEVER


def windowed(cell: Cell, span: int) -> Cell:
    """Start windows of ``span`` seconds, spread over the day in the order of the visits."""
    visits = len(cell.opens) - 2
    opens, closes = cell.opens.copy(), cell.closes.copy()
    for k in range(visits):
        opens[2 + k] = max(0, cell.end * k // visits - span // 2)
        closes[2 + k] = opens[2 + k] + span
    return cell._replace(opens=opens, closes=closes)


def test_forty_visits() -> None:
    """Each in a window of an hour and a half: proven, and in about a second at most."""
    cell = a_free_day(40, 1, 1)
    cell = cell._replace(travel=cell.travel // 4, legs=cell.legs // 4)
    begun = time.thread_time()
    best = best_order(windowed(cell, 5400), ANY, WEIGHTS[0], ROOM)
    assert time.thread_time() - begun < 5.0
    assert best.finished
    assert best.cost < NEVER


def test_what_is_too_much_ends_in_time() -> None:
    """Forty visits all day long cannot be proven here; the search ends when it is told to.

    The second is for room that no search of ours is given: half a gigabyte to get and to fill."""
    cell = a_free_day(40, 1)
    cell = cell._replace(travel=cell.travel // 4, legs=cell.legs // 4)
    until = time.thread_time() + 0.3
    best = best_order(cell, ANY, WEIGHTS[0], 10_000_000, lambda: time.thread_time() > until)
    assert time.thread_time() < until + 1.0
    assert not best.finished
    assert 0 < best.floor <= best.cost
