"""``visit.requires`` must be among the technician's tags that day."""

from __future__ import annotations

from collections.abc import Set

from slotsvc.solver.constraints import Closed, Reason


def check(offers: Set[str], requires: Set[str]) -> Closed | None:
    """The first missing tag by name; None: all there."""
    missing = sorted(requires - offers)
    return Closed(Reason.MISSING_TAG, missing[0]) if missing else None
