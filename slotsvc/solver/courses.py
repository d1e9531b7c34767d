"""The referee's courses of events: lateness counted, nothing forbidden.

Part of ``slotsvc.solver.checker``; see there for the rules.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

from slotsvc.domain.time_window import to_epoch
from slotsvc.solver.checked_day import UNROUTABLE_S, Day, Pause, Work, arrivals, finishes
from slotsvc.solver.findings import Finding, FindingKind, break_name, counted, plain, timed

_MORE_THAN_KNOWN = 1 << 40
"""Weighs a second beyond what is known to be exceeded above any number of known ones."""


class TimedStop(Protocol):
    """A published stop, such as ``slotsvc.domain.visit.Stop``."""

    @property
    def placement(self) -> str: ...
    @property
    def arrival(self) -> datetime: ...
    @property
    def start(self) -> datetime: ...
    @property
    def finish(self) -> datetime: ...


def broken(day: Day) -> tuple[Finding, ...]:
    """Every limit the day exceeds, in its least late course; without a road only that is said."""
    return (*_too_many(day), *(_unroutable(day) or (*_least_late(day).exceeded, *_too_far(day))))


def squeezed(day: Day, stops: Sequence[TimedStop]) -> tuple[Finding, ...]:
    """Where the published times leave too little room, and every limit they exceed."""
    course = _unroutable(day) or (*_least_squeezed(day, stops).exceeded, *_too_far(day))
    return (*_too_many(day), *course)


def _unroutable(day: Day) -> tuple[Finding, ...]:
    """Legs without a road, paid or not."""
    ends = [*(work.id for work in day.works), day.technician]
    return tuple(
        plain(FindingKind.UNROUTABLE, subject, "no road leads here from the stop before")
        for at, subject in enumerate(ends)
        if day.driving(at, at + 1) >= UNROUTABLE_S
    )


def _too_many(day: Day) -> tuple[Finding, ...]:
    """More visits than the shift allows."""
    over = 0 if day.most_visits is None else len(day.works) - day.most_visits
    return (counted(day.technician, over),) if over > 0 else ()


def _too_far(day: Day) -> tuple[Finding, ...]:
    """More driving than the shift allows, unpaid legs included."""
    driven = sum(day.driving(at, at + 1) for at in range(day.home))
    over = 0 if day.most_driving is None else driven - day.most_driving
    return (timed(FindingKind.MAX_TRAVEL, day.technician, over),) if over > 0 else ()


@dataclass(frozen=True, slots=True)
class _Course:
    """One way the day may go so far: the clock, the breaks taken, and what went over its limit."""

    clock: int
    taken: int
    late: int = 0
    exceeded: tuple[Finding, ...] = ()

    def over(
        self, day: Day, kind: FindingKind, subject: str, size: int, *, away: bool = False
    ) -> _Course:
        """The course with one more limit exceeded by ``size``; the same when it is not."""
        if size <= 0:
            return self
        beyond = max(0, size - day.known.get((kind, subject), 0))
        late = self.late + size + beyond * _MORE_THAN_KNOWN
        finding = timed(kind, subject, size, away=away)
        return replace(self, late=late, exceeded=(*self.exceeded, finding))

    def paused(self, day: Day, clock: int, late: Sequence[int]) -> _Course:
        """The course at a later ``clock``, the next breaks having begun so much too late."""
        after = _Course(clock, self.taken + len(late), self.late, self.exceeded)
        for number, size in enumerate(late, start=self.taken):
            away = day.pauses[number].away
            after = after.over(day, FindingKind.BREAK, break_name(number), size, away=away)
        return after

    def pauses(self, day: Day) -> Sequence[Pause]:
        """Those still to come."""
        return day.pauses[self.taken :]


def _least_late(day: Day) -> _Course:
    courses = [_Course(day.start, 0)]
    for at, work in enumerate(day.works):
        arrived = _onward(day, courses, day.legs(at, at + 1))
        courses = _undominated(after for c in arrived for after in _served(day, c, work))
    return _at_home(day, courses)


def _least_squeezed(day: Day, stops: Sequence[TimedStop]) -> _Course:
    courses = [_Course(day.start, 0)]
    for at, (work, stop) in enumerate(zip(day.works, stops, strict=True)):
        arrived = _onward(day, courses, day.legs(at, at + 1))
        courses = _undominated(after for c in arrived for after in _met(day, c, work, stop))
    return _at_home(day, courses)


def _onward(day: Day, courses: Iterable[_Course], leg: int) -> Iterator[_Course]:
    for course in courses:
        for arrival, late in arrivals(course.clock, leg, course.pauses(day)):
            yield course.paused(day, arrival, late)


def _served(day: Day, course: _Course, work: Work) -> Iterator[_Course]:
    start = max(course.clock, work.first)
    begun = course.over(day, FindingKind.LATE, work.id, start - work.last)
    for finish, late in finishes(start, work, begun.pauses(day)):
        yield begun.paused(day, finish, late)


def _met(day: Day, course: _Course, work: Work, stop: TimedStop) -> Iterator[_Course]:
    """The published stop, whether or not it can be met in time."""
    early = course.clock - to_epoch(stop.arrival)
    arrived = course.over(day, FindingKind.DRIVE, work.id, early)
    published = to_epoch(stop.finish)
    for finish, late in finishes(to_epoch(stop.start), work, arrived.pauses(day)):
        served = arrived.paused(day, published, late)
        yield served.over(day, FindingKind.SERVICE, work.id, abs(published - finish))


def _at_home(day: Day, courses: Iterable[_Course]) -> _Course:
    arrived = _onward(day, courses, day.legs(day.home - 1, day.home))
    rested = _onward(day, arrived, 0)
    whole = (course for course in rested if course.taken == len(day.pauses))
    judged = (
        course.over(day, FindingKind.SHIFT_END, day.technician, course.clock - day.end)
        for course in whole
    )
    return min(judged, key=lambda course: (course.late, course.clock))


def _undominated(courses: Iterable[_Course]) -> list[_Course]:
    kept: list[_Course] = []
    for course in sorted(courses, key=lambda c: (c.clock, c.late)):
        if not any(k.taken == course.taken and k.late <= course.late for k in kept):
            kept.append(course)
    return kept
