"""A route that has begun: what is left of it from now on.

Nothing is planned before now. Visits that have begun keep their place, and so do those the
technician must already be on the way to; the rest of the day starts where the last of them ends, or
at the end place when the technician must already be on the way there.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from slotsvc.solver.instance import END, FIRST_VISIT, START, RouteInstance
from slotsvc.solver.timing import Timetable, timetable


def rest_of_day(route: RouteInstance, now: int) -> RouteInstance:
    """The route from ``now`` on (Unix time). A route that has not begun, or that cannot be kept as
    it stands, comes back as it is."""
    clock = now - route.origin
    table = timetable(route, route.committed) if clock > 0 else None
    if table is None:
        return route
    begun = sum(stop.start <= clock for stop in table.stops)
    for kept in range(begun, len(table.stops) + 1):
        rest = _after(route, table, kept, clock)
        if timetable(rest, rest.committed) is not None:
            return rest
    on_the_way_home = max(clock, table.end)
    return _rest(route, END, on_the_way_home, len(table.stops), len(table.breaks))


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
    return replace(
        route,
        origin=route.origin + free,
        end=route.end - free,
        opens=np.concatenate([[0, 0], np.maximum(route.opens[nodes[2:]] - free, 0)]).astype(
            np.int32
        ),
        closes=np.concatenate([route.closes[:2], route.closes[nodes[2:]] - free]).astype(np.int32),
        service=np.concatenate([[0, 0], route.service[nodes[2:]]]).astype(np.int32),
        travel=route.travel[np.ix_(nodes, nodes)],
        breaks=tuple(
            replace(b, opens=b.opens - free, closes=b.closes - free) for b in route.breaks[pauses:]
        ),
        places=tuple(route.places[n] for n in nodes),
        visits=route.visits[kept:],
        done=route.visits[:kept],
    )
