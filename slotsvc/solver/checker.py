"""The independent referee. It re-derives every rule of a route and shares no code with the solver.

It is meant to be read and believed, not to be fast: plain integers, one step after another.
Everything is forward in time from the shift's start, and the only choice is where each break is
taken (ADR 0003):

- the technician leaves the start place at the shift's start and drives without delay; when the
  first leg is unpaid, the shift starts with the arrival at the first visit;
- from the road to the door takes the visit's access time, unless the stop before is the same place;
- in one gap any number of the next breaks may be taken, in order. While a break's window has not
  opened yet the technician goes on; whatever is left of the way comes after the breaks;
- service starts on arrival or when the start window opens, and lasts its time; breaks may begin
  inside a pausable visit, which then ends that much later;
- every break must have begun inside its window, and the end place be reached by the hard end.

``check_route`` follows *every* choice, keeps lateness as a number instead of stopping at it, and
drops a course of events only for one that is no later, no more broken and has taken as many breaks.
So the course it reports is the one with the least total lateness; none late means legal.

Nodes of a route: 0 is the start place, 1..n the visits in order, n + 1 the end place.

This module is the way in to everything the referee says: ``check_route``, ``check_times``,
``no_shift``, ``removal_safe``, and for broken days ``relaxed`` and ``not_worse``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from slotsvc.domain.time_window import to_epoch
from slotsvc.domain.working_time import NoShiftReason, Shift
from slotsvc.solver.checked_day import CheckedVisit, Travel, TravelBlock, Work, in_seconds
from slotsvc.solver.courses import TimedStop, broken, squeezed
from slotsvc.solver.findings import Finding, FindingKind, plain, timed
from slotsvc.solver.removal import removal_safe
from slotsvc.solver.violations import Windowed, not_worse, relaxed

__all__ = [
    "CheckedVisit",
    "Finding",
    "FindingKind",
    "TimedStop",
    "Travel",
    "TravelBlock",
    "Windowed",
    "check_route",
    "check_times",
    "no_shift",
    "not_worse",
    "relaxed",
    "removal_safe",
]


def check_route(
    shift: Shift,
    visits: Sequence[CheckedVisit],
    travel: Travel,
    now: datetime | None = None,
    known: Sequence[Finding] = (),
) -> tuple[Finding, ...]:
    """Every rule the route breaks when ``visits`` are served in this order; empty: legal.

    ``now``: when given, a start window that is over by then is a finding; None for a day of which
    a part is already done. ``known``: what is on record for the day. Where there are several
    courses of events, the one that exceeds it least is told. With an unroutable leg no times exist,
    and none are judged.
    """
    day = in_seconds(shift, visits, travel, known)
    return (*_standing(shift, visits, now), *broken(day))


def check_times(
    shift: Shift, visits: Sequence[CheckedVisit], travel: Travel, stops: Sequence[TimedStop]
) -> tuple[Finding, ...]:
    """Every rule a published timetable breaks; empty: legal.

    Between a finish and the next arrival the leg and some of the breaks must fit, and between a
    start and a finish the service, with breaks if it is pausable, such that all breaks find a
    place. Arrival is where service could start, access included; waiting lies between the two.
    """
    if [visit.id for visit in visits] != [stop.placement for stop in stops]:
        return (plain(FindingKind.STOPS, shift.technician, "the stops are not the visits"),)
    day = in_seconds(shift, visits, travel)
    fixed = (f for work, stop in zip(day.works, stops, strict=True) for f in _stop(work, stop))
    return (*fixed, *squeezed(day, stops))


def no_shift(visits: Sequence[Windowed], why: NoShiftReason) -> tuple[Finding, ...]:
    """The findings of visits on a date without a shift, one each. No other rule says anything."""
    cause = _NO_SHIFT.get(why.value, "there is no shift that day")
    return tuple(plain(FindingKind.NO_SHIFT, visit.id, cause) for visit in visits)


_NO_SHIFT = {
    "DAY_OFF": "the technician does not work that day",
    "ABSENT": "the technician is away all day",
    "HOLIDAY": "that day is a public holiday",
    "CLOSED": "the company is closed that day",
    "OTHER_TEAM": "the technician works for another team that day",
}


def _standing(
    shift: Shift, visits: Sequence[CheckedVisit], now: datetime | None
) -> Iterator[Finding]:
    """What is wrong whatever the times are."""
    for visit in visits:
        if missing := sorted(visit.requires - shift.offers):
            cause = f"the technician does not offer {', '.join(missing)}"
            yield plain(FindingKind.TAG, visit.id, cause)
        if shift.sectors is not None and visit.sector and visit.sector not in shift.sectors:
            cause = f"the sector {visit.sector} is not served that day"
            yield plain(FindingKind.SECTOR, visit.id, cause)
        if visit.technician not in (None, shift.technician):
            cause = "only another technician may serve it"
            yield plain(FindingKind.NOT_TECHNICIAN, visit.id, cause)
        if now is not None and visit.start_window.end <= now:
            size = to_epoch(now) - to_epoch(visit.start_window.end) + 1
            yield Finding(FindingKind.PAST, visit.id, size, "its start window is over")


def _stop(work: Work, stop: TimedStop) -> Iterator[Finding]:
    """What is wrong with one published stop, whatever comes before it."""
    arrival, start = to_epoch(stop.arrival), to_epoch(stop.start)
    sizes = {
        FindingKind.EARLY: max(arrival, work.first) - start,
        FindingKind.LATE: start - work.last,
    }
    yield from (timed(kind, work.id, size) for kind, size in sizes.items() if size > 0)
