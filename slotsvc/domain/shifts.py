"""One shift's hours laid on a date: wall-clock rules in, UTC windows and breaks out.

Python subtracts two aware datetimes of one zone as wall clock (a 25-hour day counts 24), so every
instant goes to UTC *before* anything is compared or subtracted. Only this module and
``offer_windows`` know wall clocks.

Clock changes. A wall time that does not exist (clocks go forward) means the first instant after the
gap: a stored weekly rule cannot be refused on one day of the year. A wall time that exists twice
(clocks go back) means the first of the two (PEP 495, ``fold=0``). Lengths are elapsed seconds.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from slotsvc.domain.time_window import TimeWindow, from_epoch, to_epoch
from slotsvc.domain.working_time import (
    Break,
    BreakRule,
    LocalInterval,
    ShiftHours,
)

_DAY = timedelta(days=1)
_SECOND = timedelta(seconds=1)


@lru_cache(32_768)  # a team asks for the same few wall times of a date
def instant(zone: str, day: date, at: time) -> datetime:
    """The UTC instant at which the clocks of ``zone`` show ``at`` on ``day``.

    In a gap: the first instant after it. Twice on that day: the first one.
    Raises ``ZoneInfoNotFoundError`` for an unknown zone.
    """
    local = ZoneInfo(zone)
    wall = datetime.combine(day, at.replace(tzinfo=None, fold=0))
    first = wall.replace(tzinfo=local).astimezone(UTC)
    if shown(zone, first) == wall:
        return first
    return _end_of_gap(zone, wall, first)


def shown(zone: str, moment: datetime) -> datetime:
    """What the clocks of ``zone`` show at ``moment``: a naive datetime, for comparing only."""
    return moment.astimezone(ZoneInfo(zone)).replace(tzinfo=None, fold=0)


def date_in(zone: str, moment: datetime) -> date:
    """The local date in ``zone`` at ``moment``."""
    return shown(zone, moment).date()


def _end_of_gap(zone: str, wall: datetime, after: datetime) -> datetime:
    # With the offset of after the change a skipped wall time reads as an instant before it (PEP
    # 495), with the offset of before as one behind it: the change lies between the two.
    before = wall.replace(tzinfo=ZoneInfo(zone), fold=1).astimezone(UTC)
    seconds = range(to_epoch(before), to_epoch(after))
    at = bisect_left(seconds, True, key=lambda second: shown(zone, from_epoch(second)) > wall)
    return from_epoch(to_epoch(before) + at)


def laid_on(interval: LocalInterval, day: date, zone: str) -> TimeWindow | None:
    """``interval`` on the clocks of ``zone``, starting on ``day``.

    ``end <= start`` ends on the next day. None when a clock change swallows it whole.
    """
    last_day = day + _DAY if interval.end <= interval.start else day
    start, end = instant(zone, day, interval.start), instant(zone, last_day, interval.end)
    return TimeWindow(start, end) if start < end else None


def left_of(span: TimeWindow, away: Sequence[TimeWindow]) -> TimeWindow | None:
    """What sorted, disjoint absences ``away`` leave of a shift, cut at its ends only.

    None: nothing. An absence in the middle cuts nothing: it is a break (``breaks_in``).
    """
    near = _meeting(away, span)
    start, end = span.start, span.end
    if near and near[0].start <= start:
        start = near[0].end
    if near and near[-1].end >= end:
        end = near[-1].start
    return TimeWindow(start, end) if start < end else None


def breaks_in(
    window: TimeWindow, shift: ShiftHours, day: date, zone: str, away: Sequence[TimeWindow]
) -> tuple[Break, ...]:
    """The pauses of a shift of ``day`` of which ``window`` is left, in the order they are taken.

    All absences of the sorted, disjoint ``away`` in the middle, and every pause of the rules that
    fits into the window and can be taken beside them.
    """
    rules = (_laid_break(rule, shift.hours, day, zone) for rule in shift.breaks)
    lunches = [lunch for lunch in rules if _fits(lunch, window)]
    absences = [_as_break(w) for w in _meeting(away, window) if window.covers(w)]
    return _ordered(window.start, absences, lunches)


def _meeting(away: Sequence[TimeWindow], span: TimeWindow) -> Sequence[TimeWindow]:
    """Those of the sorted, disjoint ``away`` that share an instant with ``span``."""
    first = bisect_right(away, span.start, key=lambda w: w.end)
    return away[first : bisect_left(away, span.end, key=lambda w: w.start)]


def _as_break(absence: TimeWindow) -> Break:
    begins = TimeWindow(absence.start, absence.start + _SECOND)
    return Break(begins, absence.length, away=True)


def _laid_break(rule: BreakRule, hours: LocalInterval, day: date, zone: str) -> Break:
    # In a night shift a break at 02:00 is on the morning after.
    on = day if rule.begins.start >= hours.start else day + _DAY
    begins = laid_on(rule.begins, on, zone) or _behind_the_gap(rule.begins, on, zone)
    return Break(begins, rule.duration)


def _behind_the_gap(begins: LocalInterval, day: date, zone: str) -> TimeWindow:
    # A break protects a person: the night the clocks skip its hour it comes right after, as long.
    start = instant(zone, day, begins.start)
    length = datetime.combine(day, begins.end) - datetime.combine(day, begins.start)
    return TimeWindow(start, start + length % _DAY)


def _fits(lunch: Break, window: TimeWindow) -> bool:
    return window.start <= lunch.begins.start and lunch.begins.end + lunch.duration <= window.end


def _ordered(
    start: datetime, absences: Sequence[Break], lunches: Sequence[Break]
) -> tuple[Break, ...]:
    """All absences and, in the order of the rules, every lunch that can be taken beside them."""
    order = tuple(absences)
    for lunch in lunches:
        order = _takeable(start, _by_begin((*order, lunch))) or order
    return order


def _by_begin(breaks: Iterable[Break]) -> tuple[Break, ...]:
    return tuple(sorted(breaks, key=lambda pause: (pause.begins, pause.duration)))


def _takeable(clock: datetime, breaks: tuple[Break, ...]) -> tuple[Break, ...]:
    """The first order in which an empty shift can take ``breaks`` from ``clock`` on; () if none.

    Each of them, begun as late as it may, still ends within the shift: that needs no check here.
    """
    if any(clock >= pause.begins.end for pause in breaks):
        return ()
    for i, pause in enumerate(breaks):
        others = breaks[:i] + breaks[i + 1 :]
        done = max(clock, pause.begins.start) + pause.duration
        if not others:
            return (pause,)
        if rest := _takeable(done, others):
            return (pause, *rest)
    return ()
