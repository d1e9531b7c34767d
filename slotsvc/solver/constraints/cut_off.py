"""Booking for a day closes at a time of the clock, some days before: "until 16:00 for tomorrow"."""

from __future__ import annotations

from datetime import date, datetime

from slotsvc.domain.booking_rules import BookingRules
from slotsvc.solver.constraints import Closed, Reason


def check(rules: BookingRules, day: date, zone: str, now: datetime) -> Closed | None:
    """Closed from that very moment on. The margin says since when, in seconds."""
    closes = rules.closes(day, zone)
    if closes is None or now < closes:
        return None
    return Closed(Reason.CUT_OFF, margin=int((now - closes).total_seconds()))
