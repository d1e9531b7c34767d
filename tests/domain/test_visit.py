"""What occupies a route, and until when."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from slotsvc.domain.place import Location
from slotsvc.domain.time_window import TimeWindow
from slotsvc.domain.visit import Placement, PlacementState, RouteKey, Visit

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
WINDOW = TimeWindow(NOON, NOON + timedelta(hours=2))
VISIT = Visit("v", Location(43.7, 7.4), timedelta(hours=1), frozenset())
ROUTE = RouteKey("t", "ana", date(2026, 6, 1))
BOOKED = Placement("p", ROUTE, VISIT, 0, PlacementState.BOOKED, WINDOW, WINDOW)


def test_a_hold_lapses_by_itself() -> None:
    """Until its expiry a hold occupies the route; at the second of it, it no longer does."""
    held = replace(BOOKED, state=PlacementState.HELD, expires=NOON)
    assert held.live(NOON - timedelta(seconds=1))
    assert not held.live(NOON)


def test_a_booking_does_not_lapse() -> None:
    """A booked placement occupies its route whatever the time."""
    assert BOOKED.live(NOON + timedelta(days=365))


@pytest.mark.parametrize("state", ["RELEASED", "CANCELLED", "MOVED"])
def test_ended_placements_free_their_place(state: str) -> None:
    """Released, cancelled and moved placements are history."""
    assert not replace(BOOKED, state=PlacementState(state)).live(NOON)
