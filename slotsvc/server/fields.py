"""Proto values into domain values, with the path of everything that is wrong.

Times are whole seconds in the years 2000 to 2199. Each reader gives a stand-in when it records a
violation; see ``slotsvc.scheduling.field_checks``.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta

from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp
from google.type.date_pb2 import Date
from google.type.latlng_pb2 import LatLng
from google.type.timeofday_pb2 import TimeOfDay

from slotsvc.domain.place import Location
from slotsvc.domain.time_window import TimeWindow, from_epoch, to_epoch
from slotsvc.domain.working_time import LocalInterval
from slotsvc.pb.v1 import types_pb2
from slotsvc.scheduling.field_checks import Violations

FIRST_YEAR, LAST_YEAR = 2000, 2199
EARLIEST = datetime(FIRST_YEAR, 1, 1, tzinfo=UTC)
LATEST = datetime(LAST_YEAR + 1, 1, 1, tzinfo=UTC)

_FIRST_SECOND, _END_SECOND = to_epoch(EARLIEST), to_epoch(LATEST)
_SOMEWHERE = Location(0.0, 0.0)
_STAND_IN_WINDOW = TimeWindow(EARLIEST, EARLIEST + timedelta(seconds=1))
_STAND_IN_INTERVAL = LocalInterval(time(0), time(0))


def instant(wrong: Violations, path: str, value: Timestamp) -> datetime:
    """A whole second in the years that are served, as aware UTC."""
    if value.nanos:
        wrong.add(path, "whole seconds only")
    elif not _FIRST_SECOND <= value.seconds < _END_SECOND:
        wrong.add(path, f"in the years {FIRST_YEAR} to {LAST_YEAR}")
    else:
        return from_epoch(value.seconds)
    return EARLIEST


def window(
    wrong: Violations, path: str, value: types_pb2.TimeWindow, longest: timedelta | None = None
) -> TimeWindow:
    """A window that ends after it starts, at most ``longest``; None: any length."""
    before = len(wrong.found)
    for field in ("start_time", "end_time"):
        if not value.HasField(field):
            wrong.add(f"{path}.{field}", "required")
    if len(wrong.found) > before:
        return _STAND_IN_WINDOW
    start = instant(wrong, f"{path}.start_time", value.start_time)
    end = instant(wrong, f"{path}.end_time", value.end_time)
    if len(wrong.found) > before:
        return _STAND_IN_WINDOW
    if end <= start:
        wrong.add(f"{path}.end_time", "must be later than start_time")
    elif longest is not None and end - start > longest:
        wrong.add(f"{path}.end_time", f"at most {spoken(longest)} after start_time")
    else:
        return TimeWindow(start, end)
    return _STAND_IN_WINDOW


def duration(
    wrong: Violations, path: str, value: Duration, least: timedelta, most: timedelta
) -> timedelta:
    """Whole seconds from ``least`` to ``most``, both included."""
    if value.nanos:
        wrong.add(path, "whole seconds only")
    elif not least.total_seconds() <= value.seconds <= most.total_seconds():
        wrong.add(path, f"from {spoken(least)} to {spoken(most)}")
    else:
        return timedelta(seconds=value.seconds)
    return least


def location(wrong: Violations, path: str, value: LatLng) -> Location:
    """A place. A LatLng that is set and all zero is the place at 0, 0."""
    before = len(wrong.found)
    wrong.number(f"{path}.latitude", value.latitude, -90, 90)
    wrong.number(f"{path}.longitude", value.longitude, -180, 180)
    if len(wrong.found) > before:
        return _SOMEWHERE
    return Location(value.latitude, value.longitude)


def day(wrong: Violations, path: str, value: Date) -> date:
    """A whole calendar date; partial dates (year 0, month 0, day 0) are refused."""
    if FIRST_YEAR <= value.year <= LAST_YEAR:
        try:
            return date(value.year, value.month, value.day)
        except (ValueError, OverflowError):
            wrong.add(path, "no such day")
    else:
        wrong.add(path, f"a day in the years {FIRST_YEAR} to {LAST_YEAR}")
    return EARLIEST.date()


def time_of_day(wrong: Violations, path: str, value: TimeOfDay, *, is_end: bool = False) -> time:
    """A wall-clock time to the second. ``is_end``: 24:00:00 is fine and means 00:00 next day."""
    if value.nanos:
        wrong.add(path, "no fractions of a second")
    elif is_end and (value.hours, value.minutes, value.seconds) == (24, 0, 0):
        return time(0)
    else:
        try:
            return time(value.hours, value.minutes, value.seconds)
        except (ValueError, OverflowError):
            wrong.add(path, "hours 0 to 23, minutes and seconds 0 to 59")
    return time(0)


def interval(wrong: Violations, path: str, value: types_pb2.LocalInterval) -> LocalInterval:
    """A wall-clock interval; an end not later than the start is on the next day."""
    missing = [field for field in ("start", "end") if not value.HasField(field)]
    for field in missing:
        wrong.add(f"{path}.{field}", "required")
    if missing:
        return _STAND_IN_INTERVAL
    return LocalInterval(
        time_of_day(wrong, f"{path}.start", value.start),
        time_of_day(wrong, f"{path}.end", value.end, is_end=True),
    )


def spoken(length: timedelta) -> str:
    """A length of time in words: "15 minutes"."""
    seconds = int(length.total_seconds())
    for size, word in ((86_400, "day"), (3_600, "hour"), (60, "minute")):
        if seconds and seconds % size == 0 and (seconds >= 2 * size or size < 86_400):
            return f"{seconds // size} {word}" + ("s" if seconds > size else "")
    return f"{seconds} second" + ("s" if seconds != 1 else "")


def to_timestamp(value: datetime) -> Timestamp:
    """An aware instant, fractions cut."""
    return Timestamp(seconds=to_epoch(value))


def to_duration(value: timedelta) -> Duration:
    """Whole seconds, fractions cut."""
    return Duration(seconds=int(value.total_seconds()))


def to_window(value: TimeWindow) -> types_pb2.TimeWindow:
    """Both ends."""
    return types_pb2.TimeWindow(
        start_time=to_timestamp(value.start), end_time=to_timestamp(value.end)
    )


def to_latlng(value: Location) -> LatLng:
    """Degrees."""
    return LatLng(latitude=value.lat, longitude=value.lon)


def to_date(value: date) -> Date:
    """A whole date."""
    return Date(year=value.year, month=value.month, day=value.day)


def to_interval(value: LocalInterval) -> types_pb2.LocalInterval:
    """Both ends; an end at midnight is 00:00, not 24:00."""
    return types_pb2.LocalInterval(start=_to_time(value.start), end=_to_time(value.end))


def to_intervals(values: Iterable[LocalInterval]) -> list[types_pb2.LocalInterval]:
    """Each of them."""
    return [to_interval(value) for value in values]


def _to_time(value: time) -> TimeOfDay:
    return TimeOfDay(hours=value.hour, minutes=value.minute, seconds=value.second)
