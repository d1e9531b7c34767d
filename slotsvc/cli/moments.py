"""Moments and windows as they are typed: ``08:15``, ``fri/08:15``, ``2026-11-24/08:00-10:00``."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import click

from slotsvc.cli.options import Day, Span, wall_clock, wall_span

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

type OnDay[Value] = tuple[Callable[[date], date] | None, Value]
"""A day as a function of today, and what is wanted of it; no day: the one that goes without
saying."""

_PARTS = re.compile(r"(?:(\d{4}-\d\d-\d\d)[/\sT]+|([^\s/]+)[/\s]+)?([\d:.-]+)")


def _split(text: str) -> tuple[str, str]:
    parts = _PARTS.fullmatch(text.strip())
    if parts is None:
        raise ValueError(text)
    return parts[1] or parts[2] or "", parts[3]


class Moment(click.ParamType[OnDay[Any]]):
    """``08:15``, ``fri/08:15``, ``"2026-11-24 08:15"``."""

    name = "TIME"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> OnDay[Any]:
        try:
            day, clock = _split(str(value))
            at = wall_clock(clock)
        except ValueError:
            self.fail(f"{value!r} is not a time such as 08:15 or fri/08:15", param, ctx)
        return (Day().convert(day, param, ctx) if day else None), at


class Window(click.ParamType[OnDay[Span]]):
    """``08:00-10:00``, ``fri/08-10``, ``"2026-11-24 08:00-10:00"``."""

    name = "WINDOW"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> OnDay[Span]:
        try:
            day, clock = _split(str(value))
            span = wall_span(clock)
        except ValueError:
            self.fail(f"{value!r} is not a window such as fri/08:00-10:00", param, ctx)
        return (Day().convert(day, param, ctx) if day else None), span


def moment_of(typed: OnDay[Any], zone: ZoneInfo, now: datetime, usual: date | None = None) -> Any:
    """Aware UTC. ``usual``: the day when none was typed; None: today."""
    day = _day(typed[0], zone, now, usual)
    return datetime.combine(day, typed[1], zone).astimezone(UTC)


def window_of(
    typed: OnDay[Span], zone: ZoneInfo, now: datetime, usual: date | None = None
) -> tuple[datetime, datetime]:
    """[start, end), aware UTC; an end not later than the start is on the next day."""
    day, (start, end) = _day(typed[0], zone, now, usual), typed[1]
    last = day if end > start else day + timedelta(days=1)
    begin, stop = datetime.combine(day, start, zone), datetime.combine(last, end, zone)
    return begin.astimezone(UTC), stop.astimezone(UTC)


def _day(
    typed: Callable[[date], date] | None, zone: ZoneInfo, now: datetime, usual: date | None
) -> date:
    today = now.astimezone(zone).date()
    return typed(today) if typed else usual or today
