"""On a day under way nothing is planned before now: what comes on it starts when it can be reached.

Planned times are derived from the start of the shift; without this they would say that the
technician set out before anybody knew of the visit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from slotsvc.domain.time_window import TimeWindow, from_epoch, to_epoch
from slotsvc.domain.visit import Placement
from slotsvc.scheduling.day_of_work import instance_of
from slotsvc.scheduling.placing import without_replaced
from slotsvc.scheduling.ports import TravelBlock
from slotsvc.scheduling.under_way import Rest
from slotsvc.solver.timing import timetable


def from_now(
    rest: Rest, order: Sequence[Placement], placement: str, block: TravelBlock, now: datetime
) -> tuple[Placement, ...]:
    """``order``, what is left of the day, with the start window of ``placement`` cut: it begins
    when the technician can be there, setting out now at the earliest. A window that is over by then
    stays as it is, and so does one of a day that has not begun."""
    if now <= rest.shift.window.start:
        return tuple(order)
    # not yet now itself: a visit that starts by now counts as begun and keeps its place
    later = to_epoch(now) + 1
    order = tuple(_from(p, later) if p.id == placement else p for p in order)
    left = instance_of(replace(rest, open=without_replaced(order)), block, now)
    table = timetable(left, left.committed)
    ids = dict(zip(left.committed, left.visits, strict=True))
    stops = table.stops if table else ()
    soonest = next((left.origin + s.start for s in stops if ids[s.node] == placement), None)
    return tuple(_from(p, soonest) if p.id == placement else p for p in order)


def _from(placement: Placement, soonest: int | None) -> Placement:
    """The placement with its start window cut; as it is when there is nothing to cut."""
    window = placement.start_window
    if soonest is None or not to_epoch(window.start) < soonest < to_epoch(window.end):
        return placement
    return replace(placement, start_window=TimeWindow(from_epoch(soonest), window.end))
