"""Dates on which a kind of visit is not offered."""

from __future__ import annotations

from datetime import date

from slotsvc.domain.booking_rules import BookingRules
from slotsvc.solver.constraints import Closed, Reason


def check(rules: BookingRules, day: date) -> Closed | None:
    """The subject names the first and the last date."""
    span = rules.blackout_on(day)
    return Closed(Reason.BLACKOUT, f"{span.first}/{span.last}") if span else None
