"""One shift with its visits, as the search is told of it.

It carries the route's version and the instant until which it holds (the earliest expiry of a live
hold): a hold that lapses changes the route without anybody writing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from slotsvc.domain.visit import Placement
from slotsvc.domain.working_time import Shift
from slotsvc.solver.instance import RouteInstance


@dataclass(frozen=True, slots=True)
class DayOfWork:
    """One shift of one technician's service date. ``placements``: those live, in committed order.

    ``valid_until``: earliest expiry of a live hold, None: none. ``renew_at``: this value speaks of
    the day until then. ``estimated``: some of its driving is only estimated. ``keep_order``: the
    other visits may not be put in another order. ``move_pending``: a live hold would take over from
    another place of this route. ``published``: the order is kept only because technicians were told
    it; planners may decide otherwise.
    """

    technician: int
    day: date
    shift: Shift
    version: int
    valid_until: datetime | None
    placements: tuple[Placement, ...]
    instance: RouteInstance
    renew_at: datetime
    estimated: bool = False
    keep_order: bool = False
    move_pending: bool = False
    published: bool = False
