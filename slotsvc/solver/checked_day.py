"""The referee's own view of a day: plain integers, and what can happen in one gap.

Nothing here is shared with the solver; ``slotsvc.solver.checker`` judges with it.
Nodes of a route: 0 is the start place, 1..n the visits in order, n + 1 the end place.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Protocol

from slotsvc.domain.place import Location
from slotsvc.domain.time_window import TimeWindow, to_epoch
from slotsvc.domain.visit import Placement
from slotsvc.domain.working_time import Break, Shift
from slotsvc.solver.findings import Finding
from slotsvc.solver.violations import Limit, recorded

UNROUTABLE_S = 1 << 29
"""Driving seconds from which on a leg means: no road leads there."""


@dataclass(frozen=True, slots=True)
class CheckedVisit:
    """What the referee must know of a visit.

    ``service``: time on site of this technician. ``technician``: the only one who may serve it
    (pinned, required); None: anybody with the tags. ``access``: time between arriving by road and
    starting, not needed when the stop before is at the same ``place``; None: a place of its own.
    ``pausable``: pauses may begin while it is being served. ``sector``: "" is served by everybody.
    ``fixed``: it can no longer be cancelled, having begun.
    """

    id: str
    start_window: TimeWindow
    service: timedelta
    requires: frozenset[str] = frozenset()
    technician: str | None = None
    access: timedelta = timedelta(0)
    place: Location | None = None
    pausable: bool = False
    sector: str = ""
    fixed: bool = False


def checked_visit(placement: Placement) -> CheckedVisit:
    """What of a stored placement can clash with another visit: its time, its place.

    Tags and sectors are left out: what it lacks since it was stored is on record, and no other
    visit makes it worse.
    """
    visit = placement.visit
    return CheckedVisit(
        placement.id,
        placement.start_window,
        placement.on_site,
        access=visit.access,
        place=visit.location,
        pausable=visit.pausable,
    )


class TravelBlock(Protocol):
    """A dict or a NumPy array: ``block[i, j]`` is the driving from node i to node j in seconds."""

    def __getitem__(self, leg: tuple[int, int], /) -> int: ...


Travel = Callable[[int, int], int] | TravelBlock


@dataclass(frozen=True, slots=True)
class Pause:
    """A break that may begin from ``first`` to ``last`` (included), Unix seconds.

    ``away``: an absence inside the shift.
    """

    first: int
    last: int
    length: int
    away: bool = False


@dataclass(frozen=True, slots=True)
class Work:
    """A visit: service may start from ``first`` to ``last`` (included), Unix seconds."""

    id: str
    first: int
    last: int
    service: int
    pausable: bool = False
    fixed: bool = False


@dataclass(frozen=True, slots=True)
class Day:
    """A shift, its visits in order, and the legs between any two nodes, in Unix seconds.

    ``end``: the hard one. ``driving``: on the road; ``legs``: working time a leg takes, access
    included, unpaid driving left out. ``most_driving`` / ``most_visits``: None: no limit.
    ``known``: by how much a limit is known to be exceeded.
    """

    technician: str
    start: int
    end: int
    works: tuple[Work, ...]
    pauses: tuple[Pause, ...]
    driving: Callable[[int, int], int]
    legs: Callable[[int, int], int]
    most_driving: int | None = None
    most_visits: int | None = None
    known: Mapping[Limit, int] = field(default_factory=dict)

    @property
    def home(self) -> int:
        """The end place's node."""
        return len(self.works) + 1


def in_seconds(
    shift: Shift, visits: Sequence[CheckedVisit], travel: Travel, known: Sequence[Finding] = ()
) -> Day:
    """The day as integers; window ends become the last second that is still allowed."""
    driving = _driving(travel)
    return Day(
        technician=shift.technician,
        start=to_epoch(shift.window.start),
        end=to_epoch(shift.window.end) + _seconds(shift.overtime),
        works=tuple(_work(visit) for visit in visits),
        pauses=tuple(_pause(pause) for pause in shift.breaks),
        driving=driving,
        legs=_legs(shift, visits, driving),
        most_driving=None if shift.max_travel is None else _seconds(shift.max_travel),
        most_visits=shift.max_visits,
        known=recorded(known),
    )


def _work(visit: CheckedVisit) -> Work:
    first, last = _bounds(visit.start_window)
    return Work(visit.id, first, last, _seconds(visit.service), visit.pausable, visit.fixed)


def _pause(pause: Break) -> Pause:
    return Pause(*_bounds(pause.begins), _seconds(pause.duration), pause.away)


def _driving(travel: Travel) -> Callable[[int, int], int]:
    # int(): sums with Unix seconds overflow the 32-bit integers of a stored block
    if callable(travel):
        return lambda i, j: int(travel(i, j))
    return lambda i, j: int(travel[i, j])


def _legs(
    shift: Shift, visits: Sequence[CheckedVisit], driving: Callable[[int, int], int]
) -> Callable[[int, int], int]:
    """Working time of the leg from one node to another."""
    home = len(visits) + 1
    places = [shift.start_place, *(visit.place for visit in visits)]

    def leg(i: int, j: int) -> int:
        unpaid = (i == 0 and shift.unpaid_first_leg) or (j == home and shift.unpaid_last_leg)
        drive = 0 if unpaid else driving(i, j)
        there = j == home or (places[j] is not None and places[i] == places[j])
        return drive if there else drive + _seconds(visits[j - 1].access)

    return leg


def part(day: Day, kept: Sequence[int]) -> Day:
    """The same day with the works at the positions ``kept`` only."""
    nodes = [0, *(i + 1 for i in kept), day.home]
    return replace(
        day,
        works=tuple(day.works[i] for i in kept),
        driving=lambda i, j: day.driving(nodes[i], nodes[j]),
        legs=lambda i, j: day.legs(nodes[i], nodes[j]),
    )


def _bounds(window: TimeWindow) -> tuple[int, int]:
    return to_epoch(window.start), to_epoch(window.end) - 1


def _seconds(length: timedelta) -> int:
    return length // timedelta(seconds=1)


def arrivals(clock: int, leg: int, pauses: Sequence[Pause]) -> Iterator[tuple[int, list[int]]]:
    """Earliest arrival when the first 0, 1, 2 … of ``pauses`` are taken on the way, in order.

    With each the seconds by which every pause taken begins too late (0: in time).
    """
    late: list[int] = []
    yield clock + leg, late
    for pause in pauses:
        leg -= min(leg, max(0, pause.first - clock))
        begin = max(clock, pause.first)
        late = [*late, max(0, begin - pause.last)]
        clock = begin + pause.length
        yield clock + leg, late


def finishes(start: int, work: Work, pauses: Sequence[Pause]) -> Iterator[tuple[int, list[int]]]:
    """Finish when the first 0, 1, 2 … of ``pauses`` begin while the work is being done.

    Lateness as in ``arrivals``. Work that is not pausable is never interrupted.
    """
    done = start + work.service
    for taken, (finish, late) in enumerate(arrivals(start, work.service, pauses)):
        over = finish > done + sum(pause.length for pause in pauses[:taken])
        if over or (taken and not work.pausable):
            return
        yield finish, late
