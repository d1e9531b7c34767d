"""The exact search: the best order within a limit, or an honest "not finished"."""

from __future__ import annotations

import random
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slotsvc.solver import exact
from slotsvc.solver.arrays import team_arrays
from slotsvc.solver.batch import NEVER, Batch, batch_of, evaluate
from slotsvc.solver.exact import BestOrders, best_orders
from slotsvc.solver.params import CostWeights, Weights
from tests.examples import examples
from tests.solver.brute_force import TinyRoute
from tests.solver.calendars import (
    Day,
    Roads,
    a_break,
    a_placement,
    a_shift,
    an_instance,
    between,
)
from tests.solver.dice import Dice
from tests.solver.literal import least_cost, tiny_route
from tests.solver.opened import RULES_OF_TIME
from tests.solver.random_days import Shape, random_day, random_roads

ANY = NEVER - 1
BUDGET = 200_000
WEIGHTS = [(1000, 250, 2000), (1000, 0, 0), (0, 1, 3)]
SMALL = Shape(visits=(3, 2, 4, 1, 0), breaks=(0, 1, 2))
LARGE = Shape(visits=(7, 6, 8), breaks=(0, 1, 1, 2))
WITH_RULES = replace(LARGE, features=RULES_OF_TIME)


def batches(shape: Shape, days: int) -> st.SearchStrategy[tuple[Batch, list[TinyRoute]]]:
    """Some days as cells, and in the oracle's words."""

    def made(seed: bytes) -> tuple[Batch, list[TinyRoute]]:
        dice = Dice(seed)
        roads = random_roads(dice, 3 + dice(6), 1)
        found = [random_day(dice, roads, 1, shape=shape) for _ in range(days)]
        return cells_of(found, roads), [tiny_route(d.shift, d.placements, roads) for d in found]

    return st.binary(min_size=150 + 70 * days, max_size=150 + 70 * days).map(made)


def three_days(shape: Shape) -> st.SearchStrategy[tuple[Batch, list[TinyRoute]]]:
    return batches(shape, 3)


def cells_of(days: Sequence[Day], roads: Roads) -> Batch:
    return batch_of([an_instance(d.shift, d.placements, roads) for d in days])


def orders_of(route: TinyRoute) -> list[tuple[int, ...]]:
    orders: list[tuple[int, ...]] = [()]
    for _ in route.visits:
        orders = [(*o, v) for o in orders for v in route.visits if v not in o]
    return orders


def best(batch: Batch, limit: Sequence[int], weights: Weights) -> BestOrders:
    return best_orders(batch, np.array(limit, np.int64), weights, BUDGET)


@settings(max_examples=examples(200))
@given(batches(SMALL, 4), st.sampled_from(WEIGHTS))
def test_the_best_order_is_the_literal_one(
    found: tuple[Batch, list[TinyRoute]], weights: Weights
) -> None:
    """Its cost is that of brute force, and the order told costs that."""
    assert_best(*found, weights)


@settings(max_examples=examples(200))
@given(batches(replace(SMALL, features=RULES_OF_TIME), 4), st.sampled_from(WEIGHTS))
def test_the_best_order_obeys_every_rule_of_time(
    found: tuple[Batch, list[TinyRoute]], weights: Weights
) -> None:
    """Overtime, limits on driving, unpaid legs, access, pauses inside visits."""
    assert_best(*found, weights)


def assert_best(batch: Batch, routes: list[TinyRoute], weights: Weights) -> None:
    searched = best(batch, [ANY] * len(routes), weights)
    worth = CostWeights(weights[0], weights[1], overtime=weights[2])
    for cell, route in enumerate(routes):
        cost = least_cost(route, orders_of(route), worth)
        assert int(searched.cost[cell]) == (NEVER if cost < 0 else cost)
        if cost >= 0:
            order = [int(n) - 1 for n in searched.order[cell] if n >= 0]
            assert sorted(order) == list(route.visits)
            assert least_cost(route, [order], worth) == cost
            amounts = searched.travel[cell], searched.waiting[cell], searched.overtime[cell]
            parts = sum(w * a for w, a in zip(weights, amounts, strict=True))
            assert parts == cost
    assert searched.finished.all()


@settings(max_examples=examples(100))
@given(batches(Shape(visits=(3, 2, 4), breaks=(0, 1, 2)), 4), st.sampled_from(WEIGHTS))
def test_the_limit_is_inclusive(found: tuple[Batch, list[TinyRoute]], weights: Weights) -> None:
    """A cell may cost exactly its limit; with one less there is nothing, and that is proven."""
    batch, routes = found
    cost = best(batch, [ANY] * len(routes), weights).cost
    known = cost < NEVER
    assert np.array_equal(best(batch, cost - ~known, weights).cost[known], cost[known])
    below = best(batch, np.where(known, cost - 1, -1), weights)
    assert (below.cost == NEVER).all()
    assert below.finished.all()


@settings(max_examples=examples(120))
@given(st.sampled_from([LARGE, WITH_RULES]).flatmap(three_days), st.sampled_from(WEIGHTS))
def test_dominance_never_changes_the_result(
    found: tuple[Batch, list[TinyRoute]], weights: Weights
) -> None:
    """Six to eight visits: with dominated orders dropped from the start, or never at all."""
    batch, _ = found
    always, never = (searched_with(batch, weights, start) for start in (0, 1 << 60))
    assert never.finished.all()
    assert always.finished.all()
    assert np.array_equal(always.cost, never.cost)
    assert always.labels <= never.labels
    known = np.flatnonzero(always.cost < NEVER)
    priced = evaluate(batch.take(known.astype(np.int32)), always.order[known], weights)
    assert np.array_equal(priced.cost, always.cost[known])


def searched_with(batch: Batch, weights: Weights, dominance_from: int) -> BestOrders:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(exact, "DOMINANCE_FROM", dominance_from)
        return best_orders(batch, np.full(batch.end.size, ANY), weights, 1 << 60)


@settings(max_examples=examples(120))
@given(
    st.sampled_from([LARGE, WITH_RULES]).flatmap(three_days),
    st.sampled_from(WEIGHTS),
    st.integers(1, 300),
)
def test_a_spent_budget_is_told(
    found: tuple[Batch, list[TinyRoute]], weights: Weights, budget: int
) -> None:
    """What is finished is right; what is not says so, and never claims less than the truth."""
    batch, routes = found
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(exact, "DOMINANCE_FROM", 0)
        short = best_orders(batch, np.full(len(routes), ANY), weights, budget)
    true = best_orders(batch, np.full(len(routes), ANY), weights, BUDGET)
    assert true.finished.all()
    assert np.array_equal(short.cost[short.finished], true.cost[short.finished])
    assert (short.cost >= true.cost).all()


def a_free_day(visits: int, seed: int, breaks: int = 0) -> Batch:
    """Visits anywhere in a town, all day long."""
    rng = random.Random(seed)
    points = np.array([(rng.randrange(1800), rng.randrange(1800)) for _ in range(visits + 1)])
    apart = np.abs(points[:, None] - points[None, :]).sum(axis=2)
    placements = [
        a_placement(f"v{n}", between("8:00", "20:00"), n + 1, timedelta(minutes=10))
        for n in range(visits)
    ]
    lunches = [a_break(f"{10 + 3 * n}:00", f"{12 + 3 * n}:00", 20) for n in range(breaks)]
    shift = a_shift("ana", "8:00", "20:00", lunches)
    return cells_of([Day(shift, placements)], Roads(apart.astype(np.int32)))


@pytest.mark.parametrize("breaks", [0, 1, 2])
@pytest.mark.parametrize("seed", [1, 2])
def test_twelve_visits_without_windows(seed: int, breaks: int) -> None:
    """Half a billion orders: found and proven, or given up, within seconds."""
    batch = a_free_day(12, seed, breaks)
    begun = time.perf_counter()
    searched = best(batch, [ANY], (1000, 250, 2000))
    spent = time.perf_counter() - begun

    assert spent < 10
    if searched.finished[0]:
        priced = evaluate(batch, searched.order, (1000, 250, 2000))
        assert priced.cost[0] == searched.cost[0]
        assert best(batch, [int(searched.cost[0]) - 1], (1000, 250, 2000)).cost[0] == NEVER
    else:
        assert searched.cost[0] == NEVER


def test_the_largest_cells_are_given_up_first() -> None:
    """A budget that is too small for a free day still leaves room for a day with windows."""
    free = a_free_day(9, 3)
    day = [
        a_placement(f"v{n}", between(f"{8 + n}:00", f"{9 + n}:00"), 0, timedelta(minutes=5))
        for n in range(9)
    ]
    bound = cells_of([Day(a_shift("bo", "8:00", "20:00"), day)], Roads(np.zeros((1, 1), np.int32)))
    names = "opens", "closes", "service", "travel", "used", "end", "soft_end", "max_travel"
    opens, closes, service, travel, used, *ends = (
        np.concatenate([getattr(b, name) for b in (free, bound)]) for name in names
    )
    pauses = np.concatenate([free.breaks, bound.breaks], axis=2)
    both = Batch(opens, closes, service, travel, travel, used, None, *ends, pauses)
    searched = best_orders(both, np.full(2, ANY), (1000, 250, 2000), 300)
    assert searched.finished.tolist() == [False, True]
    assert searched.cost[0] == NEVER
    assert searched.cost[1] < NEVER
