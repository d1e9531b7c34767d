"""Small values that the store's tests share: one company, two technicians, visits to place."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

import numpy as np

from slotsvc.domain.closures import Closure
from slotsvc.domain.eligibility import Certificate
from slotsvc.domain.offering import ActivityType, OfferGrid, Site
from slotsvc.domain.place import Location
from slotsvc.domain.route_violation import Origin, RouteViolation
from slotsvc.domain.technician import Loan, Team, Technician, Tenant, Van
from slotsvc.domain.time_window import TimeWindow
from slotsvc.domain.visit import (
    Placement,
    PlacementState,
    RouteKey,
    Standing,
    UnplacedReason,
    Visit,
)
from slotsvc.domain.working_time import (
    Absence,
    BreakRule,
    DayHours,
    LocalInterval,
    ShiftException,
    WorkingTime,
)
from slotsvc.scheduling.ports import Event, StoredVisit, TravelBlock, WriteTx
from slotsvc.scheduling.travel_port import Provenance

NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
MONDAY = date(2026, 3, 2)
TUESDAY = date(2026, 3, 3)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
HOLD = 5 * MINUTE

HOME = Location(43.7384, 7.4246)
MORNING = LocalInterval(time(8), time(12))
LUNCH = BreakRule(LocalInterval(time(12), time(13)), 30 * MINUTE)
WORKDAY = DayHours(LocalInterval(time(8), time(17)), (LUNCH,))
DAY_OFF = DayHours(None)
WEEK = WorkingTime((WORKDAY, WORKDAY, WORKDAY, WORKDAY, WORKDAY, DAY_OFF, DAY_OFF))

ACME = Tenant("acme", "Acme", frozenset({"gas", "electricity"}))
NORTH = Team("north", "North", "Europe/Paris")
ANA = Technician("ana", "Ana", "north", "Europe/Paris", HOME, HOME, WEEK, frozenset({"gas"}))
BEN = replace(ANA, id="ben", display_name="Ben")
FLAT = Site("flat", "The flat", HOME, "Europe/Paris", client="client-1")
BOILER = ActivityType(
    "boiler", "Boiler", HOUR, frozenset({"gas"}), OfferGrid((MORNING,)), HOUR, timedelta(days=14)
)
VAN = Van("van-1", "Van 1", frozenset({"gas"}), (Certificate("gas", 2, None, MONDAY),))
SHUT = Closure("xmas", "north", (date(2026, 12, 24), date(2026, 12, 31)))
LENT = Loan("south", "ana", "north", TUESDAY, date(2026, 3, 5))
CLOSED_TUESDAY = ShiftException("holiday", "ana", TUESDAY, DAY_OFF)
AWAY_MONDAY = Absence("dentist", "ana", TimeWindow(NOW + HOUR, NOW + 2 * HOUR))

ANA_MONDAY = RouteKey("acme", "ana", MONDAY)
BEN_MONDAY = RouteKey("acme", "ben", MONDAY)
ANA_TUESDAY = RouteKey("acme", "ana", TUESDAY)
ANA_EVENING = RouteKey("acme", "ana", MONDAY, 1)


class FrozenClock:
    """Stands still until it is moved."""

    def __init__(self, instant: datetime = NOW) -> None:
        self.instant = instant

    def now(self) -> datetime:
        """The instant it was set to."""
        return self.instant

    def advance(self, by: timedelta) -> None:
        """Moves on."""
        self.instant += by


def visit(id: str = "v1", **changes: object) -> Visit:
    """An hour of gas work at home."""
    work = Visit(id, HOME, HOUR, frozenset({"gas"}), "flat", "boiler", "client-1", team="north")
    return replace(work, **changes)  # type: ignore[arg-type]


def placed(
    id: str = "p1",
    route: RouteKey = ANA_MONDAY,
    work: Visit | None = None,
    state: PlacementState = PlacementState.BOOKED,
    **changes: object,
) -> Placement:
    """A morning visit; a hold lapses five minutes after NOW."""
    morning = TimeWindow(NOW, NOW + 4 * HOUR)
    expires = NOW + HOLD if state is PlacementState.HELD else None
    of = work or visit("v" + id.removeprefix("p"))
    placement = Placement(id, route, of, -1, state, morning, morning, expires)
    return replace(placement, **changes)  # type: ignore[arg-type]


def held(id: str = "p1", route: RouteKey = ANA_MONDAY, **changes: object) -> Placement:
    """The same, on hold."""
    return placed(id, route, state=PlacementState.HELD, **changes)


def stored(placement: Placement) -> StoredVisit:
    """As it is when it was just made."""
    since = NOW if placement.state is PlacementState.HELD else None
    told = None if since else NOW
    tenant, work = placement.route.tenant, placement.visit
    return StoredVisit(tenant, work, placement, 1, Provenance.LIVE, NOW, NOW, told, since)


def waiting(work: Visit | None = None, **changes: object) -> StoredVisit:
    """A visit in the backlog that never had a place."""
    new = StoredVisit("acme", work or visit(), None, 1, Provenance.LIVE, NOW, NOW)
    unplaced = replace(new, standing=Standing.UNPLACED, unplaced_reason=UnplacedReason.NEW)
    return replace(unplaced, **changes)  # type: ignore[arg-type]


def broken(subject: str = "p1", **changes: object) -> RouteViolation:
    """A visit that starts ten minutes too late, because the technician came late."""
    late = RouteViolation("LATE", subject, "v1", 600, "ten minutes late", NOW, Origin.OVERRUN)
    return replace(late, **changes)  # type: ignore[arg-type]


def event(kind: str, key: RouteKey, version: int, subject: str = "visits/v1") -> Event:
    """One event with a number and a name in it."""
    return Event(kind, subject, key, version, {"position": 0, "visit": subject})


def block(*places: Location) -> TravelBlock:
    """A block in which everything is a minute away from everything else."""
    of = places or (HOME,)
    seconds = np.full((len(of), len(of)), 60, np.int32)
    np.fill_diagonal(seconds, 0)
    return TravelBlock(of, seconds, "map-1", Provenance.LIVE)


def set_up(tx: WriteTx) -> None:
    """The company, its team, two technicians, a site and an activity type."""
    for entity in (ACME, NORTH, ANA, BEN, FLAT, BOILER):
        tx.create("acme", entity)


def put(tx: WriteTx, *placements: Placement) -> int:
    """Places new visits behind the standing ones of their one route; gives its version."""
    (key,) = {placement.route for placement in placements}
    version = tx.lock_routes([key])[key]
    for placement in placements:
        tx.insert_visit(stored(placement))
    new = [placement.id for placement in placements]
    before = [p.id for p in tx.routes_by_key([key])[key].live(tx.now()) if p.id not in new]
    tx.write_route(key, before + new, block())
    return version
