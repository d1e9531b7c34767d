"""Planned times of a new visit on its winning route."""

from __future__ import annotations

from slotsvc.solver.cells import with_request
from slotsvc.solver.legs import Request
from slotsvc.solver.params import CostWeights
from slotsvc.solver.ranking import Winner
from slotsvc.solver.scan import REQUEST
from slotsvc.solver.team_calendar import TeamCalendar
from slotsvc.solver.timing import StopTimes, timetable


def times_with_request(
    calendar: TeamCalendar, request: Request, winner: Winner, weights: CostWeights
) -> StopTimes:
    """Seconds from the route's origin. The route is the winner's, in its order."""
    row = winner.route
    whole = with_request(calendar.arrays, request, row, winner.opens, winner.closes)
    node = len(whole.places)
    order = tuple(node if n == REQUEST else n for n in winner.order)
    table = timetable(whole, order, weights.of_orders)
    assert table is not None, "the search found this order feasible"
    return next(stop for stop in table.stops if stop.node == node)
