"""Added driving, seconds: the day with the visit less the best day without it."""

from __future__ import annotations

import numpy as np

from slotsvc.solver.costs import Component
from slotsvc.solver.instance import Int32, Int64
from slotsvc.solver.params import CostWeights

NAME = "travel"


def cost(added_seconds: int, weights: CostWeights) -> Component:
    """May be negative on real roads, where a stop on the way can open a quicker order."""
    return Component(NAME, added_seconds, added_seconds * weights.travel)


def lower_bound(detour: Int32, travel_weight: int) -> Int64:
    """At least the least detour between any two neighbours; see ``slotsvc.solver.bound``."""
    return detour.astype(np.int64) * travel_weight
