"""Booking rules, and the share of a day that holds may take."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest

from slotsvc.domain.booking_rules import (
    DAY_SHARE,
    NO_RULES,
    BookingRules,
    DateRange,
    SectorDays,
    refuse_a_day_full_of_holds,
    takes_the_reserve,
)
from slotsvc.domain.errors import HoldLimitError
from slotsvc.domain.place import Location
from slotsvc.domain.time_window import TimeWindow
from slotsvc.domain.visit import Placement, PlacementState, RouteKey, Visit
from slotsvc.domain.working_time import Break, Shift

TUESDAY = date(2026, 6, 2)
PARIS = "Europe/Paris"
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
NOON = datetime(2026, 6, 2, 12, tzinfo=UTC)


def test_a_day_closes_at_the_cut_off_on_the_teams_clock() -> None:
    """Until 16:00 for tomorrow; 0 days: on the day itself; without a time, never."""
    rules = BookingRules(cut_off=time(16))
    assert rules.closes(TUESDAY, PARIS) == datetime(2026, 6, 1, 14, tzinfo=UTC)
    same_day = BookingRules(cut_off=time(9, 30), cut_off_days=0)
    assert same_day.closes(TUESDAY, "Asia/Kolkata") == datetime(2026, 6, 2, 4, tzinfo=UTC)
    assert NO_RULES.closes(TUESDAY, PARIS) is None


def test_the_cut_off_keeps_to_the_clock_when_the_clocks_change() -> None:
    """The clocks of Paris go forward on 29 March 2026; 2:30 that day is the first instant after."""
    rules = BookingRules(cut_off=time(16))
    assert rules.closes(date(2026, 3, 29), PARIS) == datetime(2026, 3, 28, 15, tzinfo=UTC)
    assert rules.closes(date(2026, 3, 30), PARIS) == datetime(2026, 3, 29, 14, tzinfo=UTC)
    skipped = BookingRules(cut_off=time(2, 30))
    assert skipped.closes(date(2026, 3, 30), PARIS) == datetime(2026, 3, 29, 1, tzinfo=UTC)


def test_a_sector_without_days_is_offered_on_every_day() -> None:
    """Only named sectors are bound, the empty one never is."""
    rules = BookingRules(sector_days=(SectorDays("north", frozenset({1, 3})),))
    assert rules.weekdays_of("north") == frozenset({1, 3})
    assert rules.weekdays_of("south") is None
    assert rules.weekdays_of("") is None


def test_a_blackout_has_both_its_dates() -> None:
    """The first and the last date are inside, the days around them are not."""
    summer = DateRange(date(2026, 8, 1), date(2026, 8, 15))
    rules = BookingRules(blackouts=(summer,))
    assert rules.blackout_on(date(2026, 8, 1)) == summer
    assert rules.blackout_on(date(2026, 8, 15)) == summer
    assert rules.blackout_on(date(2026, 7, 31)) is None
    assert rules.blackout_on(date(2026, 8, 16)) is None


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"cut_off_days": -1}, "cut_off_days"),
        ({"cut_off_days": 31}, "cut_off_days"),
        ({"daily_quota": 0}, "daily_quota"),
        ({"daily_quota": 10_001}, "daily_quota"),
        ({"sector_days": (SectorDays("", frozenset({0})),)}, "sector_days"),
        ({"sector_days": (SectorDays("a", frozenset({7})),)}, "sector_days"),
        ({"sector_days": (SectorDays("a", frozenset()),) * 2}, "sector_days"),
        ({"hold": 5 * timedelta(seconds=1)}, "hold"),
        ({"longest_hold": 16 * MINUTE}, "longest_hold"),
        ({"hold": 10 * MINUTE, "longest_hold": 5 * MINUTE}, "hold"),
    ],
)
def test_rules_out_of_range_name_the_field(wrong: dict[str, Any], field: str) -> None:
    """Each limit is a ``ValueError`` that begins with the field's name."""
    with pytest.raises(ValueError, match=f"^{field}\\b"):
        BookingRules(**wrong)


def test_a_range_is_not_turned_around() -> None:
    """The last date is not before the first; one day is fine."""
    assert TUESDAY in DateRange(TUESDAY, TUESDAY)
    with pytest.raises(ValueError, match="last"):
        DateRange(TUESDAY, TUESDAY - timedelta(days=1))


def test_holds_live_as_the_activity_says_else_as_the_service() -> None:
    """A length of its own never exceeds the longest one."""
    service = (5 * MINUTE, 15 * MINUTE)
    assert NO_RULES.hold_lengths(*service) == service
    assert BookingRules(hold=2 * MINUTE).hold_lengths(*service) == (2 * MINUTE, 15 * MINUTE)
    assert BookingRules(longest_hold=3 * MINUTE).hold_lengths(*service) == (3 * MINUTE, 3 * MINUTE)


def a_hold(
    minutes: int,
    expires: datetime = NOON + MINUTE,
    state: PlacementState = PlacementState.HELD,
) -> Placement:
    visit = Visit("v", Location(43.7, 7.4), minutes * MINUTE, frozenset())
    window = TimeWindow(NOON, NOON + HOUR)
    key = RouteKey("tenant", "ana", TUESDAY)
    return Placement(
        f"h{minutes}{state}", key, visit, 0, state, window, window,
        expires=expires if state is PlacementState.HELD else None,
    )  # fmt: skip


EIGHT_HOURS = Shift(
    "ana",
    TUESDAY,
    TimeWindow(NOON - 4 * HOUR, NOON + 4 * HOUR),
    (),
    Location(43.7, 7.4),
    Location(43.7, 7.4),
    overtime=2 * HOUR,
)


def test_holds_take_at_most_their_share_of_the_regular_time() -> None:
    """Exactly half of eight hours is fine, a minute more is refused, and the text says by what."""
    standing = [a_hold(60), a_hold(120)]
    refuse_a_day_full_of_holds(EIGHT_HOURS, standing, HOUR, NOON, 50)
    with pytest.raises(HoldLimitError) as refused:
        refuse_a_day_full_of_holds(EIGHT_HOURS, standing, 61 * MINUTE, NOON, 50)
    assert "180 min of 240 min are held and 61 min more" in str(refused.value)
    assert refused.value.metadata == {"limit": DAY_SHARE}


def test_only_live_holds_count() -> None:
    """Bookings do not, and holds that have lapsed do not."""
    standing = [a_hold(230, state=PlacementState.BOOKED), a_hold(231, expires=NOON), a_hold(60)]
    refuse_a_day_full_of_holds(EIGHT_HOURS, standing, 3 * HOUR, NOON, 50)


def test_the_first_hold_of_a_day_may_be_long() -> None:
    """Work longer than the share could otherwise never be held at all."""
    refuse_a_day_full_of_holds(EIGHT_HOURS, [], 7 * HOUR, NOON, 50)
    with pytest.raises(HoldLimitError):
        refuse_a_day_full_of_holds(EIGHT_HOURS, [a_hold(10)], 7 * HOUR, NOON, 50)


def test_the_reserve_is_free_of_time_on_site() -> None:
    """Eight hours, an hour of pause, two of reserve: five are free for all; overtime is not."""
    pause = Break(TimeWindow(NOON, NOON + HOUR), HOUR)
    shift = replace(EIGHT_HOURS, breaks=(pause,))
    standing = [a_hold(180), a_hold(60, state=PlacementState.BOOKED)]
    assert takes_the_reserve(shift, standing, HOUR, 2 * HOUR) is None
    assert takes_the_reserve(shift, standing, HOUR + MINUTE, 2 * HOUR) == MINUTE
    assert takes_the_reserve(shift, standing, 9 * HOUR, timedelta(0)) is None
