"""The independent checker's word on an answer, for a sample of the answers given.

The ranking and the checker share no code; an offer the checker does not accept is a defect of ours.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from slotsvc.domain.time_window import to_epoch
from slotsvc.solver.cells import with_request
from slotsvc.solver.checked_day import checked_visit
from slotsvc.solver.checker import CheckedVisit, check_route
from slotsvc.solver.instance import INF
from slotsvc.solver.legs import Request
from slotsvc.solver.query import Offer, SlotQuery
from slotsvc.solver.team_calendar import TeamCalendar


def disputed(
    calendar: TeamCalendar, query: SlotQuery, request: Request, offers: Sequence[Offer]
) -> int:
    """How many of the offers break a rule by the checker. Days under way are not looked at: the
    checker plans whole days."""
    rows = {(d.technician, d.day, d.shift.number): row for row, d in enumerate(calendar.days)}
    numbers = {who.id: number for number, who in enumerate(calendar.technicians)}
    return sum(
        _is_disputed(calendar, query, request, rows[numbers[o.technician], o.day, o.shift], o)
        for o in offers
    )


def _is_disputed(
    calendar: TeamCalendar, query: SlotQuery, request: Request, row: int, offer: Offer
) -> bool:
    day = calendar.days[row]
    if day.instance.done or day.instance.origin != to_epoch(day.shift.window.start):
        return False
    by_id = {p.id: checked_visit(p) for p in day.placements}
    new = CheckedVisit(
        "", offer.window.start_window, timedelta(seconds=int(request.service[row])),
        query.requires, access=query.access, place=query.location, pausable=query.pausable,
        sector=query.sector,
    )  # fmt: skip
    nodes = {placement: 2 + n for n, placement in enumerate(day.instance.visits)}
    route = with_request(calendar.arrays, request, row, 0, INF)
    order = [0, *(nodes.get(p, len(day.instance.places)) for p in offer.order), 1]
    visits = [by_id.get(placement, new) for placement in offer.order]
    findings = check_route(day.shift, visits, lambda i, j: int(route.travel[order[i], order[j]]))
    return bool(findings)
