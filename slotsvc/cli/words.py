"""Times, durations and names as people read them. Windows are half-open and shown as spans."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from google.protobuf.duration_pb2 import Duration
    from google.protobuf.timestamp_pb2 import Timestamp
    from google.type.date_pb2 import Date
    from google.type.latlng_pb2 import LatLng

    from slotsvc.pb.v1.types_pb2 import TimeWindow

MINUS = "\N{MINUS SIGN}"


def instant(stamp: Timestamp) -> datetime:
    """Aware UTC."""
    return stamp.ToDatetime(tzinfo=UTC)


def to_date(day: Date) -> date:
    """The calendar date."""
    return date(day.year, day.month, day.day)


def day_words(day: date) -> str:
    """Such as "Tue 24 Nov"."""
    return f"{day:%a} {day.day} {day:%b}"


def clock_words(stamp: Timestamp, zone: ZoneInfo) -> str:
    """Such as "08:00"."""
    return f"{instant(stamp).astimezone(zone):%H:%M}"


def moment_words(stamp: Timestamp, zone: ZoneInfo) -> str:
    """Such as "Tue 24 Nov 08:00"."""
    local = instant(stamp).astimezone(zone)
    return f"{day_words(local.date())} {local:%H:%M}"


def window_words(window: TimeWindow, zone: ZoneInfo) -> str:
    """Such as "Tue 24 Nov 08:00-10:00"; an end on a later day is named in full."""
    start = instant(window.start_time).astimezone(zone)
    end = instant(window.end_time).astimezone(zone)
    last = f"{end:%H:%M}" if end.date() == start.date() else f"{day_words(end.date())} {end:%H:%M}"
    return f"{day_words(start.date())} {start:%H:%M}-{last}"


def span_of_day(window: TimeWindow, zone: ZoneInfo) -> str:
    """Such as "08:00-10:00", where the day goes without saying."""
    return f"{clock_words(window.start_time, zone)}-{clock_words(window.end_time, zone)}"


def row_words(window: TimeWindow, zone: ZoneInfo) -> str:
    """As ``window_words``, short enough for a table: an end on the next day is "06:00+1"."""
    start = instant(window.start_time).astimezone(zone)
    end = instant(window.end_time).astimezone(zone)
    days = (end.date() - start.date()).days
    return f"{day_words(start.date())} {start:%H:%M}-{end:%H:%M}" + (f"+{days}" if days else "")


def start_words(window: TimeWindow, zone: ZoneInfo) -> str:
    """Such as "Tue 24 Nov, starts between 08:00 and 10:00": a window bounds the start."""
    start = instant(window.start_time).astimezone(zone)
    end = instant(window.end_time).astimezone(zone)
    last = f"{end:%H:%M}" if end.date() == start.date() else f"{day_words(end.date())} {end:%H:%M}"
    return f"{day_words(start.date())}, starts between {start:%H:%M} and {last}"


def span_words(seconds: float) -> str:
    """Such as "45 s", "12 min", "1 h 05 min"; minutes are rounded, halves away from zero."""
    size = int(abs(seconds) + 0.5)
    sign = MINUS if seconds < 0 and size else ""
    if size < 60:
        return f"{sign}{size} s"
    minutes = (size + 30) // 60
    if minutes < 60:
        return f"{sign}{minutes} min"
    return f"{sign}{minutes // 60} h {minutes % 60:02d} min"


def change_words(seconds: float) -> str:
    """A difference: "+4 min", "−45 s", "0 min"."""
    if round(seconds) == 0:
        return "0 min"
    return span_words(seconds) if seconds < 0 else f"+{span_words(seconds)}"


def duration_words(duration: Duration) -> str:
    """As ``span_words``."""
    return span_words(duration.seconds + duration.nanos / 1e9)


def elapsed_words(seconds: float) -> str:
    """Time a machine took: "4.1 ms", "2.3 s"."""
    return f"{seconds * 1000:.1f} ms" if seconds < 1 else f"{seconds:.1f} s"


def place_words(place: LatLng) -> str:
    """Latitude, longitude, as the options take them."""
    return f"{place.latitude:.5f},{place.longitude:.5f}"


def short(name: str) -> str:
    """Last part of a resource name."""
    return name.rpartition("/")[2]


def count_words(count: int, one: str, many: str = "") -> str:
    """Such as "1 visit", "3 visits"."""
    return f"{count} {one if count == 1 else many or one + 's'}"


def sentence(text: str) -> str:
    """The text with a capital at its start, unless that is a path, a file or a setting, and a stop
    at its end."""
    first = text.partition(" ")[0].rstrip(".:,;")
    begun = text if re.search(r"[/._]", first) else text[:1].upper() + text[1:]
    return begun + ("" if text.endswith((".", "!", "?", ")")) else ".")


def enum_words(name: str, prefix: str) -> str:
    """Such as "no room" for REJECTION_REASON_NO_ROOM."""
    return name.removeprefix(prefix).replace("_", " ").lower()
