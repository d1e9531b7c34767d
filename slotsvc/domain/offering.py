"""What is served where: activity types and sites."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from slotsvc.domain.booking_rules import NO_RULES, BookingRules
from slotsvc.domain.place import Location
from slotsvc.domain.working_time import LocalInterval


@dataclass(frozen=True, slots=True)
class OfferGrid:
    """The windows a client may be offered, on the wall clock of the team.

    ``cells``: the start windows of one day, in order, not overlapping.
    An exact-start grid ("every 15 minutes") is ``step`` set and ``cells`` holding the spans to
    cut into steps; an offer then is a start window of one ``step``.
    """

    cells: tuple[LocalInterval, ...]
    step: timedelta | None = None


@dataclass(frozen=True, slots=True)
class ActivityType:
    """A kind of visit.

    ``service``: time on site. ``requires``: tags a technician must offer ("gas", "gas:2").
    ``notice``: least time between asking and the start of an offered window.
    ``horizon``: furthest start of an offered window, counted from now. ``rules``: what else bounds
    when it may be booked. ``setup``: needed besides the site's access, once for visits that follow
    each other at one place. ``pausable``: a break may lie inside it.
    """

    id: str
    display_name: str
    service: timedelta
    requires: frozenset[str]
    grid: OfferGrid
    notice: timedelta
    horizon: timedelta
    rules: BookingRules = NO_RULES
    setup: timedelta = timedelta(0)
    pausable: bool = False


@dataclass(frozen=True, slots=True)
class Site:
    """A place where visits happen.

    ``opening_hours``: seven tuples of local intervals, Monday first; None means always open.
    Opening hours bound the start *and* the finish of a visit. ``zone``: IANA zone of the hours.
    ``client``: the portal's reference to whom the site belongs; "" when unknown. ``sector``: where
    it lies in the company's eyes; "" is served by everybody. ``access``: from the road to the door,
    once for visits that follow each other here.
    """

    id: str
    display_name: str
    location: Location
    zone: str
    opening_hours: tuple[tuple[LocalInterval, ...], ...] | None = None
    client: str = ""
    address: str = ""
    sector: str = ""
    access: timedelta = timedelta(0)
