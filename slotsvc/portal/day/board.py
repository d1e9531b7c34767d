"""A day as the timeline in the browser draws it: plain values, ready for JSON.

Instants are told as the wall clock of the business unit, without a zone: the browser's own zone
must not move them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from slotsvc.portal.day.rows import ShiftRow, Span, StopRow, TechnicianRow

COLOURS = 12
"""Route colours of the style sheet; they repeat behind the last."""

_FIRST_HOUR, _LAST_HOUR = 7, 19

type Say = Callable[[StopRow], str]
"""What is read to somebody who rests on a stop."""


def board(rows: list[TechnicianRow], zone: ZoneInfo, say: Say) -> dict[str, Any]:
    """``resources`` (technicians), ``events`` (visits, driving, pauses, promises) and the hours
    that hold them all, ``from`` and ``until`` as "HH:MM"."""
    first, last = _hours(rows, zone)
    return {
        "from": first,
        "until": last,
        "resources": [
            {
                "id": row.technician,
                "title": row.name,
                "colour": n % COLOURS,
                "stops": len(row.stops),
            }
            for n, row in enumerate(rows)
        ],
        "events": [one for n, row in enumerate(rows) for one in _events(row, n, zone, say)],
    }


def _events(row: TechnicianRow, number: int, zone: ZoneInfo, say: Say) -> Iterator[dict[str, Any]]:
    for shift in row.shifts:
        yield from _shift_events(row, shift, zone)
        for stop in shift.stops:
            yield from _stop_events(row, stop, number % COLOURS, zone, say)


def _shift_events(row: TechnicianRow, shift: ShiftRow, zone: ZoneInfo) -> Iterator[dict[str, Any]]:
    yield _event(row, f"shift-{shift.number}", shift.span, zone, "shift", background=True)
    for n, leg in enumerate(shift.legs):
        yield _event(row, f"leg-{shift.number}-{n}", leg, zone, "leg")
    for n, pause in enumerate(shift.pauses):
        yield _event(row, f"pause-{shift.number}-{n}", pause, zone, "pause")


def _stop_events(
    row: TechnicianRow, stop: StopRow, colour: int, zone: ZoneInfo, say: Say
) -> Iterator[dict[str, Any]]:
    kinds = f"stop colour-{colour} {stop.state.lower()}"
    kinds += " risk" if stop.at_risk else ""
    told = _event(row, stop.visit, (stop.start, stop.end), zone, kinds)
    told["title"] = f"{stop.number}. {stop.title}" if stop.title else f"{stop.number}."
    told["say"] = say(stop)
    told["promise"] = [_wall(at, zone) for at in stop.promise] if stop.promise else None
    yield told


def _event(
    row: TechnicianRow, id: str, span: Span, zone: ZoneInfo, kind: str, *, background: bool = False
) -> dict[str, Any]:
    return {
        "id": f"{row.technician}/{id}",
        "resourceId": row.technician,
        "start": _wall(span[0], zone),
        "end": _wall(span[1], zone),
        "kind": kind,
        "display": "background" if background else "auto",
    }


def _hours(rows: list[TechnicianRow], zone: ZoneInfo) -> tuple[str, str]:
    """Whole hours around everything, at least the usual day; "24:00" where it goes on."""
    spans = [s.span for row in rows for s in row.shifts]
    ends = [stop.end for row in rows for stop in row.stops]
    ends += [s.end for row in rows for s in row.shifts if s.end]
    if not spans:
        return f"{_FIRST_HOUR:02}:00", f"{_LAST_HOUR:02}:00"
    first = min(start for start, _ in spans).astimezone(zone)
    last = max([end for _, end in spans] + ends).astimezone(zone)
    midnight = first.replace(hour=0, minute=0, second=0, microsecond=0)
    hours = -(-(last - midnight).total_seconds() // 3600)
    until = min(24, max(_LAST_HOUR, int(hours)))
    return f"{min(_FIRST_HOUR, first.hour):02}:00", f"{until:02}:00"


def _wall(at: datetime, zone: ZoneInfo) -> str:
    return at.astimezone(zone).replace(tzinfo=None).isoformat(timespec="seconds")
