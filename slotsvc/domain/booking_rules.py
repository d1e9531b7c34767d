"""When a kind of visit may be booked at all, and how much of a day holds may take.

The rules of an activity type speak of calendar days on the team's wall clock.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from slotsvc.domain.errors import HoldLimitError
from slotsvc.domain.shifts import instant
from slotsvc.domain.visit import Placement, PlacementState
from slotsvc.domain.working_time import Shift

MOST_CUT_OFF_DAYS = 30
MOST_A_DAY = 10_000
SHORTEST_HOLD, LONGEST_HOLD = timedelta(seconds=10), timedelta(minutes=15)

DAY_SHARE = "day_share"
"""In a ``HoldLimitError``'s metadata: its message tells how full a technician's day is."""

_NOTHING = timedelta(0)


@dataclass(frozen=True, slots=True, order=True)
class DateRange:
    """Local dates, ``first`` and ``last`` included. Raises ``ValueError`` when turned around."""

    first: date
    last: date

    def __post_init__(self) -> None:
        if self.last < self.first:
            raise ValueError("last must not be before first")

    def __contains__(self, day: date) -> bool:
        return self.first <= day <= self.last


@dataclass(frozen=True, slots=True)
class SectorDays:
    """The visits of ``sector`` are offered on ``weekdays`` only (Monday is 0)."""

    sector: str
    weekdays: frozenset[int]


@dataclass(frozen=True, slots=True)
class BookingRules:
    """The rules of one activity type; what is None or empty closes nothing.

    ``cut_off``: booking for a day closes at this time of the team's wall clock, ``cut_off_days``
    days before: 16:00 and 1 is "until 16:00 for tomorrow", and today is closed since yesterday.
    ``daily_quota``: most live placements of the type per team and day. ``sector_days``: a sector
    not named is offered on every day. ``blackouts``: days without offers. ``hold``: life of a hold
    that names none; ``longest_hold``: of any, its extension included; None: as the service has it.
    Raises ``ValueError`` naming the field for values out of range.
    """

    cut_off: time | None = None
    cut_off_days: int = 1
    daily_quota: int | None = None
    sector_days: tuple[SectorDays, ...] = ()
    blackouts: tuple[DateRange, ...] = ()
    hold: timedelta | None = None
    longest_hold: timedelta | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.cut_off_days <= MOST_CUT_OFF_DAYS:
            raise ValueError(f"cut_off_days must be from 0 to {MOST_CUT_OFF_DAYS}")
        if self.daily_quota is not None and not 1 <= self.daily_quota <= MOST_A_DAY:
            raise ValueError(f"daily_quota must be from 1 to {MOST_A_DAY}")
        _check_sectors(self.sector_days)
        _check_holds(self.hold, self.longest_hold)

    def closes(self, day: date, zone: str) -> datetime | None:
        """When booking for ``day`` closes; None: never. ``zone``: the team's."""
        if self.cut_off is None:
            return None
        return instant(zone, day - timedelta(days=self.cut_off_days), self.cut_off)

    def weekdays_of(self, sector: str) -> frozenset[int] | None:
        """The weekdays of a sector; None: every day."""
        return next((s.weekdays for s in self.sector_days if s.sector == sector), None)

    def blackout_on(self, day: date) -> DateRange | None:
        """The first blackout that covers ``day``."""
        return next((span for span in self.blackouts if day in span), None)

    def hold_lengths(self, default: timedelta, longest: timedelta) -> tuple[timedelta, timedelta]:
        """Life of a hold that names none, and of the longest one, given the service's own."""
        most = longest if self.longest_hold is None else self.longest_hold
        return min(default if self.hold is None else self.hold, most), most


def _check_sectors(days: Sequence[SectorDays]) -> None:
    if len({one.sector for one in days}) < len(days):
        raise ValueError("sector_days names a sector twice")
    if any(not one.sector for one in days):
        raise ValueError("sector_days needs a sector")
    if any(not one.weekdays <= frozenset(range(7)) for one in days):
        raise ValueError("sector_days: weekdays are 0 (Monday) to 6")


def _check_holds(hold: timedelta | None, longest: timedelta | None) -> None:
    for name, length in (("hold", hold), ("longest_hold", longest)):
        if length is not None and not SHORTEST_HOLD <= length <= LONGEST_HOLD:
            raise ValueError(f"{name} must be from 10 seconds to 15 minutes")
    if hold is not None and longest is not None and hold > longest:
        raise ValueError("hold must not exceed longest_hold")


NO_RULES = BookingRules()
"""Nothing is closed."""


def refuse_a_day_full_of_holds(
    shift: Shift, placements: Sequence[Placement], service: timedelta, now: datetime, percent: int
) -> None:
    """Clients who only look must not empty a day for those who book.

    ``placements``: of the route, without the new hold; ``service``: its time on site. The first
    hold of a route always passes, however long: otherwise long work could never be held.
    Raises ``HoldLimitError`` when live holds would take more than ``percent`` of the regular time.
    """
    holds = [p for p in placements if p.state is PlacementState.HELD and p.live(now)]
    held = sum((p.on_site for p in holds), _NOTHING)
    most = shift.window.length * percent / 100
    if holds and held + service > most:
        raise HoldLimitError(
            f"holds may take at most {percent} % of a day: {_minutes(held)} of {_minutes(most)} "
            f"are held and {_minutes(service)} more were asked for; try again when a hold has "
            "lapsed, or take another day",
            {"limit": DAY_SHARE},
        )


def free_for_all(shift: Shift, reserve: timedelta) -> timedelta:
    """Time on site that visits without urgency may take of a shift in all: its regular time less
    the pauses and the emergency reserve."""
    paused = sum((pause.duration for pause in shift.breaks), _NOTHING)
    return shift.window.length - paused - reserve


def takes_the_reserve(
    shift: Shift, placements: Sequence[Placement], service: timedelta, reserve: timedelta
) -> timedelta | None:
    """How much of the emergency ``reserve`` one more visit would take; None: nothing.

    ``placements``: live, of the route; ``service``: time on site of the new one.
    """
    taken = sum((p.on_site for p in placements), service)
    over = taken - free_for_all(shift, reserve)
    return over if reserve and over > _NOTHING else None


def _minutes(length: timedelta) -> str:
    return f"{length // timedelta(minutes=1)} min"
