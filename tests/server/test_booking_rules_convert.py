"""Booking rules between proto and domain."""

from __future__ import annotations

from datetime import date, time, timedelta
from typing import Any

import pytest
from google.protobuf.duration_pb2 import Duration
from google.type.date_pb2 import Date
from google.type.dayofweek_pb2 import DayOfWeek
from hypothesis import given

from slotsvc.domain.booking_rules import NO_RULES, BookingRules, DateRange, SectorDays
from slotsvc.pb.v1 import calendar_service_pb2 as pb
from slotsvc.scheduling.field_checks import Violations
from slotsvc.server.booking_rules_convert import booking_rules, set_booking_rules
from tests.store import strategies


def read(value: pb.ActivityType, sectors: frozenset[str] | None = None) -> BookingRules:
    wrong = Violations()
    rules = booking_rules(wrong, "activity_type", value, sectors)
    assert wrong.found == ()
    return rules


@given(strategies.booking_rules)
def test_rules_are_told_as_they_were_set(rules: BookingRules) -> None:
    """From the domain to the message and back, equal in every field."""
    told = pb.ActivityType()
    set_booking_rules(told, rules)
    assert read(told) == rules


def test_a_message_in_words() -> None:
    """16 hours since midnight is 16:00, Monday is the first weekday, a lone date is one day."""
    rules = read(
        pb.ActivityType(
            cut_off=Duration(seconds=16 * 3600),
            daily_quota=8,
            sector_days=[
                pb.SectorDays(sector="north", weekdays=[DayOfWeek.MONDAY, DayOfWeek.SUNDAY])
            ],
            blackouts=[pb.DateRange(first_date=Date(year=2026, month=12, day=25))],
            hold_duration=Duration(seconds=120),
        ),
        frozenset({"north"}),
    )
    christmas = date(2026, 12, 25)
    assert rules == BookingRules(
        cut_off=time(16),
        daily_quota=8,
        sector_days=(SectorDays("north", frozenset({0, 6})),),
        blackouts=(DateRange(christmas, christmas),),
        hold=timedelta(minutes=2),
    )
    assert read(pb.ActivityType()) == NO_RULES


CHRISTMAS = Date(year=2026, month=12, day=25)
NORTH = pb.SectorDays(sector="north", weekdays=[DayOfWeek.MONDAY])


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"cut_off": Duration(seconds=86_400)}, ["cut_off"]),
        ({"cut_off": Duration(seconds=-1)}, ["cut_off"]),
        ({"cut_off_days": 31}, ["cut_off_days"]),
        ({"daily_quota": -1}, ["daily_quota"]),
        ({"sector_days": [NORTH, NORTH]}, ["sector_days[1]"]),
        (
            {"sector_days": [pb.SectorDays(sector="moon", weekdays=[DayOfWeek.MONDAY])]},
            ["sector_days[0].sector"],
        ),
        ({"sector_days": [pb.SectorDays(sector="north")]}, ["sector_days[0].weekdays"]),
        (
            {"sector_days": [pb.SectorDays(sector="north", weekdays=[0])]},
            ["sector_days[0].weekdays[0]"],
        ),
        (
            {"sector_days": [pb.SectorDays(sector="north", weekdays=[DayOfWeek.MONDAY] * 2)]},
            ["sector_days[0].weekdays[1]"],
        ),
        ({"blackouts": [pb.DateRange()]}, ["blackouts[0].first_date"]),
        (
            {
                "blackouts": [
                    pb.DateRange(first_date=CHRISTMAS, last_date=Date(year=2026, month=12, day=24))
                ]
            },
            ["blackouts[0].last_date"],
        ),
        ({"hold_duration": Duration(seconds=9)}, ["hold_duration"]),
        ({"longest_hold": Duration(seconds=901)}, ["longest_hold"]),
        (
            {"hold_duration": Duration(seconds=600), "longest_hold": Duration(seconds=300)},
            ["hold_duration"],
        ),
    ],
)
def test_a_wrong_rule_is_named(changes: dict[str, Any], named: list[str]) -> None:
    """Each limit names the field that breaks it."""
    wrong = Violations()
    booking_rules(wrong, "activity_type", pb.ActivityType(**changes), frozenset({"north"}))
    assert [v.field for v in wrong.found] == [f"activity_type.{field}" for field in named]
