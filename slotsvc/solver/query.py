"""A question to the ranking, in the words of the field, everything checked and resolved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from slotsvc.domain.booking_rules import NO_RULES, BookingRules
from slotsvc.domain.offer_windows import OfferWindow
from slotsvc.domain.place import Location
from slotsvc.domain.time_window import TimeWindow
from slotsvc.solver.constraints import Reason
from slotsvc.solver.costs import Component
from slotsvc.solver.instance import Int32
from slotsvc.solver.unproven import Unproven


@dataclass(frozen=True, slots=True)
class AskedWindow:
    """A window that may be offered, on the local day it belongs to."""

    day: date
    window: OfferWindow


@dataclass(frozen=True, slots=True)
class SlotQuery:
    """What is needed. ``windows``: sorted by start, not overlapping, inside the days asked for.

    ``closed``: windows of the grid in which the site is closed. ``first_day``: days away count from
    here. ``preferred``: preferred technicians and the last one. ``service``: at ordinary pace.
    ``access``, ``pausable``, ``sector``, ``priority``: as in ``Visit``. ``due``: service must start
    before it; ``promised``: and inside one of these (what was promised, or the target); None: no
    such limit. ``rules``: the activity type's. ``taken``: live placements of the activity type in
    the team per day, the visit that moves not counted; read for a ``daily_quota`` only.
    ``reserve``: the team's emergency reserve. ``max_added_travel``: most driving that an offer may
    add to its route; None: any.
    """

    location: Location
    service: timedelta
    requires: frozenset[str]
    windows: tuple[AskedWindow, ...]
    first_day: date
    notice: timedelta
    horizon: timedelta
    required: frozenset[str] = frozenset()
    forbidden: frozenset[str] = frozenset()
    preferred: frozenset[str] = frozenset()
    preferred_windows: tuple[TimeWindow, ...] = ()
    closed: tuple[AskedWindow, ...] = ()
    access: timedelta = timedelta(0)
    pausable: bool = False
    sector: str = ""
    priority: int = 0
    due: datetime | None = None
    promised: tuple[TimeWindow, ...] | None = None
    rules: BookingRules = NO_RULES
    taken: Mapping[date, int] = field(default_factory=dict)
    reserve: timedelta = timedelta(0)
    max_added_travel: timedelta | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Legs:
    """Driving between the visit's place and every place of the calendar's arrays, int32 (places,).

    ``snap_m``: from the place to the nearest road. ``estimated``: not read on roads.
    """

    into: Int32
    out: Int32
    snap_m: float
    snap_limit_m: float
    map_id: str
    estimated: bool


@dataclass(frozen=True, slots=True)
class Offer:
    """A ranked slot and where it would go.

    ``order``: placement ids of the whole route, "" for the new visit. ``arrival`` .. ``finish``:
    planned times of the new visit. ``shift``: number of the shift of that day. ``version`` and
    ``valid_until``: the route it was judged on.
    """

    window: OfferWindow
    technician: str
    technician_name: str
    day: date
    shift: int
    order: tuple[str, ...]
    arrival: datetime
    start: datetime
    finish: datetime
    components: tuple[Component, ...]
    cost: int
    added_travel: int
    added_waiting: int
    added_overtime: int
    added_against_today: int
    resequences: bool
    version: int
    valid_until: datetime | None
    estimated: bool
    why: str = ""

    @property
    def position(self) -> int:
        """0 for the first visit of the day."""
        return self.order.index("")


@dataclass(frozen=True, slots=True)
class Rejected:
    """One technician (or all, "") and one reason: how many cells, and the nearest one."""

    technician: str
    technician_name: str
    reason: Reason
    cells: int
    window: TimeWindow | None
    margin: int
    subject: str
    message: str


@dataclass(frozen=True, slots=True)
class Counts:
    """Every cell once: ``cells = rejected + evaluated + pruned + skipped``.

    ``routes_in_order``: of ``routes``, those whose order is kept whatever the search's freedom.
    """

    cells: int
    rejected: int
    evaluated: int
    pruned: int
    skipped: int
    gap: int
    routes: int
    routes_in_order: int

    @property
    def complete(self) -> bool:
        """An unlimited run would give the same slots."""
        return self.skipped == 0 and self.gap == 0


@dataclass(frozen=True, slots=True)
class Answer:
    """Ranked offers, why not others, and the proof. ``insert_only``: the freedom searched.

    ``disputed``: offers the referee does not accept; None: it was not asked. ``unproven``: what the
    search left open.
    """

    offers: tuple[Offer, ...]
    rejections: tuple[Rejected, ...]
    counts: Counts
    insert_only: bool
    map_id: str
    estimated: bool
    as_of: datetime
    disputed: int | None = None
    unproven: tuple[Unproven, ...] = ()
