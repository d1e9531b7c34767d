"""An appointment as a calendar entry (RFC 5545): its window, and nothing of the technician."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import cache
from zoneinfo import ZoneInfo

from icalendar import Calendar, Event, Timezone

from slotsvc.portal.service.answers import Visit, VisitState

MEDIA_TYPE = "text/calendar; charset=utf-8; method={method}"
_PRODUCT = "-//slotsvc//portal//EN"


class Method(StrEnum):
    """What a calendar should do with the entry."""

    PUBLISH = "PUBLISH"
    CANCEL = "CANCEL"


@dataclass(frozen=True, slots=True)
class Entry:
    """What the entry says. ``summary``: one line. ``link``: the page of the visit."""

    summary: str
    description: str
    location: str
    link: str
    zone: str


def calendar_entry(visit: Visit, entry: Entry) -> bytes | None:
    """The entry of an appointment that stands or stood; None: nothing was ever told.

    A time that is only held is none yet. The UID stays the same for the life of the visit and
    SEQUENCE grows with each window told and with the cancellation, so that calendars replace the
    entry they have (RFC 5545, 3.8.7.4).
    """
    window = visit.window
    if window is None or visit.state is VisitState.HELD:
        return None
    zone, cancelled = ZoneInfo(entry.zone), visit.state is VisitState.CANCELLED
    event = Event()
    event.add("uid", uid_of(visit))
    event.add("sequence", sequence_of(visit))
    event.add("dtstamp", visit.updated)
    event.add("dtstart", window.start.astimezone(zone))
    event.add("dtend", window.end.astimezone(zone))
    for name in ("summary", "description", "location"):
        event.add(name, getattr(entry, name))
    event.add("url", entry.link)
    event.add("status", _status(visit))
    return _calendar(
        event, entry, Method.CANCEL if cancelled else Method.PUBLISH, window.start.year
    )


def _status(visit: Visit) -> str:
    if visit.state is VisitState.CANCELLED:
        return "CANCELLED"
    return "TENTATIVE" if visit.unkept else "CONFIRMED"


def method_of(visit: Visit) -> Method:
    """What the entry of this visit asks for."""
    return Method.CANCEL if visit.state is VisitState.CANCELLED else Method.PUBLISH


def uid_of(visit: Visit) -> str:
    """The same for the life of the visit, and no other's."""
    _, tenant, _, id = visit.name.split("/")
    return f"{id}.{tenant}@slotsvc"


def sequence_of(visit: Visit) -> int:
    """0 for the first window told, one more with each later one and with the cancellation."""
    told = sum(promise.told is not None for promise in visit.promises)
    return max(0, told - 1) + (visit.state is VisitState.CANCELLED)


def _calendar(event: Event, entry: Entry, method: Method, year: int) -> bytes:
    calendar = Calendar()
    calendar.add("prodid", _PRODUCT)
    calendar.add("version", "2.0")
    calendar.add("method", method.value)
    calendar.add_component(_time_zone(entry.zone, year))
    calendar.add_component(event)
    written: bytes = calendar.to_ical()
    return written


@cache
def _time_zone(zone: str, year: int) -> Timezone:
    """The clock changes of the years around: enough, and it keeps the letter small."""
    first, last = date(year - 1, 1, 1), date(year + 2, 1, 1)
    return Timezone.from_tzid(zone, first_date=first, last_date=last)
