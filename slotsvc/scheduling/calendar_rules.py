"""What a working week, opening hours and an offer grid must obey, beyond each field by itself."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, time, timedelta
from itertools import pairwise

from slotsvc.domain.errors import InUseError
from slotsvc.domain.offering import ActivityType
from slotsvc.domain.place import Location
from slotsvc.domain.shifts import resolve_shift
from slotsvc.domain.technician import Technician, Tenant
from slotsvc.domain.working_time import (
    BreakRule,
    DayHours,
    LocalInterval,
    Shift,
    ShiftException,
    WorkingTime,
)
from slotsvc.scheduling.field_checks import Violations
from slotsvc.scheduling.ports import Entity, WriteTx

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")

_DAY_S = 86_400
_PAGE = 500
_PLAIN_DAY = date(2001, 1, 1)
_NO_HOURS = DayHours(None)
_NOBODY = Technician(
    id="nobody",
    display_name="",
    team="",
    zone="UTC",
    start_place=Location(0, 0),
    end_place=Location(0, 0),
    working_time=WorkingTime((_NO_HOURS,) * 7),
)


def check_day(wrong: Violations, path: str, day: DayHours) -> None:
    """Every pause can be taken, each by itself and all of them together."""
    if day.hours is None:
        if day.breaks:
            wrong.add(f"{path}.breaks", "a day without hours has no breaks")
        return
    alone = [_can_take(day.hours, [rule]) for rule in day.breaks]
    for index, fits in enumerate(alone):
        if not fits:
            wrong.add(f"{path}.breaks[{index}]", "must lie inside the hours, with its duration")
    if all(alone) and not _can_take(day.hours, day.breaks):
        wrong.add(f"{path}.breaks", "cannot all be taken on one day")


def check_week(wrong: Violations, path: str, week: WorkingTime) -> None:
    """No shift begins before the one of the day before is over."""
    for number, day in enumerate(week.week):
        following = (number + 1) % 7
        next_hours = week.week[following].hours
        if day.hours is None or next_hours is None:
            continue
        if _end_s(day.hours) > _DAY_S + _second(next_hours.start):
            reason = f"begins before the shift of {WEEKDAYS[number]} ends"
            wrong.add(f"{path}.{WEEKDAYS[following]}.hours", reason)


def check_cells(wrong: Violations, path: str, cells: Sequence[LocalInterval]) -> None:
    """Cells come in order and do not overlap, the last one not even the first of the next day."""
    for index, (one, other) in enumerate(pairwise(cells), start=1):
        if _second(other.start) < _end_s(one):
            wrong.add(f"{path}[{index}]", "must begin where the cell before ends, or later")
    if cells and _end_s(cells[-1]) > _DAY_S + _second(cells[0].start):
        wrong.add(f"{path}[{len(cells) - 1}]", "reaches into the first cell of the next day")


def check_opening_day(wrong: Violations, path: str, intervals: Sequence[LocalInterval]) -> None:
    """Opening intervals of one day do not overlap; their order is free."""
    order = sorted(range(len(intervals)), key=lambda i: _second(intervals[i].start))
    for one, other in pairwise(order):
        if _second(intervals[other].start) < _end_s(intervals[one]):
            wrong.add(f"{path}[{other}]", "overlaps another interval of the day")


def check_offering(wrong: Violations, path: str, notice: timedelta, horizon: timedelta) -> None:
    """Something can be offered at all."""
    if notice >= horizon:
        wrong.add(f"{path}.horizon", "must be longer than notice")


def refuse_lost_tags(tx: WriteTx, tenant: str, before: Entity, after: Entity) -> None:
    """A tag that technicians or activity types use stays. Raises ``InUseError``."""
    if not (isinstance(before, Tenant) and isinstance(after, Tenant)):
        return
    lost = before.tags - after.tags
    used = lost & _tags_in_use(tx, tenant) if lost else lost
    if used:
        raise InUseError(
            f"technicians or activity types use the tag {min(used)}", {"tag": min(used)}
        )


def _tags_in_use(tx: WriteTx, tenant: str) -> frozenset[str]:
    used: set[str] = set()
    for technician in _all(tx, tenant, Technician):
        used |= technician.tags
    for activity_type in _all(tx, tenant, ActivityType):
        used |= activity_type.requires
    return frozenset(used)


def _all[E: (Technician, ActivityType)](tx: WriteTx, tenant: str, kind: type[E]) -> list[E]:
    found: list[E] = []
    after = ""
    while page := tx.page(tenant, kind, after, _PAGE):
        found += [entity for entity, _ in page]
        after = found[-1].id
    return found


def _can_take(hours: LocalInterval, rules: Sequence[BreakRule]) -> bool:
    # asks the code that lays hours on dates, so that the two never disagree
    day = ShiftException("", _NOBODY.id, _PLAIN_DAY, DayHours(hours, tuple(rules)))
    shift = resolve_shift(_NOBODY, _PLAIN_DAY, day, ())
    return isinstance(shift, Shift) and len(shift.breaks) == len(rules)


def _second(at: time) -> int:
    return at.hour * 3600 + at.minute * 60 + at.second


def _end_s(interval: LocalInterval) -> int:
    """Second of the end, counted from the midnight before the start."""
    end = _second(interval.end)
    return end if interval.end > interval.start else end + _DAY_S
