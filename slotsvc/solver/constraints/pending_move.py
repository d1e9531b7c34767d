"""While a visit is being moved within its day, the day takes no other visit.

Until the move is confirmed the day may end in two ways, with the old place or with the new one, and
a third visit would have to suit both. A hold lasts minutes, so the day is closed for that long.
"""

from __future__ import annotations

from slotsvc.solver.constraints import Closed, Reason


def check(move_pending: bool) -> Closed | None:
    """``move_pending``: a live hold would take over from another place of the same route."""
    return Closed(Reason.MOVE_PENDING) if move_pending else None
