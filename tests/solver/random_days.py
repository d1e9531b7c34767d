"""Random small calendars and questions.

A question is made of a string of random bytes, one per decision, so that hypothesis can shrink it:
0 always is the simplest choice. Times are small numbers of a unit, so that ties and windows that
just close are frequent. Windows follow the committed order loosely; about two days in three work.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from slotsvc.domain.offer_windows import OfferWindow
from slotsvc.domain.time_window import TimeWindow
from slotsvc.domain.visit import Pin, Placement
from slotsvc.domain.working_time import Break, NoShiftReason, Shift
from slotsvc.solver.params import TRAVEL_ONLY, CostWeights, Freedom, SearchParams
from slotsvc.solver.query import AskedWindow, SlotQuery
from slotsvc.solver.team_calendar import TeamCalendar
from tests.solver.calendars import (
    MONDAY,
    NO_ROAD,
    Day,
    Roads,
    TeamDays,
    a_calendar,
    a_place,
    a_placement,
    a_query,
    a_technician,
    at,
)

NAMES = ("ana", "bo", "cy")
TAGS = ("gas", "lift")
SECOND = timedelta(seconds=1)


class Dice:
    """Decisions read off a string of bytes; 0 when it has come to its end."""

    def __init__(self, seed: bytes) -> None:
        self._rest = iter(seed)

    def __call__(self, sides: int) -> int:
        """A number from 0 to ``sides - 1``."""
        return next(self._rest, 0) % sides

    def pick[T](self, choices: Sequence[T]) -> T:
        """One of the choices; the first is the simplest."""
        return choices[self(len(choices))]

    def chance(self, one_in: int) -> bool:
        """True about once in so many times."""
        return self(one_in) == one_in - 1

    def some[T](self, choices: Sequence[T], one_in: int) -> frozenset[T]:
        """A subset."""
        return frozenset(c for c in choices if self.chance(one_in))


@dataclass(frozen=True)
class Question:
    """Everything ``suggest`` is asked with. ``seed``: the bytes it was made of."""

    calendar: TeamCalendar
    roads: Roads
    query: SlotQuery
    params: SearchParams
    now: datetime
    seed: bytes = b""

    def _repr_pretty_(self, printer: Any, _: bool) -> None:
        # written out it would be a book
        printer.text(f"the question made of {self.seed.rstrip(bytes(1))!r}")


@dataclass(frozen=True)
class Shape:
    """How large days may be. ``visits``: choices for the number of visits of a day. ``free``:
    visits may start at any time, so that all orders are possible."""

    visits: tuple[int, ...] = (2, 1, 3, 0, 4, 3, 5, 2, 4, 3, 5)
    days: int = 3
    technicians: int = 3
    windows: int = 4
    breaks: tuple[int, ...] = (0, 0, 1, 2)
    free: bool = False


def questions(
    weights: CostWeights | None = None, freedom: Freedom | None = None, shape: Shape | None = None
) -> st.SearchStrategy[Question]:
    """Questions under given weights and freedom; None: either."""

    def made(seed: bytes) -> Question:
        question = a_question(Dice(seed), weights, freedom, shape or Shape())
        return replace(question, seed=seed)

    return st.binary(min_size=700, max_size=700).map(made)


def a_question(
    dice: Dice, weights: CostWeights | None, freedom: Freedom | None, shape: Shape
) -> Question:
    """One question."""
    unit = dice.pick((1, 30, 60))
    roads = random_roads(dice, 3 + dice(5), unit)
    params = _params(dice, weights, freedom)
    team = _team(dice, roads, unit, shape)
    calendar = a_calendar(team, roads, params.weights)
    query = _query(dice, roads, unit, shape)
    now = at("0:00") + timedelta(hours=dice.pick((0, 0, 0, 0, 0, 0, 0, 9)))
    return Question(calendar, roads, query, params, now)


def random_roads(dice: Dice, places: int, unit: int) -> Roads:
    """On a line, on metric roads, without any geometry, or with missing roads."""
    kind = dice(5)
    if kind == 0:
        points = np.array([dice(12) for _ in range(places)], np.int32)
        block = np.abs(points[:, None] - points[None, :])
    else:
        block = np.array([[dice(14) for _ in range(places)] for _ in range(places)], np.int32)
        np.fill_diagonal(block, 0)
    if kind == 1:
        for via in range(places):
            np.minimum(block, block[:, via, None] + block[None, via, :], out=block)
    seconds = (block * unit).astype(np.int32)
    if kind == 4:
        seconds[block >= 12] = NO_ROAD
    return Roads(seconds)


def _params(dice: Dice, weights: CostWeights | None, freedom: Freedom | None) -> SearchParams:
    return SearchParams(
        max_slots=dice.pick((5, 50, 1, 2, 3)),
        max_per_day=dice.pick((2, 50, 1, 3)),
        weights=weights or dice.pick((CostWeights(), TRAVEL_ONLY)),
        freedom=freedom or dice.pick((Freedom.RESEQUENCE, Freedom.INSERT_ONLY)),
    )


def _team(dice: Dice, roads: Roads, unit: int, shape: Shape) -> TeamDays:
    names = NAMES[: 1 + dice(shape.technicians)]
    days, off = [], {}
    for number, name in enumerate(names):
        for later in range(1 + dice(shape.days)):
            on = MONDAY + timedelta(days=later)
            if dice.chance(12):
                off[number, on] = dice.pick(tuple(NoShiftReason))
            else:
                days.append(random_day(dice, roads, unit, name, on, shape))
    technicians = [
        a_technician(name, *(tag for tag in TAGS if not dice.chance(4))) for name in names
    ]
    return TeamDays(technicians, days, off)


def random_day(
    dice: Dice,
    roads: Roads,
    unit: int,
    technician: str = "ana",
    on: date = MONDAY,
    shape: Shape | None = None,
) -> Day:
    """Visits whose windows lie around the times at which the committed order would meet them."""
    shape = shape or Shape()
    places = len(roads.seconds)
    origin = at("8:00", on)
    home, end_place = 0, dice.pick((0, 0, 1))
    clock, here = 0, home
    placements: list[Placement] = []
    for number in range(dice.pick(shape.visits)):
        place = dice(places)
        clock += _leg(roads.seconds, here, place, unit) + dice.pick((0, 0, 1, 3, 6))
        service = dice(5)
        name = f"{technician}{on.day}-{number}"
        length = timedelta(seconds=max(service * unit, 1))
        window = _window(dice, origin, clock, unit, shape)
        pin = Pin.START if window.length == SECOND else dice.pick((Pin.NONE, Pin.TECHNICIAN))
        placements.append(a_placement(name, window, place, length, pin))
        clock, here = clock + service, place
    breaks = _breaks(dice, origin, clock, unit, shape)
    paused = sum((b.duration for b in breaks), timedelta(0))
    end = clock + _leg(roads.seconds, here, end_place, unit) + dice.pick((8, 2, 0, 20, 40))
    last = origin + timedelta(seconds=max(end, 1) * unit) + paused
    if dice.chance(10):  # a night shift reaches the windows of the day after
        last += timedelta(days=1)
    ends = (a_place(home), a_place(end_place))
    shift = Shift(technician, on, TimeWindow(origin, last), breaks, *ends)
    return Day(shift, placements, keep_order=dice.chance(8))


def _leg(seconds: NDArray[np.int32], here: int, there: int, unit: int) -> int:
    leg = int(seconds[here, there])
    return 3 if leg >= NO_ROAD else leg // unit


def _window(dice: Dice, origin: datetime, clock: int, unit: int, shape: Shape) -> TimeWindow:
    seconds = timedelta(seconds=unit)
    if shape.free:
        return TimeWindow(origin, origin + 300 * seconds)
    if dice.chance(8):  # pinned: it starts then or never
        start = origin + clock * seconds
        return TimeWindow(start, start + SECOND)
    opens = max(0, clock - dice.pick((2, 0, 5, 9, 30)))
    closes = clock + dice.pick((12, 30, 1, 4, 60))
    return TimeWindow(origin + opens * seconds, origin + closes * seconds)


def _breaks(dice: Dice, origin: datetime, clock: int, unit: int, shape: Shape) -> tuple[Break, ...]:
    seconds = timedelta(seconds=unit)
    spans = sorted((dice(clock + 4), dice(20)) for _ in range(dice.pick(shape.breaks)))
    return tuple(
        Break(
            TimeWindow(origin + opens * seconds, origin + (opens + 1 + length) * seconds),
            (1 + dice(5)) * seconds,
        )
        for opens, length in spans
    )


def _query(dice: Dice, roads: Roads, unit: int, shape: Shape) -> SlotQuery:
    windows: list[AskedWindow] = []
    for later in range(1 + dice(shape.days)):
        on = MONDAY + timedelta(days=later)
        windows.extend(_windows(dice, on, unit, 1 + dice(shape.windows)))
    return a_query(
        dice(len(roads.seconds)),
        windows,
        service=timedelta(seconds=max(dice(6) * unit, 1)),
        requires=dice.some(TAGS, 10),
        first_day=MONDAY - timedelta(days=dice.pick((0, 0, 2))),
        notice=timedelta(hours=dice.pick((0, 0, 0, 0, 0, 0, 2, 30))),
        horizon=timedelta(hours=dice.pick((240, 240, 240, 240, 240, 240, 240, 20))),
        required=dice.some(NAMES, 25),
        forbidden=dice.some(NAMES, 16),
        preferred=dice.some(NAMES, 4),
        preferred_windows=tuple(a.window.promise for a in windows if dice.chance(5)),
    )


def _windows(dice: Dice, on: date, unit: int, count: int) -> list[AskedWindow]:
    clock, found = at("8:00", on), []
    for _ in range(count):
        clock += dice.pick((0, 0, 3, 8)) * timedelta(seconds=unit)
        ends = clock + (1 + dice(16)) * timedelta(seconds=unit)
        promise = TimeWindow(clock, ends)
        cut = TimeWindow(clock, clock + (ends - clock) / (2 * unit) * unit if unit > 1 else ends)
        start = cut if dice.chance(5) else promise
        found.append(AskedWindow(on, OfferWindow(promise, start)))
        clock = ends
    return found
