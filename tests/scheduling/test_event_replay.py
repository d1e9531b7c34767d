"""Replaying events finds what is missing, doubled, or not where the events put it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from slotsvc.domain.place import Location
from slotsvc.domain.time_window import TimeWindow
from slotsvc.domain.visit import Placement, PlacementState, RouteKey, Visit
from slotsvc.scheduling.epochs import in_epoch
from slotsvc.scheduling.event_replay import EventReplay
from slotsvc.scheduling.ports import Event, StoredRoute

ROUTE = RouteKey("acme", "ann", date(2030, 6, 3))
EPOCH = 470_000


def event(kind: str, version: int, placement: str = "h-1", **data: str) -> Event:
    return Event(kind, "v-1", ROUTE, version, {"placement": placement, **data})


BOOKED = (
    event("VISIT_HELD", 1),
    event("VISIT_BOOKED", 2),
    event("ROUTE_BROKEN", 2),
    event("VISIT_BOOKED", 3, "h-2"),
    event("VISIT_MOVED", 4, "h-3", replaces="h-1"),
)


def standing(version: int, *ids: str) -> StoredRoute:
    start = datetime(2030, 6, 3, 8, 0, tzinfo=UTC)
    window = TimeWindow(start, start + timedelta(hours=2))
    work = Visit("v-1", Location(43.7, 7.4), timedelta(hours=1), frozenset())
    placed = [
        Placement(id, ROUTE, work, n, PlacementState.BOOKED, window, window)
        for n, id in enumerate(ids)
    ]
    return StoredRoute(ROUTE, version, tuple(placed))


def wrong(events: tuple[Event, ...], stored: StoredRoute, epoch: int = 0) -> str:
    replay = EventReplay(epoch)
    found = [what for one in events for what in replay.take(one)]
    return "; ".join([*found, *replay.compare(stored)])


def test_a_right_history_is_right() -> None:
    """Held, booked, broken, moved: what stands is what the events put there."""
    assert wrong(BOOKED, standing(4, "h-2", "h-3")) == ""


@pytest.mark.parametrize(
    ("events", "stored", "what"),
    [
        (BOOKED[:3] + BOOKED[4:], standing(4, "h-2", "h-3"), "change 4 (VISIT_MOVED) follows"),
        (BOOKED[:4], standing(4, "h-1", "h-2"), "at change 4, its events end at 3"),
        (BOOKED, standing(4, "h-3"), "h-2 was put there and never taken away"),
        (BOOKED, standing(4, "h-2", "h-3", "h-9"), "h-9 is there, but no event put it there"),
        ((*BOOKED, event("VISIT_BOOKED", 4, "h-4")), standing(4, "h-2", "h-3", "h-4"),
         "was made twice"),
        ((*BOOKED, event("VISIT_CANCELLED", 5, "h-7")), standing(5, "h-2", "h-3"),
         "VISIT_CANCELLED of h-7, which is not there"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_found(
    events: tuple[Event, ...], stored: StoredRoute, what: str
) -> None:
    """A gap, a route ahead of its events, a lost booking, a strange one, a change made twice."""
    assert what in wrong(events, stored)


def test_a_hold_may_lapse_without_a_word() -> None:
    """It stands or not: both are right."""
    held = (*BOOKED, event("VISIT_HELD", 5, "h-4"))
    assert wrong(held, standing(5, "h-2", "h-3")) == ""
    assert wrong(held, standing(5, "h-2", "h-3", "h-4")) == ""


def test_a_restore_is_no_gap_and_no_step_back() -> None:
    """Changes count on in the new epoch; a version of an epoch that has not begun is wrong."""
    after = (*BOOKED, event("VISIT_BOOKED", in_epoch(5, EPOCH), "h-5"))
    stands = standing(in_epoch(5, EPOCH), "h-2", "h-3", "h-5")
    assert wrong(after, stands, EPOCH) == ""
    assert "follows 4" in wrong(after, stands, EPOCH - 1)
    back = (*after, event("VISIT_CANCELLED", 6, "h-5"))
    assert "version 6 (VISIT_CANCELLED) follows" in wrong(back, stands, EPOCH)
