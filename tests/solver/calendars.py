"""Small calendars for tests, in the words of the field.

Places are numbers; ``Roads`` knows the driving between them. Days count from ``MONDAY``, clocks are
``"9:30"`` on a day, UTC.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta

import numpy as np
from numpy.typing import NDArray

from slotsvc.domain.offer_windows import OfferWindow
from slotsvc.domain.place import Location
from slotsvc.domain.technician import Technician
from slotsvc.domain.time_window import TimeWindow
from slotsvc.domain.visit import Pin, Placement, PlacementState, RouteKey, Visit
from slotsvc.domain.working_time import Break, DayHours, NoShiftReason, Shift, WorkingTime
from slotsvc.solver.arrays import team_arrays
from slotsvc.solver.base import base_costs
from slotsvc.solver.checker import CheckedVisit
from slotsvc.solver.day_of_work import DayOfWork
from slotsvc.solver.instance import RouteInstance, route_instance
from slotsvc.solver.params import CostWeights
from slotsvc.solver.query import AskedWindow, Legs, SlotQuery
from slotsvc.solver.team_calendar import TeamCalendar, team_calendar

MONDAY = date(2026, 6, 1)
NO_ROAD = 1 << 29
BUDGET = 200_000


def at(clock: str, day: date = MONDAY) -> datetime:
    """``"9:30"`` on a day, UTC; ``"26:00"`` is 2:00 on the day after."""
    hours, minutes = clock.split(":")
    midnight = datetime.combine(day, time(), UTC)
    return midnight + timedelta(hours=int(hours), minutes=int(minutes))


def between(start: str, end: str, day: date = MONDAY) -> TimeWindow:
    """``[start, end)``."""
    return TimeWindow(at(start, day), at(end, day))


def a_place(number: int) -> Location:
    """The location of a place number."""
    return Location(43.0 + number / 1000, 7.0)


def number_of(place: Location) -> int:
    """The number behind ``a_place``."""
    return round((place.lat - 43.0) * 1000)


@dataclass(frozen=True, eq=False)
class Roads:
    """Driving between places, seconds, int32 (places, places); ``NO_ROAD`` where there is none."""

    seconds: NDArray[np.int32]

    def among(self, places: Sequence[Location]) -> NDArray[np.int32]:
        """The block over ``places``."""
        rows = [number_of(p) for p in places]
        return self.seconds[np.ix_(rows, rows)]

    def legs(self, calendar: TeamCalendar, place: Location) -> Legs:
        """What ``suggest`` needs to know of a new place."""
        known = [number_of(p) for p in calendar.arrays.places]
        here = number_of(place)
        into, out = self.seconds[known, here], self.seconds[here, known]
        return Legs(into, out, 3.0, 500.0, "test-map", estimated=False)


def minutes(*rows: Sequence[int]) -> Roads:
    """Roads from rows of minutes; -1: no road."""
    block = np.array(rows, np.int32)
    return Roads(np.where(block < 0, NO_ROAD, block * 60).astype(np.int32))


def a_line(*minutes_from_zero: int) -> Roads:
    """Places on a straight road, so many minutes from its beginning."""
    points = np.array(minutes_from_zero, np.int32)
    return Roads((np.abs(points[:, None] - points[None, :]) * 60).astype(np.int32))


_NEVER_WORKS = WorkingTime((DayHours(None),) * 7)


def a_technician(name: str = "ana", *tags: str) -> Technician:
    """Somebody with tags. Shifts are given beside, so the working week is empty."""
    return Technician(
        name, name.title(), "team", "UTC", a_place(0), a_place(0), _NEVER_WORKS, frozenset(tags)
    )


def a_break(
    start: str = "12:00", end: str = "13:00", length: int = 30, day: date = MONDAY
) -> Break:
    """A pause of ``length`` minutes that begins in ``[start, end)``."""
    return Break(between(start, end, day), timedelta(minutes=length))


def a_shift(
    technician: str = "ana",
    start: str = "8:00",
    end: str = "17:00",
    breaks: Sequence[Break] = (),
    day: date = MONDAY,
    places: tuple[int, int] = (0, 0),
    **more: object,
) -> Shift:
    """A shift from one place to another (both 0 unless told). ``more``: other fields of it."""
    begins, ends = (a_place(number) for number in places)
    window = between(start, end, day)
    return Shift(technician, day, window, tuple(breaks), begins, ends, **more)  # type: ignore[arg-type]


def a_placement(
    name: str,
    window: TimeWindow,
    place: int = 1,
    service: timedelta = timedelta(hours=1),
    pin: Pin = Pin.NONE,
    visit: Mapping[str, object] | None = None,
    on_site: timedelta | None = None,
    **more: object,
) -> Placement:
    """A booked visit. ``visit``: any other field of ``Visit``; ``more``: of ``Placement``, whose
    own time on site is ``on_site``."""
    key = RouteKey("tenant", "ana", MONDAY)
    about = {"requires": frozenset[str](), **(visit or {})}
    work = Visit(f"visit-{name}", a_place(place), service, **about)  # type: ignore[arg-type]
    fields = {"state": PlacementState.BOOKED, "service": on_site, **more}
    return Placement(name, key, work, 0, promise=window, start_window=window, pin=pin, **fields)  # type: ignore[arg-type]


def checked(placement: Placement) -> CheckedVisit:
    """What the referee must know of a placement, nobody being tied to it."""
    visit = placement.visit
    return CheckedVisit(
        placement.id,
        placement.start_window,
        placement.on_site,
        visit.requires,
        access=visit.access,
        place=visit.location,
        pausable=visit.pausable,
        sector=visit.sector,
    )


@dataclass(frozen=True)
class Day:
    """One route to put on a calendar. ``instance``: None to make it of the shift and placements.

    A shift that offers no tags offers its technician's. ``broken``: the shift and placements as
    they stood before their violated limits were moved out; None: not broken, or left so.
    """

    shift: Shift
    placements: Sequence[Placement] = ()
    keep_order: bool = False
    version: int = 1
    instance: RouteInstance | None = None
    broken: tuple[Shift, Sequence[Placement]] | None = None


@dataclass(frozen=True)
class TeamDays:
    """What a calendar is made of. ``off``: why there is no shift."""

    technicians: Sequence[Technician]
    days: Sequence[Day]
    off: Mapping[tuple[int, date], NoShiftReason] = field(default_factory=dict)


def a_calendar(
    team: TeamDays, roads: Roads, weights: CostWeights | None = None, budget: int = BUDGET
) -> TeamCalendar:
    """The calendar of a team, rows ordered by technician and day."""
    numbers = {who.id: n for n, who in enumerate(team.technicians)}
    tags = {who.id: who.tags for who in team.technicians}
    days = tuple(
        _day_of_work(numbers[d.shift.technician], _offering(d, tags[d.shift.technician]), roads)
        for d in in_rows(team.days)
    )
    arrays = team_arrays([d.instance for d in days])
    weights = weights or CostWeights()
    base = base_costs(arrays, weights.of_orders, budget)
    shifts: dict[tuple[int, date], tuple[Shift, ...]] = {}
    for d in days:
        shifts[d.technician, d.day] = (*shifts.get((d.technician, d.day), ()), d.shift)
    return team_calendar(team.technicians, "UTC", {**shifts, **team.off}, days, arrays, base)


def in_rows(days: Sequence[Day]) -> list[Day]:
    """Days in the order of a calendar's rows."""
    return sorted(days, key=lambda d: (d.shift.technician, d.shift.service_date, d.shift.number))


def _offering(day: Day, tags: frozenset[str]) -> Day:
    return replace(day, shift=replace(day.shift, offers=day.shift.offers or tags))


def an_instance(shift: Shift, placements: Sequence[Placement], roads: Roads) -> RouteInstance:
    """The solver's view of one route."""
    stops = (p.visit.location for p in placements)
    return route_instance(
        shift, placements, roads.among([shift.start_place, shift.end_place, *stops])
    )


def _day_of_work(number: int, day: Day, roads: Roads) -> DayOfWork:
    instance = day.instance or an_instance(day.shift, day.placements, roads)
    return DayOfWork(
        technician=number,
        day=day.shift.service_date,
        shift=day.shift,
        version=day.version,
        valid_until=None,
        placements=tuple(day.placements),
        instance=instance,
        renew_at=day.shift.window.end,
        keep_order=day.keep_order,
    )


def asked(start: str, end: str, day: date = MONDAY) -> AskedWindow:
    """An offer window in which service may start anywhere."""
    window = between(start, end, day)
    return AskedWindow(day, OfferWindow(window, window))


def a_query(place: int, windows: Sequence[AskedWindow], **more: object) -> SlotQuery:
    """An hour of service asked for on Monday. ``more``: any other field of ``SlotQuery``."""
    fields: dict[str, object] = {
        "service": timedelta(hours=1),
        "requires": frozenset[str](),
        "first_day": MONDAY,
        "notice": timedelta(0),
        "horizon": timedelta(days=28),
    }
    return SlotQuery(location=a_place(place), windows=tuple(windows), **{**fields, **more})  # type: ignore[arg-type]
