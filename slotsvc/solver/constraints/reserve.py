"""Part of every shift is kept free for emergencies; ``domain.booking_rules.free_for_all``."""

from __future__ import annotations

from slotsvc.solver.constraints import Closed, Reason


def check(free: int, wanted: int) -> Closed | None:
    """Seconds. ``free``: for visits without urgency, in all; ``wanted``: time on site of all live
    placements and the new visit. Margin: what is over."""
    return Closed(Reason.RESERVED, margin=wanted - free) if wanted > free else None
