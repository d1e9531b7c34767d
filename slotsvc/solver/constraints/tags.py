"""``visit.requires`` must be among what the shift offers that day."""

from __future__ import annotations

from collections.abc import Set

from slotsvc.solver.constraints import Closed, Reason


def check(offers: Set[str], requires: Set[str]) -> Closed | None:
    """The first missing tag by name, with the level asked for ("gas:2"); None: all there."""
    if requires <= offers:
        return None
    return Closed(Reason.MISSING_TAG, min(requires - offers))
