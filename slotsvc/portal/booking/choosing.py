"""Offers to choose from: one search for each page, grouped by day."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from slotsvc.portal.booking.desk import Desk
from slotsvc.portal.booking.turns import turn_of
from slotsvc.portal.booking.wishes import Limits, Wishes, limits_of
from slotsvc.portal.service.answers import Slot, Visit, Window
from slotsvc.portal.service.client_calls import Search
from slotsvc.portal.service.errors import ErrorKind, ServiceError

DAYS = 5
"""Days shown at first, and with each "more"."""

MOST_A_DAY = 6
MOST_SLOTS = (DAYS + 1) * MOST_A_DAY  # one full day more than is shown tells that there are more
EQUIVALENTS = 3
_USUAL_HORIZON = timedelta(days=28)  # the engine's, where a type names none
_NEAR_DAYS = 4


@dataclass(frozen=True, slots=True)
class Day:
    """The offers of one local date, in time order."""

    day: date
    slots: tuple[Slot, ...]


@dataclass(frozen=True, slots=True)
class Offers:
    """What to choose from. ``days``: in date order. ``more``: other days may have offers, too."""

    days: tuple[Day, ...]
    more: bool

    @property
    def dates(self) -> list[date]:
        """The days shown."""
        return [day.day for day in self.days]


NOTHING = Offers((), more=False)


def search_for(desk: Desk, visit: Visit) -> Search:
    """A search for a stored visit, to place or to move."""
    return Search(team=desk.visitor.bu.team, visit=visit.name)


def new_search(desk: Desk, site: str, activity_type: str) -> Search:
    """A search for a new visit."""
    return Search(team=desk.visitor.bu.team, site=site, activity_type=activity_type)


async def offers(desk: Desk, search: Search, activity_type: str, wishes: Wishes) -> Offers:
    """The days that hold the best offers under these wishes. Raises ``ServiceError``."""
    kind = await desk.portal.service.catalogue.activity_type(activity_type)
    horizon = kind.horizon.ToTimedelta() if kind and kind.HasField("horizon") else _USUAL_HORIZON
    today = desk.now.astimezone(desk.zone).date()
    limits = limits_of(wishes, today, horizon, desk.zone)
    if limits is None:
        return NOTHING
    found = await _found(desk, _limited(search, limits))
    return offered(found, desk.zone, keep_badge=not wishes.seen)


def offered(slots: Iterable[Slot], zone: ZoneInfo, *, keep_badge: bool = True) -> Offers:
    """The best offers of a search by day. ``keep_badge``: with the one that is recommended."""
    by_day: defaultdict[date, list[Slot]] = defaultdict(list)
    for slot in sorted(slots, key=lambda slot: (not slot.recommended, slot.rank)):
        shown = slot if keep_badge else replace(slot, recommended=False)
        by_day[slot.window.start.astimezone(zone).date()].append(shown)
    best = sorted(list(by_day)[:DAYS])
    days = (Day(day, tuple(sorted(by_day[day], key=lambda slot: slot.window))) for day in best)
    return Offers(tuple(days), more=len(by_day) > len(best))


async def equivalents(desk: Desk, search: Search, window: Window) -> tuple[Slot, ...]:
    """The offers nearest to a window that is lost, nearest first; () where the engine cannot say.

    Of the days around it, else of any.
    """
    day = window.start.astimezone(desk.zone).date()
    today = desk.now.astimezone(desk.zone).date()
    near = [day + timedelta(days=n) for n in range(-_NEAR_DAYS, _NEAR_DAYS + 1)]
    try:
        limits = Limits(dates=tuple(each for each in near if each >= today))
        found = await _found(desk, _limited(search, limits)) if limits.dates else []
        found = found or await _found(desk, _limited(search, Limits()))
    except ServiceError as error:
        if error.kind is ErrorKind.NOT_FOUND:
            raise
        return ()
    return nearest(found, window)


def nearest(slots: Iterable[Slot], window: Window) -> tuple[Slot, ...]:
    """The few that begin nearest to the window."""

    def distance(slot: Slot) -> tuple[timedelta, Window]:
        return abs(slot.window.start - window.start), slot.window

    return tuple(sorted(slots, key=distance)[:EQUIVALENTS])


async def _found(desk: Desk, search: Search) -> list[Slot]:
    """One search of a client after the other: nobody takes the engine from everybody else."""
    async with turn_of(f"search {desk.visitor.client_id}"):
        return await desk.calls.search(search)


def _limited(search: Search, limits: Limits) -> Search:
    return replace(
        search,
        first_date=limits.first,
        dates=limits.dates,
        windows=limits.windows,
        max_slots=MOST_SLOTS,
        max_slots_per_day=MOST_A_DAY,
    )
