"""Plain values as protobuf messages."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from google.protobuf.duration_pb2 import Duration
    from google.type.date_pb2 import Date
    from google.type.latlng_pb2 import LatLng

    from slotsvc.pb.v1.types_pb2 import LocalInterval, TimeWindow


def pb_date(day: date) -> Date:
    from google.type.date_pb2 import Date

    return Date(year=day.year, month=day.month, day=day.day)


def pb_place(lat: float, lon: float) -> LatLng:
    from google.type.latlng_pb2 import LatLng

    return LatLng(latitude=lat, longitude=lon)


def pb_minutes(minutes: float) -> Duration:
    from google.protobuf.duration_pb2 import Duration

    duration = Duration()
    duration.FromTimedelta(timedelta(minutes=minutes))
    return duration


def pb_interval(start: time, end: time) -> LocalInterval:
    """[start, end) on the wall clock."""
    from google.type.timeofday_pb2 import TimeOfDay

    from slotsvc.pb.v1.types_pb2 import LocalInterval

    return LocalInterval(
        start=TimeOfDay(hours=start.hour, minutes=start.minute),
        end=TimeOfDay(hours=end.hour, minutes=end.minute),
    )


def pb_window(start: datetime, end: datetime) -> TimeWindow:
    """[start, end), aware datetimes."""
    from slotsvc.pb.v1.types_pb2 import TimeWindow

    window = TimeWindow()
    window.start_time.FromDatetime(start)
    window.end_time.FromDatetime(end)
    return window
