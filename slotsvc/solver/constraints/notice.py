"""An offered window must not start too soon after now, nor too far ahead."""

from __future__ import annotations

from datetime import datetime, timedelta

from slotsvc.domain.time_window import TimeWindow
from slotsvc.solver.constraints import Closed, Reason


def check(
    promise: TimeWindow, now: datetime, notice: timedelta, horizon: timedelta
) -> Closed | None:
    """Windows that have begun are always too soon; one that begins now has begun (margin 0)."""
    lead = promise.start - now
    if lead < notice or lead <= timedelta(0):
        return Closed(Reason.NOTICE, margin=int((notice - lead).total_seconds()))
    if lead > horizon:
        return Closed(Reason.HORIZON, margin=int((lead - horizon).total_seconds()))
    return None
