"""Asked windows laid on shifts: which lie in which, and what misses every shift by how much.

The shift decides, not the date: a night shift also takes windows of the next morning, and a day of
two shifts has each of its windows in one of them, in both, or in neither. A window that lies in no
shift belongs to the nearest shift of its day, or to the day off.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

import numpy as np

from slotsvc.domain.working_time import NoShiftReason, WorkDay
from slotsvc.solver.asked_windows import AskedWindows
from slotsvc.solver.compiled import compiled
from slotsvc.solver.instance import Bool, Int32, Int64
from slotsvc.solver.route_facts import RouteFacts


class DaysOff(NamedTuple):
    """Days without a shift, by technician. ``technician``, ``day`` (ordinal): int64 (O,)."""

    technician: Int64
    day: Int64
    why: tuple[NoShiftReason, ...]


def days_off(shifts: Mapping[tuple[int, date], WorkDay]) -> DaysOff:
    """Those of a calendar, in its order where they are one technician's."""
    off = [(who, day, why) for (who, day), why in shifts.items() if isinstance(why, NoShiftReason)]
    off.sort(key=lambda one: one[0])
    return DaysOff(
        np.array([who for who, _, _ in off], np.int64),
        np.array([day.toordinal() for _, day, _ in off], np.int64),
        tuple(why for _, _, why in off),
    )


@dataclass(frozen=True, slots=True, eq=False)
class Laid:
    """R routes, O days off, all int64. ``low`` / ``high``: (R,), the windows ``[low, high)`` lie in
    the shift. Of the windows that lie in no shift and nearest to each route's: ``outside`` how many,
    ``nearest`` the mildest, ``missing`` by how many seconds. ``off``: (O,), windows of each day off
    that lie in no shift; ``first_off``: the first of them.
    """

    low: Int64
    high: Int64
    outside: Int64
    nearest: Int64
    missing: Int64
    off: Int64
    first_off: Int64

    @property
    def cells(self) -> Int64:
        """int64 (R,): cells of each route, open or not."""
        return self.high - self.low + self.outside

    @property
    def first(self) -> Int64:
        """int64 (R,): a window of each route that has one, one inside the shift if there is one."""
        return np.where(self.low < self.high, self.low, self.nearest)


def lay(
    facts: RouteFacts, off: DaysOff, asked: AskedWindows, service: Int32, allowed: Bool
) -> Laid:
    """Lays every window on every shift of the technicians ``allowed``, bool (T,).

    ``service``: int32 (R,), on site; begun in the window, it must lie inside the shift, overtime
    included.
    """
    times, (first_day, spans) = asked.times, asked.spans
    return Laid(
        *_lay(
            times.opens,
            times.closes,
            spans,
            first_day,
            facts.by_day,
            facts.technician,
            facts.day,
            facts.origin,
            facts.latest - service,
            allowed,
            off.technician,
            off.day,
        )
    )


@compiled
def _lay(
    opens: Int64,
    closes: Int64,
    spans: Int64,
    first_day: int,
    by_day: Int64,
    technician: Int64,
    day: Int64,
    origin: Int64,
    latest: Int64,
    allowed: Bool,
    off_technician: Int64,
    off_day: Int64,
) -> tuple[Int64, Int64, Int64, Int64, Int64, Int64, Int64]:
    """In the order of ``Laid``. ``latest``: int64 (R,), Unix time of the last start in the shift."""
    low = np.searchsorted(closes, origin)
    high = low.copy()
    outside, nearest = np.zeros_like(low), np.zeros_like(low)
    missing = np.zeros_like(low)
    off, first_off = np.zeros_like(off_day), np.zeros_like(off_day)
    covered = np.zeros(opens.size, np.bool_)
    at, gone = 0, 0
    for who in range(allowed.size):
        begin, gone_from = at, gone
        while at < by_day.size and technician[by_day[at]] == who:
            at += 1
        while gone < off_day.size and off_technician[gone] == who:
            gone += 1
        if not allowed[who]:
            continue
        for row in by_day[begin:at]:
            if latest[row] >= origin[row]:
                after = np.searchsorted(opens, latest[row], side="right")
                high[row] = max(after, low[row])
                covered[low[row] : high[row]] = True
        for number in range(gone_from, gone):
            start, stop = _own(spans, off_day[number] - first_day)
            for window in range(start, stop):
                if not covered[window]:
                    first_off[number] = first_off[number] if off[number] else window
                    off[number] += 1
        one = begin
        while one < at:
            other = one
            while other < at and day[by_day[other]] == day[by_day[one]]:
                other += 1
            start, stop = _own(spans, day[by_day[one]] - first_day)
            for window in range(start, stop):
                if covered[window]:
                    continue
                mildest, short = -1, 0
                for row in by_day[one:other]:  # the first of two as near
                    early = max(opens[window], origin[row])
                    size = early - min(closes[window], latest[row])
                    if mildest < 0 or size < short:
                        mildest, short = row, size
                if outside[mildest] == 0 or short < missing[mildest]:
                    nearest[mildest], missing[mildest] = window, short
                outside[mildest] += 1
            one = other
        for row in by_day[begin:at]:
            covered[low[row] : high[row]] = False
    return low, high, outside, nearest, missing, off, first_off


@compiled
def _own(spans: Int64, day: int) -> tuple[int, int]:
    """The windows of a day, [first, last + 1); none for a day not asked for."""
    if 0 <= day < spans.shape[0]:
        return spans[day, 0], spans[day, 1]
    return 0, 0
