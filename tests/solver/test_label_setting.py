"""Label setting: what depth first finds, where that would take too long."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slotsvc.solver.cell import NEVER
from slotsvc.solver.depth_first import depth_first
from slotsvc.solver.ending import price
from slotsvc.solver.label_setting import label_setting
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
    literal_cost,
    orders_of,
)

ROOM = 100_000


def after(questions: int) -> Callable[[], bool]:
    """Time that is over after so many questions."""
    left = iter(range(questions))
    return lambda: next(left, None) is None


def no_end() -> bool:
    return False


@settings(max_examples=examples(40))
@given(cells(SMALL).filter(lambda found: found.route.visits), st.sampled_from(WEIGHTS))
def test_the_best_order_is_the_literal_one(found: OrderedCell, weights: Weights) -> None:
    """Its cost is that of brute force, and the order told costs that."""
    cell, route = found
    best = label_setting(cell, ANY, weights, ROOM, no_end)
    cost = literal_cost(route, weights, orders_of(route))
    assert best.price.cost == best.floor == cost
    if cost < NEVER:
        order = tuple(int(node) - 1 for node in best.order)
        assert sorted(order) == list(route.visits)
        assert literal_cost(route, weights, [order]) == cost


@settings(max_examples=examples(300))
@given(cells(LARGE, WITH_RULES), st.sampled_from(WEIGHTS))
def test_dropping_dominated_labels_never_changes_the_result(
    found: OrderedCell, weights: Weights
) -> None:
    """Six to eight visits: as cheap as depth first, which drops none; the limit is inclusive."""
    cell = found.cell
    true = depth_first(cell, ANY, weights, 1 << 40).price.cost
    best = label_setting(cell, ANY, weights, ROOM, no_end)
    assert best.price.cost == best.floor == true
    if true < NEVER:
        assert price(cell, weights, best.order).cost == true
        assert label_setting(cell, true, weights, ROOM, no_end).price.cost == true
        assert label_setting(cell, true - 1, weights, ROOM, no_end).floor == NEVER


@settings(max_examples=examples(200))
@given(
    cells(LARGE, WITH_RULES), st.sampled_from(WEIGHTS), st.integers(80, 1500), st.integers(0, 12)
)
def test_no_room_and_no_time_are_told(
    found: OrderedCell, weights: Weights, room: int, questions: int
) -> None:
    """The floor never lies above the truth, nor the cost below it; no more room is taken."""
    cell = found.cell
    true = depth_first(cell, ANY, weights, 1 << 40).price.cost
    short = label_setting(cell, ANY, weights, room, after(questions))
    assert short.floor <= true <= short.price.cost
    assert short.labels <= 2 * room  # once for a first order, once for all


@pytest.mark.parametrize("breaks", [0, 1, 2])
@pytest.mark.parametrize("weights", WEIGHTS[:2])
def test_twelve_visits_all_day_long(breaks: int, weights: Weights) -> None:
    """Half a billion orders: the best one is found, and proven."""
    cell = a_free_day(12, 1, breaks)
    best = label_setting(cell, ANY, weights, 400_000, no_end)
    assert best.floor == best.price.cost < NEVER
    assert price(cell, weights, best.order) == best.price
    assert label_setting(cell, best.price.cost - 1, weights, 400_000, no_end).floor == NEVER


@pytest.mark.parametrize("room", [0, 1, 20])
def test_room_for_nearly_nothing(room: int) -> None:
    """What even the first visits do not fit into is told as open."""
    cell = a_free_day(9, 1, 1)
    short = label_setting(cell, ANY, WEIGHTS[0], room, no_end)
    true = label_setting(cell, ANY, WEIGHTS[0], ROOM, no_end).price.cost
    assert short.price.cost == NEVER
    assert 0 < short.floor <= true
