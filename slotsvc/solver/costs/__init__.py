"""Cost components, one file each, named as users see them.

Each has ``NAME``, ``cost`` and an admissible ``lower_bound``: never more than the true cost of any
order. A component without a lower bound may not be used, for pruning would no longer be proof.
Costs are thousandths of a weighted second.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Component:
    """One named part of a slot's cost: what was measured, and what it costs (thousandths)."""

    name: str
    quantity: int
    cost: int
