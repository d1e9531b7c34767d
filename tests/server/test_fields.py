"""Proto values are read exactly or refused by path."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime, time, timedelta

import pytest
from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp
from google.type.date_pb2 import Date
from google.type.latlng_pb2 import LatLng
from google.type.timeofday_pb2 import TimeOfDay
from hypothesis import given
from hypothesis import strategies as st

from slotsvc.domain.place import Location
from slotsvc.domain.time_window import TimeWindow
from slotsvc.domain.working_time import LocalInterval
from slotsvc.pb.v1 import types_pb2
from slotsvc.scheduling.field_checks import Violations
from slotsvc.server import fields

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
INT64 = st.integers(-(2**63), 2**63 - 1)
INT32 = st.integers(-(2**31), 2**31 - 1)


@pytest.fixture
def wrong() -> Violations:
    return Violations()


def paths(wrong: Violations) -> list[str]:
    return [violation.field for violation in wrong.found]


def test_an_instant_is_aware_utc(wrong: Violations) -> None:
    """A whole second comes back as the same instant."""
    assert fields.instant(wrong, "t", fields.to_timestamp(NOON)) == NOON
    assert not wrong.found


@pytest.mark.parametrize(
    "value",
    [
        Timestamp(seconds=1, nanos=1),
        Timestamp(seconds=0),
        Timestamp(seconds=2**62),
        Timestamp(seconds=-(2**63)),
        fields.to_timestamp(fields.LATEST),
    ],
)
def test_instants_outside_the_served_years_are_refused(wrong: Violations, value: Timestamp) -> None:
    """Fractions and years before 2000 or after 2199 are violations, not overflows."""
    assert fields.instant(wrong, "t", value) == fields.EARLIEST
    assert paths(wrong) == ["t"]


def test_a_window_is_half_open_and_runs_forward(wrong: Violations) -> None:
    """Both ends are needed, and the end is later than the start."""
    window = TimeWindow(NOON, NOON + timedelta(hours=2))
    assert fields.window(wrong, "w", fields.to_window(window)) == window

    backwards = types_pb2.TimeWindow(
        start_time=fields.to_timestamp(NOON), end_time=fields.to_timestamp(NOON)
    )
    fields.window(wrong, "a[1]", backwards)
    fields.window(wrong, "b", types_pb2.TimeWindow(end_time=fields.to_timestamp(NOON)))
    fields.window(wrong, "c", fields.to_window(window), timedelta(hours=1))

    assert paths(wrong) == ["a[1].end_time", "b.start_time", "c.end_time"]
    assert wrong.found[2].reason == "at most 1 hour after start_time"


def test_a_duration_is_in_its_range(wrong: Violations) -> None:
    """Zero, negative, fractional and endless durations are refused."""
    least, most = timedelta(minutes=1), timedelta(days=1)
    assert fields.duration(wrong, "d", Duration(seconds=60), least, most) == least
    assert fields.duration(wrong, "d", Duration(seconds=86_400), least, most) == most

    for value in (
        Duration(),
        Duration(seconds=-60),
        Duration(seconds=60, nanos=1),
        Duration(seconds=2**63 - 1),
    ):
        fields.duration(wrong, "d", value, least, most)

    assert len(wrong.found) == 4
    assert wrong.found[0].reason == "from 1 minute to 24 hours"


@pytest.mark.parametrize(
    ("lat", "lon", "named"),
    [
        (math.nan, 0, ["p.latitude"]),
        (0, math.inf, ["p.longitude"]),
        (91, 181, ["p.latitude", "p.longitude"]),
        (-90, 180, []),
        (0, 0, []),
    ],
)
def test_a_place_is_on_the_globe(
    wrong: Violations, lat: float, lon: float, named: list[str]
) -> None:
    """NaN, infinity and degrees out of range are named; 0, 0 is a place."""
    fields.location(wrong, "p", LatLng(latitude=lat, longitude=lon))

    assert paths(wrong) == named


def test_places_come_back_rounded_to_a_decimetre(wrong: Violations) -> None:
    """Equal places compare equal."""
    read = fields.location(wrong, "p", LatLng(latitude=43.73112345, longitude=7.4))

    assert read == Location(43.731123, 7.4)
    assert fields.to_latlng(read) == LatLng(latitude=43.731123, longitude=7.4)


@pytest.mark.parametrize(
    "value", [Date(), Date(year=2026), Date(year=2026, month=2, day=29), Date(year=1, month=1)]
)
def test_partial_or_impossible_dates_are_refused(wrong: Violations, value: Date) -> None:
    """A date has a year, a month and a day that exist."""
    fields.day(wrong, "d", value)

    assert paths(wrong) == ["d"]


def test_a_date_is_read(wrong: Violations) -> None:
    """A leap day is a day."""
    assert fields.day(wrong, "d", Date(year=2028, month=2, day=29)) == date(2028, 2, 29)


def test_midnight_may_be_written_as_24_at_an_end_only(wrong: Violations) -> None:
    """24:00 as an end is 00:00 of the next day; as a start it is refused."""
    read = fields.interval(
        wrong, "i", types_pb2.LocalInterval(start=TimeOfDay(hours=20), end=TimeOfDay(hours=24))
    )
    assert read == LocalInterval(time(20), time(0))

    fields.interval(
        wrong, "i", types_pb2.LocalInterval(start=TimeOfDay(hours=24), end=TimeOfDay(hours=2))
    )
    fields.interval(
        wrong, "j", types_pb2.LocalInterval(start=TimeOfDay(), end=TimeOfDay(hours=24, minutes=1))
    )
    fields.interval(wrong, "k", types_pb2.LocalInterval())

    assert paths(wrong) == ["i.start", "j.end", "k.start", "k.end"]


def test_intervals_come_back_as_they_were(wrong: Violations) -> None:
    """To the second, there and back."""
    interval = LocalInterval(time(8, 30, 15), time(12))

    assert fields.interval(wrong, "i", fields.to_interval(interval)) == interval


@given(INT64, INT32, INT32, INT32, INT32, INT32, st.floats(), st.floats())
def test_no_number_makes_a_reader_fail(
    big: int, nanos: int, a: int, b: int, c: int, d: int, lat: float, lon: float
) -> None:
    """Whatever the wire can carry is either read or a violation."""
    wrong = Violations()
    fields.instant(wrong, "t", Timestamp(seconds=big, nanos=nanos))
    fields.duration(
        wrong, "d", Duration(seconds=big, nanos=nanos), timedelta(minutes=1), timedelta(days=1)
    )
    fields.day(wrong, "day", Date(year=a, month=b, day=c))
    fields.time_of_day(wrong, "o", TimeOfDay(hours=a, minutes=b, seconds=c, nanos=d))
    fields.location(wrong, "p", LatLng(latitude=lat, longitude=lon))


@pytest.mark.parametrize(
    ("length", "words"),
    [
        (timedelta(seconds=1), "1 second"),
        (timedelta(seconds=90), "90 seconds"),
        (timedelta(minutes=5), "5 minutes"),
        (timedelta(hours=1), "1 hour"),
        (timedelta(days=1), "24 hours"),
        (timedelta(days=366), "366 days"),
        (timedelta(0), "0 seconds"),
    ],
)
def test_lengths_are_said_in_words(length: timedelta, words: str) -> None:
    """Limits read like speech."""
    assert fields.spoken(length) == words
