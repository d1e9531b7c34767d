"""The rules that need no search, one by one, as they are told: which cells are open, and who says
no to the others. Slow and plain; of the solver it uses the words of question and answer only."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from slotsvc.domain.booking_rules import BookingRules
from slotsvc.domain.time_window import TimeWindow
from slotsvc.domain.working_time import NoShiftReason
from slotsvc.solver.constraints import Reason
from slotsvc.solver.day_of_work import DayOfWork
from slotsvc.solver.query import AskedWindow, SlotQuery
from slotsvc.solver.team_calendar import TeamCalendar
from tests.solver.calendars import NO_ROAD, Roads, number_of

SECOND = timedelta(seconds=1)

type Cell = tuple[int, TimeWindow, datetime, datetime]
"""Row, promise, first and last start (both included)."""


@dataclass
class Sorted:
    """``open``: cells to search. ``closed``: (technician number or -1, reason) -> cells."""

    open: set[Cell] = field(default_factory=set)
    closed: Counter[tuple[int, Reason]] = field(default_factory=Counter)


def sort_cells(calendar: TeamCalendar, roads: Roads, query: SlotQuery, now: datetime) -> Sorted:
    """Every cell, open or closed by the first rule that says no."""
    sorted_ = Sorted()
    everybody = len(calendar.technicians)
    sorted_.closed[-1, Reason.SITE_CLOSED] += len(query.closed) * everybody
    for one in query.windows:
        reason = _of_window(one, query, now) or _of_day(one, query, calendar, now)
        pieces = [] if reason else list(_pieces(one, query))
        if reason is None and not pieces:
            reason = Reason.OUTSIDE_PROMISE
        if reason is not None:
            sorted_.closed[-1, reason] += everybody
        for piece in pieces:
            for number in range(everybody):
                _of_technician(sorted_, calendar, roads, query, number, piece)
    return sorted_


def _of_window(one: AskedWindow, query: SlotQuery, now: datetime) -> Reason | None:
    begins = one.window.promise.start
    if begins <= now or begins - now < query.notice:
        return Reason.NOTICE
    return Reason.HORIZON if begins - now > query.horizon else None


def _of_day(
    one: AskedWindow, query: SlotQuery, calendar: TeamCalendar, now: datetime
) -> Reason | None:
    rules: BookingRules = query.rules
    closes = rules.closes(one.day, calendar.zone)
    if closes is not None and now >= closes:
        return Reason.CUT_OFF
    if any(span.first <= one.day <= span.last for span in rules.blackouts):
        return Reason.BLACKOUT
    for days in rules.sector_days:
        if days.sector == query.sector and one.day.weekday() not in days.weekdays:
            return Reason.SECTOR_DAY
    if rules.daily_quota is not None and query.taken.get(one.day, 0) >= rules.daily_quota:
        return Reason.QUOTA_FULL
    late = query.due is not None and one.window.start_window.start >= query.due
    return Reason.DEADLINE if late else None


def _pieces(one: AskedWindow, query: SlotQuery) -> Iterator[AskedWindow]:
    starts = one.window.start_window
    if query.due is not None and query.due < starts.end:
        starts = TimeWindow(starts.start, query.due)
    kept = [one.window.promise] if query.promised is None else query.promised
    for promise in kept:
        inside = starts.intersect(promise)
        told = one.window.promise.intersect(promise)
        if inside is not None and told is not None:
            yield replace(one, window=replace(one.window, promise=told, start_window=inside))


def _of_technician(
    sorted_: Sorted,
    calendar: TeamCalendar,
    roads: Roads,
    query: SlotQuery,
    number: int,
    piece: AskedWindow,
) -> None:
    who = calendar.technicians[number].id
    if who in query.forbidden or (query.required and who not in query.required):
        sorted_.closed[number, Reason.NOT_THIS_TECHNICIAN] += 1
        return
    rows = [(r, d) for r, d in enumerate(calendar.days) if d.technician == number]
    fitting = [(r, d) for r, d in rows if missing(d, query, piece) <= timedelta(0)]
    own = [(r, d) for r, d in rows if d.day == piece.day]
    for row, day in fitting:
        _of_shift(sorted_, roads, query, row, day, piece, bool(calendar.base.sound[row]))
    if fitting:
        return
    if own:
        row, day = min(own, key=lambda found: (missing(found[1], query, piece), found[0]))
        sound = bool(calendar.base.sound[row])
        reason = _of_route(roads, query, day, sound) or Reason.OUTSIDE_SHIFT
        sorted_.closed[number, reason] += 1
        return
    why = calendar.shifts.get((number, piece.day))
    if isinstance(why, NoShiftReason):
        name = "NO_SHIFT" if why is NoShiftReason.DAY_OFF else why.value
        sorted_.closed[number, Reason[name]] += 1


def on_site(day: DayOfWork, query: SlotQuery) -> timedelta:
    """Whole seconds, rounded up."""
    return -(-(query.service // SECOND) * day.shift.pace // 100) * SECOND


def missing(day: DayOfWork, query: SlotQuery, piece: AskedWindow) -> timedelta:
    """From the last start that suits both window and shift to the first; not above 0: it fits."""
    starts, shift = piece.window.start_window, day.shift
    last = min(starts.end - SECOND, shift.latest_end - on_site(day, query))
    return max(starts.start, shift.window.start) - last


def _of_shift(
    sorted_: Sorted,
    roads: Roads,
    query: SlotQuery,
    row: int,
    day: DayOfWork,
    piece: AskedWindow,
    sound: bool,
) -> None:
    reason = _of_route(roads, query, day, sound)
    first = max(piece.window.start_window.start, day.shift.window.start)
    last = piece.window.start_window.end - SECOND
    if piece.window.finish_by is not None:
        over = on_site(day, query)
        if query.pausable:
            over += sum(
                (
                    pause.duration
                    for pause in day.shift.breaks
                    if pause.begins.start < piece.window.finish_by and pause.begins.end > first
                ),
                timedelta(0),
            )
        last = min(last, piece.window.finish_by - over)
    if reason is None and last < first:
        reason = Reason.SITE_CLOSED
    if reason is None:
        sorted_.open.add((row, piece.window.promise, first, last))
    else:
        sorted_.closed[day.technician, reason] += 1


def _of_route(roads: Roads, query: SlotQuery, day: DayOfWork, sound: bool) -> Reason | None:
    shift = day.shift
    if not query.requires <= shift.offers:
        return Reason.MISSING_TAG
    if query.sector and shift.sectors is not None and query.sector not in shift.sectors:
        return Reason.SECTOR
    if not sound:
        return Reason.DAY_BROKEN
    if day.move_pending:
        return Reason.MOVE_PENDING
    if shift.max_visits is not None and len(day.placements) + 1 > shift.max_visits:
        return Reason.MAX_VISITS
    if query.reserve and query.priority <= 0:
        pauses = sum((pause.duration for pause in shift.breaks), timedelta(0))
        taken = sum((p.on_site for p in day.placements), timedelta(0)) + on_site(day, query)
        if taken > shift.window.length - pauses - query.reserve:
            return Reason.RESERVED
    return Reason.UNROUTABLE if _cut_off_from_roads(roads, query, day) else None


def _cut_off_from_roads(roads: Roads, query: SlotQuery, day: DayOfWork) -> bool:
    here = number_of(query.location)
    stops = [number_of(p.visit.location) for p in day.placements]
    before = [number_of(day.shift.start_place), *stops]
    behind = [number_of(day.shift.end_place), *stops]
    into = min(int(roads.seconds[place, here]) for place in before)
    out = min(int(roads.seconds[here, place]) for place in behind)
    return into >= NO_ROAD or out >= NO_ROAD
