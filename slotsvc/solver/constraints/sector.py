"""Technicians may serve some sectors only."""

from __future__ import annotations

from slotsvc.domain.working_time import Shift
from slotsvc.solver.constraints import Closed, Reason


def check(shift: Shift, sector: str) -> Closed | None:
    """A visit without a sector is served by everybody."""
    if not sector or shift.sectors is None or sector in shift.sectors:
        return None
    return Closed(Reason.SECTOR, sector)
