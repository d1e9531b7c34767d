"""Random small days in two languages: the oracle's plain numbers and the referee's words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st

from slotsvc.domain.place import Location
from slotsvc.domain.time_window import TimeWindow, from_epoch
from slotsvc.domain.working_time import Break, Shift
from slotsvc.solver.checker import CheckedVisit
from tests.solver.brute_force import UNREACHABLE, TinyRoute
from tests.solver.dice import Dice

DAY = datetime(2026, 6, 1, tzinfo=UTC)
EPOCH = int(DAY.timestamp())


HOME = Location(43.73, 7.42)


def at(clock: str) -> datetime:
    """``"9:30"`` on the test day, UTC."""
    hours, minutes = clock.split(":")
    return DAY + timedelta(hours=int(hours), minutes=int(minutes))


def between(start: str, end: str) -> TimeWindow:
    """``[start, end)`` on the test day."""
    return TimeWindow(at(start), at(end))


def a_shift(start: str = "8:00", end: str = "17:00", *breaks: Break, **more: object) -> Shift:
    """A shift from home to home. ``more``: other fields of it."""
    return Shift("ana", DAY.date(), between(start, end), breaks, HOME, HOME, **more)  # type: ignore[arg-type]


def a_lunch(start: str = "12:00", end: str = "13:00", minutes: int = 30) -> Break:
    """A pause of so many minutes that begins in ``[start, end)``."""
    return Break(between(start, end), timedelta(minutes=minutes))


def a_visit(name: str, start: str, end: str, minutes: int = 60, **more: object) -> CheckedVisit:
    """A visit of so many minutes. ``more``: other fields of it."""
    return CheckedVisit(name, between(start, end), timedelta(minutes=minutes), **more)  # type: ignore[arg-type]


def minutes(*rows: list[int]) -> dict[tuple[int, int], int]:
    """A travel block from rows of minutes."""
    return {(i, j): value * 60 for i, row in enumerate(rows) for j, value in enumerate(row)}


@dataclass(frozen=True)
class Tiny:
    """One random day in both languages; the route's order is 1, 2, … n."""

    route: TinyRoute
    shift: Shift
    visits: tuple[CheckedVisit, ...]

    def travel(self, i: int, j: int) -> int:
        """Driving between two nodes."""
        return self.route.travel[i][j]


def translated(route: TinyRoute, fixed: frozenset[int] = frozenset()) -> Tiny:
    """A route in the referee's words. ``places`` of the route are numbers; ``fixed``: visits that
    cannot be cancelled."""
    places = [Location(43.0 + number / 1000, 7.4) for number in _places(route)]
    soft_end = route.shift_end if route.soft_end is None else route.soft_end
    shift = Shift(
        "ana",
        DAY.date(),
        _window(route.shift_start, soft_end),
        tuple(Break(_window(a, b), _seconds(d)) for a, b, d in route.breaks),
        places[0],
        places[-1],
        overtime=_seconds(route.shift_end - soft_end),
        max_travel=None if route.most_travel is None else _seconds(route.most_travel),
        max_visits=route.most_visits,
        unpaid_first_leg=route.unpaid_first,
        unpaid_last_leg=route.unpaid_last,
    )
    visits = tuple(
        CheckedVisit(
            str(i),
            _window(*route.windows[i - 1]),
            _seconds(route.services[i - 1]),
            access=_seconds(route.access[i - 1] if route.access else 0),
            place=places[i],
            pausable=i in route.pausable,
            fixed=i in fixed,
        )
        for i in route.visits
    )
    return Tiny(route, shift, visits)


def _places(route: TinyRoute) -> Sequence[int]:
    return route.places or range(route.home + 1)


def _window(first: int, end: int) -> TimeWindow:
    return TimeWindow(from_epoch(EPOCH + first), from_epoch(EPOCH + end))


def _seconds(length: int) -> timedelta:
    return timedelta(seconds=length)


def days(
    least: int = 0, most: int = 5, slack: int = 14, skipping: int = 0, rules: bool = True
) -> st.SearchStrategy[Tiny]:
    """Days on which windows follow the clock loosely, so that about half of them are feasible.

    ``least`` / ``most``: visits. ``slack``: longest window. ``skipping``: legs that skip a stop may
    take so much longer. ``rules``: now and then with limits, access, unpaid legs, pausable visits.
    """

    def made(seed: bytes) -> Tiny:
        dice = Dice(seed)
        route = _a_route(dice, least + dice(most - least + 1), slack, skipping)
        return translated(_with_rules(dice, route) if rules and not dice.chance(3) else route)

    return st.binary(min_size=160, max_size=160).map(made)


def _a_route(dice: Dice, n: int, slack: int, skipping: int) -> TinyRoute:
    clock, windows, services = 0, [], []
    for _ in range(n):
        opens = max(0, clock - 4 + dice(13))
        windows.append((opens, opens + 1 + dice(slack)))
        services.append(dice(7))
        clock = opens + services[-1] + 4
    spans = sorted((dice(clock + 5), 1 + dice(slack), dice(6)) for _ in range(dice(3)))
    breaks = tuple((opens, opens + length, duration) for opens, length, duration in spans)
    end = clock + 3 + dice(18)
    travel = _matrix(dice, n, skipping)
    return TinyRoute(0, end, tuple(windows), tuple(services), breaks, travel)


def _matrix(dice: Dice, n: int, skipping: int) -> tuple[tuple[int, ...], ...]:
    """Without any geometry; in one of ten a road is missing now and then."""
    longer, holes = dice(skipping + 1), dice.chance(10)

    def leg(i: int, j: int) -> int:
        if holes and dice.chance(6):
            return UNREACHABLE
        return dice(10) + longer * (j > i + 1)

    return tuple(tuple(leg(i, j) for j in range(n + 2)) for i in range(n + 2))


def _with_rules(dice: Dice, route: TinyRoute) -> TinyRoute:
    n = len(route.windows)
    return replace(
        route,
        soft_end=dice.pick((None, max(1, route.shift_end - 9))),
        access=tuple(dice(4) for _ in range(n)),
        places=tuple(dice(3) for _ in range(n + 2)),
        pausable=dice.some(route.visits, 2),
        most_travel=dice.pick((None, None, 4 * n, 4 * n + 8)),
        most_visits=dice.pick((None, None, n, n + 1, max(0, n - 1))),
        unpaid_first=dice.chance(3),
        unpaid_last=dice.chance(3),
    )
