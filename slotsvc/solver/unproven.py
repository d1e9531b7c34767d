"""Orders that the search left open, and what was proven of them elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import NamedTuple

import numpy as np

from slotsvc.solver.cell import Cell
from slotsvc.solver.day_model import Proof
from slotsvc.solver.ending import price
from slotsvc.solver.exact import BestOrder
from slotsvc.solver.params import Weights

MOST_TOLD = 8
"""Open cells told of one ranking, the lowest floor first."""


@dataclass(frozen=True, slots=True, eq=False)
class Unproven:
    """A cell, by route and slot, whose best order within ``limit`` is not proven. ``best``: how far
    the search came; ``floor``: no such order makes the slot cost less."""

    route: int
    slot: int
    cell: Cell
    limit: int
    best: BestOrder
    floor: int


class Settled(NamedTuple):
    """The best order of a cell within ``limit``; says nothing of dearer ones."""

    limit: int
    best: BestOrder


type Known = Mapping[tuple[int, int], Settled]
"""By route and slot."""

NOTHING_KNOWN: Known = MappingProxyType({})


def settled(left: Unproven, weights: Weights, proof: Proof) -> Settled:
    """What is known with the proof: the cheaper order, the higher floor. Costs are our own."""
    best = left.best
    if proof.order:
        found = price(left.cell, weights, np.array(proof.order, np.int64))
        if found.cost < best.cost:
            best = BestOrder(*found, proof.order, False, best.floor, best.labels)
    floor = min(max(best.floor, proof.floor), best.cost)
    return Settled(left.limit, best._replace(floor=floor, finished=floor >= best.cost))


def told(left: list[Unproven]) -> tuple[Unproven, ...]:
    """Those worth proving first."""
    return tuple(sorted(left, key=lambda cell: cell.floor)[:MOST_TOLD])
