"""The booking rules of a golden case, read: dates ISO, clocks "16:00", lengths in minutes."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, time, timedelta
from typing import Any

from slotsvc.domain.booking_rules import BookingRules, DateRange, SectorDays
from slotsvc.domain.time_window import TimeWindow
from tests.solver.calendars import at, between

Json = dict[str, Any]


def booking(request: Json) -> Mapping[str, Any]:
    """What a case's request says of booking rules, as fields of ``SlotQuery``."""
    taken = {date.fromisoformat(day): count for day, count in request.get("taken", {}).items()}
    return {
        "sector": request.get("sector", ""),
        "priority": request.get("priority", 0),
        "due": _due(request.get("due")),
        "promised": _promised(request.get("promised")),
        "rules": _rules(request.get("rules", {})),
        "taken": taken,
        "reserve": timedelta(minutes=request.get("reserve", 0)),
        "max_added_travel": _minutes(request.get("max_added_travel")),
    }


def _rules(data: Json) -> BookingRules:
    return BookingRules(
        cut_off=time.fromisoformat(data["cut_off"]) if "cut_off" in data else None,
        cut_off_days=data.get("cut_off_days", 1),
        daily_quota=data.get("daily_quota"),
        sector_days=tuple(
            SectorDays(sector, frozenset(days))
            for sector, days in data.get("sector_days", {}).items()
        ),
        blackouts=tuple(
            DateRange(*map(date.fromisoformat, span)) for span in data.get("blackouts", ())
        ),
    )


def _due(due: tuple[str, str] | None) -> Any:
    return None if due is None else at(due[1], date.fromisoformat(due[0]))


def _promised(windows: list[tuple[str, str, str]] | None) -> tuple[TimeWindow, ...] | None:
    if windows is None:
        return None
    return tuple(between(start, end, date.fromisoformat(on)) for on, start, end in windows)


def _minutes(length: int | None) -> timedelta | None:
    return None if length is None else timedelta(minutes=length)
