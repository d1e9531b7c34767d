"""Booking rules of an activity type as JSON text. What closes nothing is left out."""

from __future__ import annotations

import json
from datetime import date, time, timedelta
from typing import Any

from slotsvc.domain.booking_rules import BookingRules, DateRange, SectorDays
from slotsvc.store.hours_text import seconds_of


def rules_text(rules: BookingRules) -> str:
    """Dates and times of the clock as ISO text, durations in seconds, Monday is 0."""
    stored: dict[str, Any] = {
        "cut_off": None if rules.cut_off is None else rules.cut_off.isoformat(),
        "cut_off_days": rules.cut_off_days,
        "daily_quota": rules.daily_quota,
        "sector_days": {one.sector: sorted(one.weekdays) for one in rules.sector_days},
        "blackouts": [[span.first.isoformat(), span.last.isoformat()] for span in rules.blackouts],
        "hold_s": None if rules.hold is None else seconds_of(rules.hold),
        "longest_hold_s": None if rules.longest_hold is None else seconds_of(rules.longest_hold),
    }
    usual: dict[str, Any] = {"cut_off_days": 1, "sector_days": {}, "blackouts": []}
    told = {name: value for name, value in stored.items() if value != usual.get(name)}
    return json.dumps(told, separators=(",", ":"), ensure_ascii=False)


def rules_from(text: str) -> BookingRules:
    """Inverse of ``rules_text``."""
    stored = json.loads(text)
    return BookingRules(
        cut_off=time.fromisoformat(stored["cut_off"]) if "cut_off" in stored else None,
        cut_off_days=stored.get("cut_off_days", 1),
        daily_quota=stored.get("daily_quota"),
        sector_days=tuple(
            SectorDays(sector, frozenset(weekdays))
            for sector, weekdays in stored.get("sector_days", {}).items()
        ),
        blackouts=tuple(
            DateRange(date.fromisoformat(first), date.fromisoformat(last))
            for first, last in stored.get("blackouts", [])
        ),
        hold=_length(stored.get("hold_s")),
        longest_hold=_length(stored.get("longest_hold_s")),
    )


def _length(seconds: int | None) -> timedelta | None:
    return None if seconds is None else timedelta(seconds=seconds)
