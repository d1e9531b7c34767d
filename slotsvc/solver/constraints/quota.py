"""So many visits of one kind a day in the team, and no more."""

from __future__ import annotations

from slotsvc.domain.booking_rules import BookingRules
from slotsvc.solver.constraints import Closed, Reason


def check(rules: BookingRules, taken: int) -> Closed | None:
    """``taken``: live placements of the activity type that day. Margin: visits too many by one."""
    quota = rules.daily_quota
    if quota is None or taken < quota:
        return None
    return Closed(Reason.QUOTA_FULL, margin=taken + 1 - quota)
