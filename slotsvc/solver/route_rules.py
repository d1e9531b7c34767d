"""Rules that close a whole route, asked of all routes at once; the first that says no counts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

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
from slotsvc.solver.instance import INF, Bool, Int64
from slotsvc.solver.legs import Request, nearest
from slotsvc.solver.query import SlotQuery
from slotsvc.solver.team_calendar import TeamCalendar


@dataclass(frozen=True, slots=True, eq=False)
class ShutRoutes:
    """``closed``: bool (R,). ``why``: the reason of one row that is. ``rules``: int64 (R,) each,
    the number of the rule that closes a row, and by how much: rows of one rule are told as one."""

    closed: Bool
    why: Callable[[int], Closed]
    rules: Callable[[], tuple[Int64, Int64]]


def shut_routes(calendar: TeamCalendar, query: SlotQuery, request: Request) -> ShutRoutes:
    """The rules from the cheapest to the dearest."""
    facts = calendar.facts
    kinds = [
        tags.check(shift.offers, query.requires) or sector.check(shift, query.sector)
        for shift in facts.kinds
    ]
    of_kind = np.array([closed is not None for closed in kinds], np.bool_)[facts.kind]
    free = facts.free - int(query.reserve.total_seconds())
    wanted, kept_free = facts.on_site + request.service, bool(query.reserve) and query.priority == 0
    there, back = nearest(calendar.arrays, request)

    def why(row: int) -> Closed:
        day = calendar.days[row]
        found = (
            kinds[int(facts.kind[row])]
            or soundness.check(bool(calendar.base.sound[row]))
            or pending_move.check(day.move_pending)
            or max_visits.check(day.shift, len(day.placements))
            or (kept_free and reserve.check(int(free[row]), int(wanted[row])))
            or reach.check_road(int(there[row]), int(back[row]))
        )
        assert isinstance(found, Closed), "asked of a closed row"
        return found

    def rules() -> tuple[Int64, Int64]:
        full, reserved = facts.room <= 0, kept_free & (wanted > free)
        rule = [of_kind, ~calendar.base.sound, facts.move_pending, full, reserved]
        last, nothing = len(kinds) + np.arange(len(rule)), np.zeros_like(free)
        margin = [nothing, nothing, nothing, 1 - facts.room, wanted - free]
        return np.select(rule, [facts.kind, *last[:-1]], last[-1]), np.select(rule, margin, 0)

    shut = of_kind | ~calendar.base.sound | facts.move_pending | (facts.room <= 0)
    if kept_free:
        shut |= wanted > free
    return ShutRoutes(shut | (there >= INF) | (back >= INF), why, rules)
