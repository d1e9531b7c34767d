"""A technician works that day, and the window leaves time to serve inside a shift."""

from __future__ import annotations

from slotsvc.domain.working_time import NoShiftReason
from slotsvc.solver.constraints import Closed, Reason


def off(why: NoShiftReason) -> Closed:
    """The technician has no shift that day."""
    return Closed(Reason.NO_SHIFT if why is NoShiftReason.DAY_OFF else Reason[why.name])


def outside(missing: int) -> Closed:
    """A window in which service cannot lie inside any shift of the day whatever the driving.
    ``missing``: seconds to the nearest."""
    return Closed(Reason.OUTSIDE_SHIFT, margin=max(missing, 0))
