"""Days between the first day asked for and the offered day: sooner is better for the client, and
leaves the far days open for those who ask later."""

from __future__ import annotations

from slotsvc.solver.costs import Component
from slotsvc.solver.params import CostWeights

NAME = "days_away"


def cost(days: int, weights: CostWeights) -> Component:
    """``days`` >= 0."""
    return Component(NAME, days, days * weights.day_away)


def lower_bound(days: int, weights: CostWeights) -> int:
    """Known before any search, so the bound is the cost."""
    return cost(days, weights).cost
