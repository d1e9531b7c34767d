"""The question every engine is asked, in one form: the least driving of one technician's day.

A *day* is a committed route, with or without the request as one more stop. All stops must be
served, in any order. A slot is then worth the least added driving of its technicians.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from benchmarks.generator import WINDOWS, Asked, Team
from slotsvc.solver.instance import INF, BreakSpan, Int32, RouteInstance


@dataclass(frozen=True, slots=True)
class Day:
    """Nodes: 0 where the shift starts, 1 where it ends, then the stops; the request is the last.

    ``travel``: int32 (n, n), seconds. ``opens`` / ``closes``: first and last start of each stop,
    both included, as every engine here reads its windows. ``end``: last second back. ``pauses``:
    each begins in its span, between two stops or on the way.
    """

    travel: Int32
    opens: tuple[int, ...]
    closes: tuple[int, ...]
    service: tuple[int, ...]
    end: int
    pauses: tuple[BreakSpan, ...]

    @property
    def stops(self) -> range:
        """Node numbers of the stops."""
        return range(2, len(self.opens))


Clock = Callable[[], float]
"""Seconds that an engine has used so far. ``time.process_time`` where it computes in this process:
so a busy machine lengthens nobody's answer."""


class Peer(Protocol):
    """An engine that answers for one day at a time."""

    name: str
    takes_pauses: bool
    slow: bool
    """Asked about a sample where there are many cells."""
    clock: Clock

    def least_driving(self, day: Day) -> int | None:
        """Driving of the best order it finds; None when it finds none."""
        ...


@dataclass(frozen=True, slots=True)
class Cell:
    """One technician's day with the request in one window. ``slot``: number of the day's window in
    the period; ``without``: least driving of the day without the request."""

    route: int
    slot: int
    without: int
    day: Day

    @property
    def key(self) -> tuple[int, int]:
        """Route and slot."""
        return self.route, self.slot


def cells_of(made: Team, asked: Asked) -> Iterator[Cell]:
    """Every window of every qualified technician's day."""
    into, out = made.to_and_from(asked)
    number = {place: i for i, place in enumerate(made.arrays.places)}
    may = made.qualified(asked)
    for index, route in enumerate(made.routes):
        if may[index]:
            rows = [number[place] for place in route.places]
            travel = _with_request(route, into[rows], out[rows])
            day = index // made.shape.technicians
            for column, window in enumerate(WINDOWS):
                slot = day * len(WINDOWS) + column
                yield Cell(index, slot, driving(route), _day(route, travel, window, asked.service))


def driving(route: RouteInstance) -> int:
    """Of the committed order, which is the least."""
    nodes = [0, *route.committed, 1]
    return int(route.travel[nodes[:-1], nodes[1:]].sum())


def _with_request(route: RouteInstance, into: Int32, out: Int32) -> Int32:
    size = route.opens.size
    travel = np.zeros((size + 1, size + 1), np.int32)
    travel[:size, :size] = route.travel
    travel[:size, size], travel[size, :size] = into, out
    return travel


def _day(route: RouteInstance, travel: Int32, window: tuple[int, int], service: int) -> Day:
    opens, closes = (hour * 3600 for hour in window)
    return Day(
        travel,
        (*route.opens.tolist(), opens),
        (*(min(c, INF) for c in route.closes.tolist()), closes - 1),
        (*route.service.tolist(), service),
        route.end,
        route.breaks,
    )


class SlotPeer(Protocol):
    """An engine that chooses the technician itself: all days of one slot at once."""

    name: str
    takes_pauses: bool
    clock: Clock

    def least_added(self, cells: list[Cell]) -> int | None:
        """Added driving of the plan it finds; None when it leaves out the request or a visit that
        is promised."""
        ...
