"""Some sectors are offered on some weekdays only."""

from __future__ import annotations

from datetime import date

from slotsvc.domain.booking_rules import BookingRules
from slotsvc.solver.constraints import Closed, Reason


def check(rules: BookingRules, sector: str, day: date) -> Closed | None:
    """A sector without days of its own is offered on every day."""
    weekdays = rules.weekdays_of(sector)
    if weekdays is None or day.weekday() in weekdays:
        return None
    return Closed(Reason.SECTOR_DAY, sector)
