"""Random teams and questions with every rule that needs no search switched on now and then."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Any

import numpy as np
from hypothesis import strategies as st

from slotsvc.domain.booking_rules import BookingRules, DateRange, SectorDays
from slotsvc.domain.offer_windows import OfferWindow
from slotsvc.domain.time_window import TimeWindow, merge
from slotsvc.domain.visit import Placement
from slotsvc.domain.working_time import Break, NoShiftReason, Shift
from slotsvc.solver.query import AskedWindow, SlotQuery
from slotsvc.solver.route_facts import route_facts
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
from tests.solver.random_days import Dice

NAMES = ("ana", "bo")
HOUR, SECOND = timedelta(hours=1), timedelta(seconds=1)
DAYS = 3


@dataclass(frozen=True)
class RuledQuestion:
    """A calendar and a question. ``seed``: the bytes it was made of."""

    calendar: TeamCalendar
    roads: Roads
    query: SlotQuery
    now: datetime
    seed: bytes = b""

    def _repr_pretty_(self, printer: Any, _: bool) -> None:
        printer.text(f"the question made of {self.seed.rstrip(bytes(1))!r}")


def ruled_questions() -> st.SearchStrategy[RuledQuestion]:
    """Questions; the first choice of every decision is that the rule is off."""
    return st.binary(min_size=900, max_size=900).map(a_ruled_question)


def a_ruled_question(seed: bytes) -> RuledQuestion:
    """One question."""
    dice = Dice(seed)
    roads = _roads(dice)
    calendar = a_calendar(_team(dice, roads), roads)
    days = tuple(replace(day, move_pending=dice.chance(12)) for day in calendar.days)
    calendar = replace(calendar, days=days, facts=route_facts(days))
    now = at("0:00") + dice.pick((0, 0, 0, 0, 0, 9, 17, 30)) * HOUR - HOUR
    return RuledQuestion(calendar, roads, _query(dice), now, seed)


def _roads(dice: Dice) -> Roads:
    minutes = np.array([[dice(40) for _ in range(4)] for _ in range(4)], np.int32)
    np.fill_diagonal(minutes, 0)
    return Roads(np.where(minutes >= 38, NO_ROAD, minutes * 60).astype(np.int32))


def _team(dice: Dice, roads: Roads) -> TeamDays:
    days: list[Day] = []
    off: dict[tuple[int, date], NoShiftReason] = {}
    for number, name in enumerate(NAMES[: 1 + dice(2)]):
        for later in range(DAYS):
            on = MONDAY + timedelta(days=later)
            if dice.chance(5):
                off[number, on] = dice.pick(tuple(NoShiftReason))
            else:
                days.extend(_shifts(dice, name, on))
    return TeamDays([a_technician(name) for name in NAMES], days, off)


def _shifts(dice: Dice, name: str, on: date) -> list[Day]:
    """One shift, two with a gap between them, or one into the next morning."""
    kind = dice(4)
    spans = {0: [(8, 17)], 1: [(7, 11), (14, 18)], 2: [(20, 30)], 3: [(8, 12)]}[kind]
    return [_day(dice, name, on, number, *span) for number, span in enumerate(spans)]


def _day(dice: Dice, name: str, on: date, number: int, start: int, end: int) -> Day:
    window = TimeWindow(at(f"{start}:00", on), at(f"{end}:00", on))
    pause = Break(TimeWindow(window.start + 2 * HOUR, window.start + 3 * HOUR), HOUR / 2)
    shift = Shift(
        name,
        on,
        window,
        dice.pick(((), (pause,))),
        a_place(0),
        a_place(0),
        offers=dice.pick((frozenset({"gas", "gas:1", "gas:2"}), frozenset({"gas", "gas:1"}))),
        number=number,
        overtime=dice.pick((0, 0, 1)) * HOUR,
        max_visits=dice.pick((None, None, None, 3, 1, 2, 0)),
        sectors=dice.pick((None, None, frozenset({"north"}), frozenset[str]())),
        pace=dice.pick((100, 133, 50)),
    )
    return Day(shift, [_visit(dice, name, shift, n) for n in range(dice.pick((0, 1, 2)))])


def _visit(dice: Dice, name: str, shift: Shift, number: int) -> Placement:
    opens = shift.window.start + (number + 1 + dice(2)) * HOUR
    window = TimeWindow(opens, opens + dice.pick((2, 1, 4)) * HOUR)
    label = f"{name}{shift.window.start:%d%H}-{number}"
    return a_placement(label, window, dice(4), dice.pick((30, 60, 90)) * HOUR / 60)


def _query(dice: Dice) -> SlotQuery:
    windows, closed = [], []
    for later in range(DAYS):
        on = MONDAY + timedelta(days=later)
        for start in range(0, 24, dice.pick((3, 2, 4))):
            if not dice.chance(3):
                (closed if dice.chance(9) else windows).append(_asked(dice, on, start))
    return a_query(
        dice(4),
        windows,
        closed=tuple(closed),
        service=dice.pick((60, 30, 45, 200, 60, 700)) * HOUR / 60,
        requires=frozenset(dice.pick(((), (), ("gas",), ("gas:2",), (), ("gas:2", "lift")))),
        notice=dice.pick((0, 0, 0, 0, 3)) * HOUR,
        horizon=dice.pick((400, 400, 400, 400, 40)) * HOUR,
        required=frozenset(dice.pick(((), (), (), (), ("ana",)))),
        forbidden=frozenset(dice.pick(((), (), (), ("bo",)))),
        **_rules(dice),
    )


def _rules(dice: Dice) -> Mapping[str, Any]:
    days = [MONDAY + timedelta(days=n) for n in range(DAYS)]
    first = dice.pick(days)
    rules = BookingRules(
        cut_off=dice.pick((None, None, None, time(16), time(9))),
        cut_off_days=dice.pick((0, 1, 2)),
        daily_quota=dice.pick((None, None, None, None, 3)),
        sector_days=dice.pick(((), (SectorDays("north", frozenset({0, 2})),))),
        blackouts=dice.pick(((), (), (), (), (DateRange(first, max(first, dice.pick(days))),))),
    )
    told = [at("0:00", dice.pick(days)) + dice(40) * HOUR / 2 for _ in range(3)]
    kept = merge(TimeWindow(start, start + (1 + dice(12)) * HOUR / 2) for start in told)
    return {
        "pausable": dice.chance(3),
        "sector": dice.pick(("", "north", "south")),
        "priority": dice.pick((0, 0, 1)),
        "due": dice.pick((None, None, None, at("0:00") + dice(72) * HOUR + 30 * SECOND)),
        "promised": dice.pick((*[None] * 8, kept, kept, ())),
        "rules": rules,
        "taken": {on: dice(4) for on in days},
        "reserve": dice.pick((0, 0, 2, 4)) * HOUR,
    }


def _asked(dice: Dice, on: date, start: int) -> AskedWindow:
    begins = at(f"{start}:00", on)
    promise = TimeWindow(begins, begins + 2 * HOUR)
    last = dice.pick((2 * HOUR, 2 * HOUR, HOUR, SECOND))
    by = dice.pick((*[None] * 6, begins + dice.pick((3, 1, 2, 5)) * HOUR))
    window = OfferWindow(promise, TimeWindow(begins, begins + last), finish_by=by)
    return AskedWindow(on, window)
