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


def check_window(opens: int, closes: int, end: int, service: int) -> Closed | None:
    """Seconds from the start of the shift; ``closes`` included. Closed when service, begun in the
    window, cannot lie inside the shift whatever the driving."""
    if closes < 0:
        return Closed(Reason.OUTSIDE_SHIFT, margin=-closes)
    late = max(opens, 0) + service - end
    return Closed(Reason.OUTSIDE_SHIFT, margin=late) if late > 0 else None
