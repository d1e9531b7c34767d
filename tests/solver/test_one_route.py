"""The best order of one route with one more visit, against all permutations."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from slotsvc.domain.time_window import TimeWindow, from_epoch, to_epoch
from slotsvc.solver.instance import RouteInstance
from slotsvc.solver.one_route import order_with
from slotsvc.solver.params import CostWeights
from tests.examples import examples
from tests.solver.calendars import (
    Roads,
    a_line,
    a_place,
    a_placement,
    a_shift,
    an_instance,
    at,
    between,
    number_of,
)
from tests.solver.literal import least_cost, orders_with, orders_without, tiny
from tests.solver.opened import RULES_OF_TIME
from tests.solver.random_days import Question, Shape, questions

SHAPE = Shape(visits=(3, 2, 4, 1, 0), technicians=1, days=1, features=RULES_OF_TIME)


def asked_of(
    route: RouteInstance,
    roads: Roads,
    place: int,
    service: int,
    window: TimeWindow,
    keep: bool,
    access: int = 0,
    pausable: bool = False,
) -> tuple[str, ...] | None:
    nodes = [number_of(p) for p in route.places]
    into, out = roads.seconds[nodes, place], roads.seconds[place, nodes]
    span = to_epoch(window.start), to_epoch(window.end) - 1
    return order_with(route, a_place(place), service, access, pausable, span, into, out, keep)


@settings(max_examples=examples(250))
@given(questions(shape=SHAPE), st.booleans())
def test_the_order_is_the_cheapest(question: Question, keep: bool) -> None:
    """None exactly when no order has room or the day is broken; else no order costs less."""
    query, weights = question.query, CostWeights()
    for day in question.calendar.days:
        window = query.windows[0].window.start_window
        route = tiny(day, question.roads, query, query.windows[0].window)
        sound = least_cost(route, orders_without(day, keep=True), weights) >= 0
        best = least_cost(route, orders_with(day, keep), weights)
        service, place = route.services[-1], number_of(query.location)
        access, pausable = int(query.access.total_seconds()), query.pausable
        found = asked_of(
            day.instance, question.roads, place, service, window, keep, access, pausable
        )

        assert (found is not None) == (sound and best >= 0)
        if found is not None:
            numbers = {p.id: n for n, p in enumerate(day.placements, start=1)}
            order = [numbers.get(name, len(numbers) + 1) for name in found]
            assert least_cost(route, [order], weights) == best


def test_a_window_that_is_over_has_no_room() -> None:
    """What can only start before the route's origin is not possible any more."""
    route = an_instance(a_shift(), [a_placement("a", between("9:00", "10:00"))], a_line(0, 10))
    early = TimeWindow(at("6:00"), at("8:00"))
    assert asked_of(route, a_line(0, 10), 1, 60, early, keep=False) is None
    last = TimeWindow(at("6:00"), from_epoch(to_epoch(at("8:10")) + 1))
    assert asked_of(route, a_line(0, 10), 1, 60, last, keep=False) == ("", "a")


def test_places_that_repeat_share_their_legs() -> None:
    """Start, end and visits at one place, in any number."""
    visits = [a_placement(f"v{n}", between(f"{9 + n}:00", f"{10 + n}:00"), 0) for n in range(3)]
    route = an_instance(a_shift(), visits, a_line(0, 10))
    window = TimeWindow(at("8:00"), at("17:00"))
    found = asked_of(route, a_line(0, 10), 1, 60, window, keep=False)
    assert found is not None
    assert sorted(found) == ["", "v0", "v1", "v2"]
    assert np.array_equal(route.travel, np.zeros((5, 5)))
