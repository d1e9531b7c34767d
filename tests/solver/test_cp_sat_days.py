"""Days of ten to fourteen visits against CP-SAT's proven optimum; short ones against brute force.

``python -m benchmarks.torture_days`` looks at two hundred of them.
"""

from __future__ import annotations

from slotsvc.solver.cell import NEVER
from slotsvc.solver.exact import best_order
from tests.examples import examples
from tests.solver.compiled_brute import cheapest
from tests.solver.cp_sat_day import best_by_cp_sat
from tests.solver.raw_cells import WEIGHTS, a_cell, a_long_day, in_plain_words

BUDGET = 1_000_000


def test_the_model_says_what_brute_force_says() -> None:
    """Two oracles written apart, on short days of every kind."""
    for seed in range(examples(80)):
        day, weights = in_plain_words(a_cell(seed, 5)), WEIGHTS[seed % len(WEIGHTS)]
        if len(day.services):
            known, found = cheapest(day, weights), best_by_cp_sat(day, weights)
            assert found.proven, seed
            assert found.cost == (known and known.cost), seed


def test_long_days_cost_what_cp_sat_proves() -> None:
    """Same cost, or no order at all; where CP-SAT runs out of effort it proves nothing."""
    proven = 0
    for seed in range(examples(16)):
        cell, weights = a_long_day(seed), WEIGHTS[seed % 4]
        mine = best_order(cell, NEVER - 1, weights, BUDGET)
        true = best_by_cp_sat(in_plain_words(cell), weights, effort=0.5)
        assert mine.finished, seed
        if true.proven:
            assert mine.cost == (NEVER if true.cost is None else true.cost), seed
        else:
            assert true.cost is None or mine.cost <= true.cost, seed
        proven += true.proven
    assert proven >= examples(16) // 2
