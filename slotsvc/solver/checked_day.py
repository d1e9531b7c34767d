"""The referee's own view of a day: plain integers, and what can happen in one gap.

Nothing here is shared with the solver; ``slotsvc.solver.checker`` judges with it.
Nodes of a route: 0 is the start place, 1..n the visits in order, n + 1 the end place.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Protocol

from slotsvc.domain.time_window import TimeWindow, to_epoch
from slotsvc.domain.working_time import Shift

UNROUTABLE_S = 1 << 29
"""Travel seconds from which on a leg means: no road leads there."""


@dataclass(frozen=True, slots=True)
class CheckedVisit:
    """What the referee must know of a visit.

    ``technician``: the only one who may serve it (pinned, required); None: anybody with the tags.
    """

    id: str
    start_window: TimeWindow
    service: timedelta
    requires: frozenset[str] = frozenset()
    technician: str | None = None


class TravelBlock(Protocol):
    """A dict or a NumPy array: ``block[i, j]`` is the travel from node i to node j in seconds."""

    def __getitem__(self, leg: tuple[int, int], /) -> int: ...


Travel = Callable[[int, int], int] | TravelBlock


@dataclass(frozen=True, slots=True)
class Pause:
    """A break that may begin from ``first`` to ``last`` (included), Unix seconds."""

    first: int
    last: int
    length: int


@dataclass(frozen=True, slots=True)
class Work:
    """A visit: service may start from ``first`` to ``last`` (included), Unix seconds."""

    id: str
    first: int
    last: int
    service: int


@dataclass(frozen=True, slots=True)
class Day:
    """A shift, its visits in order, and the legs between any two nodes, in Unix seconds."""

    technician: str
    start: int
    end: int
    works: tuple[Work, ...]
    pauses: tuple[Pause, ...]
    travel: Callable[[int, int], int]

    @property
    def home(self) -> int:
        """The end place's node."""
        return len(self.works) + 1


def in_seconds(shift: Shift, visits: Sequence[CheckedVisit], travel: Travel) -> Day:
    """The day as integers; window ends become the last second that is still allowed."""
    return Day(
        technician=shift.technician,
        start=to_epoch(shift.window.start),
        end=to_epoch(shift.window.end),
        works=tuple(
            Work(visit.id, *_bounds(visit.start_window), _seconds(visit.service))
            for visit in visits
        ),
        pauses=tuple(
            Pause(*_bounds(pause.begins), _seconds(pause.duration)) for pause in shift.breaks
        ),
        travel=_legs(travel),
    )


def _legs(travel: Travel) -> Callable[[int, int], int]:
    # int(): sums with Unix seconds overflow the 32-bit integers of a stored block
    if callable(travel):
        return lambda i, j: int(travel(i, j))
    return lambda i, j: int(travel[i, j])


def part(day: Day, kept: Sequence[int]) -> Day:
    """The same day with the works at the positions ``kept`` only."""
    nodes = [0, *(i + 1 for i in kept), day.home]
    works = tuple(day.works[i] for i in kept)
    return replace(day, works=works, travel=lambda i, j: day.travel(nodes[i], nodes[j]))


def _bounds(window: TimeWindow) -> tuple[int, int]:
    return to_epoch(window.start), to_epoch(window.end) - 1


def _seconds(length: timedelta) -> int:
    return length // timedelta(seconds=1)


def arrivals(clock: int, drive: int, pauses: Sequence[Pause]) -> Iterator[tuple[int, list[int]]]:
    """Earliest arrival when the first 0, 1, 2 … of ``pauses`` are taken on the way, in order.

    With each the seconds by which every pause taken begins too late (0: in time).
    """
    late: list[int] = []
    yield clock + drive, late
    for pause in pauses:
        drive -= min(drive, max(0, pause.first - clock))
        begin = max(clock, pause.first)
        late = [*late, max(0, begin - pause.last)]
        clock = begin + pause.length
        yield clock + drive, late
