"""A day that breaks a rule as it stands gets no new visits before a planner has mended it."""

from __future__ import annotations

from slotsvc.solver.constraints import Closed, Reason


def check(sound: bool) -> Closed | None:
    """``sound``: the committed order keeps every rule."""
    return None if sound else Closed(Reason.DAY_BROKEN)
