"""Work to be done, and its place on a route."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import Enum

from slotsvc.domain.commitment import Commitment, Promise
from slotsvc.domain.place import Location
from slotsvc.domain.time_window import TimeWindow


class PlacementState(Enum):
    """Where a placement stands. HELD lapses by itself at its ``expires``.

    RETURNED: taken off its route, the visit is in the backlog again. MOVED: taken over by another.
    """

    HELD = "HELD"
    BOOKED = "BOOKED"
    EN_ROUTE = "EN_ROUTE"
    STARTED = "STARTED"
    DONE = "DONE"
    RELEASED = "RELEASED"
    CANCELLED = "CANCELLED"
    MOVED = "MOVED"
    RETURNED = "RETURNED"


ENDED = frozenset(
    {
        PlacementState.RELEASED,
        PlacementState.CANCELLED,
        PlacementState.MOVED,
        PlacementState.RETURNED,
    }
)
"""States in which a placement no longer occupies its route."""

BEGUN = frozenset({PlacementState.EN_ROUTE, PlacementState.STARTED, PlacementState.DONE})
"""States reported from the road: hard facts in every search."""


class Outcome(Enum):
    """How a visit ended."""

    DONE = "DONE"
    INCOMPLETE = "INCOMPLETE"
    CLIENT_ABSENT = "CLIENT_ABSENT"
    NO_ACCESS = "NO_ACCESS"


class Standing(Enum):
    """PLACED: the visit is where its placement is. UNPLACED: it waits in the backlog.

    CANCELLED: it was cancelled while it had no place.
    """

    PLACED = "PLACED"
    UNPLACED = "UNPLACED"
    CANCELLED = "CANCELLED"


class UnplacedReason(Enum):
    """Why a visit waits in the backlog."""

    NEW = "NEW"
    PLANNER = "PLANNER"
    ABSENCE = "ABSENCE"


class RouteState(Enum):
    """What automation may do to the order of a route: everything; insert; insert after now."""

    DRAFT = "DRAFT"
    PUBLISHED = "PUBLISHED"
    RUNNING = "RUNNING"


class Pin(Enum):
    """What nobody but a planner may change."""

    NONE = "NONE"
    TECHNICIAN = "TECHNICIAN"
    START = "START"


@dataclass(frozen=True, slots=True, order=True)
class RouteKey:
    """One shift of one technician's service date in one tenant: the unit of consistency.

    ``shift``: 0 for the first shift of the date.
    """

    tenant: str
    technician: str
    day: date
    shift: int = 0


@dataclass(frozen=True, slots=True)
class Visit:
    """Work to be done at a place. May be unplaced.

    ``site`` and ``activity_type`` are "" for an ad-hoc request. ``client``: the portal's reference.
    ``service``: planned time on site at ordinary pace. ``access``: from the road to the door and
    back to work, charged once for visits that follow each other at one place. ``pausable``: a break
    may lie inside it. ``sector``: "" is served by everybody. ``priority`` above 0 is urgent: it may
    use the emergency reserve. ``commitment``: how firmly a time is given. ``promises``: what the
    client was told, in the order of telling; superseded ones included.
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
    access: timedelta = timedelta(0)
    pausable: bool = False
    sector: str = ""
    priority: int = 0
    commitment: Commitment = field(default_factory=Commitment)
    promises: tuple[Promise, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    team: str = ""


@dataclass(frozen=True, slots=True)
class Reported:
    """What was reported from the road; None: not yet. Whole seconds."""

    departed: datetime | None = None
    started: datetime | None = None
    finished: datetime | None = None
    outcome: Outcome | None = None
    steps: tuple[tuple[str, datetime], ...] = ()


@dataclass(frozen=True, slots=True)
class Placement:
    """A visit's place on a route.

    ``promise``: the window the client was told, None when nobody was told one. ``start_window``:
    service must *start* in it; inside the promise, cut by opening hours. ``position``: order on the
    route, 0 first. ``expires``: None unless HELD. ``replaces``: id of the placement this one would
    take over from when booked, None when it replaces nothing. ``service``: time on site of this
    technician; None: the visit's. ``team``: whose search found it; "": the visit's.
    """

    id: str
    route: RouteKey
    visit: Visit
    position: int
    state: PlacementState
    promise: TimeWindow | None
    start_window: TimeWindow
    expires: datetime | None = None
    replaces: str | None = None
    pin: Pin = Pin.NONE
    service: timedelta | None = None
    reported: Reported = Reported()
    team: str = ""

    @property
    def of_team(self) -> str:
        """The team that it counts for; "": none."""
        return self.team or self.visit.team

    @property
    def on_site(self) -> timedelta:
        """Planned time on site."""
        return self.visit.service if self.service is None else self.service

    def live(self, now: datetime) -> bool:
        """True while it occupies its route: booked, begun, done, or held and ``now < expires``."""
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
