"""The windows worth asking for: what the site, the clock, the booking rules and promises leave."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date, datetime
from functools import cached_property
from typing import NamedTuple, Self

import numpy as np

from slotsvc.domain.time_window import to_epoch
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
    """S windows, int64 (S,), Unix seconds. ``begins``: of the promise. ``opens`` / ``closes``:
    first and last start, both included. ``finish``: closing time. ``day``: ordinal of the date."""

    begins: Int64
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
                to_epoch(one.window.start_window.start),
                to_epoch(one.window.start_window.end) - 1,
                NO_CLOSING if one.window.finish_by is None else to_epoch(one.window.finish_by),
                one.day.toordinal(),
            )
            for one in self
        ]
        return WindowTimes(*np.array(rows, np.int64).reshape(len(rows), 5).T.copy())

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
        found = AskedWindows(self[row] for row in rows.tolist())
        found.times = WindowTimes(*(column[rows] for column in self.times))
        return found


def asked_windows(
    query: SlotQuery, zone: str, now: datetime
) -> tuple[AskedWindows, list[tuple[Closed, AskedWindow]]]:
    """What may be offered, sorted by start, and what is closed to everybody, with the rule.

    ``zone``: the team's, on whose wall clock the booking rules are read.
    """
    windows = AskedWindows.of(query.windows)
    closed = [(opening_hours.closed(), candidate) for candidate in query.closed]
    days = {day: _of_day(query, date.fromordinal(day), zone, now) for day in _days(windows)}
    allowed = _in_time(windows, query, now) & _on_days(windows, days)
    for row in np.flatnonzero(~allowed).tolist():
        one = windows[row]
        refused = notice.check(one.window.promise, now, query.notice, query.horizon)
        refused = refused or days[one.day.toordinal()]
        assert refused is not None, "the same rules as above"
        closed.append((refused, one))
    asked = windows.kept(allowed)
    if query.due is None and query.promised is None:
        return asked, closed
    return _cut(query, asked, closed), closed


def _days(windows: AskedWindows) -> list[int]:
    """Ordinals of the days that have a window."""
    first, spans = windows.spans
    return [first + n for n, (start, stop) in enumerate(spans.tolist()) if start < stop]


def _in_time(windows: AskedWindows, query: SlotQuery, now: datetime) -> Bool:
    """bool (S,): neither too soon nor too far ahead, as ``notice.check`` says."""
    begins, zero = windows.times.begins, now.timestamp()
    soonest = math.ceil(zero + query.notice.total_seconds())
    latest = math.floor(zero + query.horizon.total_seconds())
    return (begins >= soonest) & (begins > math.floor(zero)) & (begins <= latest)


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


def _cut(
    query: SlotQuery, asked: Sequence[AskedWindow], closed: list[tuple[Closed, AskedWindow]]
) -> AskedWindows:
    """What promises and the due time leave of the windows; what they close is added."""
    left: list[AskedWindow] = []
    for one in asked:
        found = _kept(query, one)
        if isinstance(found, Closed):
            closed.append((found, one))
        else:
            left.extend(found)
    return AskedWindows(left)


def _kept(query: SlotQuery, asked: AskedWindow) -> Closed | list[AskedWindow]:
    """What is left of a window before the due time and inside what was promised."""
    in_time = commitment.until_due(asked.window, query.due)
    if isinstance(in_time, Closed):
        return in_time
    pieces = commitment.as_promised(in_time, query.promised)
    if isinstance(pieces, Closed):
        return pieces
    return [replace(asked, window=piece) for piece in pieces]
