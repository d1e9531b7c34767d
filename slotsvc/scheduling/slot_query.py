"""From what is asked for to a question for the ranking: days, windows, rules."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from functools import lru_cache

import numpy as np

from slotsvc.domain.booking_rules import BookingRules
from slotsvc.domain.commitment import promised
from slotsvc.domain.errors import InvalidRequestError, Violation
from slotsvc.domain.offer_windows import OpeningHours, offered_windows
from slotsvc.domain.offering import ActivityType, OfferGrid
from slotsvc.domain.shifts import date_in
from slotsvc.domain.time_window import TimeWindow
from slotsvc.domain.visit import Pin, Standing
from slotsvc.domain.working_time import at_pace
from slotsvc.scheduling.asked import Asked
from slotsvc.scheduling.wish import Wish
from slotsvc.solver.asked_windows import AskedWindows
from slotsvc.solver.query import AskedWindow, SlotQuery

DEFAULT_HORIZON = timedelta(days=28)
LONGEST_PERIOD = timedelta(days=366)


def days_asked(wish: Wish, asked: Asked, longest: timedelta) -> tuple[date, list[date]]:
    """First day asked for, and every local day that may hold an offer.

    Raises ``InvalidRequestError`` when they span more than ``longest``.
    """
    horizon = _horizon(asked.activity)
    today = date_in(asked.team.zone, asked.now)
    first = max(wish.first_date or today, today)
    last = wish.last_date or today + horizon
    if last - first > longest:
        raise InvalidRequestError(
            [Violation("request.last_date", f"at most {longest.days} days after first_date")]
        )
    # a first day beyond the horizon is looked at all the same: its windows say why not
    span = max((last - first).days, -1 if wish.last_date else 0)
    days = [first + timedelta(days=n) for n in range(span + 1)]
    return first, [d for d in days if not wish.allowed_dates or d in wish.allowed_dates]


def slot_query(wish: Wish, asked: Asked, first: date, days: Sequence[date], pace: int) -> SlotQuery:
    """``pace``: the quickest of the team, percent. ``taken`` is left out; see ``with_quota``."""
    activity, work = asked.activity, asked.work
    windows, closed = _windows(wish, asked, days, at_pace(work.service, pace))
    horizon = _horizon(activity)
    if wish.last_date is None:  # nobody asked for what lies beyond the horizon
        latest = asked.now + horizon
        windows, closed = _until(windows, latest) or windows, _until(closed, latest)
    return SlotQuery(
        location=work.location,
        service=work.service,
        requires=work.requires,
        windows=windows,
        closed=closed,
        first_day=first,
        notice=_notice(wish, activity),
        horizon=horizon if activity else LONGEST_PERIOD,
        required=_required(wish, asked),
        forbidden=wish.forbidden_technicians,
        preferred=wish.preferred_technicians | ({wish.last_technician} - {""}),
        preferred_windows=wish.preferred_windows,
        access=work.access,
        pausable=work.pausable,
        sector=work.sector,
        priority=max(work.priority, wish.priority),
        due=work.commitment.due,
        promised=_promised(wish, asked),
        rules=activity.rules if activity else BookingRules(),
        reserve=asked.team.emergency_reserve,
        max_added_travel=wish.max_added_travel,
    )


def with_quota(query: SlotQuery, asked: Asked, taken: dict[date, int]) -> SlotQuery:
    """``taken``: live placements of the activity per day; the visit that moves gives up its own."""
    old = asked.stored.placed if asked.replaces and asked.stored is not None else None
    if old is not None and old.of_team == asked.team.id:
        day = old.route.day
        taken = taken | {day: max(taken.get(day, 0) - 1, 0)}
    return replace(query, taken=taken)


def _promised(wish: Wish, asked: Asked) -> tuple[TimeWindow, ...] | None:
    """Where offers must lie. Moving a booked appointment is agreed with its client, so what was
    promised does not bind; work that waits for a place keeps its word. A target always binds."""
    target = asked.work.commitment.target
    told = None if asks_anew(wish, asked) else promised(asked.work.promises)
    if told is None or target is None:
        return told if target is None else (target,)
    both = (target.intersect(window) for window in told)
    return tuple(window for window in both if window is not None)


def asks_anew(wish: Wish, asked: Asked) -> bool:
    """Whether the client agrees to what is offered, whatever was promised before."""
    placed = asked.stored is not None and asked.stored.standing is Standing.PLACED
    return asked.stored is None or placed or wish.leave_promise


def _horizon(activity: ActivityType | None) -> timedelta:
    return activity.horizon if activity else DEFAULT_HORIZON


def _notice(wish: Wish, activity: ActivityType | None) -> timedelta:
    """None asked for is a wish too: it stands above the activity type's."""
    if wish.notice is not None:
        return wish.notice
    return activity.notice if activity else timedelta(0)


def _required(wish: Wish, asked: Asked) -> frozenset[str]:
    """A pinned visit stays with its technician, unless the caller names others."""
    placed = asked.stored.placement if asked.replaces and asked.stored else None
    if placed is not None and placed.pin is not Pin.NONE and not wish.required_technicians:
        return frozenset([placed.route.technician])
    return wish.required_technicians


def _windows(
    wish: Wish, asked: Asked, days: Sequence[date], service: timedelta
) -> tuple[AskedWindows, AskedWindows]:
    """Windows that may be offered, and those that opening hours close; both sorted by start."""
    site, zone = asked.site, asked.team.zone
    hours = site.opening_hours if site else None
    site_zone = site.zone if site and site.zone else zone
    open_, closed = _of_days(asked.grid, zone, tuple(days), hours, site_zone, service)
    return _allowed(wish, open_), _allowed(wish, closed)


@lru_cache(maxsize=64)
def _of_days(
    grid: OfferGrid,
    zone: str,
    days: tuple[date, ...],
    hours: OpeningHours | None,
    site_zone: str,
    service: timedelta,
) -> tuple[AskedWindows, AskedWindows]:
    """The same activity asks for the same windows again and again, their times worked out once."""
    open_: list[AskedWindow] = []
    closed: list[AskedWindow] = []
    for day in days:
        found = [AskedWindow(day, w) for w in _offered(grid, zone, day, hours, site_zone, service)]
        open_ += found
        if hours is not None:
            always = _offered(grid, zone, day, None, site_zone, service)
            kept = [a.window.promise for a in found]
            gone = (w for w in always if not any(w.promise.overlaps(k) for k in kept))
            closed += [AskedWindow(day, w) for w in gone]
    return _sorted(open_), _sorted(closed)


_offered = lru_cache(maxsize=16_384)(offered_windows)
"""Different periods ask for the same days again and again."""


def _allowed(wish: Wish, windows: AskedWindows) -> AskedWindows:
    allowed = wish.allowed_windows
    if not allowed:
        return windows
    inside = [any(w.covers(one.window.promise) for w in allowed) for one in windows]
    return windows.kept(np.array(inside, np.bool_))


def _until(windows: AskedWindows, latest: datetime) -> AskedWindows:
    """Those that begin by ``latest``."""
    return windows.kept(windows.times.begins <= math.floor(latest.timestamp()))


def _sorted(found: list[AskedWindow]) -> AskedWindows:
    return AskedWindows(sorted(found, key=lambda a: a.window.promise))
