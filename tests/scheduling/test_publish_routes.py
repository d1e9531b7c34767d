"""Routes told to technicians, and taken back."""

from __future__ import annotations

from datetime import timedelta

import pytest

from slotsvc.domain.errors import InvalidRequestError, NotFoundError
from slotsvc.domain.visit import RouteKey, RouteState
from slotsvc.scheduling.report_visit import Report, ReportKind
from tests.scheduling.booking_world import TENANT
from tests.scheduling.line_day import Walk


def state(walk: Walk, technician: str = "ann", shift: int = 0) -> RouteState:
    key = RouteKey(TENANT, technician, walk.day, shift)
    return walk.world.read(lambda tx: tx.routes_by_key([key]))[key].state


def told(walk: Walk) -> list[tuple[str, RouteKey | None, int]]:
    found = walk.world.read(lambda tx: tx.events_after(TENANT, "", 1000))
    events = (stored.event for stored in found if stored.event.kind.startswith("ROUTE_"))
    return [(event.kind, event.route, event.version) for event in events]


def test_every_shift_is_told_with_visits_or_without(walk: Walk) -> None:
    """Ann's, Bob's and both of Cid's, each with an event of its new version."""
    assert walk.world.publish("", walk.day, walk.day) == 4
    assert state(walk) is state(walk, "cid", 1) is RouteState.PUBLISHED
    assert ("ROUTE_PUBLISHED", walk.route, 1) in told(walk)
    assert len(told(walk)) == 4


def test_what_is_told_already_is_left_alone(walk: Walk) -> None:
    """Its version stays; taken back, it is a draft again."""
    walk.world.publish("ann", walk.day, walk.day)
    assert walk.world.publish("ann", walk.day, walk.day) == 0
    assert walk.world.publish("ann", walk.day, walk.day, withdraw=True) == 1
    assert state(walk) is RouteState.DRAFT
    assert told(walk) == [("ROUTE_PUBLISHED", walk.route, 1), ("ROUTE_WITHDRAWN", walk.route, 2)]


def test_a_running_route_stays_as_it_is(walk: Walk) -> None:
    """Somebody is on the road: it can be neither told nor taken back."""
    walk.world.report(walk.booked(1, 8, 9), Report(ReportKind.DEPARTED))
    assert walk.world.publish("ann", walk.day, walk.day) == 0
    assert walk.world.publish("ann", walk.day, walk.day, withdraw=True) == 0
    assert state(walk) is RouteState.RUNNING


def test_a_day_without_a_shift_is_not_told(walk: Walk) -> None:
    """Ann is away; the day after she is told of."""
    walk.world.leave("ann", walk.window(0, 23))
    assert walk.world.publish("ann", walk.day, walk.world.day(1)) == 1
    assert state(walk) is RouteState.DRAFT


def test_yesterday_is_refused(walk: Walk) -> None:
    """Today is the team's: at one at night in Monaco it is still the day before in UTC."""
    walk.clock(1, 0)
    assert walk.world.clock.now().date() < walk.day
    with pytest.raises(InvalidRequestError, match="first_date"):
        walk.world.publish("", walk.day - timedelta(days=1), walk.day)
    assert walk.world.publish("ann", walk.day, walk.day) == 1


def test_who_is_not_in_the_team_is_not_found(walk: Walk) -> None:
    """Whether such a technician exists elsewhere is not told."""
    with pytest.raises(NotFoundError, match="in this team"):
        walk.world.publish("zoe", walk.day, walk.day)
