"""Ten thousand random days: no wrong cost, no wrong order, no slot missed, no slot too many.

Every question is asked twice, of the search and of brute force over all technicians, windows,
orders and places for the pauses. ``python -m benchmarks.torture_days`` asks more, on longer days.
"""

from __future__ import annotations

import pytest

from tests.examples import examples
from tests.solver.volume import FAMILIES, proven

QUESTIONS = {
    "every rule": 500,
    "every slot": 500,
    "hostile roads": 400,
    "hostile roads, every rule": 400,
    "hostile roads, every slot": 500,
    "orders kept": 300,
    "any order": 300,
    "too many orders to know": 100,
    "exact starts": 200,
    "exact starts, all of them": 200,
}
"""With about three days each: more than 10,000 in all."""


@pytest.mark.parametrize("family", FAMILIES)
def test_answers_are_those_of_brute_force(family: str) -> None:
    """Windows, costs, technicians, order, caps and counts; each order costs what is told."""
    count = examples(QUESTIONS[family])
    seen = proven(family, range(count), referee=False)
    # days that are all empty or all full would say nothing
    assert seen["ambiguous"] < 0.1 * count
    assert seen["days"] >= 1.2 * count
    assert seen["offers"] >= 0.7 * count
    assert 0.02 * count < seen["none"] < 0.8 * count
    assert 0.2 * count < seen["usual"] < 0.8 * count
