"""The independent referee. It re-derives every rule of a route and shares no code with the solver.

It is meant to be read and believed, not to be fast: plain integers, one step after another.
Everything is forward in time from the shift's start, and the only choice is in which gap each break
is taken (ADR 0003):

- the technician leaves the start place at the shift's start and drives without delay;
- in one gap any number of the next breaks may be taken, in order. While a break's window has not
  opened yet the technician drives on; whatever driving is left comes after the breaks;
- service starts on arrival or when the start window opens, and lasts its time;
- every break must have begun inside its window, and the end place be reached by the shift's end.

``check_route`` follows *every* choice, keeps lateness as a number instead of stopping at it, and
drops a course of events only for one that is no later, no more broken and has taken as many breaks.
So the course it reports is the one with the least total lateness; none late means legal.

Nodes of a route: 0 is the start place, 1..n the visits in order, n + 1 the end place.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum
from itertools import product
from typing import Protocol

from slotsvc.domain.time_window import to_epoch
from slotsvc.domain.working_time import Shift
from slotsvc.solver.checked_day import (
    UNROUTABLE_S,
    CheckedVisit,
    Day,
    Pause,
    Travel,
    TravelBlock,
    Work,
    arrivals,
    in_seconds,
    part,
)

__all__ = [
    "CheckedVisit",
    "Finding",
    "FindingKind",
    "TimedStop",
    "Travel",
    "TravelBlock",
    "check_route",
    "check_times",
    "removal_safe",
]


class FindingKind(Enum):
    """Which rule is broken."""

    LATE = "LATE"
    EARLY = "EARLY"
    SHIFT_END = "SHIFT_END"
    BREAK = "BREAK"
    UNROUTABLE = "UNROUTABLE"
    TAG = "TAG"
    NOT_TECHNICIAN = "NOT_TECHNICIAN"
    PAST = "PAST"
    DRIVE = "DRIVE"
    SERVICE = "SERVICE"
    STOPS = "STOPS"
    REMOVAL = "REMOVAL"


@dataclass(frozen=True, slots=True)
class Finding:
    """One broken rule.

    ``subject``: the visit's id, ``"break 2"`` (counted from 1), or the technician for the day's
    ends. ``size``: by how many seconds; 0 where a rule has no size. ``cause``: a sentence for
    planners, without places or names.
    """

    kind: FindingKind
    subject: str
    size: int
    cause: str


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


def check_route(
    shift: Shift, visits: Sequence[CheckedVisit], travel: Travel, now: datetime | None = None
) -> tuple[Finding, ...]:
    """Every rule the route breaks when ``visits`` are served in this order; empty: legal.

    ``now``: when given, a start window that is over by then is a finding; None for a day of which
    a part is already done. With an unroutable leg no times exist, and none are judged.
    """
    day = in_seconds(shift, visits, travel)
    return (*_standing(shift, visits, now), *_broken(day))


def check_times(
    shift: Shift, visits: Sequence[CheckedVisit], travel: Travel, stops: Sequence[TimedStop]
) -> tuple[Finding, ...]:
    """Every rule a published timetable breaks; empty: legal.

    Between a finish and the next arrival the driving and some of the breaks must fit, such that all
    breaks find a place. Waiting lies between arrival and start.
    """
    if [visit.id for visit in visits] != [stop.placement for stop in stops]:
        return (Finding(FindingKind.STOPS, shift.technician, 0, "the stops are not the visits"),)
    day = in_seconds(shift, visits, travel)
    fixed = (f for work, stop in zip(day.works, stops, strict=True) for f in _stop(work, stop))
    timed = _unroutable(day) or _explained(day, _least_squeezed(day, stops))
    return (*fixed, *timed)


def removal_safe(
    shift: Shift,
    visits: Sequence[CheckedVisit],
    travel: Travel,
    pairs: Sequence[tuple[str, str]] = (),
) -> Finding | None:
    """None when every subset of ``visits`` that lapses and cancellations can leave is feasible.

    ``pairs``: (old, new) ids of placements of which one replaces the other: never both are served.
    A pair of which one is not on this route says nothing. Otherwise one subset that is not
    feasible, named by what is gone from it and what then breaks.
    Exact for any number of visits: of all subsets that end at the same visit only those are
    followed that leave it latest, since whatever is feasible after a later finish is feasible after
    an earlier one. Tags are not judged here: they do not change when somebody else is gone.
    """
    day = in_seconds(shift, visits, travel)
    here = {visit.id for visit in visits}
    open_pairs = [pair for pair in pairs if here.issuperset(pair)]
    for gone in dict.fromkeys(frozenset(choice) for choice in product(*open_pairs)):
        kept = [i for i, work in enumerate(day.works) if work.id not in gone]
        left = _infeasible_subset(part(day, kept))
        if left is not None:
            return _removal(day, [kept[i] for i in left])
    return None


# --- courses of events: lateness counted, nothing forbidden ---------------------------------------


@dataclass(frozen=True, slots=True)
class _Excess:
    """``size`` seconds over a limit of the visit or break at position ``at``."""

    kind: FindingKind
    at: int
    size: int


@dataclass(frozen=True, slots=True)
class _Course:
    """One way the day may go so far: the clock, the breaks taken, and what went over its limit."""

    clock: int
    taken: int
    late: int = 0
    excess: tuple[_Excess, ...] = ()

    def plus(self, kind: FindingKind, at: int, size: int) -> _Course:
        if size <= 0:
            return self
        excess = (*self.excess, _Excess(kind, at, size))
        return replace(self, late=self.late + size, excess=excess)


def _least_late(day: Day) -> _Course:
    courses = [_Course(day.start, 0)]
    for at, work in enumerate(day.works):
        arrived = _onward(courses, day.travel(at, at + 1), day.pauses)
        courses = _undominated(_served(course, at, work) for course in arrived)
    return _at_home(day, courses)


def _least_squeezed(day: Day, stops: Sequence[TimedStop]) -> _Course:
    courses = [_Course(day.start, 0)]
    for at, stop in enumerate(stops):
        arrived = _onward(courses, day.travel(at, at + 1), day.pauses)
        courses = _undominated(_met(course, at, stop) for course in arrived)
    return _at_home(day, courses)


def _onward(courses: Iterable[_Course], drive: int, pauses: Sequence[Pause]) -> Iterator[_Course]:
    for course in courses:
        for arrival, late in arrivals(course.clock, drive, pauses[course.taken :]):
            after = replace(course, clock=arrival, taken=course.taken + len(late))
            for number, size in enumerate(late, start=course.taken):
                after = after.plus(FindingKind.BREAK, number, size)
            yield after


def _served(course: _Course, at: int, work: Work) -> _Course:
    start = max(course.clock, work.first)
    over = course.plus(FindingKind.LATE, at, start - work.last)
    return replace(over, clock=start + work.service)


def _met(course: _Course, at: int, stop: TimedStop) -> _Course:
    squeezed = course.plus(FindingKind.DRIVE, at, course.clock - to_epoch(stop.arrival))
    return replace(squeezed, clock=to_epoch(stop.finish))


def _at_home(day: Day, courses: Iterable[_Course]) -> _Course:
    arrived = _onward(courses, day.travel(day.home - 1, day.home), day.pauses)
    rested = _onward(arrived, 0, day.pauses)
    whole = (course for course in rested if course.taken == len(day.pauses))
    judged = (course.plus(FindingKind.SHIFT_END, 0, course.clock - day.end) for course in whole)
    return min(judged, key=lambda course: (course.late, course.clock))


def _undominated(courses: Iterable[_Course]) -> list[_Course]:
    kept: list[_Course] = []
    for course in sorted(courses, key=lambda c: (c.clock, c.late)):
        if not any(k.taken == course.taken and k.late <= course.late for k in kept):
            kept.append(course)
    return kept


# --- removal --------------------------------------------------------------------------------------

_NEVER = 1 << 62
"""A clock that means: it cannot be done."""


@dataclass(frozen=True, slots=True)
class _Subset:
    """Works kept so far, the last one included. ``clocks[b]``: earliest finish with b breaks."""

    kept: tuple[int, ...]
    clocks: tuple[int, ...]

    def no_earlier_than(self, other: _Subset) -> bool:
        return all(mine >= theirs for mine, theirs in zip(self.clocks, other.clocks, strict=True))


def _infeasible_subset(day: Day) -> list[int] | None:
    """Positions of the works of one infeasible subset; None when all subsets are feasible."""
    nothing = _Subset((), (day.start, *(_NEVER for _ in day.pauses)))
    ending_at: list[list[_Subset]] = [[nothing]]
    for node in range(1, day.home + 1):
        found: list[_Subset] = []
        for before in range(node - 1, -1, -1):
            for subset in ending_at[before]:
                after = _kept_too(day, subset, before, node)
                if min(after.clocks) >= _NEVER:
                    return [*subset.kept, *range(node - 1, len(day.works))]
                found.append(after)
        ending_at.append(_latest(found))
    return None


def _kept_too(day: Day, subset: _Subset, before: int, node: int) -> _Subset:
    arrivals = _arrivals(subset.clocks, day.travel(before, node), day.pauses)
    if node == day.home:
        rested = _arrivals(arrivals, 0, day.pauses)[-1]
        return _Subset(subset.kept, (rested if rested <= day.end else _NEVER,))
    work = day.works[node - 1]
    finishes = (
        max(arrival, work.first) + work.service if arrival <= work.last else _NEVER
        for arrival in arrivals
    )
    return _Subset((*subset.kept, node - 1), tuple(finishes))


def _arrivals(clocks: Sequence[int], drive: int, pauses: Sequence[Pause]) -> list[int]:
    """Earliest arrival with 0, 1, 2 … breaks taken in all; no break may begin too late."""
    best = [_NEVER] * len(clocks)
    for taken, clock in enumerate(clocks):
        if clock >= _NEVER or drive >= UNROUTABLE_S:
            continue
        for arrival, late in arrivals(clock, drive, pauses[taken:]):
            if not any(late):
                best[taken + len(late)] = min(best[taken + len(late)], arrival)
    return best


def _latest(subsets: Sequence[_Subset]) -> list[_Subset]:
    kept: list[_Subset] = []
    for subset in subsets:
        if not any(other.no_earlier_than(subset) for other in kept):
            kept = [other for other in kept if not subset.no_earlier_than(other)] + [subset]
    return kept


def _removal(day: Day, left: Sequence[int]) -> Finding:
    first = _broken(part(day, left))[0]
    gone = [work.id for i, work in enumerate(day.works) if i not in left]
    cause = f"without {', '.join(gone)}: {first.cause}" if gone else first.cause
    return Finding(FindingKind.REMOVAL, first.subject, first.size, cause)


# --- findings -------------------------------------------------------------------------------------

_CAUSES = {
    FindingKind.LATE: "service starts {} after the last moment of its start window",
    FindingKind.EARLY: "service starts {} before arrival or before its start window opens",
    FindingKind.SHIFT_END: "the end place is reached {} after the end of the shift",
    FindingKind.BREAK: "the break begins {} after the last moment it may begin",
    FindingKind.DRIVE: "arrival is {} earlier than the drive and the breaks before it allow",
    FindingKind.SERVICE: "the time between start and finish is {} off the service duration",
}


def _broken(day: Day) -> tuple[Finding, ...]:
    return _unroutable(day) or _explained(day, _least_late(day))


def _unroutable(day: Day) -> tuple[Finding, ...]:
    ends = [*(work.id for work in day.works), day.technician]
    return tuple(
        Finding(FindingKind.UNROUTABLE, subject, 0, "no road leads here from the stop before")
        for at, subject in enumerate(ends)
        if day.travel(at, at + 1) >= UNROUTABLE_S
    )


def _explained(day: Day, course: _Course) -> tuple[Finding, ...]:
    return tuple(_sized(e.kind, _subject(day, e), e.size) for e in course.excess)


def _subject(day: Day, excess: _Excess) -> str:
    if excess.kind is FindingKind.BREAK:
        return f"break {excess.at + 1}"
    if excess.kind is FindingKind.SHIFT_END:
        return day.technician
    return day.works[excess.at].id


def _sized(kind: FindingKind, subject: str, size: int) -> Finding:
    return Finding(kind, subject, size, _CAUSES[kind].format(_spoken(size)))


def _spoken(seconds: int) -> str:
    parts = ((seconds // 3600, "h"), (seconds // 60 % 60, "min"), (seconds % 60, "s"))
    return " ".join(f"{number} {unit}" for number, unit in parts if number) or "0 s"


def _standing(
    shift: Shift, visits: Sequence[CheckedVisit], now: datetime | None
) -> Iterator[Finding]:
    """What is wrong whatever the times are."""
    for visit in visits:
        if missing := sorted(visit.requires - shift.offers):
            cause = f"the technician does not offer {', '.join(missing)}"
            yield Finding(FindingKind.TAG, visit.id, 0, cause)
        if visit.technician not in (None, shift.technician):
            cause = "only another technician may serve it"
            yield Finding(FindingKind.NOT_TECHNICIAN, visit.id, 0, cause)
        if now is not None and visit.start_window.end <= now:
            size = to_epoch(now) - to_epoch(visit.start_window.end) + 1
            yield Finding(FindingKind.PAST, visit.id, size, "its start window is over")


def _stop(work: Work, stop: TimedStop) -> Iterator[Finding]:
    """What is wrong with one published stop, whatever comes before it."""
    arrival, start, finish = map(to_epoch, (stop.arrival, stop.start, stop.finish))
    sizes = {
        FindingKind.EARLY: max(arrival, work.first) - start,
        FindingKind.LATE: start - work.last,
        FindingKind.SERVICE: abs(finish - start - work.service),
    }
    yield from (_sized(kind, work.id, size) for kind, size in sizes.items() if size > 0)
