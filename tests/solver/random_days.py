"""Random small calendars and questions.

A question is made of a string of random bytes, one per decision, so that hypothesis can shrink it:
0 always is the simplest choice. Times are small numbers of a unit, so that ties and windows that
just close are frequent. Windows follow the committed order loosely; about two days in three work.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
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
from slotsvc.solver.checker import check_route, relaxed
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
    checked,
    in_rows,
)
from tests.solver.dice import Dice
from tests.solver.random_rules import some_rules

NAMES = ("ana", "bo", "cy")
TAGS = ("gas", "lift")
SECTORS = ("north", "south")
SECOND = timedelta(seconds=1)


ALL_FEATURES = frozenset(
    {
        "overtime", "max_travel", "max_visits", "unpaid", "access", "pausable", "pace", "sectors",
        "tags", "away", "shifts", "broken", "closing", "rules",
    }
)  # fmt: skip
"""What days may have beside visits and breaks; see ``random_day``."""

WITH_LIMIT = ALL_FEATURES | {"added"}
"""And a request that may add only so much driving."""


@dataclass(frozen=True)
class Question:
    """Everything ``suggest`` is asked with. ``given``: per row of the calendar, what it was made
    of. ``seed``: the bytes it was made of."""

    calendar: TeamCalendar
    roads: Roads
    query: SlotQuery
    params: SearchParams
    now: datetime
    given: tuple[Day, ...] = ()
    seed: bytes = b""

    def _repr_pretty_(self, printer: Any, _: bool) -> None:
        # written out it would be a book
        printer.text(f"the question made of {self.seed.rstrip(bytes(1))!r}")


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


@dataclass(frozen=True)
class Shape:
    """How large days may be. ``visits``: choices for the number of visits of a day. ``free``:
    visits may start at any time, so that all orders are possible. ``features``: of
    ``ALL_FEATURES``; a question has about a third of them. ``roads``: makes them. ``step``: windows
    are exact starts, so many units apart, and ``windows`` of them a day; 0: they are not."""

    visits: tuple[int, ...] = (2, 1, 3, 0, 4, 3, 5, 2, 4, 3, 5)
    days: int = 3
    technicians: int = 3
    windows: int = 4
    breaks: tuple[int, ...] = (0, 0, 1, 2)
    free: bool = False
    features: frozenset[str] = frozenset()
    roads: Callable[[Dice, int, int], Roads] = random_roads
    step: int = 0

    def draw[T](self, dice: Dice, feature: str, choices: Sequence[T]) -> T:
        """One of the choices; the first unless the days have the feature."""
        return dice.pick(choices) if feature in self.features else choices[0]


def questions(
    weights: CostWeights | None = None, freedom: Freedom | None = None, shape: Shape | None = None
) -> st.SearchStrategy[Question]:
    """Questions under given weights and freedom; None: either."""

    def made(seed: bytes) -> Question:
        question = a_question(Dice(seed), weights, freedom, shape or Shape())
        return replace(question, seed=seed)

    return st.binary(min_size=1400, max_size=1400).map(made)


def a_question(
    dice: Dice, weights: CostWeights | None, freedom: Freedom | None, shape: Shape
) -> Question:
    """One question."""
    unit = dice.pick((1, 30, 60))
    shape = replace(shape, features=dice.some(sorted(shape.features), 3))
    roads = shape.roads(dice, 3 + dice(5), unit)
    params = _params(dice, weights, freedom)
    team = _team(dice, roads, unit, shape)
    calendar = a_calendar(team, roads, params.weights)
    query = _query(dice, roads, unit, shape)
    now = at("0:00") + timedelta(hours=dice.pick((0, 0, 0, 0, 0, 0, 0, 9)))
    return Question(calendar, roads, query, params, now, tuple(in_rows(team.days)))


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
                days.extend(_shifts(dice, roads, unit, name, on, shape))
    tags = [tuple(tag for tag in TAGS if not dice.chance(4)) for _ in names]
    if "tags" in shape.features:
        days = [_with_offers(dice, day) for day in days]
        tags = [() for _ in names]
    technicians = [a_technician(name, *known) for name, known in zip(names, tags, strict=True)]
    return TeamDays(technicians, days, off)


def _with_offers(dice: Dice, day: Day) -> Day:
    """The day with tags of its own: what is offered may change from one shift to the next."""
    levels = {tag: dice.pick((1, 2, 0)) for tag in TAGS}
    offers = {tag for tag, level in levels.items() if level}
    offers |= {f"{tag}:{n}" for tag, level in levels.items() for n in range(1, level + 1)}
    return replace(day, shift=replace(day.shift, offers=frozenset(offers)))


def _shifts(
    dice: Dice, roads: Roads, unit: int, technician: str, on: date, shape: Shape
) -> list[Day]:
    """One shift, or two of which the second begins when the first is over, or a little later."""
    first = random_day(dice, roads, unit, technician, on, shape)
    if not shape.draw(dice, "shifts", (False, False, False, True)):
        return [first]
    later = first.shift.latest_end + dice.pick((0, 5, 30)) * timedelta(seconds=unit)
    second = random_day(dice, roads, unit, technician, on, shape, begins=later)
    return [first, replace(second, shift=replace(second.shift, number=1))]


def random_day(
    dice: Dice,
    roads: Roads,
    unit: int,
    technician: str = "ana",
    on: date = MONDAY,
    shape: Shape | None = None,
    begins: datetime | None = None,
) -> Day:
    """Visits whose windows lie around the times at which the committed order would meet them.

    ``begins``: None: at 8 o'clock.
    """
    shape, origin = shape or Shape(), begins or at("8:00", on)
    home, end_place = 0, dice.pick((0, 0, 1))
    clock, here, driven = 0, home, 0
    placements: list[Placement] = []
    for number in range(dice.pick(shape.visits)):
        place = dice(len(roads.seconds))
        if shape.draw(dice, "access", (False, False, True)):
            place = here
        leg = _leg(roads.seconds, here, place, unit)
        clock += leg + dice.pick((0, 0, 1, 3, 6))
        window = _window(dice, origin, clock, unit, shape)
        name = f"{technician}{origin:%d-%H%M%S}-{number}"
        placements.append(_visit(dice, name, window, place, unit, shape))
        clock += placements[-1].on_site // (unit * SECOND)
        here, driven = place, driven + leg
    breaks = _breaks(dice, origin, clock, unit, shape)
    paused = sum((b.duration for b in breaks), timedelta(0))
    leg = _leg(roads.seconds, here, end_place, unit)
    end = clock + leg + dice.pick((8, 2, 0, 20, 40))
    last = origin + timedelta(seconds=max(end, 1) * unit) + paused
    if dice.chance(10):  # a night shift reaches the windows of the day after
        last += timedelta(days=1)
    ends = (a_place(home), a_place(end_place))
    shift = Shift(technician, on, TimeWindow(origin, last), breaks, *ends)
    shift = _with_rules(dice, shift, unit, len(placements), driven + leg, shape)
    day = Day(shift, placements, keep_order=dice.chance(8))
    return _relaxed(dice, roads, day) if "broken" in shape.features else day


def _visit(
    dice: Dice, name: str, window: TimeWindow, place: int, unit: int, shape: Shape
) -> Placement:
    pausable = shape.draw(dice, "pausable", (False, False, True))
    length = max((dice(5) + (dice(9) if pausable else 0)) * unit, 1)
    access = shape.draw(dice, "access", (0, 0, 1, 2, 4)) * unit * SECOND
    about = {"access": access, "pausable": pausable}
    on_site = shape.draw(dice, "pace", (length, length, max(length - 1, 0), length + unit))
    pin = Pin.START if window.length == SECOND else dice.pick((Pin.NONE, Pin.TECHNICIAN))
    return a_placement(
        name, window, place, length * SECOND, pin, visit=about, on_site=on_site * SECOND
    )


def _with_rules(
    dice: Dice, shift: Shift, unit: int, visits: int, driven: int, shape: Shape
) -> Shift:
    """The shift with limits that the committed visits just keep, or do not."""
    units = unit * SECOND
    over = shape.draw(dice, "overtime", (0, 4, 12, 40))
    early = shape.draw(dice, "overtime", (0, over, over // 2, over + 3)) * units
    early = min(early, shift.window.length - SECOND)
    most = shape.draw(dice, "max_travel", (None, None, 6, 0, 20, 2, -3))
    return replace(
        shift,
        window=replace(shift.window, end=shift.window.end - early),
        overtime=over * units,
        max_travel=None if most is None else max(driven + most, 0) * units,
        max_visits=shape.draw(dice, "max_visits", (None, None, visits + 1, visits, visits + 2, 2)),
        unpaid_first_leg=shape.draw(dice, "unpaid", (False, False, True)),
        unpaid_last_leg=shape.draw(dice, "unpaid", (False, False, True)),
        sectors=shape.draw(dice, "sectors", (None, None, frozenset({"north"}), frozenset(SECTORS))),
        pace=shape.draw(dice, "pace", (100, 100, 80, 133, 107)),
    )


def _relaxed(dice: Dice, roads: Roads, day: Day) -> Day:
    """A broken day as it is planned on: violated limits moved out, order kept. Some are left so."""
    stops = (p.visit.location for p in day.placements)
    block = roads.among([day.shift.start_place, *stops, day.shift.end_place])
    found = check_route(day.shift, [checked(p) for p in day.placements], block)
    if not found or dice.chance(6):
        return day
    shift, placements = relaxed(day.shift, day.placements, found)
    return Day(shift, placements, keep_order=True, broken=(day.shift, day.placements))


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
    longest = shape.draw(dice, "pausable", (20, 3, 3))
    spans = sorted((dice(clock + 4), dice(longest)) for _ in range(dice.pick(shape.breaks)))
    return tuple(
        _break(dice, origin + opens * seconds, (1 + length) * seconds, unit, shape)
        for opens, length in spans
    )


def _break(dice: Dice, opens: datetime, length: timedelta, unit: int, shape: Shape) -> Break:
    """A pause, or an absence inside the shift."""
    away = shape.draw(dice, "away", (False, False, False, False, True))
    begins = TimeWindow(opens, opens + (SECOND if away else length))
    return Break(begins, timedelta(seconds=(1 + dice(5)) * unit), away)


def _query(dice: Dice, roads: Roads, unit: int, shape: Shape) -> SlotQuery:
    windows: list[AskedWindow] = []
    for later in range(1 + dice(shape.days)):
        on = MONDAY + timedelta(days=later)
        windows.extend(_windows(dice, on, unit, 1 + dice(shape.windows), shape))
    return a_query(
        dice(len(roads.seconds)),
        windows,
        service=timedelta(seconds=max(dice(6) * unit, 1)),
        requires=dice.some(TAGS, 10) | _levels(dice, shape),
        first_day=MONDAY - timedelta(days=dice.pick((0, 0, 2))),
        notice=timedelta(hours=dice.pick((0, 0, 0, 0, 0, 0, 0, 2, 30))),
        horizon=timedelta(hours=dice.pick((240, 240, 240, 240, 240, 240, 240, 20))),
        required=dice.some(NAMES, 25),
        forbidden=dice.some(NAMES, 16),
        preferred=dice.some(NAMES, 4),
        preferred_windows=tuple(a.window.promise for a in windows if dice.chance(5)),
        access=shape.draw(dice, "access", (0, 0, 1, 3)) * unit * SECOND,
        pausable=shape.draw(dice, "pausable", (False, True)),
        sector=shape.draw(dice, "sectors", ("", *SECTORS)),
        max_added_travel=_most_added(dice, unit, shape),
        **(some_rules(dice, windows, unit) if "rules" in shape.features else {}),
    )


def _most_added(dice: Dice, unit: int, shape: Shape) -> timedelta | None:
    most = shape.draw(dice, "added", (None, None, 6, 0, 12, 2))
    return None if most is None else most * unit * SECOND


def _levels(dice: Dice, shape: Shape) -> frozenset[str]:
    return dice.some(("gas:2", "lift:1"), 10) if "tags" in shape.features else frozenset()


def _windows(dice: Dice, on: date, unit: int, count: int, shape: Shape) -> list[AskedWindow]:
    clock, found = at("8:00", on), []
    if shape.step:
        return _exact_starts(on, shape.step * unit * SECOND, shape.windows)
    for _ in range(count):
        clock += dice.pick((0, 0, 3, 8)) * timedelta(seconds=unit)
        ends = clock + (1 + dice(16)) * timedelta(seconds=unit)
        promise = TimeWindow(clock, ends)
        cut = TimeWindow(clock, clock + (ends - clock) / (2 * unit) * unit if unit > 1 else ends)
        start = cut if dice.chance(5) else promise
        closing = shape.draw(dice, "closing", (None, None, 0, 3, 9))
        over = None if closing is None else ends + closing * unit * SECOND
        found.append(AskedWindow(on, OfferWindow(promise, start, over)))
        clock = ends
    return found


def _exact_starts(on: date, step: timedelta, count: int) -> list[AskedWindow]:
    """Promised from one start to the next; service starts at the first second of it."""
    starts = [at("8:00", on) + n * step for n in range(count)]
    return [
        AskedWindow(on, OfferWindow(TimeWindow(s, s + step), TimeWindow(s, s + SECOND)))
        for s in starts
    ]
