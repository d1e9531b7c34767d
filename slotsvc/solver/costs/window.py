"""A window outside every preferred one."""

from __future__ import annotations

from collections.abc import Sequence

from slotsvc.domain.time_window import TimeWindow
from slotsvc.solver.costs import Component
from slotsvc.solver.params import CostWeights

NAME = "window"


def cost(promise: TimeWindow, preferred: Sequence[TimeWindow], weights: CostWeights) -> Component:
    """0 when no preference was stated, or the promise lies inside a preferred window."""
    other = int(bool(preferred) and not any(w.covers(promise) for w in preferred))
    return Component(NAME, other, other * weights.other_window)


def lower_bound(promise: TimeWindow, preferred: Sequence[TimeWindow], weights: CostWeights) -> int:
    """Known before any search, so the bound is the cost."""
    return cost(promise, preferred, weights).cost
