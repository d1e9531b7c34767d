"""Added driving, seconds: the day with the visit less the best day without it."""

from __future__ import annotations

from slotsvc.solver.costs import Component
from slotsvc.solver.params import CostWeights

NAME = "travel"


def cost(added_seconds: int, weights: CostWeights) -> Component:
    """May be negative on real roads, where a stop on the way can open a quicker order."""
    return Component(NAME, added_seconds, added_seconds * weights.travel)
