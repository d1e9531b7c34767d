"""Cells for the searches for the best order, beside the oracle's view of the same days."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import timedelta
from typing import NamedTuple

import numpy as np
from hypothesis import strategies as st

from slotsvc.solver.cell import NEVER, Cell, cell_of
from slotsvc.solver.params import CostWeights, Weights
from tests.solver.brute_force import TinyRoute
from tests.solver.calendars import Roads, a_break, a_placement, a_shift, an_instance, between
from tests.solver.dice import Dice
from tests.solver.literal import least_cost, tiny_route
from tests.solver.opened import RULES_OF_TIME
from tests.solver.random_days import Shape, random_day, random_roads

ANY = NEVER - 1
"""A limit that limits nothing."""
WEIGHTS = [(1000, 250, 2000), (1000, 0, 0), (0, 1, 3), (100, 2000, 50)]
SMALL = Shape(visits=(3, 2, 4, 1, 0), breaks=(0, 1, 2), features=RULES_OF_TIME)
LARGE = Shape(visits=(7, 6, 8), breaks=(0, 1, 1, 2))
WITH_RULES = replace(LARGE, features=RULES_OF_TIME)


class OrderedCell(NamedTuple):
    """A cell, and the same day in the oracle's words."""

    cell: Cell
    route: TinyRoute


def cells(*shapes: Shape) -> st.SearchStrategy[OrderedCell]:
    """Random days as cells."""
    return st.tuples(st.sampled_from(shapes), st.binary(min_size=220, max_size=220)).map(
        lambda drawn: a_cell(*drawn)
    )


def a_cell(shape: Shape, seed: bytes) -> OrderedCell:
    """One of them."""
    dice = Dice(seed)
    roads = random_roads(dice, 3 + dice(6), 1)
    day = random_day(dice, roads, 1, shape=shape)
    instance = an_instance(day.shift, day.placements, roads)
    return OrderedCell(cell_of(instance), tiny_route(day.shift, day.placements, roads))


def literal_cost(route: TinyRoute, weights: Weights, orders: list[tuple[int, ...]]) -> int:
    """What the best of the orders costs by the rules alone; NEVER: none can be kept."""
    worth = CostWeights(weights[0], weights[1], overtime=weights[2])
    cost = least_cost(route, orders, worth)
    return NEVER if cost < 0 else cost


def orders_of(route: TinyRoute) -> list[tuple[int, ...]]:
    """All orders of its visits."""
    orders: list[tuple[int, ...]] = [()]
    for _ in route.visits:
        orders = [(*o, v) for o in orders for v in route.visits if v not in o]
    return orders


def a_free_day(visits: int, seed: int, breaks: int = 0) -> Cell:
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
    return cell_of(an_instance(shift, placements, Roads(apart.astype(np.int32))))
