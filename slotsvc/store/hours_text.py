"""Tags, certificates, working weeks, opening hours and offer grids as JSON text.

What is at its default is left out, so that rows written before it existed read the same.
A local interval is ``["08:00:00", "17:00:00"]``; a day off is null; durations are seconds.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import date, time, timedelta
from functools import lru_cache
from typing import Any, cast

from slotsvc.domain.eligibility import Certificate
from slotsvc.domain.offering import OfferGrid
from slotsvc.domain.place import Location
from slotsvc.domain.technician import ALL_SECTORS, SectorWeek
from slotsvc.domain.working_time import BreakRule, DayHours, LocalInterval, ShiftHours, WorkingTime
from slotsvc.store.travel_block import micro_degrees, place

type OpeningHours = tuple[tuple[LocalInterval, ...], ...]


def seconds_of(duration: timedelta) -> int:
    """Whole seconds. Raises ``ValueError`` for fractions, which no table can hold."""
    if duration.microseconds:
        raise ValueError("a stored duration must be whole seconds")
    return duration.days * 86_400 + duration.seconds


def _dump(value: object) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def tags_text(tags: Iterable[str]) -> str:
    """Sorted, so that equal sets are equal text."""
    return _dump(sorted(tags))


@lru_cache(4096)  # a company has few different sets, and thousands of visits that need them
def tags_from(text: str) -> frozenset[str]:
    """The set of tags of a stored list."""
    return frozenset(json.loads(text))


def certificates_text(certificates: Iterable[Certificate]) -> str:
    """Tag, level, first and last date; null: no end on that side."""
    return _dump(
        [[c.tag, c.level, _date(c.valid_from), _date(c.valid_until)] for c in certificates]
    )


def certificates_from(text: str) -> tuple[Certificate, ...]:
    """Inverse of ``certificates_text``."""
    return tuple(
        Certificate(tag, level, _date_from(first), _date_from(last))
        for tag, level, first, last in json.loads(text)
    )


def _date(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


def _date_from(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)


def sectors_text(week: SectorWeek) -> str:
    """Seven lists, Monday first, or null for all sectors; null alone: all, every day."""
    if week == ALL_SECTORS:
        return "null"
    return _dump([None if sectors is None else sorted(sectors) for sectors in week])


def sectors_from(text: str) -> SectorWeek:
    """Inverse of ``sectors_text``."""
    week = json.loads(text)
    if week is None:
        return ALL_SECTORS
    return tuple(None if sectors is None else frozenset(sectors) for sectors in week)


def _interval(interval: LocalInterval) -> list[str]:
    return [interval.start.isoformat(), interval.end.isoformat()]


def _interval_from(stored: list[str]) -> LocalInterval:
    start, end = stored
    return LocalInterval(time.fromisoformat(start), time.fromisoformat(end))


def _shift(shift: ShiftHours) -> dict[str, Any]:
    stored: dict[str, Any] = {
        "hours": _interval(shift.hours),
        "breaks": [
            {"begins": _interval(rule.begins), "s": seconds_of(rule.duration)}
            for rule in shift.breaks
        ],
    }
    for name, at in (("from", shift.start_place), ("to", shift.end_place)):
        if at is not None:
            stored[name] = [micro_degrees(at.lat), micro_degrees(at.lon)]
    return stored


def _shift_from(stored: dict[str, Any]) -> ShiftHours:
    breaks = (
        BreakRule(_interval_from(rule["begins"]), timedelta(seconds=rule["s"]))
        for rule in stored["breaks"]
    )
    start, end = (_place_from(stored.get(name)) for name in ("from", "to"))
    return ShiftHours(_interval_from(stored["hours"]), tuple(breaks), start, end)


def _place_from(stored: list[int] | None) -> Location | None:
    return None if stored is None else place(*stored)


def _day(day: DayHours) -> dict[str, Any]:
    if not day.shifts:
        return {"hours": None, "breaks": []}
    first, *more = map(_shift, day.shifts)
    return first | ({"more": more} if more else {})


def _day_from(stored: dict[str, Any]) -> DayHours:
    if stored["hours"] is None:
        return DayHours(None)
    first = _shift_from(stored)
    more = tuple(map(_shift_from, stored.get("more", ())))
    return DayHours(first.hours, first.breaks, first.start_place, first.end_place, more)


def day_text(day: DayHours | None) -> str:
    """Hours of one date; null: the usual ones."""
    return _dump(None if day is None else _day(day))


def day_from(text: str) -> DayHours | None:
    """Inverse of ``day_text``."""
    stored = json.loads(text)
    return None if stored is None else _day_from(stored)


def week_text(working_time: WorkingTime) -> str:
    """Seven days, Monday first."""
    return _dump([_day(day) for day in working_time.week])


def week_from(text: str) -> WorkingTime:
    """Inverse of ``week_text``."""
    days = tuple(_day_from(day) for day in json.loads(text))
    return WorkingTime(
        cast("tuple[DayHours, DayHours, DayHours, DayHours, DayHours, DayHours, DayHours]", days)
    )


def opening_hours_text(hours: OpeningHours | None) -> str | None:
    """Seven lists of intervals, Monday first; None: always open."""
    return None if hours is None else _dump([[_interval(i) for i in day] for day in hours])


def opening_hours_from(text: str | None) -> OpeningHours | None:
    """Inverse of ``opening_hours_text``."""
    if text is None:
        return None
    return tuple(tuple(_interval_from(i) for i in day) for day in json.loads(text))


def grid_text(grid: OfferGrid) -> str:
    """Cells, and the step of an exact-start grid."""
    step = None if grid.step is None else seconds_of(grid.step)
    return _dump({"cells": [_interval(cell) for cell in grid.cells], "step": step})


def grid_from(text: str) -> OfferGrid:
    """Inverse of ``grid_text``."""
    stored = json.loads(text)
    cells = tuple(_interval_from(cell) for cell in stored["cells"])
    step = stored["step"]
    return OfferGrid(cells, None if step is None else timedelta(seconds=step))
