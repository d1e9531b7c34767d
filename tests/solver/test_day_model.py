"""The constraint model of a cell says what the search inside says."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from slotsvc.solver.cell import NEVER
from slotsvc.solver.day_model import prove
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

LONG_S = 60.0


@settings(max_examples=examples(60))
@given(
    cells(SMALL, LARGE, WITH_RULES).filter(lambda found: found.route.visits),
    st.sampled_from(WEIGHTS),
)
def test_the_proven_order_is_the_best_one(found: OrderedCell, weights: Weights) -> None:
    """Pauses, access, limits, overtime, unpaid legs: the same cost; none is cheaper."""
    cell = found.cell
    best = best_order(cell, ANY, weights, 100_000)
    proof = prove(cell, ANY, weights, LONG_S)
    assert proof.floor == best.cost
    assert bool(proof.order) == (best.cost < NEVER)
    if proof.order:
        assert price(cell, weights, np.array(proof.order, np.int64)).cost == best.cost
        assert prove(cell, best.cost - 1, weights, LONG_S, proof.order) == ((), NEVER)


def test_time_that_is_over_is_told() -> None:
    """A floor below the truth, and an order or none."""
    cell = a_free_day(14, 1, 1)
    best = best_order(cell, ANY, WEIGHTS[0], 100_000)
    proof = prove(cell, ANY, WEIGHTS[0], 0.01)
    assert proof.floor <= best.cost
    if proof.order:
        assert price(cell, WEIGHTS[0], np.array(proof.order, np.int64)).cost >= best.cost
