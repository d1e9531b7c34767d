"""A shift takes so many visits and no more."""

from __future__ import annotations

from slotsvc.domain.working_time import Shift
from slotsvc.solver.constraints import Closed, Reason


def check(shift: Shift, placed: int) -> Closed | None:
    """``placed``: live placements of the route. Margin: visits too many with one more."""
    most = shift.max_visits
    if most is None or placed < most:
        return None
    return Closed(Reason.MAX_VISITS, margin=placed + 1 - most)
