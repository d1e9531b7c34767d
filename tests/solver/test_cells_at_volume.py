"""The search of one cell against brute force, on thousands of cells no map would give."""

from __future__ import annotations

import pytest

from slotsvc.solver import exact
from slotsvc.solver.cell import NEVER, Cell
from slotsvc.solver.exact import best_order
from slotsvc.solver.params import Weights
from tests.examples import examples
from tests.solver.compiled_brute import Best, Plain, cheapest
from tests.solver.raw_cells import WEIGHTS, a_cell, in_plain_words

CELLS = 4_000
BUDGET = 100_000


@pytest.mark.parametrize("most", [4, 6])
def test_the_best_order_is_that_of_brute_force(most: int) -> None:
    """Its cost, what it is made of, and an order that costs it; with just that limit, and less."""
    possible = 0
    for seed in range(examples(CELLS)):
        cell, weights = a_cell(seed, most), WEIGHTS[seed % len(WEIGHTS)]
        day = in_plain_words(cell)
        known = cheapest(day, weights)
        assert_found(seed, cell, day, weights, known)
        possible += known is not None
    assert 0.3 * examples(CELLS) < possible < 0.9 * examples(CELLS)


def assert_found(seed: int, cell: Cell, day: Plain, weights: Weights, known: Best | None) -> None:
    found = best_order(cell, NEVER - 1, weights, BUDGET)
    assert found.finished, seed
    if known is None:
        assert found.cost == NEVER, seed
        return
    assert found.cost == known.cost, seed
    order = tuple(int(node) - 1 for node in found.order)
    alone = cheapest(day, weights, chain=order)
    assert sorted(order) == sorted(known.order), seed
    assert alone is not None, seed
    told = found.cost, found.travel, found.waiting, found.overtime
    assert told[:2] == (alone.cost, alone.driving), seed
    assert sum(w * s for w, s in zip(weights, told[1:], strict=True)) == found.cost, seed
    assert best_order(cell, known.cost, weights, BUDGET).cost == known.cost, seed
    below = best_order(cell, known.cost - 1, weights, BUDGET)
    assert (below.cost, below.finished) == (NEVER, True), seed


def test_a_spent_budget_never_claims_too_much(monkeypatch: pytest.MonkeyPatch) -> None:
    """Finished means right; the floor is never above the truth, the cost never below it."""
    given_up = 0
    for seed in range(examples(2_000)):
        cell, weights = a_cell(seed, 6, hours=40), WEIGHTS[seed % len(WEIGHTS)]
        known = cheapest(in_plain_words(cell), weights)
        truth = NEVER if known is None else known.cost
        monkeypatch.setattr(exact, "NODES", seed % 89)
        found = best_order(cell, NEVER - 1, weights, 1 + seed % 97)
        assert found.floor <= truth <= found.cost, seed
        assert not found.finished or found.cost == truth, seed
        assert found.finished or found.floor < found.cost, seed
        given_up += not found.finished
    assert 0.02 * examples(2_000) < given_up < 0.9 * examples(2_000)
