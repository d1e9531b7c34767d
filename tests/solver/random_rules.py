"""Random booking rules for a random question."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, time, timedelta

from slotsvc.domain.booking_rules import BookingRules, DateRange, SectorDays
from slotsvc.domain.time_window import TimeWindow
from slotsvc.solver.query import AskedWindow
from tests.solver.dice import Dice


def some_rules(dice: Dice, windows: Sequence[AskedWindow], unit: int) -> dict[str, object]:
    """Fields of ``SlotQuery``: each rule is there now and then."""
    days = sorted({asked.day for asked in windows})
    return {
        "rules": _rules(dice, days),
        "taken": {day: dice(4) for day in days},
        "reserve": timedelta(seconds=dice.pick((0, 0, 2, 10, 30)) * unit),
        "priority": dice.pick((0, 0, 1)),
        "due": _after_some(dice, windows) if dice.chance(4) else None,
        "promised": _promised(dice, windows, unit) if dice.chance(4) else None,
    }


def _rules(dice: Dice, days: Sequence[date]) -> BookingRules:
    some_day = dice.pick(days)
    weekdays = frozenset({some_day.weekday(), dice(7)})
    return BookingRules(
        cut_off=time(dice.pick((0, 8, 16))) if dice.chance(5) else None,
        cut_off_days=dice(2),
        daily_quota=dice.pick((None, None, 2, 3)),
        sector_days=(SectorDays("north", weekdays),) if dice.chance(3) else (),
        blackouts=(DateRange(some_day, some_day),) if dice.chance(6) else (),
    )


def _after_some(dice: Dice, windows: Sequence[AskedWindow]) -> object:
    """A due time in the middle of a window, or at its end."""
    window = dice.pick(windows).window.promise
    seconds = int(window.length.total_seconds())
    return window.start + timedelta(seconds=dice.pick((seconds, seconds // 2)))


def _promised(dice: Dice, windows: Sequence[AskedWindow], unit: int) -> tuple[TimeWindow, ...]:
    """Some windows, or parts of them; sometimes two in one."""
    told: list[TimeWindow] = []
    for asked in windows:
        window = asked.window.promise
        middle = window.start + timedelta(seconds=dice(4) * unit)
        if dice.chance(2) and middle < window.end:
            told.append(TimeWindow(middle, window.end))
            if dice.chance(3) and window.start < middle:
                told[-1:] = [TimeWindow(window.start, middle), told[-1]]
    return tuple(told)
