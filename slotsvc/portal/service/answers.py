"""What the engine answers about a client's visits, as pages need it. No technicians, no routes."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class VisitState(StrEnum):
    """Where a visit stands."""

    UNPLACED = "UNPLACED"
    HELD = "HELD"
    BOOKED = "BOOKED"
    EN_ROUTE = "EN_ROUTE"
    STARTED = "STARTED"
    DONE = "DONE"
    CANCELLED = "CANCELLED"
    RELEASED = "RELEASED"  # a new one whose hold lapsed: never a visit


class Outcome(StrEnum):
    """How a visit ended. UNKNOWN: it has not, or nobody said."""

    UNKNOWN = "UNKNOWN"
    DONE = "DONE"
    INCOMPLETE = "INCOMPLETE"
    CLIENT_ABSENT = "CLIENT_ABSENT"
    NO_ACCESS = "NO_ACCESS"


@dataclass(frozen=True, slots=True, order=True)
class Window:
    """The visit starts in [start, end). UTC."""

    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Slot:
    """An offer; it reserves nothing. ``token``: give it to ``hold``. ``expires``: it lapses then.
    ``rank``: 1 is best. At most one of an answer is ``recommended``."""

    token: str = field(repr=False)
    window: Window
    rank: int
    recommended: bool
    expires: datetime


@dataclass(frozen=True, slots=True)
class Hold:
    """A window kept for a client until ``expires``. ``visit``: what it becomes or moves."""

    name: str
    visit: str
    window: Window
    expires: datetime
    extendable: bool


@dataclass(frozen=True, slots=True)
class Promise:
    """What the client was told. ``told`` None: not yet (a hold). ``superseded`` None: it stands."""

    window: Window
    told: datetime | None
    superseded: datetime | None


@dataclass(frozen=True, slots=True)
class StepReached:
    """A company-defined step that the technician reported."""

    step: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Visit:
    """A visit as its client may know it.

    ``site``, ``activity_type``, ``team``: resource names, "" for none. ``promise`` None: nothing
    stands. ``hold``: the live hold on it or on its new place, "" for none; it ends at
    ``hold_expires``. ``arrival``: estimate, only while on the way, rounded up to 5 minutes.
    """

    name: str
    state: VisitState
    client: str
    site: str
    activity_type: str
    team: str
    reference: str
    promise: Promise | None
    promises: tuple[Promise, ...]
    hold: str
    hold_expires: datetime | None
    created: datetime
    updated: datetime
    departed: datetime | None
    started: datetime | None
    ended: datetime | None
    arrival: datetime | None
    steps: tuple[StepReached, ...]
    outcome: Outcome
    etag: str

    @property
    def id(self) -> str:
        """The last part of its name, as it stands in addresses."""
        return self.name.rpartition("/")[2]

    @property
    def unkept(self) -> Window | None:
        """What was promised for a visit that the company took off its route: the promise stands,
        and nobody is to keep it. None: no such thing."""
        waits = self.promise is not None and self.state is VisitState.UNPLACED
        return self.promise.window if self.promise and waits else None

    @property
    def window(self) -> Window | None:
        """What was told last, whether it stands or not; None: nothing ever."""
        if self.promise:
            return self.promise.window
        return self.promises[-1].window if self.promises else None
