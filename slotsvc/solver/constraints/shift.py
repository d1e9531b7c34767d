"""A technician works that day, and the window leaves time to serve inside the shift."""

from __future__ import annotations

from slotsvc.domain.working_time import NoShiftReason, Shift
from slotsvc.solver.constraints import Closed, Reason

_REASONS = {
    NoShiftReason.DAY_OFF: Reason.NO_SHIFT,
    NoShiftReason.ABSENT: Reason.ABSENT,
}


def check_day(shift: Shift | NoShiftReason) -> Closed | None:
    """Closed on a day off, or when away all day."""
    return None if isinstance(shift, Shift) else Closed(_REASONS[shift])


def outside(missing: int) -> Closed:
    """A window in which service cannot lie inside the shift whatever the driving. ``missing``:
    seconds between the two."""
    return Closed(Reason.OUTSIDE_SHIFT, margin=max(missing, 0))
