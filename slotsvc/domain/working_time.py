"""What a technician's week looks like, before it is laid on a date.

Wall-clock rules live here in local time; ``slotsvc.domain.layers`` turns them into UTC shifts.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
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
class ShiftHours:
    """One shift of a day. Places None: the technician's own."""

    hours: LocalInterval
    breaks: tuple[BreakRule, ...] = ()
    start_place: Location | None = None
    end_place: Location | None = None


@dataclass(frozen=True, slots=True)
class DayHours:
    """Working time of one day: ``hours`` None means no work that day.

    ``hours``, ``breaks`` and the places are the first shift's; ``more``: the shifts behind it, in
    order, not overlapping. Places None: the technician's own.
    """

    hours: LocalInterval | None
    breaks: tuple[BreakRule, ...] = ()
    start_place: Location | None = None
    end_place: Location | None = None
    more: tuple[ShiftHours, ...] = ()

    @property
    def shifts(self) -> tuple[ShiftHours, ...]:
        """All shifts of the day; the position of a shift is its number."""
        if self.hours is None:
            return ()
        first = ShiftHours(self.hours, self.breaks, self.start_place, self.end_place)
        return (first, *self.more)


@dataclass(frozen=True, slots=True)
class WorkingTime:
    """The ordinary week: seven days, Monday first (``date.weekday()``)."""

    week: tuple[DayHours, DayHours, DayHours, DayHours, DayHours, DayHours, DayHours]


@dataclass(frozen=True, slots=True)
class ShiftException:
    """Replaces the ordinary hours of one technician on one date, a public holiday included.

    ``hours`` None: the ordinary hours of that weekday; ``hours.hours`` None: no work.
    ``van``: driven on that date; "": the technician's own.
    """

    id: str
    technician: str
    day: date
    hours: DayHours | None
    note: str = ""
    van: str = ""


class AbsenceCategory(Enum):
    """Why somebody is away. Planners see it, clients never do."""

    HOLIDAY = "HOLIDAY"
    SICKNESS = "SICKNESS"
    TRAINING = "TRAINING"
    OTHER = "OTHER"


@dataclass(frozen=True, slots=True)
class Absence:
    """A technician is away in ``window``.

    Afterwards work resumes at ``resume_place``, or where the shift begins (``resume_home``), or,
    with neither, where it stopped.
    """

    id: str
    technician: str
    window: TimeWindow
    category: AbsenceCategory = AbsenceCategory.OTHER
    note: str = ""
    resume_home: bool = False
    resume_place: Location | None = None


@dataclass(frozen=True, slots=True)
class Break:
    """A pause laid on a date: begins inside ``begins`` (UTC), lasts ``duration``.

    An absence in the middle of a shift is a pause whose ``begins`` is one second long; ``away``
    then is True. ``resume``: where work goes on after it; None: where it stopped.
    """

    begins: TimeWindow
    duration: timedelta
    away: bool = False
    resume: Location | None = None


@dataclass(frozen=True, slots=True)
class Shift:
    """One technician's working span on one service date, in UTC: what one route is planned on.

    ``service_date`` is the local date on which the shift starts, ``number`` counts the shifts of
    that date from 0. ``window`` ends when the regular time is over; work may go on for
    ``overtime`` more, at a cost. ``breaks`` are in the order in which they will be taken.
    ``start_place`` / ``end_place``: where it begins and ends. ``offers``: everything a visit may
    require that the technician and the van can serve that day: a tag ``t`` known at level n stands
    here as ``t``, ``t:1`` … ``t:n``. ``sectors``: the visits' sectors served that day; None: all.
    ``max_travel``: most driving, None: no limit. ``max_visits``: None: no limit.
    ``unpaid_first_leg``: the shift begins on arrival at the first visit, the drive there lies
    before it; ``unpaid_last_leg``: it ends with the last visit. ``pace``: percent of the planned
    time on site that this technician takes.
    """

    technician: str
    service_date: date
    window: TimeWindow
    breaks: tuple[Break, ...]
    start_place: Location
    end_place: Location
    offers: frozenset[str] = field(default_factory=frozenset)
    number: int = 0
    overtime: timedelta = timedelta(0)
    max_travel: timedelta | None = None
    max_visits: int | None = None
    unpaid_first_leg: bool = False
    unpaid_last_leg: bool = False
    sectors: frozenset[str] | None = None
    pace: int = 100

    @property
    def latest_end(self) -> datetime:
        """The hard end: overtime included."""
        return self.window.end + self.overtime


class NoShiftReason(Enum):
    """Why a technician has no shift on a date.

    HOLIDAY: a public holiday on a weekday with hours. CLOSED: the company or the team is closed.
    OTHER_TEAM: that day he or she belongs to another team than the one asked for.
    """

    DAY_OFF = "DAY_OFF"
    ABSENT = "ABSENT"
    HOLIDAY = "HOLIDAY"
    CLOSED = "CLOSED"
    OTHER_TEAM = "OTHER_TEAM"


type WorkDay = tuple[Shift, ...] | NoShiftReason
"""One technician's date: at least one shift, by number; or why there is none."""


def at_pace(service: timedelta, pace: int) -> timedelta:
    """Time on site at ``pace`` percent, rounded up to whole seconds."""
    seconds = service // timedelta(seconds=1)
    return timedelta(seconds=-(-seconds * pace // 100))
