"""Booking rules of an activity type between proto and domain."""

from __future__ import annotations

from collections.abc import Collection
from datetime import time, timedelta
from typing import Literal

from google.protobuf.duration_pb2 import Duration
from google.type.dayofweek_pb2 import DayOfWeek

from slotsvc.domain.booking_rules import (
    LONGEST_HOLD,
    MOST_A_DAY,
    MOST_CUT_OFF_DAYS,
    SHORTEST_HOLD,
    BookingRules,
    DateRange,
    SectorDays,
)
from slotsvc.pb.v1 import calendar_service_pb2 as pb
from slotsvc.scheduling.field_checks import Violations
from slotsvc.server import fields

MAX_SECTOR_DAYS = 200
MAX_BLACKOUTS = 100

_NOTHING = timedelta(0)
_DAY = timedelta(days=1)
_SECOND = timedelta(seconds=1)


def booking_rules(
    wrong: Violations, path: str, value: pb.ActivityType, sectors: Collection[str] | None
) -> BookingRules:
    """``path``: of the activity type. ``sectors``: of the tenant; None: not looked at yet."""
    before = len(wrong.found)
    cut_off, days = _cut_off(wrong, path, value)
    quota = wrong.whole(f"{path}.daily_quota", value.daily_quota, 1, MOST_A_DAY, 0) or None
    sector_days = _sector_days(wrong, f"{path}.sector_days", value, sectors)
    blackouts = _blackouts(wrong, f"{path}.blackouts", value)
    hold = _hold(wrong, path, "hold_duration", value)
    longest = _hold(wrong, path, "longest_hold", value)
    if hold is not None and longest is not None and hold > longest:
        wrong.add(f"{path}.hold_duration", "must not exceed longest_hold")
    if len(wrong.found) > before:
        return BookingRules()
    return BookingRules(cut_off, days, quota, sector_days, blackouts, hold, longest)


def set_booking_rules(told: pb.ActivityType, rules: BookingRules) -> None:
    """Writes the rules into the message; what closes nothing stays unset."""
    if rules.cut_off is not None:
        at = rules.cut_off
        since = timedelta(hours=at.hour, minutes=at.minute, seconds=at.second)
        told.cut_off.CopyFrom(fields.to_duration(since))
    if rules.cut_off_days != 1:
        told.cut_off_days = rules.cut_off_days
    told.daily_quota = rules.daily_quota or 0
    told.sector_days.extend(_to_sector_days(one) for one in rules.sector_days)
    told.blackouts.extend(_to_range(span) for span in rules.blackouts)
    if rules.hold is not None:
        told.hold_duration.CopyFrom(fields.to_duration(rules.hold))
    if rules.longest_hold is not None:
        told.longest_hold.CopyFrom(fields.to_duration(rules.longest_hold))


def _cut_off(wrong: Violations, path: str, value: pb.ActivityType) -> tuple[time | None, int]:
    """Time of the clock, and how many days before."""
    days = value.cut_off_days if value.HasField("cut_off_days") else 1
    if not 0 <= days <= MOST_CUT_OFF_DAYS:
        wrong.add(f"{path}.cut_off_days", f"0 to {MOST_CUT_OFF_DAYS}")
    if not value.HasField("cut_off"):
        return None, days
    last = _DAY - _SECOND
    since = fields.duration(wrong, f"{path}.cut_off", value.cut_off, _NOTHING, last)
    return time(*_clock(since)), days


def _clock(since: timedelta) -> tuple[int, int, int]:
    minutes, seconds = divmod(since.seconds, 60)
    return minutes // 60, minutes % 60, seconds


def _sector_days(
    wrong: Violations, path: str, value: pb.ActivityType, sectors: Collection[str] | None
) -> tuple[SectorDays, ...]:
    if not wrong.count(path, value.sector_days, MAX_SECTOR_DAYS):
        return ()
    wrong.distinct(path, [one.sector for one in value.sector_days])
    return tuple(
        _days_of_sector(wrong, f"{path}[{i}]", one, sectors)
        for i, one in enumerate(value.sector_days)
    )


def _days_of_sector(
    wrong: Violations, path: str, value: pb.SectorDays, sectors: Collection[str] | None
) -> SectorDays:
    wrong.tag(f"{path}.sector", value.sector, sectors, "sector")
    wrong.count(f"{path}.weekdays", value.weekdays, 7, least=1)
    for number, day in enumerate(value.weekdays):
        if not DayOfWeek.MONDAY <= day <= DayOfWeek.SUNDAY:
            wrong.add(f"{path}.weekdays[{number}]", "MONDAY to SUNDAY")
    wrong.distinct(f"{path}.weekdays", value.weekdays)
    return SectorDays(value.sector, frozenset(day - DayOfWeek.MONDAY for day in value.weekdays))


def _blackouts(wrong: Violations, path: str, value: pb.ActivityType) -> tuple[DateRange, ...]:
    if not wrong.count(path, value.blackouts, MAX_BLACKOUTS):
        return ()
    return tuple(_range(wrong, f"{path}[{i}]", span) for i, span in enumerate(value.blackouts))


def _range(wrong: Violations, path: str, value: pb.DateRange) -> DateRange:
    first = fields.day(wrong, f"{path}.first_date", value.first_date)
    if not value.HasField("last_date"):
        return DateRange(first, first)
    before = len(wrong.found)
    last = fields.day(wrong, f"{path}.last_date", value.last_date)
    if len(wrong.found) == before and last < first:
        wrong.add(f"{path}.last_date", "must not be before first_date")
    return DateRange(first, max(first, last))


def _hold(
    wrong: Violations,
    path: str,
    field: Literal["hold_duration", "longest_hold"],
    value: pb.ActivityType,
) -> timedelta | None:
    if not value.HasField(field):
        return None
    length: Duration = getattr(value, field)
    return fields.duration(wrong, f"{path}.{field}", length, SHORTEST_HOLD, LONGEST_HOLD)


def _to_sector_days(days: SectorDays) -> pb.SectorDays:
    weekdays = [DayOfWeek.MONDAY + day for day in sorted(days.weekdays)]
    return pb.SectorDays(sector=days.sector, weekdays=weekdays)


def _to_range(span: DateRange) -> pb.DateRange:
    return pb.DateRange(first_date=fields.to_date(span.first), last_date=fields.to_date(span.last))
