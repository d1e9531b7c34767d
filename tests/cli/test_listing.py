"""What ``slotsvc list`` says of an activity type."""

from __future__ import annotations

from google.protobuf.duration_pb2 import Duration
from google.type.date_pb2 import Date

from slotsvc.cli.listing import _more
from slotsvc.pb.v1.calendar_service_pb2 import ActivityType, DateRange, SectorDays

HOUR = Duration(seconds=3600)


def test_an_activity_without_rules_lasts() -> None:
    """Nothing is said of rules that are not set."""
    assert _more("activities", ActivityType(service_duration=HOUR)) == "1 h 00 min"


def test_booking_rules_are_told_in_words() -> None:
    """Each that is set, in one line."""
    christmas, new_year = Date(year=2026, month=12, day=25), Date(year=2027, month=1, day=1)
    activity = ActivityType(
        service_duration=HOUR,
        cut_off=Duration(seconds=16 * 3600),
        daily_quota=8,
        sector_days=[SectorDays(sector="north")],
        blackouts=[
            DateRange(first_date=christmas),
            DateRange(first_date=christmas, last_date=new_year),
        ],
        hold_duration=Duration(seconds=120),
        setup_duration=Duration(seconds=300),
        pausable=True,
    )
    assert _more("activities", activity) == (
        "1 h 00 min; until 16:00 the day before; 8 a day; 1 sector on its days; not 2026-12-25; "
        "not 2026-12-25 to 2027-01-01; held 2 min; 5 min setup; may be paused"
    )
    activity.cut_off_days = 0
    assert "until 16:00 the same day" in _more("activities", activity)
    activity.cut_off_days = 3
    assert "until 16:00 3 days before" in _more("activities", activity)
