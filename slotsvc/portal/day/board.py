"""A day as the timeline in the browser draws it: plain values, ready for JSON.

Instants are told as the wall clock of the business unit, without a zone: the browser's own zone
must not move them. A shift over midnight stays on the day on which it begins, whose hours then go
on behind 24.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from slotsvc.portal.day.rows import ShiftRow, Span, StopRow, TechnicianRow

COLOURS = 12
"""Route colours of the style sheet; they repeat behind the last."""

_FIRST_HOUR, _LAST_HOUR = 7, 19

type Say = Callable[[StopRow], str]
"""What is read to somebody who rests on a stop."""


def board(rows: list[TechnicianRow], zone: ZoneInfo, say: Say, now: datetime) -> dict[str, Any]:
    """``resources`` (technicians), ``events`` (visits, driving, pauses, promises), ``now``, and the
    hours that hold them all, ``from`` and ``until`` as "HH:MM": "26:00" is two in the night."""
    first, last = _hours(rows, zone)
    return {
        "from": first,
        "until": last,
        "now": _wall(now, zone),
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
    told["visit"] = stop.visit
    told["title"] = f"{stop.number}. {stop.title}" if stop.title else f"{stop.number}."
    told["say"] = say(stop)
    yield told
    if stop.promise:
        kinds = f"promise colour-{colour}"
        yield _event(row, f"{stop.visit}/promise", stop.promise, zone, kinds, background=True)


def _event(
    row: TechnicianRow, id: str, span: Span, zone: ZoneInfo, kind: str, *, background: bool = False
) -> dict[str, Any]:
    start, end = _wall_span(span, zone)
    return {
        "id": f"{row.technician}/{id}",
        "resourceId": row.technician,
        "start": start,
        "end": end,
        "kind": kind,
        "display": "background" if background else "auto",
    }


def _hours(rows: list[TechnicianRow], zone: ZoneInfo) -> tuple[str, str]:
    """Whole hours around everything, at least the usual day."""
    shifts = [shift for row in rows for shift in row.shifts]
    if not shifts:
        return _clock(_FIRST_HOUR), _clock(_LAST_HOUR)
    first = min(shift.span[0] for shift in shifts).astimezone(zone)
    last = max(_last(shift) for shift in shifts).astimezone(zone)
    midnight = first.replace(hour=0, minute=0, second=0, microsecond=0)
    # of one zone: the difference of wall clocks, also on days with more hours or less
    hours = -(-(last - midnight) // timedelta(hours=1))
    return _clock(min(_FIRST_HOUR, first.hour)), _clock(max(_LAST_HOUR, hours))


def _last(shift: ShiftRow) -> datetime:
    return max(shift.span[1], *(stop.end for stop in shift.stops), shift.end or shift.span[1])


def _clock(hour: int) -> str:
    return f"{hour:02}:00"


def _wall_span(span: Span, zone: ZoneInfo) -> tuple[str, str]:
    """As clocks show it. Where they are set back meanwhile, as long as it takes."""
    start, end = (at.astimezone(zone).replace(tzinfo=None) for at in span)
    if end <= start:
        end = start + (span[1] - span[0])
    return _spoken(start), _spoken(end)


def _wall(at: datetime, zone: ZoneInfo) -> str:
    return _spoken(at.astimezone(zone).replace(tzinfo=None))


def _spoken(wall: datetime) -> str:
    return wall.isoformat(timespec="seconds")
