"""Added waiting, seconds: idle time between the first visit's start and the last one's finish.

Negative when the visit fills a gap.
"""

from __future__ import annotations

import numpy as np

from slotsvc.solver.costs import Component
from slotsvc.solver.instance import Int32, Int64
from slotsvc.solver.params import CostWeights

NAME = "waiting"


def cost(added_seconds: int, weights: CostWeights) -> Component:
    """Weighted added waiting."""
    return Component(NAME, added_seconds, added_seconds * weights.waiting)


def lower_bound(saved_at_most: Int32, waiting_weight: int) -> Int64:
    """Minus what can be saved at most; see ``slotsvc.solver.bound`` for how much that is."""
    return -np.maximum(saved_at_most, 0).astype(np.int64) * waiting_weight
