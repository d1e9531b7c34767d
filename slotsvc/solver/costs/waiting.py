"""Added waiting, seconds: idle time between the first visit's start and the last one's finish.

Negative when the visit fills a gap.
"""

from __future__ import annotations

from slotsvc.solver.costs import Component
from slotsvc.solver.params import CostWeights

NAME = "waiting"


def cost(added_seconds: int, weights: CostWeights) -> Component:
    """Weighted added waiting."""
    return Component(NAME, added_seconds, added_seconds * weights.waiting)
