"""Some order of the day must leave room for the visit. How much is missing is told by the referee:
the insertion that breaks the least."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from slotsvc.domain.working_time import Shift
from slotsvc.solver.checker import CheckedVisit, Travel, check_route
from slotsvc.solver.constraints import Closed, Reason


def closed(
    shift: Shift, visits: Sequence[CheckedVisit], request: CheckedVisit, travel: Travel
) -> Closed:
    """``travel``: driving over start, ``visits``, end, and last the request's place."""
    shift = replace(shift, max_travel=None, max_visits=None)  # room is a question of time
    count = len(visits)
    best: Closed | None = None
    for gap in range(count + 1):
        order = [*visits[:gap], request, *visits[gap:]]
        nodes = [*range(gap + 1), count + 2, *range(gap + 1, count + 2)]
        findings = check_route(shift, order, partial(_leg, travel, nodes))
        short = Closed(Reason.NO_ROOM, margin=max((f.size for f in findings), default=0))
        if best is None or short.margin < best.margin:
            best = short
    return best or Closed(Reason.NO_ROOM)


def _leg(travel: Travel, nodes: Sequence[int], i: int, j: int) -> int:
    leg = nodes[i], nodes[j]
    return travel(*leg) if callable(travel) else travel[leg]
