"""Added overtime, seconds: how much later than the shift's regular end the day then ends."""

from __future__ import annotations

from slotsvc.solver.costs import Component
from slotsvc.solver.params import CostWeights

NAME = "overtime"


def cost(added_seconds: int, weights: CostWeights) -> Component:
    """May be negative on real roads, where a stop on the way can open a quicker order."""
    return Component(NAME, added_seconds, added_seconds * weights.overtime)
