"""Best order of one route with one more visit: what a hold asks when its offer is out of date."""

from __future__ import annotations

import numpy as np

from slotsvc.domain.place import Location
from slotsvc.solver.arrays import team_arrays
from slotsvc.solver.base import base_costs
from slotsvc.solver.cells import NO_CLOSING, Cells
from slotsvc.solver.instance import FIRST_VISIT, Int32, RouteInstance
from slotsvc.solver.legs import request_legs
from slotsvc.solver.params import Freedom, SearchParams
from slotsvc.solver.ranking import rank
from slotsvc.solver.scan import REQUEST


def order_with(
    route: RouteInstance,
    location: Location,
    service: int,
    access: int,
    pausable: bool,
    window: tuple[int, int],
    into: Int32,
    out: Int32,
    keep_order: bool,
) -> tuple[str, ...] | None:
    """Placement ids in the cheapest order, "" for the new visit; None: no order has room.

    ``service`` / ``access``: seconds on site, and from the road to its start. ``window``: first and
    last start, Unix seconds, both included. ``into`` / ``out``: int32 (nodes,), driving between the
    route's nodes and the visit's place.
    """
    arrays = team_arrays([route])
    rows = [route.places.index(place) for place in arrays.places]
    params = SearchParams(
        max_slots=1,
        max_per_day=1,
        freedom=Freedom.INSERT_ONLY if keep_order else Freedom.RESEQUENCE,
    )
    weights = params.weights
    base = base_costs(arrays, weights.of_orders, params.label_budget)
    if not base.sound[0]:
        return None
    if window[1] < route.origin:
        return None
    on_site = np.full(1, service, np.int32)
    request = request_legs(arrays, location, on_site, access, pausable, into[rows], out[rows])
    winners = rank(arrays, base, request, _one_cell(route, window), params).winners
    if not winners:
        return None
    ids = ("" if n == REQUEST else route.visits[n - FIRST_VISIT] for n in winners[0].order)
    return (*route.done, *ids)


def _one_cell(route: RouteInstance, window: tuple[int, int]) -> Cells:
    opens, closes, finish, origin, free = (
        np.array([number], np.int64) for number in (*window, NO_CLOSING, route.origin, 0)
    )
    first = np.zeros(1, np.int32)
    fixed = np.zeros(1, np.bool_)
    return Cells(first, first + 1, opens, closes, finish, origin, free, free, first, fixed)
