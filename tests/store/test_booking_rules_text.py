"""Booking rules as JSON text."""

from __future__ import annotations

import json
from datetime import date, time, timedelta

from hypothesis import given

from slotsvc.domain.booking_rules import NO_RULES, BookingRules, DateRange, SectorDays
from slotsvc.store.booking_rules_text import rules_from, rules_text
from tests.store.strategies import booking_rules


@given(booking_rules)
def test_rules_survive_their_text(rules: BookingRules) -> None:
    """Every rule comes back, equal in every field."""
    assert rules_from(rules_text(rules)) == rules


def test_the_text_of_a_row() -> None:
    """Stored rows keep their meaning: this is what was written from the first version on."""
    rules = BookingRules(
        cut_off=time(16),
        cut_off_days=2,
        daily_quota=8,
        sector_days=(SectorDays("north", frozenset({3, 1})),),
        blackouts=(DateRange(date(2026, 12, 24), date(2026, 12, 31)),),
        hold=timedelta(minutes=2),
        longest_hold=timedelta(minutes=10),
    )
    assert rules_text(NO_RULES) == "{}"
    assert json.loads(rules_text(rules)) == {
        "cut_off": "16:00:00",
        "cut_off_days": 2,
        "daily_quota": 8,
        "sector_days": {"north": [1, 3]},
        "blackouts": [["2026-12-24", "2026-12-31"]],
        "hold_s": 120,
        "longest_hold_s": 600,
    }
