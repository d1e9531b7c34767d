"""Rules that close a whole route, asked of all routes at once; the first that says no counts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from slotsvc.domain.working_time import Shift
from slotsvc.solver.constraints import (
    Closed,
    max_visits,
    pending_move,
    reach,
    reserve,
    sector,
    soundness,
    tags,
)
from slotsvc.solver.insertion import Request
from slotsvc.solver.instance import END, FIRST_VISIT, INF, START, Bool, Int32, Int64
from slotsvc.solver.query import SlotQuery
from slotsvc.solver.team_calendar import TeamCalendar


@dataclass(frozen=True, slots=True, eq=False)
class ShutRoutes:
    """``closed``: bool (R,). ``why``: the reason of one row that is."""

    closed: Bool
    why: Callable[[int], Closed]


def shut_routes(calendar: TeamCalendar, query: SlotQuery, request: Request) -> ShutRoutes:
    """The rules from the cheapest to the dearest."""
    facts = calendar.facts
    kinds = [
        tags.check(offers, query.requires) or _sector(sectors, query.sector)
        for offers, sectors in facts.kinds
    ]
    of_kind = np.array([closed is not None for closed in kinds], np.bool_)[facts.kind]
    free, wanted = facts.free - _seconds(query), facts.on_site + request.service
    there, back = _nearest(request)

    def why(row: int) -> Closed:
        day = calendar.days[row]
        found = (
            kinds[int(facts.kind[row])]
            or soundness.check(bool(calendar.base.sound[row]))
            or pending_move.check(day.move_pending)
            or max_visits.check(day.shift, len(day.placements))
            or (_reserved(query) and reserve.check(int(free[row]), int(wanted[row])))
            or reach.check_road(int(there[row]), int(back[row]))
        )
        assert isinstance(found, Closed), "asked of a closed row"
        return found

    shut = of_kind | ~calendar.base.sound | facts.move_pending | (facts.room <= 0)
    if _reserved(query):
        shut |= wanted > free
    return ShutRoutes(shut | (there >= INF) | (back >= INF), why)
