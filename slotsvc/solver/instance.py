"""A route in the solver's units: integer seconds from the start of its own shift.

The one place where domain values become solver numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from slotsvc.domain.place import Location
from slotsvc.domain.time_window import to_epoch
from slotsvc.domain.visit import Placement
from slotsvc.domain.working_time import Break, Shift

INF = 1 << 29
"""Seconds that mean "never": later than any shift, small enough to add twice in int32."""

START, END, FIRST_VISIT = 0, 1, 2
"""Node numbers: where the shift starts, where it ends, then the visits in committed order."""

Int8 = NDArray[np.int8]
Int32 = NDArray[np.int32]
Int64 = NDArray[np.int64]
Bool = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class BreakSpan:
    """A pause: begins in ``[opens, closes]`` (both included), lasts ``duration`` seconds."""

    opens: int
    closes: int
    duration: int


@dataclass(frozen=True, slots=True, eq=False)
class RouteInstance:
    """One route. Seconds count from ``origin``, the Unix time at which the technician is free.

    ``end``: last second at which the technician may be back; what lies after ``soft_end`` is
    overtime. ``opens`` / ``closes`` / ``service``: int32 (nodes,); first and last allowed start
    (both included) and time on site; the two ends of the shift have 0, INF, 0. ``pausable``: bool
    (nodes,), pauses may begin during the service. ``access``: int32 (nodes,), from the road to the
    start of service; 0 at the two ends. ``travel``: int32 (nodes, nodes), driving; ``legs``: the
    time it takes of the shift (``time_legs``), the same object where that is the driving alone;
    INF in both = no road. ``places``: one location per node. ``visits``: placement ids of nodes
    2.., in committed order. ``max_travel``: most driving of the route, INF: no limit.
    ``unpaid_first`` / ``unpaid_last``: the first / the last drive takes no time of the shift.
    ``done``: placements before the visits that have begun or can no longer be put off; they keep
    their place.
    """

    origin: int
    end: int
    soft_end: int
    opens: Int32
    closes: Int32
    service: Int32
    pausable: Bool
    access: Int32
    travel: Int32
    legs: Int32
    breaks: tuple[BreakSpan, ...]
    places: tuple[Location, ...]
    visits: tuple[str, ...]
    max_travel: int = INF
    unpaid_first: bool = False
    unpaid_last: bool = False
    done: tuple[str, ...] = ()

    @property
    def committed(self) -> tuple[int, ...]:
        """Node numbers in committed order."""
        return tuple(range(FIRST_VISIT, FIRST_VISIT + len(self.visits)))


def seconds(instant: datetime, origin: int) -> int:
    """Whole seconds from ``origin`` to an aware instant."""
    return to_epoch(instant) - origin


def break_spans(breaks: Sequence[Break], origin: int) -> tuple[BreakSpan, ...]:
    """Pauses in solver units, in the order in which they are taken."""
    return tuple(
        BreakSpan(
            seconds(b.begins.start, origin),
            seconds(b.begins.end, origin) - 1,
            int(b.duration.total_seconds()),
        )
        for b in breaks
    )


def time_legs(
    travel: Int32,
    access: Int32,
    places: Sequence[Location],
    unpaid_first: bool = False,
    unpaid_last: bool = False,
) -> Int32:
    """int32 (nodes, nodes): the time of the shift that each leg takes; INF = no road.

    Driving, and access at its end unless it begins at the same place. An unpaid first leg takes no
    driving time, its access does (the shift begins on arrival); an unpaid last leg takes no time.
    A day without visits has one leg, which is both. ``travel`` itself when nothing of this applies.
    """
    if not (access.any() or unpaid_first or unpaid_last):
        return travel
    numbers: dict[Location, int] = {}
    place = np.array([numbers.setdefault(p, len(numbers)) for p in places])
    driving = travel.copy()
    if unpaid_first:
        driving[START] = 0
    if unpaid_last:
        driving[:, END] = 0
    there = np.where(place[:, None] == place[None, :], 0, access[None, :])
    return np.where(travel >= INF, INF, np.minimum(driving + there, INF)).astype(np.int32)


def route_instance(shift: Shift, placements: Sequence[Placement], travel: Int32) -> RouteInstance:
    """Instance of a shift with placements in committed order.

    ``travel``: int32 (n + 2, n + 2), driving over start place, end place, then the placements.
    """
    origin = to_epoch(shift.window.start)
    opens = [0, 0, *(max(0, seconds(p.start_window.start, origin)) for p in placements)]
    closes = [INF, INF, *(seconds(p.start_window.end, origin) - 1 for p in placements)]
    service = [0, 0, *(int(p.on_site.total_seconds()) for p in placements)]
    access = [0, 0, *(int(p.visit.access.total_seconds()) for p in placements)]
    pausable = [False, False, *(p.visit.pausable for p in placements)]
    places = (shift.start_place, shift.end_place, *(p.visit.location for p in placements))
    driving = np.minimum(travel, INF).astype(np.int32)
    unpaid = shift.unpaid_first_leg, shift.unpaid_last_leg
    return RouteInstance(
        origin=origin,
        end=seconds(shift.latest_end, origin),
        soft_end=seconds(shift.window.end, origin),
        opens=np.array(opens, np.int32),
        closes=np.array(closes, np.int32),
        service=np.array(service, np.int32),
        pausable=np.array(pausable, np.bool_),
        access=np.array(access, np.int32),
        travel=driving,
        legs=time_legs(driving, np.array(access, np.int32), places, *unpaid),
        breaks=break_spans(shift.breaks, origin),
        places=places,
        visits=tuple(p.id for p in placements),
        max_travel=INF if shift.max_travel is None else int(shift.max_travel.total_seconds()),
        unpaid_first=unpaid[0],
        unpaid_last=unpaid[1],
    )


def without_visit(route: RouteInstance, visit: str) -> RouteInstance:
    """The same route without one of its visits. Raises ``ValueError`` when it is not there."""
    gone = FIRST_VISIT + route.visits.index(visit)
    nodes = np.delete(np.arange(len(route.places)), gone)
    travel = route.travel[np.ix_(nodes, nodes)]
    return replace(
        route,
        opens=route.opens[nodes],
        closes=route.closes[nodes],
        service=route.service[nodes],
        pausable=route.pausable[nodes],
        access=route.access[nodes],
        travel=travel,
        legs=travel if route.legs is route.travel else route.legs[np.ix_(nodes, nodes)],
        places=tuple(route.places[n] for n in nodes),
        visits=tuple(v for v in route.visits if v != visit),
    )
