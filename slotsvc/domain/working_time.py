"""What a technician's week looks like, before it is laid on a date.

Wall-clock rules live here in local time; ``slotsvc.domain.shifts`` turns them into UTC shifts.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, time, timedelta
from enum import Enum

from slotsvc.domain.place import Location
from slotsvc.domain.time_window import TimeWindow


@dataclass(frozen=True, slots=True, order=True)
class LocalInterval:
    """``[start, end)`` on the wall clock of one zone.

    ``end <= start`` means the end is on the next day: a night shift belongs to the day it starts.
    """

    start: time
    end: time


@dataclass(frozen=True, slots=True)
class BreakRule:
    """One pause a day of ``duration`` that must *begin* inside ``begins``.

    The pause lies between two visits; it never cuts a visit in two. It applies to every shift
    long enough to hold all of ``begins`` and the pause itself.
    """

    begins: LocalInterval
    duration: timedelta


@dataclass(frozen=True, slots=True)
class DayHours:
    """Working time of one day: ``hours`` None means no work that day."""

    hours: LocalInterval | None
    breaks: tuple[BreakRule, ...] = ()


@dataclass(frozen=True, slots=True)
class WorkingTime:
    """The ordinary week: seven days, Monday first (``date.weekday()``)."""

    week: tuple[DayHours, DayHours, DayHours, DayHours, DayHours, DayHours, DayHours]


@dataclass(frozen=True, slots=True)
class ShiftException:
    """Replaces the ordinary hours of one technician on one date; ``hours.hours`` None closes it."""

    id: str
    technician: str
    day: date
    hours: DayHours
    note: str = ""


class AbsenceCategory(Enum):
    """Why somebody is away. Planners see it, clients never do."""

    HOLIDAY = "HOLIDAY"
    SICKNESS = "SICKNESS"
    TRAINING = "TRAINING"
    OTHER = "OTHER"


@dataclass(frozen=True, slots=True)
class Absence:
    """A technician is away in ``window``; afterwards work resumes from the same place."""

    id: str
    technician: str
    window: TimeWindow
    category: AbsenceCategory = AbsenceCategory.OTHER
    note: str = ""


@dataclass(frozen=True, slots=True)
class Break:
    """A pause laid on a date: begins inside ``begins`` (UTC), lasts ``duration``.

    An absence in the middle of a shift is a pause whose ``begins`` is one second long.
    """

    begins: TimeWindow
    duration: timedelta


@dataclass(frozen=True, slots=True)
class Shift:
    """One technician's working span on one service date, in UTC.

    ``service_date`` is the local date on which the shift starts. ``breaks`` are in the order in
    which they will be taken. ``start_place`` / ``end_place``: where the day begins and ends.
    ``offers``: tags the technician can serve that day.
    """

    technician: str
    service_date: date
    window: TimeWindow
    breaks: tuple[Break, ...]
    start_place: Location
    end_place: Location
    offers: frozenset[str] = field(default_factory=frozenset)


class NoShiftReason(Enum):
    """Why a technician has no shift on a date."""

    DAY_OFF = "DAY_OFF"
    ABSENT = "ABSENT"
