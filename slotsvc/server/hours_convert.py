"""Working weeks, opening hours and offer grids between proto and domain."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from slotsvc.domain.offering import OfferGrid
from slotsvc.domain.place import Location
from slotsvc.domain.working_time import BreakRule, DayHours, LocalInterval, ShiftHours, WorkingTime
from slotsvc.pb.v1 import calendar_service_pb2 as pb
from slotsvc.pb.v1 import types_pb2
from slotsvc.scheduling import calendar_rules as rules
from slotsvc.scheduling.calendar_rules import WEEKDAYS
from slotsvc.scheduling.field_checks import Violations
from slotsvc.server import fields

MAX_BREAKS = 3
MAX_MORE_SHIFTS = 3
MAX_CELLS = 48
MAX_OPENING_INTERVALS = 4
SHORTEST_BREAK, LONGEST_BREAK = timedelta(minutes=1), timedelta(hours=8)
SHORTEST_STEP, LONGEST_STEP = timedelta(minutes=5), timedelta(hours=4)

type OpeningHours = tuple[tuple[LocalInterval, ...], ...]


def day_hours(wrong: Violations, path: str, value: pb.DayHours) -> DayHours:
    """Hours of one day; unset hours are a day off."""
    before = len(wrong.found)
    hours = None
    if value.HasField("hours"):
        hours = fields.interval(wrong, f"{path}.hours", value.hours)
    if not wrong.count(f"{path}.more", value.more, MAX_MORE_SHIFTS):
        return DayHours(hours)
    more = (_shift(wrong, f"{path}.more[{i}]", shift) for i, shift in enumerate(value.more))
    breaks, start, end = _around(wrong, path, value)
    day = DayHours(hours, breaks, start, end, tuple(more))
    if len(wrong.found) == before:
        rules.check_day(wrong, path, day)
    return day


def _shift(wrong: Violations, path: str, value: pb.ShiftHours) -> ShiftHours:
    hours = fields.interval(wrong, f"{path}.hours", value.hours)
    return ShiftHours(hours, *_around(wrong, path, value))


def _around(
    wrong: Violations, path: str, value: pb.DayHours | pb.ShiftHours
) -> tuple[tuple[BreakRule, ...], Location | None, Location | None]:
    """Pauses, start place and end place of a shift."""
    breaks: tuple[BreakRule, ...] = ()
    if wrong.count(f"{path}.breaks", value.breaks, MAX_BREAKS):
        breaks = tuple(_break(wrong, f"{path}.breaks[{i}]", r) for i, r in enumerate(value.breaks))
    start = end = None
    if value.HasField("start_location"):
        start = fields.location(wrong, f"{path}.start_location", value.start_location)
    if value.HasField("end_location"):
        end = fields.location(wrong, f"{path}.end_location", value.end_location)
    return breaks, start, end


def working_time(wrong: Violations, path: str, value: pb.WorkingTime) -> WorkingTime:
    """A week; a day that is unset is a day off."""
    before = len(wrong.found)
    mon, tue, wed, thu, fri, sat, sun = (
        day_hours(wrong, f"{path}.{name}", getattr(value, name)) for name in WEEKDAYS
    )
    week = WorkingTime((mon, tue, wed, thu, fri, sat, sun))
    if len(wrong.found) == before:
        rules.check_week(wrong, path, week)
    return week


def opening_hours(
    wrong: Violations, path: str, days: Sequence[pb.OpeningDay]
) -> OpeningHours | None:
    """Seven days, Monday first; None, always open, for an empty list."""
    if not days:
        return None
    if len(days) != 7:
        wrong.add(path, "seven days, Monday first, or none at all")
        return None
    return tuple(
        _opening_day(wrong, f"{path}[{i}].intervals", day.intervals) for i, day in enumerate(days)
    )


def offer_grid(wrong: Violations, path: str, value: types_pb2.OfferGrid) -> OfferGrid:
    """Cells in order, not overlapping; a step for exact starts."""
    before = len(wrong.found)
    cells: tuple[LocalInterval, ...] = ()
    if wrong.count(f"{path}.cells", value.cells, MAX_CELLS, least=1):
        cells = _intervals(wrong, f"{path}.cells", value.cells)
    if len(wrong.found) == before:
        rules.check_cells(wrong, f"{path}.cells", cells)
    step = None
    if value.HasField("step"):
        step = fields.duration(wrong, f"{path}.step", value.step, SHORTEST_STEP, LONGEST_STEP)
    return OfferGrid(cells, step)


def to_day_hours(day: DayHours) -> pb.DayHours:
    """A day off has no hours set."""
    told = pb.DayHours()
    for number, shift in enumerate(day.shifts):
        _tell_shift(told if number == 0 else told.more.add(), shift)
    return told


def _tell_shift(told: pb.DayHours | pb.ShiftHours, shift: ShiftHours) -> None:
    told.hours.CopyFrom(fields.to_interval(shift.hours))
    for rule in shift.breaks:
        begins, duration = fields.to_interval(rule.begins), fields.to_duration(rule.duration)
        told.breaks.append(types_pb2.BreakRule(begins=begins, duration=duration))
    if shift.start_place is not None:
        told.start_location.CopyFrom(fields.to_latlng(shift.start_place))
    if shift.end_place is not None:
        told.end_location.CopyFrom(fields.to_latlng(shift.end_place))


def to_working_time(week: WorkingTime) -> pb.WorkingTime:
    """Days off are left out."""
    days = zip(WEEKDAYS, week.week, strict=True)
    return pb.WorkingTime(**{name: to_day_hours(day) for name, day in days if day.hours})


def to_opening_hours(hours: OpeningHours | None) -> list[pb.OpeningDay]:
    """Seven days, or none for a site that is always open."""
    return [pb.OpeningDay(intervals=fields.to_intervals(day)) for day in hours or ()]


def to_offer_grid(grid: OfferGrid) -> types_pb2.OfferGrid:
    """Cells, and the step of an exact-start grid."""
    step = None if grid.step is None else fields.to_duration(grid.step)
    return types_pb2.OfferGrid(cells=fields.to_intervals(grid.cells), step=step)


def _break(wrong: Violations, path: str, value: types_pb2.BreakRule) -> BreakRule:
    return BreakRule(
        fields.interval(wrong, f"{path}.begins", value.begins),
        fields.duration(wrong, f"{path}.duration", value.duration, SHORTEST_BREAK, LONGEST_BREAK),
    )


def _opening_day(
    wrong: Violations, path: str, values: Sequence[types_pb2.LocalInterval]
) -> tuple[LocalInterval, ...]:
    before = len(wrong.found)
    if not wrong.count(path, values, MAX_OPENING_INTERVALS):
        return ()
    intervals = _intervals(wrong, path, values)
    if len(wrong.found) == before:
        rules.check_opening_day(wrong, path, intervals)
    return intervals


def _intervals(
    wrong: Violations, path: str, values: Sequence[types_pb2.LocalInterval]
) -> tuple[LocalInterval, ...]:
    return tuple(fields.interval(wrong, f"{path}[{i}]", v) for i, v in enumerate(values))
