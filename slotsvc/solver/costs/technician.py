"""Somebody else than the technicians asked for (preferred, or the last one)."""

from __future__ import annotations

from collections.abc import Set

from slotsvc.solver.costs import Component
from slotsvc.solver.params import CostWeights

NAME = "technician"


def cost(technician: str, preferred: Set[str], weights: CostWeights) -> Component:
    """0 when no preference was stated."""
    other = int(bool(preferred) and technician not in preferred)
    return Component(NAME, other, other * weights.other_technician)


def lower_bound(technician: str, preferred: Set[str], weights: CostWeights) -> int:
    """Known before any search, so the bound is the cost."""
    return cost(technician, preferred, weights).cost
