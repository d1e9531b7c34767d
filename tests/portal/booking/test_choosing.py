"""Offers by day."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from slotsvc.portal.booking.choosing import DAYS, MOST_A_DAY, MOST_SLOTS, nearest, offered
from slotsvc.portal.service.answers import Slot, Window

ZONE = ZoneInfo("Europe/Monaco")
START = datetime(2030, 6, 3, 6, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


def slots(hours: list[int]) -> list[Slot]:
    """Offers so many hours from the start, best first; the first one recommended."""
    return [
        Slot(f"t{n}", Window(START + n * HOUR, START + (n + 2) * HOUR), rank, rank == 1, START)
        for rank, n in enumerate(hours, 1)
    ]


_HOURS = st.lists(st.integers(0, 24 * 20), unique=True, min_size=1, max_size=40)


@given(_HOURS)
def test_days_in_order_with_the_best_among_them(hours: list[int]) -> None:
    """Dates and times ascend; the recommended offer is shown, once; at most five days."""
    found = offered(slots(hours), ZONE)
    assert found.dates == sorted(set(found.dates))
    assert len(found.days) <= DAYS
    shown = [slot for day in found.days for slot in day.slots]
    assert [slot.window.start for slot in shown] == sorted(slot.window.start for slot in shown)
    assert [slot.token for slot in shown if slot.recommended] == [f"t{hours[0]}"]
    for day in found.days:
        assert {slot.window.start.astimezone(ZONE).date() for slot in day.slots} == {day.day}
    dates = {(START + n * HOUR).astimezone(ZONE).date() for n in hours}
    assert found.more == (len(dates) > DAYS)


def test_full_days_do_not_hide_that_there_are_more() -> None:
    """However full each day is, an answer reaches one day further than the page."""
    full = [24 * day + n for day in range(2 * DAYS) for n in range(MOST_A_DAY)]
    found = offered(slots(full[:MOST_SLOTS]), ZONE)
    assert len(found.days) == DAYS
    assert found.more


def test_later_days_carry_no_badge() -> None:
    """The engine recommends in every answer; the page shows it in the first only."""
    found = offered(slots([1, 30]), ZONE, keep_badge=False)
    assert not any(slot.recommended for day in found.days for slot in day.slots)


@given(_HOURS, st.integers(0, 480))
def test_nearest(hours: list[int], lost: int) -> None:
    """The equivalents are the three that begin nearest to what was lost."""
    window = Window(START + lost * HOUR, START + (lost + 2) * HOUR)
    found = nearest(slots(hours), window)
    distances = sorted(abs(n - lost) for n in hours)[:3]
    assert [abs(slot.window.start - window.start) // HOUR for slot in found] == distances
