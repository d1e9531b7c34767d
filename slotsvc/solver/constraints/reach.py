"""The place must lie near a road, and roads must lead there and back."""

from __future__ import annotations

from slotsvc.solver.constraints import Closed, Reason
from slotsvc.solver.instance import INF


def check_snap(snap_m: float, limit_m: float) -> Closed | None:
    """Closed when the nearest road is further than the limit, metres."""
    return Closed(Reason.OFF_MAP, margin=round(snap_m)) if snap_m > limit_m else None


def check_road(there: int, back: int) -> Closed | None:
    """``there`` / ``back``: least driving to the visit from any place of the route but its end, and
    onward to any but its start, seconds."""
    return Closed(Reason.UNROUTABLE) if there >= INF or back >= INF else None
