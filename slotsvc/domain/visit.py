"""Visits, placements and routes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import Enum

from slotsvc.domain.place import Location
from slotsvc.domain.time_window import TimeWindow


class PlacementState(Enum):
    """Where a placement stands. HELD lapses by itself at its ``expires``."""

    HELD = "HELD"
    BOOKED = "BOOKED"
    RELEASED = "RELEASED"
    CANCELLED = "CANCELLED"
    MOVED = "MOVED"


ENDED = frozenset({PlacementState.RELEASED, PlacementState.CANCELLED, PlacementState.MOVED})
"""States in which a placement no longer occupies its route."""


class Pin(Enum):
    """What nobody but a planner may change."""

    NONE = "NONE"
    TECHNICIAN = "TECHNICIAN"
    START = "START"


@dataclass(frozen=True, slots=True, order=True)
class RouteKey:
    """One technician's service date in one tenant: the unit of consistency."""

    tenant: str
    technician: str
    day: date


@dataclass(frozen=True, slots=True)
class Visit:
    """Work to be done at a place. May be unplaced.

    ``site`` and ``activity_type`` are "" for an ad-hoc request. ``client``: the portal's reference.
    """

    id: str
    location: Location
    service: timedelta
    requires: frozenset[str]
    site: str = ""
    activity_type: str = ""
    client: str = ""
    external_ref: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Placement:
    """A visit's place on a route.

    ``promise``: the window the client was told. ``start_window``: service must *start* in it;
    inside the promise, cut by opening hours. ``position``: order on the route, 0 first.
    ``expires``: None unless HELD. ``replaces``: id of the placement this one would take over
    from when booked, None when it replaces nothing. ``pinned_start``: None unless pinned.
    """

    id: str
    route: RouteKey
    visit: Visit
    position: int
    state: PlacementState
    promise: TimeWindow
    start_window: TimeWindow
    expires: datetime | None = None
    replaces: str | None = None
    pin: Pin = Pin.NONE

    def live(self, now: datetime) -> bool:
        """True while it occupies its route: booked, or held and ``now < expires``."""
        if self.state is PlacementState.HELD:
            return self.expires is not None and now < self.expires
        return self.state not in ENDED


@dataclass(frozen=True, slots=True)
class Stop:
    """A visit with its times. ``arrival <= start``; waiting lies between the two."""

    placement: str
    arrival: datetime
    start: datetime
    finish: datetime
