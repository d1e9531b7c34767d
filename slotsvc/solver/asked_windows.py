"""The windows worth asking for: what the site, the clock, the booking rules and promises leave."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime
from functools import cached_property
from typing import NamedTuple, Self

import numpy as np

from slotsvc.domain.time_window import TimeWindow, to_epoch
from slotsvc.solver.constraints import (
    Closed,
    blackout,
    commitment,
    cut_off,
    notice,
    opening_hours,
    quota,
    sector_day,
)
from slotsvc.solver.instance import Bool, Int64
from slotsvc.solver.query import AskedWindow, SlotQuery

NO_CLOSING = np.iinfo(np.int64).max // 2
"""Closing time of a site that is always open."""


class WindowTimes(NamedTuple):
    """S windows, int64 (S,), Unix seconds. ``begins`` / ``ends``: of the promise. ``opens`` /
    ``closes``: first and last start, both included. ``finish``: closing time. ``day``: ordinal of
    the date."""

    begins: Int64
    ends: Int64
    opens: Int64
    closes: Int64
    finish: Int64
    day: Int64


class AskedWindows(tuple[AskedWindow, ...]):
    """Windows sorted by start, with their times as arrays, worked out once."""

    @cached_property
    def times(self) -> WindowTimes:
        """Of each window."""
        rows = [
            (
                to_epoch(one.window.promise.start),
                to_epoch(one.window.promise.end),
                to_epoch(one.window.start_window.start),
                to_epoch(one.window.start_window.end) - 1,
                NO_CLOSING if one.window.finish_by is None else to_epoch(one.window.finish_by),
                one.day.toordinal(),
            )
            for one in self
        ]
        return WindowTimes(*np.array(rows, np.int64).reshape(len(rows), 6).T.copy())

    @cached_property
    def spans(self) -> tuple[int, Int64]:
        """Ordinal of the first day, and int64 (days, 2): the windows [first, last + 1) of each day
        from it on. Windows are sorted, so days are."""
        day = self.times.day
        if day.size == 0:
            return 0, np.zeros((0, 2), np.int64)
        days = np.arange(day[0], day[-1] + 1)
        return int(day[0]), np.stack(
            [np.searchsorted(day, days), np.searchsorted(day, days, side="right")], axis=1
        )

    @classmethod
    def of(cls, windows: Iterable[AskedWindow]) -> Self:
        """The same windows; themselves when they are of this class."""
        return windows if isinstance(windows, cls) else cls(windows)

    def kept(self, mask: Bool) -> AskedWindows:
        """Those that the mask, bool (S,), keeps; itself when that is all of them."""
        rows = np.flatnonzero(mask)
        if rows.size == len(self):
            return self
        return self._at(rows)

    def inside(self, limits: Iterable[TimeWindow]) -> Bool:
        """bool (S,): the promise lies inside one of these."""
        found = np.zeros(len(self), np.bool_)
        for limit in limits:
            start, end = to_epoch(limit.start), to_epoch(limit.end)
            found |= (start <= self.times.begins) & (self.times.ends <= end)
        return found

    def merged(self, places: Int64, more: Sequence[tuple[int, AskedWindow]]) -> AskedWindows:
        """With more windows, each put in by its place. ``places``: int64 (S,), of these."""
        if not more:
            return self
        others = AskedWindows(window for _, window in more)
        both = AskedWindows((*self, *others))
        both.times = WindowTimes(*map(np.concatenate, zip(self.times, others.times, strict=True)))
        every = np.concatenate([places, np.array([place for place, _ in more], np.int64)])
        return both._at(np.argsort(every, kind="stable"))

    def _at(self, rows: Int64) -> AskedWindows:
        found = AskedWindows(self[row] for row in rows.tolist())
        found.times = WindowTimes(*(column[rows] for column in self.times))
        return found


type Refused = tuple[Closed, AskedWindow, int]
"""Windows that one rule closes to everybody: why, the mildest of them, and how many."""


def asked_windows(query: SlotQuery, zone: str, now: datetime) -> tuple[AskedWindows, list[Refused]]:
    """What may be offered, sorted by start, and what is closed to everybody, with the rule.

    ``zone``: the team's, on whose wall clock the booking rules are read.
    """
    windows = AskedWindows.of(query.windows)
    closed: list[Refused] = []
    if query.closed:
        closed.append((opening_hours.closed(), query.closed[0], len(query.closed)))
    days = {day: _of_day(query, date.fromordinal(day), zone, now) for day in _days(windows)}
    in_time, on_days = _in_time(windows, query, now), _on_days(windows, days)
    closed += _at_wrong_time(windows, in_time, query, now)
    closed += _on_shut_days(windows, in_time & ~on_days, days)
    asked = windows.kept(in_time & on_days)
    if query.due is None and query.promised is None:
        return asked, closed
    return _cut(query, asked, closed), closed


def _at_wrong_time(
    windows: AskedWindows, in_time: Bool, query: SlotQuery, now: datetime
) -> Iterator[Refused]:
    """Windows too soon and those too far ahead: the latest of the ones, the first of the others."""
    begins, soon = windows.times.begins, _too_soon(windows, query, now)
    for group, size in ((soon, -begins), (~in_time & ~soon, begins)):
        rows = np.flatnonzero(group)
        if rows.size:
            one = windows[int(rows[size[rows].argmin()])]
            refused = notice.check(one.window.promise, now, query.notice, query.horizon)
            assert refused is not None, "the same rules as above"
            yield refused, one, rows.size


def _on_shut_days(
    windows: AskedWindows, shut: Bool, days: dict[int, Closed | None]
) -> Iterator[Refused]:
    """Windows of days that a booking rule closes, by day."""
    found, first, counts = np.unique(windows.times.day[shut], return_index=True, return_counts=True)
    rows = np.flatnonzero(shut)[first]
    for day, row, count in zip(found.tolist(), rows.tolist(), counts.tolist(), strict=True):
        refused = days[day]
        assert refused is not None, "a day that is shut"
        yield refused, windows[row], count


def _days(windows: AskedWindows) -> list[int]:
    """Ordinals of the days that have a window."""
    first, spans = windows.spans
    return [first + n for n, (start, stop) in enumerate(spans.tolist()) if start < stop]


def _too_soon(windows: AskedWindows, query: SlotQuery, now: datetime) -> Bool:
    """bool (S,): begun, or within the notice, as ``notice.check`` says."""
    begins, zero = windows.times.begins, now.timestamp()
    soonest = math.ceil(zero + query.notice.total_seconds())
    return (begins < soonest) | (begins <= math.floor(zero))


def _in_time(windows: AskedWindows, query: SlotQuery, now: datetime) -> Bool:
    """bool (S,): neither too soon nor too far ahead, as ``notice.check`` says."""
    latest = math.floor(now.timestamp() + query.horizon.total_seconds())
    return ~_too_soon(windows, query, now) & (windows.times.begins <= latest)


def _on_days(windows: AskedWindows, days: dict[int, Closed | None]) -> Bool:
    """bool (S,): the booking rules leave the window's day open."""
    shut = [day for day, closed in days.items() if closed is not None]
    return ~np.isin(windows.times.day, shut) if shut else np.ones(len(windows), np.bool_)


def _of_day(query: SlotQuery, day: date, zone: str, now: datetime) -> Closed | None:
    rules = query.rules
    return (
        cut_off.check(rules, day, zone, now)
        or blackout.check(rules, day)
        or sector_day.check(rules, query.sector, day)
        or quota.check(rules, query.taken.get(day, 0))
    )


def _cut(query: SlotQuery, asked: AskedWindows, closed: list[Refused]) -> AskedWindows:
    """What promises and the due time leave of the windows; what they close is added.

    Hardly a window lies across a limit: only those are looked at one by one.
    """
    whole, gone = _against_limits(query, asked)
    left: list[tuple[int, AskedWindow]] = []
    for row in np.flatnonzero(~whole & ~gone).tolist():
        found = _kept(query, asked[row])
        if isinstance(found, Closed):
            gone[row] = True
        else:
            left += [(row, piece) for piece in found]
    closed += _beyond_limits(query, asked, gone)
    return asked.kept(whole).merged(np.flatnonzero(whole), left)


def _against_limits(query: SlotQuery, asked: AskedWindows) -> tuple[Bool, Bool]:
    """bool (S,) each: windows that every limit leaves as they are, and those due too late or beside
    all that was promised. The others may be cut."""
    times, due = asked.times, _due(query)
    whole, gone = times.closes < due, times.opens >= due
    if query.promised is None:
        return whole, gone
    beside = np.ones_like(gone)
    for kept in query.promised:
        start, end = to_epoch(kept.start), to_epoch(kept.end)
        beside &= (times.ends <= start) | (end <= times.begins)
    return whole & asked.inside(query.promised), gone | beside


def _beyond_limits(query: SlotQuery, asked: AskedWindows, gone: Bool) -> Iterator[Refused]:
    """Windows of which nothing is left: the mildest of those due too late, and of the others."""
    late = gone & (asked.times.opens >= _due(query))
    for group, size in ((late, asked.times.opens), (gone & ~late, _missed(query, asked))):
        rows = np.flatnonzero(group)
        if rows.size:
            one = asked[int(rows[size[rows].argmin()])]
            refused = _kept(query, one)
            assert isinstance(refused, Closed), "nothing is left of it"
            yield refused, one, rows.size


def _due(query: SlotQuery) -> int:
    return NO_CLOSING if query.due is None else math.ceil(query.due.timestamp())


def _missed(query: SlotQuery, asked: AskedWindows) -> Int64:
    """int64 (S,): seconds from each window's starts to the nearest that were promised."""
    opens, closes = asked.times.opens, np.minimum(asked.times.closes, _due(query) - 1)
    missed = np.full(len(asked), NO_CLOSING)
    for kept in query.promised or ():
        early, late = to_epoch(kept.start) - closes, opens - to_epoch(kept.end)
        missed = np.minimum(missed, np.maximum(early, late + 1))
    return missed


def _kept(query: SlotQuery, asked: AskedWindow) -> Closed | list[AskedWindow]:
    """What is left of a window before the due time and inside what was promised."""
    in_time = commitment.until_due(asked.window, query.due)
    if isinstance(in_time, Closed):
        return in_time
    pieces = commitment.as_promised(in_time, query.promised)
    if isinstance(pieces, Closed):
        return pieces
    return [replace(asked, window=piece) for piece in pieces]
