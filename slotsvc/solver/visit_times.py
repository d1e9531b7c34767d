"""Planned times of a new visit on its winning route."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from slotsvc.solver.insertion import Request
from slotsvc.solver.instance import INF, Int32, RouteInstance
from slotsvc.solver.params import CostWeights
from slotsvc.solver.ranking import REQUEST, Cells, Winner
from slotsvc.solver.team_calendar import TeamCalendar
from slotsvc.solver.timing import StopTimes, timetable


def times_with_request(
    calendar: TeamCalendar, request: Request, cells: Cells, winner: Winner, weights: CostWeights
) -> StopTimes:
    """Seconds from the route's origin. The route is the winner's, in its order."""
    route = calendar.days[winner.route].instance
    column = int(np.flatnonzero(cells.slot[winner.route] == winner.slot)[0])
    opens = int(cells.windows.opens[winner.route, column])
    closes = int(cells.windows.closes[winner.route, column])
    whole = with_request(route, request, winner.route, opens, closes)
    node = len(route.places)
    order = tuple(node if n == REQUEST else n for n in winner.order)
    table = timetable(whole, order, weights.of_orders)
    assert table is not None, "the search found this order feasible"
    return next(stop for stop in table.stops if stop.node == node)


def with_request(
    route: RouteInstance, request: Request, row: int, opens: int, closes: int
) -> RouteInstance:
    """The route with the request as one more node, the last. Its place and access are not filled
    in: they are in the legs."""
    travel = _wider(route.travel, request.into[row], request.out[row])
    same = route.legs is route.travel and request.into_legs is request.into
    return replace(
        route,
        opens=np.append(route.opens, np.int32(opens)),
        closes=np.append(route.closes, np.int32(closes)),
        service=np.append(route.service, request.service[row]),
        pausable=np.append(route.pausable, request.pausable),
        access=np.append(route.access, np.int32(0)),
        travel=travel,
        legs=travel if same else _wider(route.legs, request.into_legs[row], request.out_legs[row]),
    )


def _wider(block: Int32, into: Int32, out: Int32) -> Int32:
    """One node more, the last."""
    count = len(block)
    wide = np.full((count + 1, count + 1), INF, np.int32)
    wide[:count, :count] = block
    wide[:count, count], wide[count, :count] = into[:count], out[:count]
    return wide
