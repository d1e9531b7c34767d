"""A window outside every preferred one."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from slotsvc.domain.time_window import TimeWindow
from slotsvc.solver.costs import Component
from slotsvc.solver.instance import Bool, Int64
from slotsvc.solver.params import CostWeights

NAME = "window"


def cost(promise: TimeWindow, preferred: Sequence[TimeWindow], weights: CostWeights) -> Component:
    """0 when no preference was stated, or the promise lies inside a preferred window."""
    other = int(bool(preferred) and not any(w.covers(promise) for w in preferred))
    return Component(NAME, other, other * weights.other_window)


def lower_bounds(inside: Bool, weights: CostWeights) -> Int64:
    """int64 (S,), known before any search, so the bounds are the costs. ``inside``: bool (S,), the
    promise lies inside a preferred window."""
    return np.where(inside, np.int64(0), np.int64(weights.other_window))
