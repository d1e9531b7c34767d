"""The feasible orders of a route, against all permutations."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from math import factorial

import pytest
from hypothesis import given, settings

from slotsvc.solver.cell import cell_of
from slotsvc.solver.orders import MOST_ORDERS, all_orders
from slotsvc.solver.timing import cheapest
from tests.examples import examples
from tests.solver.brute_force import brute_cost, feasible
from tests.solver.calendars import a_line, a_placement, a_shift, an_instance, between
from tests.solver.literal import orders_without, tiny_route
from tests.solver.opened import RULES_OF_TIME
from tests.solver.random_days import Question, Shape, questions


@settings(max_examples=examples(200))
@given(questions(shape=Shape(visits=(3, 4, 2, 1, 0), breaks=(0, 1, 2), features=RULES_OF_TIME)))
def test_every_feasible_order_is_known(question: Question) -> None:
    """The committed one first, then the others once each, whatever they drive; with their driving
    and, for any weights, the least waiting and overtime."""
    calendar = question.calendar
    for day, known in ((d, all_orders(cell_of(d.instance), MOST_ORDERS)) for d in calendar.days):
        route = tiny_route(day.shift, day.placements, question.roads)
        found = [tuple(int(n) - 1 for n in path) for path in known.paths]
        unlimited = replace(route, most_travel=None)
        every = [o for o in orders_without(day, keep=False) if feasible(unlimited, o)]
        assert found[0] == route.visits
        assert known.sound == feasible(route, route.visits)
        if known.sound:
            assert known.whole
            assert sorted(found) == sorted(every)
            for n, order in enumerate(found):
                assert brute_cost(unlimited, order, (1, 0, 0)) == known.travel[n]
                for weights in ((0, 1, 0), (0, 0, 1), (0, 1, 3), (0, 7, 2)):
                    cost, _ = cheapest(known.waiting, known.overtime, *weights[1:])
                    assert brute_cost(unlimited, order, weights) == cost[n]


@pytest.mark.parametrize("visits", [0, 1, 4, 6, 10])
def test_too_many_orders_are_not_kept(visits: int) -> None:
    """Visits without windows can be served in any order; then only the committed one is kept."""
    placements = [
        a_placement(f"v{n}", between("8:00", "20:00"), n, timedelta(minutes=5))
        for n in range(visits)
    ]
    shift, roads = a_shift("ana", "8:00", "20:00"), a_line(*range(max(visits, 1)))
    orders = all_orders(cell_of(an_instance(shift, placements, roads)), MOST_ORDERS)
    whole = factorial(visits) < MOST_ORDERS

    assert orders.sound
    assert orders.whole is whole
    assert len(orders.paths) == (factorial(visits) if whole else 1)
    assert factorial(4) < MOST_ORDERS < factorial(6)  # or this test says too little
