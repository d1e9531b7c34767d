"""Required and forbidden technicians."""

from __future__ import annotations

from collections.abc import Set

from slotsvc.solver.constraints import Closed, Reason


def check(technician: str, required: Set[str], forbidden: Set[str]) -> Closed | None:
    """Nobody but the required ones, when some are; never a forbidden one."""
    excluded = technician in forbidden or (bool(required) and technician not in required)
    return Closed(Reason.NOT_THIS_TECHNICIAN) if excluded else None
