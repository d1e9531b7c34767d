"""Tags, working weeks, opening hours and offer grids as JSON text.

A local interval is ``["08:00:00", "17:00:00"]``; a day off is null; durations are seconds.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import time, timedelta
from functools import lru_cache
from typing import Any, cast

from slotsvc.domain.offering import OfferGrid
from slotsvc.domain.working_time import BreakRule, DayHours, LocalInterval, WorkingTime

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


def _interval(interval: LocalInterval) -> list[str]:
    return [interval.start.isoformat(), interval.end.isoformat()]


def _interval_from(stored: list[str]) -> LocalInterval:
    start, end = stored
    return LocalInterval(time.fromisoformat(start), time.fromisoformat(end))


def _day(day: DayHours) -> dict[str, Any]:
    return {
        "hours": None if day.hours is None else _interval(day.hours),
        "breaks": [
            {"begins": _interval(rule.begins), "s": seconds_of(rule.duration)}
            for rule in day.breaks
        ],
    }


def _day_from(stored: dict[str, Any]) -> DayHours:
    breaks = (
        BreakRule(_interval_from(rule["begins"]), timedelta(seconds=rule["s"]))
        for rule in stored["breaks"]
    )
    hours = stored["hours"]
    return DayHours(None if hours is None else _interval_from(hours), tuple(breaks))


def day_text(day: DayHours) -> str:
    """Hours of one date."""
    return _dump(_day(day))


def day_from(text: str) -> DayHours:
    """Inverse of ``day_text``."""
    return _day_from(json.loads(text))


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
