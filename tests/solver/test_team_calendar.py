"""A team's days as one value: changing some of them is the same as building all anew."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slotsvc.solver import tables as t
from slotsvc.solver.arrays import TeamArrays, replaced, team_arrays
from slotsvc.solver.base import base_costs
from slotsvc.solver.instance import without_visit
from slotsvc.solver.params import CostWeights
from slotsvc.solver.team_calendar import without
from tests.examples import examples
from tests.solver.calendars import (
    Day,
    TeamDays,
    a_calendar,
    a_line,
    a_placement,
    a_shift,
    a_technician,
    an_instance,
    between,
)
from tests.solver.literal import least_cost, orders_without, tiny_route
from tests.solver.opened import RULES_OF_TIME
from tests.solver.random_days import Question, Shape, questions

SHAPE = Shape(visits=(3, 2, 4, 1, 0), breaks=(0, 1, 2), features=RULES_OF_TIME)


@settings(max_examples=examples(200))
@given(questions(shape=SHAPE))
def test_base_costs_are_the_cheapest_orders(question: Question) -> None:
    """The zero line: best and committed order of every day, or that the day is broken."""
    calendar, weights = question.calendar, question.params.weights
    for day, row in zip(calendar.days, range(len(calendar.days)), strict=True):
        route = tiny_route(day.shift, day.placements, question.roads)
        today = least_cost(route, orders_without(day, keep=True), weights)
        base = calendar.base
        assert bool(base.sound[row]) == (today >= 0)
        if today >= 0:
            assert base.today_cost[row] == today
            assert base.cost[row] == least_cost(route, orders_without(day, keep=False), weights)
            for cost, *parts in (
                (base.cost, base.travel, base.waiting, base.overtime),
                (base.today_cost, base.today_travel, base.today_waiting, base.today_overtime),
            ):
                amounts = [part[row] for part in parts]
                weighed = zip(weights.of_orders, amounts, strict=True)
                assert sum(weight * amount for weight, amount in weighed) == cost[row]


@settings(max_examples=examples(150))
@given(questions(shape=SHAPE), questions(shape=SHAPE), st.data())
def test_replacing_routes_is_building_anew(
    before: Question, after: Question, data: st.DataObject
) -> None:
    """Whatever was there before, smaller or larger; the old arrays stay as they were."""
    old = list(before.calendar.arrays.routes)
    new = list(after.calendar.arrays.routes)
    if not old or not new:
        return
    rows = data.draw(st.sets(st.integers(0, len(old) - 1), min_size=1))
    changes = {row: data.draw(st.sampled_from(new)) for row in rows}
    untouched = team_arrays(old)

    changed = replaced(before.calendar.arrays, changes)
    anew = team_arrays([changes.get(row, route) for row, route in enumerate(old)])
    weights = (1000, 250, 2000)
    for name in ("cost", "travel", "waiting", "overtime", "today_cost", "sound", "finished"):
        expected = getattr(base_costs(anew, weights, 10_000), name)
        assert np.array_equal(getattr(base_costs(changed, weights, 10_000), name), expected)
    assert places_of(changed) == places_of(anew)
    assert same(before.calendar.arrays, untouched)


def places_of(arrays: TeamArrays) -> list[list[object]]:
    """Of the nodes of each route."""
    at, numbers = arrays.tables.at[:, t.NODES], arrays.tables.node[:, t.PLACE]
    return [[arrays.places[number] for number in numbers[a:b]] for a, b in pairwise(at)]


def same(one: object, other: object) -> bool:
    """Equal in every array of every part."""
    if isinstance(one, np.ndarray):
        return bool(np.array_equal(one, other))
    if is_dataclass(one):
        names = [f.name for f in fields(one)]
        return all(same(getattr(one, name), getattr(other, name)) for name in names)
    if isinstance(one, tuple) and isinstance(other, tuple):
        return len(one) == len(other) and all(map(same, one, other))
    return bool(one == other)


def test_taking_a_visit_out_leaves_the_others_in_their_order() -> None:
    """For moving it: its own place counts as free, and nobody else changes places."""
    days = [
        Day(a_shift("ana"), [a_placement("a", between("9:00", "10:00"))]),
        Day(
            a_shift("bo"),
            [
                a_placement("b", between("9:00", "10:00"), 1),
                a_placement("c", between("11:00", "12:00"), 2),
            ],
        ),
    ]
    team = TeamDays([a_technician("ana"), a_technician("bo")], days)
    calendar = a_calendar(team, a_line(0, 10, 20))
    left = without(calendar, "b", CostWeights().of_orders)

    assert left.days[0] == calendar.days[0]
    assert [p.id for p in left.days[1].placements] == ["c"]
    assert left.days[1].instance.visits == ("c",)
    assert left.days[1].keep_order
    assert left.base.cost.tolist() == [1_200_000, 2_400_000]
    assert calendar.base.cost.tolist() == [1_200_000, 2_400_000 + 750_000]
    assert without(calendar, "nobody", CostWeights().of_orders) is calendar


def test_a_visit_that_is_not_there_cannot_be_left_out() -> None:
    """The one way to misuse ``without_visit``."""
    route = an_instance(a_shift(), [a_placement("a", between("9:00", "10:00"))], a_line(0, 10))
    assert without_visit(route, "a").visits == ()
    with pytest.raises(ValueError, match="not in"):
        without_visit(route, "b")
