"""The oracle at volume says what the plain one says, and what the referee says."""

from __future__ import annotations

import random
from itertools import permutations

import numpy as np
import pytest

from slotsvc.solver.checker import check_route
from tests.solver.brute_force import (
    UNREACHABLE,
    Break,
    TinyRoute,
    brute_best,
    brute_cost,
    driving,
    feasible,
    insertions,
)
from tests.solver.compiled_brute import cheapest, plain
from tests.solver.tiny_days import translated

WEIGHTS = [(1000, 250, 2000), (1000, 0, 0), (0, 1, 3), (0, 0, 0)]


def a_day(seed: int, most: int = 4) -> TinyRoute:
    """A day of up to ``most`` visits under any of the rules, on roads without any geometry."""
    rng = random.Random(seed)
    n = rng.randrange(most + 1)
    clock, windows, services = 0, [], []
    for _ in range(n):
        opens = max(0, clock - 6 + rng.randrange(14))
        windows.append((opens, opens + rng.choice((1, 8, 20, 60))))
        services.append(rng.randrange(7))
        clock = opens + services[-1] + 4
    holes = rng.randrange(5) == 0
    travel = tuple(
        tuple(UNREACHABLE if holes and rng.randrange(8) == 0 else rng.randrange(10) for _ in row)
        for row in [range(n + 2)] * (n + 2)
    )
    return TinyRoute(
        rng.choice((0, 0, 3)), clock + 5 + rng.randrange(25), tuple(windows), tuple(services),
        some_breaks(rng, clock), travel,
        soft_end=rng.choice((None, max(4, clock))),
        access=rng.choice(((), tuple(rng.randrange(4) for _ in range(n)))),
        places=rng.choice(((), tuple(rng.randrange(3) for _ in range(n + 2)))),
        pausable=frozenset(v for v in range(1, n + 1) if rng.randrange(3) == 0),
        most_travel=rng.choice((None, None, 5 * n + 8)),
        unpaid_first=rng.randrange(3) == 0, unpaid_last=rng.randrange(3) == 0,
    )  # fmt: skip


def some_breaks(rng: random.Random, clock: int) -> tuple[Break, ...]:
    spans = sorted((rng.randrange(clock + 5), rng.randrange(14)) for _ in range(rng.randrange(3)))
    return tuple((opens, opens + 1 + length, 1 + rng.randrange(5)) for opens, length in spans)


@pytest.mark.parametrize("weights", WEIGHTS)
def test_the_best_of_all_orders_is_the_plain_one(weights: tuple[int, int, int]) -> None:
    """Costs agree, and what stands beside a cost adds up to it and belongs to the order told."""
    found = 0
    for seed in range(150):
        route = a_day(seed)
        best, known = cheapest(plain(route), weights), brute_best(route, weights)
        assert (best is None) == (known is None), seed
        if best is None or known is None:
            continue
        found += 1
        assert best.cost == known[0] == brute_cost(route, best.order, weights), seed
        spent = best.driving, best.waiting, best.overtime
        assert sum(w * s for w, s in zip(weights, spent, strict=True)) == best.cost
        assert best.driving == driving(route, best.order)
    assert 30 < found < 140


def test_the_best_with_an_order_kept_is_the_plain_one() -> None:
    """The last visit put anywhere; and one order alone, for every order."""
    for seed in range(80):
        route = a_day(seed)
        day, visits = plain(route), route.visits
        if visits:
            tried = insertions(visits[:-1], visits[-1])
            known = brute_best(route, WEIGHTS[0], orders=tried)
            best = cheapest(day, WEIGHTS[0], chain=visits[:-1])
            assert (best and best.cost) == (known and known[0]), seed
        for order in permutations(visits):
            alone = cheapest(day, WEIGHTS[0], chain=order)
            assert (alone and alone.cost) == brute_cost(route, order, WEIGHTS[0]), seed


def test_an_order_is_possible_when_the_referee_finds_nothing() -> None:
    """The two were written apart; on thousands of orders they agree, day after day."""
    judged = np.zeros(2, np.int64)
    for seed in range(1_000, 1_600):
        tiny = translated(a_day(seed, 6))
        possible = cheapest(plain(tiny.route), (1, 0, 0), chain=tiny.route.visits) is not None
        assert possible == (check_route(tiny.shift, tiny.visits, tiny.travel) == ()), seed
        assert possible == feasible(tiny.route, tiny.route.visits), seed
        judged[int(possible)] += 1
    assert judged.min() > 50
