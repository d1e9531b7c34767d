"""The layers of a calendar, laid over each other: what becomes of a technician's date.

From the bottom: the ordinary week; public holidays; an exception of that date; closures; absences.
What stands higher wins. Holidays and closures are those of the team he or she works for that day.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta

from slotsvc.domain.closures import Closure
from slotsvc.domain.eligibility import offered
from slotsvc.domain.place import Location
from slotsvc.domain.shifts import breaks_in, laid_on, left_of
from slotsvc.domain.technician import Loan, Technician, Van
from slotsvc.domain.time_window import TimeWindow, merge
from slotsvc.domain.working_time import (
    Absence,
    DayHours,
    NoShiftReason,
    Shift,
    ShiftException,
    ShiftHours,
    WorkDay,
)

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Layers:
    """All that lies over the weeks of some technicians, for some dates and a day at either end.

    ``exceptions``, ``absences``, ``loans``: by technician. ``vans``: by id. ``holidays`` and
    ``closures``: by team, those of the company among them; of every team they may work for.
    Absences, loans and closures in any order, overlapping or not.
    """

    exceptions: Mapping[str, Mapping[date, ShiftException]] = field(default_factory=dict)
    absences: Mapping[str, Sequence[Absence]] = field(default_factory=dict)
    loans: Mapping[str, Sequence[Loan]] = field(default_factory=dict)
    vans: Mapping[str, Van] = field(default_factory=dict)
    holidays: Mapping[str, frozenset[date]] = field(default_factory=dict)
    closures: Mapping[str, Sequence[Closure]] = field(default_factory=dict)


def teams_on(technician: Technician, loans: Iterable[Loan], day: date) -> frozenset[str]:
    """The teams that ``technician`` belongs to on the service date ``day``; at least one.

    ``loans`` of other technicians count for nothing.
    """
    lent = [loan for loan in loans if loan.technician == technician.id and loan.covers(day)]
    at_home = all(loan.shared for loan in lent)
    return frozenset(loan.to_team for loan in lent) | ({technician.team} if at_home else set())


def work_days(
    technician: Technician, days: Iterable[date], layers: Layers, team: str | None = None
) -> dict[date, WorkDay]:
    """What becomes of each of ``days``, local service dates, in their order.

    ``team``: as that team sees it, OTHER_TEAM on dates he or she does not belong to it; None: as
    it is. Shifts are the same whoever looks.
    """
    calendar = _Calendar(technician, layers)
    loans = layers.loans.get(technician.id, ())
    return {
        day: NoShiftReason.OTHER_TEAM
        if team is not None and team not in teams_on(technician, loans, day)
        else calendar.work_day(day)
        for day in days
    }


type _Laid = tuple[tuple[int, ShiftHours, TimeWindow], ...]
"""Number, rule and span of the shifts of a date, those that a clock change swallows left out."""


class _Calendar:
    """One technician's dates."""

    def __init__(self, technician: Technician, layers: Layers) -> None:
        self._who = technician
        self._layers = layers
        self._exceptions = layers.exceptions.get(technician.id, {})
        self._loans = layers.loans.get(technician.id, ())
        self._away: dict[str, Sequence[TimeWindow]] = {}
        self._days: dict[date, _Laid | NoShiftReason] = {}

    def work_day(self, day: date) -> WorkDay:
        laid = self._laid(day)
        if isinstance(laid, NoShiftReason):
            return laid
        ends = [span.start for _, _, span in (*laid[1:], *self._shifts(day + _DAY)[:1])]
        shifts = [
            self._shift(day, *one, before=ends[i] if i < len(ends) else None)
            for i, one in enumerate(laid)
        ]
        return tuple(s for s in shifts if s is not None) or self._why_gone(day, laid)

    def _laid(self, day: date) -> _Laid | NoShiftReason:
        if day not in self._days:
            hours = self._hours(day)
            self._days[day] = hours if isinstance(hours, NoShiftReason) else self._lay(day, hours)
        return self._days[day]

    def _shifts(self, day: date) -> _Laid:
        laid = self._laid(day)
        return () if isinstance(laid, NoShiftReason) else laid

    def _lay(self, day: date, hours: DayHours) -> _Laid | NoShiftReason:
        spans = ((n, s, laid_on(s.hours, day, self._who.zone)) for n, s in enumerate(hours.shifts))
        laid = tuple((n, shift, span) for n, shift, span in spans if span is not None)
        return laid or NoShiftReason.DAY_OFF

    def _hours(self, day: date) -> DayHours | NoShiftReason:
        """The hours that hold on ``day``: of the highest layer that says something about it."""
        hours = self._who.working_time.week[day.weekday()]
        exception = self._exceptions.get(day)
        if exception is not None and exception.hours is not None:
            hours = exception.hours
        if hours.hours is None:
            return NoShiftReason.DAY_OFF
        team = self._team(day)
        if exception is None and day in self._layers.holidays.get(team, ()):
            return NoShiftReason.HOLIDAY
        if any(closure.closes(day) for closure in self._closures(team)):
            return NoShiftReason.CLOSED
        return hours

    def _team(self, day: date) -> str:
        """Whose holidays and closures hold: the own team's unless he or she is away from it."""
        if not self._loans:
            return self._who.team
        teams = teams_on(self._who, self._loans, day)
        return self._who.team if self._who.team in teams else min(teams)

    def _closures(self, team: str) -> Iterable[Closure]:
        closures = self._layers.closures.get(team, ())
        return (closure for closure in closures if self._who.id not in closure.on_duty)

    def _gone(self, team: str) -> Sequence[TimeWindow]:
        """Absences and the hours the team is closed, sorted and disjoint."""
        if team not in self._away:
            absences = (absence.window for absence in self._absences())
            closed = (c.window for c in self._closures(team) if c.window is not None)
            self._away[team] = merge((*absences, *closed))
        return self._away[team]

    def _absences(self) -> Iterable[Absence]:
        found = self._layers.absences.get(self._who.id, ())
        return (absence for absence in found if absence.technician == self._who.id)

    def _shift(
        self, day: date, number: int, rule: ShiftHours, span: TimeWindow, before: datetime | None
    ) -> Shift | None:
        """``before``: when the next shift begins; this one is over by then. None: there is none."""
        if before is not None and before < span.end:
            if before <= span.start:
                return None
            span = TimeWindow(span.start, before)
        away = self._gone(self._team(day))
        window = left_of(span, away)
        if window is None:
            return None
        who = self._who
        home = rule.start_place or who.start_place
        return Shift(
            technician=who.id,
            service_date=day,
            window=window,
            breaks=tuple(
                replace(b, resume=self._resumed_at(b.begins.start + b.duration, home))
                if b.away
                else b
                for b in breaks_in(window, rule, day, who.zone, away)
            ),
            start_place=home
            if window.start == span.start
            else self._resumed_at(window.start, home) or home,
            end_place=rule.end_place or who.end_place,
            offers=self._offers(day),
            number=number,
            overtime=self._overtime(window.end, before, away),
            max_travel=who.max_travel,
            max_visits=who.max_visits,
            unpaid_first_leg=who.unpaid_first_leg,
            unpaid_last_leg=who.unpaid_last_leg,
            sectors=who.sectors[day.weekday()],
            pace=who.pace,
        )

    def _resumed_at(self, back: datetime, home: Location) -> Location | None:
        """Where work goes on after an absence that is over at ``back``; None: where it stopped."""
        for absence in self._absences():
            if absence.window.end == back:
                return home if absence.resume_home else absence.resume_place
        return None

    def _overtime(
        self, end: datetime, before: datetime | None, away: Sequence[TimeWindow]
    ) -> timedelta:
        """Until the next shift or the next absence begins, at the longest."""
        latest = end + self._who.max_overtime
        following = bisect_left(away, end, key=lambda w: w.start)
        if following < len(away):
            latest = min(latest, away[following].start)
        return (latest if before is None else min(latest, before)) - end

    def _offers(self, day: date) -> frozenset[str]:
        who, exception = self._who, self._exceptions.get(day)
        van = self._layers.vans.get((exception.van if exception else "") or who.van)
        if van is None:
            return offered(day, who.tags, who.certificates)
        return offered(day, who.tags | van.tags, (*who.certificates, *van.certificates))

    def _why_gone(self, day: date, laid: _Laid) -> NoShiftReason:
        absences = merge(absence.window for absence in self._absences())
        sick = any(left_of(span, absences) is None for _, _, span in laid)
        return NoShiftReason.ABSENT if sick else NoShiftReason.CLOSED
