"""Part of every shift is kept free for emergencies."""

from __future__ import annotations

from slotsvc.domain.working_time import Shift
from slotsvc.solver.constraints import Closed, Reason


def free_for_all(shift: Shift, reserve: int) -> int:
    """Seconds of time on site that visits without urgency may take in all: the regular time less
    the pauses and the reserve."""
    paused = sum(int(pause.duration.total_seconds()) for pause in shift.breaks)
    return int(shift.window.length.total_seconds()) - paused - reserve


def check(free: int, wanted: int) -> Closed | None:
    """``wanted``: time on site of all live placements and the new visit. Margin: what is over."""
    return Closed(Reason.RESERVED, margin=wanted - free) if wanted > free else None
