"""Cost components, one file each, named as users see them.

Each has ``NAME`` and ``cost``, and nothing is pruned on a component without a bound that is never
above its true cost. What depends on the order (driving, waiting, overtime) is bounded together, by
``slotsvc.solver.floors`` and ``bound``; the others have bounds of their own, ``lower_bound`` or, of
many at once, ``lower_bounds``. Costs are thousandths of a weighted second.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Component:
    """One named part of a slot's cost: what was measured, and what it costs (thousandths)."""

    name: str
    quantity: int
    cost: int
