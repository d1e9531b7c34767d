"""Best order of one route with one more visit: what a hold asks when its offer is out of date."""

from __future__ import annotations

import numpy as np

from slotsvc.domain.place import Location
from slotsvc.solver.arrays import team_arrays
from slotsvc.solver.base import base_costs
from slotsvc.solver.insertion import Windows, request_legs
from slotsvc.solver.instance import FIRST_VISIT, Int32, RouteInstance
from slotsvc.solver.params import Freedom, SearchParams
from slotsvc.solver.ranking import REQUEST, Cells, rank


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
    numbers = {place: number for number, place in enumerate(arrays.places)}
    rows = [route.places.index(place) for place in numbers]
    params = SearchParams(
        max_slots=1,
        max_per_day=1,
        freedom=Freedom.INSERT_ONLY if keep_order else Freedom.RESEQUENCE,
    )
    weights = params.weights
    base = base_costs(arrays, weights.of_orders, params.label_budget)
    if not base.sound[0]:
        return None
    opens, closes = (np.array([[max(0, t - route.origin)]], np.int32) for t in window)
    if window[1] < route.origin:
        return None
    one = np.zeros((1, 1), np.int32)
    cells = Cells(Windows(opens, closes), one, one.astype(np.int64), one[0], np.zeros(1, np.bool_))
    on_site = np.full(1, service, np.int32)
    request = request_legs(arrays, location, on_site, access, pausable, into[rows], out[rows])
    winners = rank(arrays, base, request, cells, params).winners
    if not winners:
        return None
    ids = ("" if n == REQUEST else route.visits[n - FIRST_VISIT] for n in winners[0].order)
    return (*route.done, *ids)
