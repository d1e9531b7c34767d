"""The days of a golden case, read: dates ISO, clocks "16:00", lengths in minutes."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from slotsvc.domain.time_window import TimeWindow
from slotsvc.domain.visit import Placement
from slotsvc.domain.working_time import Break, Shift
from slotsvc.solver.checker import check_route, relaxed
from tests.solver.calendars import (
    Day,
    Roads,
    a_break,
    a_placement,
    a_shift,
    at,
    between,
    checked,
)

Json = dict[str, Any]


def a_day(data: Json, roads: Roads) -> Day:
    """One shift with its visits. ``broken`` in the case says what is wrong with it as it stands:
    its limits are moved out by that, as they are for every broken day."""
    on = date.fromisoformat(data["date"])
    breaks = [a_break(*pause, day=on) for pause in data.get("breaks", ())]
    breaks += [_away(*absence, on) for absence in data.get("away", ())]
    shift = a_shift(data["technician"], *data["shift"], breaks=breaks, day=on, **_limits(data))
    visits = [_visit(visit, on) for visit in data.get("visits", ())]
    published = data.get("published", False)
    if "broken" not in data:
        return Day(shift, visits, keep_order=published)
    return _relaxed(shift, visits, roads, data["broken"])


def _relaxed(shift: Shift, visits: list[Placement], roads: Roads, said: list[list[object]]) -> Day:
    stops = (visit.visit.location for visit in visits)
    block = roads.among([shift.start_place, *stops, shift.end_place])
    found = check_route(shift, [checked(visit) for visit in visits], block)
    assert [[f.kind.value, f.subject, f.size] for f in found] == said
    wider, moved = relaxed(shift, visits, found)
    return Day(wider, moved, keep_order=True, broken=(shift, visits))


def _limits(data: Json) -> Json:
    """What the shift offers and allows that day."""
    limits: Json = {name: data[name] for name in ("number", "max_visits", "pace") if name in data}
    limits |= {name: frozenset(data[name]) for name in ("offers", "sectors") if name in data}
    limits |= {
        name: timedelta(minutes=data[name]) for name in ("max_travel", "overtime") if name in data
    }
    limits |= {f"unpaid_{end}_leg": True for end in data.get("unpaid", ())}
    return limits


def _away(start: str, length: int, on: date) -> Break:
    begins = TimeWindow(at(start, on), at(start, on) + timedelta(seconds=1))
    return Break(begins, timedelta(minutes=length), away=True)


def _visit(data: Json, on: date) -> Placement:
    window, length = between(*data["start_window"], on), timedelta(minutes=data["minutes"])
    return a_placement(data["id"], window, data["place"], length, visit=about(data))


def about(data: Json) -> Json:
    """What the work needs beside its time on site."""
    return {
        "access": timedelta(minutes=data.get("access", 0)),
        "pausable": data.get("pausable", False),
    }
