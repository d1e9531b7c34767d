"""A tiny real ranking that loads everything compiled, and compiles what was not yet.

Machine code is made for the types that it is called with, so what is called here is what every
search calls: a day whose orders are all known and a day that has too many of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta

import numpy as np

from slotsvc.domain.offer_windows import OfferWindow
from slotsvc.domain.place import Location
from slotsvc.domain.technician import Technician
from slotsvc.domain.time_window import TimeWindow
from slotsvc.domain.visit import Placement, PlacementState, RouteKey, Visit
from slotsvc.domain.working_time import Break, DayHours, Shift, WorkingTime
from slotsvc.solver.arrays import replaced, team_arrays
from slotsvc.solver.base import base_costs
from slotsvc.solver.day_of_work import DayOfWork
from slotsvc.solver.instance import route_instance
from slotsvc.solver.one_window import Wanted
from slotsvc.solver.params import SearchParams
from slotsvc.solver.query import Answer, AskedWindow, Legs, SlotQuery
from slotsvc.solver.suggest import suggest
from slotsvc.solver.team_calendar import BASE_BUDGET, TeamCalendar, team_calendar
from slotsvc.solver.why_not import Asked, why_not

_DAY = date(2030, 6, 3)
_HOUR = timedelta(hours=1)
_LONG = 7
"""Visits with the whole day for each: more orders than are kept."""


def warm_up() -> Answer:
    """The answer to a question that means nothing."""
    params = SearchParams()
    days = [_day(0, 2, timedelta(hours=4)), _day(1, _LONG, timedelta(hours=9))]
    calendar = _calendar(days, params)
    places = len(calendar.arrays.places)
    drive = np.full(places, 600, np.int32)
    legs = Legs(drive, drive.copy(), 0.0, 500.0, "nowhere", estimated=False)
    _ask_why_not(calendar, legs, params)
    return suggest(calendar, _query(), legs, params, _at(0), max_rejections=2, ask_referee=True)


def _ask_why_not(calendar: TeamCalendar, legs: Legs, params: SearchParams) -> None:
    """About a window after the shift: everything that could open it is tried."""
    late = TimeWindow(_at(20), _at(21))
    for technician in range(len(calendar.technicians)):
        asked = Asked(_query(), technician, Wanted(_DAY, OfferWindow(late, late)))
        why_not(calendar, asked, legs, params, _at(0))


def _calendar(days: list[DayOfWork], params: SearchParams) -> TeamCalendar:
    weights = params.weights.of_orders
    arrays = team_arrays([day.instance for day in days])
    base = base_costs(arrays, weights, BASE_BUDGET)
    changed = replaced(arrays, {0: days[0].instance})
    base = base_costs(changed, weights, BASE_BUDGET, (arrays, base))
    shifts = {(day.technician, day.day): (day.shift,) for day in days}
    return team_calendar([_technician(0), _technician(1)], "UTC", shifts, days, changed, base)


def _at(hour: float) -> datetime:
    return datetime.combine(_DAY, time(), UTC) + hour * _HOUR


def _place(number: int) -> Location:
    return Location(number / 100, 0.0)


def _technician(number: int) -> Technician:
    week = WorkingTime((DayHours(None),) * 7)
    return Technician(f"t{number}", "", "", "UTC", _place(0), _place(0), week)


def _day(number: int, visits: int, window: timedelta) -> DayOfWork:
    lunch = Break(TimeWindow(_at(12), _at(13)), _HOUR / 2)
    shift = Shift(
        f"t{number}", _DAY, TimeWindow(_at(8), _at(18)), (lunch,), _place(0), _place(0),
        overtime=_HOUR,
    )  # fmt: skip
    placements = tuple(_placements(shift, visits, TimeWindow(_at(8), _at(8) + window)))
    nodes = np.array([0, 0, *(number * 10 + n for n in range(1, visits + 1))])
    travel = (120 * np.abs(nodes[:, None] - nodes[None, :])).astype(np.int32)
    return DayOfWork(
        technician=number,
        day=_DAY,
        shift=shift,
        version=1,
        valid_until=None,
        placements=placements,
        instance=route_instance(shift, placements, travel),
        renew_at=_at(18),
    )


def _placements(shift: Shift, visits: int, window: TimeWindow) -> Iterator[Placement]:
    for number in range(1, visits + 1):
        id = f"{shift.technician}-{number}"
        visit = Visit(id, _place(int(shift.technician[1:]) * 10 + number), _HOUR / 2, frozenset())
        key = RouteKey("", shift.technician, _DAY)
        yield Placement(id, key, visit, number - 1, PlacementState.BOOKED, None, window)


def _query() -> SlotQuery:
    spans = [TimeWindow(_at(start), _at(start + 2)) for start in (8, 10, 14)]
    return SlotQuery(
        location=_place(50),
        service=_HOUR,
        requires=frozenset(),
        windows=tuple(AskedWindow(_DAY, OfferWindow(span, span)) for span in spans),
        first_day=_DAY,
        notice=timedelta(0),
        horizon=timedelta(days=30),
    )
