"""Booking rules, applied literally to one asked window and one shift.

Dates and clocks are those of UTC, as the team's zone is in these tests.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from slotsvc.domain.offer_windows import OfferWindow
from slotsvc.domain.time_window import TimeWindow
from slotsvc.domain.visit import Placement
from slotsvc.domain.working_time import Shift
from slotsvc.solver.query import AskedWindow, SlotQuery

SECOND = timedelta(seconds=1)
NOTHING = timedelta(0)


def offered_parts(query: SlotQuery, asked: AskedWindow, now: datetime) -> list[OfferWindow]:
    """What may be offered of a window: nothing, all of it, or what is left of it."""
    if not may_be_booked(query, asked, now):
        return []
    window = asked.window
    if query.due is not None:
        if query.due <= window.start_window.start:
            return []
        last = min(query.due, window.start_window.end)
        window = replace(window, start_window=TimeWindow(window.start_window.start, last))
    if query.promised is None:
        return [window]
    return [
        replace(window, promise=promise, start_window=starts)
        for told in query.promised
        for promise in [both(window.promise, told)]
        for starts in [both(window.start_window, told)]
        if promise is not None and starts is not None
    ]


def both(one: TimeWindow, other: TimeWindow) -> TimeWindow | None:
    """The part that two windows have in common."""
    start, end = max(one.start, other.start), min(one.end, other.end)
    return TimeWindow(start, end) if start < end else None


def may_be_booked(query: SlotQuery, asked: AskedWindow, now: datetime) -> bool:
    """Notice, horizon, cut-off, blackouts, sector days and quota."""
    rules, day = query.rules, asked.day
    lead = asked.window.promise.start - now
    if lead < max(query.notice, SECOND) or lead > query.horizon:
        return False
    if rules.cut_off is not None:
        closes = datetime.combine(day, rules.cut_off, UTC) - timedelta(days=rules.cut_off_days)
        if now >= closes:
            return False
    if any(span.first <= day <= span.last for span in rules.blackouts):
        return False
    for sector in rules.sector_days:
        if sector.sector == query.sector and day.weekday() not in sector.weekdays:
            return False
    taken = query.taken.get(day, 0)
    return rules.daily_quota is None or taken + 1 <= rules.daily_quota


def leaves_the_reserve(
    query: SlotQuery, shift: Shift, placements: Sequence[Placement], on_site: timedelta
) -> bool:
    """Urgent visits may use the reserve; for others it stays free of the shift's regular time."""
    if query.priority > 0 or not query.reserve:
        return True
    served = sum((p.on_site for p in placements), on_site)
    paused = sum((b.duration for b in shift.breaks), NOTHING)
    return served + paused + query.reserve <= shift.window.end - shift.window.start


def open_until(
    shift: Shift, window: OfferWindow, on_site: timedelta, *, pausable: bool
) -> TimeWindow | None:
    """The starts after which the visit is over by closing time, with every pause that can fall
    into it; None: there is none."""
    starts = window.start_window
    if window.finish_by is None:
        return starts
    if pausable:
        first = max(starts.start, shift.window.start)
        for pause in shift.breaks:
            if pause.begins.start < window.finish_by and first < pause.begins.end:
                on_site += pause.duration
    last = min(starts.end, window.finish_by - on_site + SECOND)
    return TimeWindow(starts.start, last) if starts.start < last else None
