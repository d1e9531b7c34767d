"""A route that has begun: what is left of it from now on.

Nothing is planned before now. Visits that have begun keep their place, and so do those the
technician must already be on the way to; the rest of the day starts where the last of them ends, or
at the end place when the technician must already be on the way there. What was driven counts for
the limit on driving. An unpaid first drive lies before the shift: with it the technician is at the
first visit when the shift begins, so that visit is settled too; on a day without visits the drive
begins now and takes its time.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np

from slotsvc.solver.instance import END, FIRST_VISIT, INF, START, RouteInstance, time_legs
from slotsvc.solver.timing import Timetable, timetable


def rest_of_day(route: RouteInstance, now: int) -> RouteInstance:
    """The route from ``now`` on (Unix time). A route that has not begun, or that cannot be kept as
    it stands, comes back as it is."""
    clock = now - route.origin
    table = timetable(route, route.committed) if clock > 0 else None
    if table is None:
        return route
    begun = sum(stop.start <= clock for stop in table.stops)
    if route.unpaid_first and table.stops:
        begun = max(begun, 1)
    for kept in range(begun, len(table.stops) + 1):
        rest = _after(route, table, kept, clock)
        if timetable(rest, rest.committed) is not None:
            return rest
    return _rest(route, END, _at_home(route, table, clock), len(table.stops), len(table.breaks))


def _at_home(route: RouteInstance, table: Timetable, clock: int) -> int:
    """When the technician is back at the end place: an unpaid last drive takes its time too."""
    here = table.stops[-1].node if table.stops else START
    unpaid = route.unpaid_last and table.stops
    return max(clock, table.end + (int(route.travel[here, END]) if unpaid else 0))


def _after(route: RouteInstance, table: Timetable, kept: int, clock: int) -> RouteInstance:
    """What is left at ``clock`` when the first ``kept`` visits are settled, and with them the
    pauses before the last of them. A pause that has begun is kept too."""
    stop = table.stops[kept - 1] if kept else None
    settled = [end for gap, begin, end in table.breaks if begin <= clock or gap < kept]
    free = max([clock, stop.finish if stop else 0, *settled])
    return _rest(route, stop.node if stop else START, free, kept, len(settled))


def _rest(route: RouteInstance, here: int, free: int, kept: int, pauses: int) -> RouteInstance:
    """The route from node ``here`` and second ``free`` on, after so many visits and pauses."""
    nodes = np.array([here, END, *range(FIRST_VISIT + kept, len(route.places))])
    travel = route.travel[np.ix_(nodes, nodes)]
    access = np.concatenate([[0, 0], route.access[nodes[2:]]]).astype(np.int32)
    places = tuple(route.places[n] for n in nodes)
    return replace(
        route,
        origin=route.origin + free,
        end=route.end - free,
        soft_end=route.soft_end - free,
        opens=np.concatenate([[0, 0], np.maximum(route.opens[nodes[2:]] - free, 0)]).astype(
            np.int32
        ),
        closes=np.concatenate([route.closes[:2], route.closes[nodes[2:]] - free]).astype(np.int32),
        service=np.concatenate([[0, 0], route.service[nodes[2:]]]).astype(np.int32),
        pausable=np.concatenate([[False, False], route.pausable[nodes[2:]]]),
        access=access,
        travel=travel,
        legs=time_legs(travel, access, places, False, route.unpaid_last),
        breaks=tuple(
            replace(b, opens=b.opens - free, closes=b.closes - free) for b in route.breaks[pauses:]
        ),
        places=places,
        visits=route.visits[kept:],
        max_travel=_driving_left(route, here, kept),
        unpaid_first=False,
        done=route.visits[:kept],
    )


def _driving_left(route: RouteInstance, here: int, kept: int) -> int:
    """What the limit on driving leaves after the first ``kept`` visits, or after all of them and
    the way home."""
    if route.max_travel >= INF:
        return INF
    nodes = [START, *range(FIRST_VISIT, FIRST_VISIT + kept), *([END] if here == END else [])]
    return route.max_travel - sum(int(route.travel[i, j]) for i, j in pairwise(nodes))
