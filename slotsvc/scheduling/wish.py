"""What a caller asks for, as it came in: names resolved to ids, values checked one by one."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from slotsvc.domain.offer_windows import OfferWindow
from slotsvc.domain.offering import OfferGrid
from slotsvc.domain.place import Location
from slotsvc.domain.time_window import TimeWindow
from slotsvc.domain.visit import RouteKey, Visit
from slotsvc.solver.params import SearchParams


@dataclass(frozen=True, slots=True)
class Wish:
    """A place, a duration, and when and by whom it may be done.

    ``site`` / ``location``: one of the two, or neither when ``visit`` says. None and "" mean: as
    the activity type or the stored visit has it. ``visit``: the stored visit to move or to
    place, "" for a new one. ``leave_promise``: the client is asked anew, so what was promised
    does not bind.
    ``setup``: access, parking and setup. ``resequence_published``: routes told to technicians may
    change their order.
    """

    site: str = ""
    location: Location | None = None
    activity_type: str = ""
    service: timedelta | None = None
    requires: frozenset[str] = frozenset()
    first_date: date | None = None
    last_date: date | None = None
    allowed_dates: frozenset[date] = frozenset()
    allowed_windows: tuple[TimeWindow, ...] = ()
    preferred_windows: tuple[TimeWindow, ...] = ()
    required_technicians: frozenset[str] = frozenset()
    preferred_technicians: frozenset[str] = frozenset()
    forbidden_technicians: frozenset[str] = frozenset()
    last_technician: str = ""
    grid: OfferGrid | None = None
    notice: timedelta | None = None
    visit: str = ""
    client: str = ""
    priority: int = 0
    sector: str = ""
    setup: timedelta | None = None
    pausable: bool | None = None
    max_added_travel: timedelta | None = None
    leave_promise: bool = False
    resequence_published: bool = False


@dataclass(frozen=True, slots=True)
class SuggestCommand:
    """One search. ``deadline``: monotonic seconds after which no new cell is begun; None: never."""

    tenant: str
    team: str
    wish: Wish
    params: SearchParams = field(default_factory=SearchParams)
    max_rejections: int = 0
    deadline: float | None = None


@dataclass(frozen=True, slots=True)
class HeldOffer:
    """What a slot token holds: the offer, and what leads to the same visit again.

    ``work``: the visit as it will be (its id is "" unless it is stored). ``on_site``: the time on
    site of the offered technician. ``order``: placement ids of the route as it was judged, "" for
    the new visit. ``version`` and ``valid_until`` say which state of the route that was.
    ``replaces``: placement to move, "" when the visit has no place. ``expires``: the offer lapses
    then. ``insert_only``: the others keep their order. ``resequence_published``: as in the wish.
    ``asked_anew``: the client agrees to a window outside what was promised.
    """

    tenant: str
    team: str
    technician: str
    day: date
    shift: int
    window: OfferWindow
    work: Visit
    on_site: timedelta
    order: tuple[str, ...]
    version: int
    valid_until: datetime | None
    expires: datetime
    replaces: str = ""
    insert_only: bool = False
    resequence_published: bool = False
    asked_anew: bool = False

    @property
    def route(self) -> RouteKey:
        """Where it would go."""
        return RouteKey(self.tenant, self.technician, self.day, self.shift)
