"""Depth first: the cheapest order within a limit, or how far it came."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from slotsvc.solver.cell import NEVER
from slotsvc.solver.depth_first import depth_first
from slotsvc.solver.ending import price
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

ENDLESS = 1 << 40


@settings(max_examples=examples(60))
@given(cells(SMALL), st.sampled_from(WEIGHTS))
def test_the_best_order_is_the_literal_one(found: OrderedCell, weights: Weights) -> None:
    """Its cost is that of brute force; the order told costs that, and its parts add up."""
    cell, route = found
    best = depth_first(cell, ANY, weights, ENDLESS)
    cost = literal_cost(route, weights, orders_of(route))
    assert best.price.cost == best.floor == cost
    if cost < NEVER:
        order = tuple(int(node) - 1 for node in best.order)
        assert sorted(order) == list(route.visits)
        assert literal_cost(route, weights, [order]) == cost
        assert price(cell, weights, best.order) == best.price
        parts = best.price[1:]
        assert sum(w * part for w, part in zip(weights, parts, strict=True)) == cost


@settings(max_examples=examples(200))
@given(cells(SMALL, LARGE, WITH_RULES), st.sampled_from(WEIGHTS))
def test_the_limit_is_inclusive(found: OrderedCell, weights: Weights) -> None:
    """A cell may cost exactly its limit, in the same order; one less, and there is nothing."""
    cell = found.cell
    best = depth_first(cell, ANY, weights, ENDLESS)
    if best.price.cost < NEVER:
        again = depth_first(cell, best.price.cost, weights, ENDLESS)
        assert again.price == best.price
        assert again.order.tolist() == best.order.tolist()
        below = depth_first(cell, best.price.cost - 1, weights, ENDLESS)
        assert below.price.cost == below.floor == NEVER


@settings(max_examples=examples(200))
@given(cells(SMALL), st.sampled_from(WEIGHTS))
def test_of_equal_orders_the_first_by_number_is_told(found: OrderedCell, weights: Weights) -> None:
    """So the answer does not hang on the way the search took."""
    cell, route = found
    best = depth_first(cell, ANY, weights, ENDLESS)
    if best.price.cost < NEVER:
        cost = best.price.cost
        equal = [o for o in orders_of(route) if literal_cost(route, weights, [o]) == cost]
        assert tuple(int(node) - 1 for node in best.order) == min(equal)


@settings(max_examples=examples(200))
@given(cells(LARGE, WITH_RULES), st.sampled_from(WEIGHTS), st.integers(0, 300))
def test_a_spent_budget_is_told(found: OrderedCell, weights: Weights, budget: int) -> None:
    """The floor never lies above the truth, nor the cost below it; equal means proven."""
    cell = found.cell
    true = depth_first(cell, ANY, weights, ENDLESS).price.cost
    short = depth_first(cell, ANY, weights, budget)
    assert short.floor <= true <= short.price.cost
    assert short.labels <= budget + len(cell.opens)


def test_visits_beyond_counting_are_left_open() -> None:
    """More visits than a set can hold: nothing is found, and nothing claimed."""
    found = depth_first(a_free_day(61, 1), ANY, WEIGHTS[0], ENDLESS)
    assert found.price.cost == NEVER
    assert found.floor < 0
