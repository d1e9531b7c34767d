"""The referee against literal simulation, and each finding on a day small enough to read."""

from __future__ import annotations

import ast
import random
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slotsvc.domain.place import Location
from slotsvc.domain.time_window import TimeWindow, from_epoch
from slotsvc.domain.visit import Stop
from slotsvc.domain.working_time import Break, Shift
from slotsvc.solver import checked_day, checker
from slotsvc.solver.checker import (
    CheckedVisit,
    Finding,
    FindingKind,
    check_route,
    check_times,
    removal_safe,
)
from tests.solver.brute_force import (
    UNREACHABLE,
    TinyRoute,
    assignments,
    cross_gap,
    feasible,
    infeasible_subset,
    simulate,
)

DAY = datetime(2026, 6, 1, tzinfo=UTC)
HOME = Location(43.73, 7.42)


def at(clock: str) -> datetime:
    """``"9:30"`` on the test day, UTC."""
    hours, minutes = clock.split(":")
    return DAY + timedelta(hours=int(hours), minutes=int(minutes))


def between(start: str, end: str) -> TimeWindow:
    return TimeWindow(at(start), at(end))


def a_shift(start: str = "8:00", end: str = "17:00", *breaks: Break) -> Shift:
    return Shift("ana", date(2026, 6, 1), between(start, end), breaks, HOME, HOME)


def a_lunch(start: str = "12:00", end: str = "13:00", minutes: int = 30) -> Break:
    return Break(between(start, end), timedelta(minutes=minutes))


def a_visit(name: str, start: str, end: str, minutes: int = 60) -> CheckedVisit:
    return CheckedVisit(name, between(start, end), timedelta(minutes=minutes))


def minutes(*rows: list[int]) -> dict[tuple[int, int], int]:
    """A travel block from rows of minutes."""
    return {(i, j): value * 60 for i, row in enumerate(rows) for j, value in enumerate(row)}


# --- each finding, by hand ------------------------------------------------------------------------


def test_a_legal_day_has_no_findings() -> None:
    """Two visits, lunch between them, home in time."""
    visits = [a_visit("a", "9:00", "10:00"), a_visit("b", "13:00", "14:00")]
    assert check_route(a_shift("8:00", "17:00", a_lunch()), visits, lambda i, j: 1800) == ()


def test_an_empty_day_is_legal() -> None:
    """Without visits the technician goes from the start to the end place and takes the breaks."""
    assert check_route(a_shift("8:00", "17:00", a_lunch()), [], lambda i, j: 0) == ()


def test_lateness_is_counted_from_the_last_legal_start() -> None:
    """A window is half-open: a start at its end is one second late."""
    visit = a_visit("a", "8:00", "8:30")
    assert check_route(a_shift(), [visit], lambda i, j: 1799) == ()
    assert check_route(a_shift(), [visit], lambda i, j: 1800) == (
        Finding(
            FindingKind.LATE,
            "a",
            1,
            "service starts 1 s after the last moment of its start window",
        ),
    )


def test_every_violated_window_is_named() -> None:
    """One delay that makes two visits and the way home late gives three findings with sizes."""
    visits = [a_visit("a", "8:00", "8:10"), a_visit("b", "9:00", "10:00", 420)]
    found = check_route(a_shift(), visits, lambda i, j: 45 * 60)

    assert [(f.kind, f.subject, f.size) for f in found] == [
        (FindingKind.LATE, "a", 35 * 60 + 1),
        (FindingKind.LATE, "b", 30 * 60 + 1),
        (FindingKind.SHIFT_END, "ana", 75 * 60),
    ]
    assert found[2].cause == "the end place is reached 1 h 15 min after the end of the shift"


def test_a_break_that_fits_nowhere_is_named() -> None:
    """A visit over the whole lunch window makes the break late, by the least possible."""
    visits = [a_visit("a", "10:30", "10:31", 210)]
    found = check_route(a_shift("8:00", "17:00", a_lunch()), visits, lambda i, j: 0)
    assert [(f.kind, f.subject, f.size) for f in found] == [
        (FindingKind.BREAK, "break 1", 3600 + 1)
    ]


def test_unroutable_legs_are_named_and_times_are_not_judged() -> None:
    """Without a road there are no times, so only the legs are reported, with their ends."""
    visits = [a_visit("a", "8:00", "8:01"), a_visit("b", "8:00", "8:01")]
    found = check_route(a_shift(), visits, minutes([0, 9, 9, 9], [9, 0, 1 << 29, 9], [9] * 4))
    assert [(f.kind, f.subject) for f in found] == [(FindingKind.UNROUTABLE, "b")]


def test_the_way_home_may_be_unroutable() -> None:
    """The last leg is a leg like the others; its subject is the technician."""
    found = check_route(a_shift(), [], lambda i, j: 1 << 29)
    assert [(f.kind, f.subject) for f in found] == [(FindingKind.UNROUTABLE, "ana")]


def test_missing_tags_and_other_technicians() -> None:
    """A visit needs every tag it requires, and the technician it is tied to."""
    visit = replace(
        a_visit("a", "9:00", "10:00"), requires=frozenset({"gas", "lift"}), technician="bo"
    )
    shift = replace(a_shift(), offers=frozenset({"gas"}))
    found = check_route(shift, [visit], lambda i, j: 60)

    assert [(f.kind, f.subject) for f in found] == [
        (FindingKind.TAG, "a"),
        (FindingKind.NOT_TECHNICIAN, "a"),
    ]
    assert found[0].cause == "the technician does not offer lift"


def test_a_window_that_is_over_cannot_be_planned() -> None:
    """With a clock given, a start window that is over is a finding; else the past is let be."""
    visit = a_visit("a", "9:00", "10:00")
    assert check_route(a_shift(), [visit], lambda i, j: 60) == ()
    assert check_route(a_shift(), [visit], lambda i, j: 60, at("9:59")) == ()
    assert [f.kind for f in check_route(a_shift(), [visit], lambda i, j: 60, at("10:00"))] == [
        FindingKind.PAST
    ]


def test_a_break_may_be_taken_on_the_way() -> None:
    """ADR 0003: without the stop in the middle the lunch moves onto the longer drive."""
    far = a_visit("far", "12:00", "13:15", 90)
    near = a_visit("near", "11:00", "12:00", 30)
    first = a_visit("first", "10:00", "10:01")
    shift = a_shift("9:00", "18:00", a_lunch())
    line = minutes([0, 0, 30, 60, 0], [0, 0, 30, 60, 0], [30, 30, 0, 30, 30], [60, 60, 30, 0, 60])

    assert check_route(shift, [first, near, far], line) == ()
    assert removal_safe(shift, [first, near, far], line) is None
    # and with the break at the stop before, as once designed, it would not have been:
    assert at("11:00") + timedelta(hours=1 + 0.5 + 1) >= far.start_window.end


# --- timetables -----------------------------------------------------------------------------------


def a_stop(name: str, arrival: str, start: str, finish: str) -> Stop:
    return Stop(name, at(arrival), at(start), at(finish))


@pytest.mark.parametrize(
    ("stop", "kind", "size"),
    [
        (a_stop("a", "9:00", "9:00", "10:00"), None, 0),
        (a_stop("a", "9:10", "9:20", "10:20"), None, 0),
        (a_stop("a", "8:20", "9:00", "10:00"), FindingKind.DRIVE, 600),
        (a_stop("a", "8:30", "8:50", "9:50"), FindingKind.EARLY, 600),
        (a_stop("a", "9:30", "9:20", "10:20"), FindingKind.EARLY, 600),
        (a_stop("a", "9:00", "10:00", "11:00"), FindingKind.LATE, 1),
        (a_stop("a", "9:00", "9:00", "9:50"), FindingKind.SERVICE, 600),
        (a_stop("b", "9:00", "9:00", "10:00"), FindingKind.STOPS, 0),
    ],
)
def test_published_stops(stop: Stop, kind: FindingKind | None, size: int) -> None:
    """A stop keeps its window, its service time and the drive to it."""
    found = check_times(a_shift(), [a_visit("a", "9:00", "10:00")], lambda i, j: 30 * 60, [stop])
    assert [(f.kind, f.size) for f in found] == ([] if kind is None else [(kind, size)])


def test_published_gaps_must_hold_the_break() -> None:
    """The driving alone would fit between two stops, but nowhere is room for the lunch."""
    visits = [a_visit("a", "9:00", "12:00", 180), a_visit("b", "12:00", "13:00", 240)]
    stops = [a_stop("a", "9:00", "9:00", "12:00"), a_stop("b", "12:10", "12:10", "16:10")]
    shift = a_shift("8:00", "17:00", a_lunch())

    found = check_times(shift, visits, lambda i, j: 600, stops)
    assert [(f.kind, f.subject, f.size) for f in found] == [(FindingKind.DRIVE, "b", 1800)]

    later = [stops[0], a_stop("b", "12:40", "12:40", "16:40")]
    assert check_times(shift, visits, lambda i, j: 600, later) == ()


# --- removal --------------------------------------------------------------------------------------


def test_a_detour_that_saves_time_is_not_safe_to_remove() -> None:
    """On a road network a stop may shorten the way; without it the next visit would be late."""
    visits = [a_visit("a", "8:00", "9:00", 1), a_visit("b", "8:00", "8:25", 10)]
    block = minutes([0, 10, 40, 0], [9, 0, 10, 9], [9, 9, 0, 9])

    assert check_route(a_shift(), visits, block) == ()
    assert removal_safe(a_shift(), visits, block) == Finding(
        FindingKind.REMOVAL,
        "b",
        15 * 60 + 1,
        "without a: service starts 15 min 1 s after the last moment of its start window",
    )


def test_replaced_and_replacing_need_not_fit_together() -> None:
    """Old and new at the same hour are judged apart; a pair that is not all here says nothing."""
    visits = [a_visit("old", "9:00", "9:30"), a_visit("new", "9:00", "9:30")]
    assert removal_safe(a_shift(), visits, lambda i, j: 60, [("old", "new")]) is None
    found = removal_safe(a_shift(), visits, lambda i, j: 60, [("old", "elsewhere")])
    assert found is not None
    assert found.subject == "new"


# --- against literal simulation -------------------------------------------------------------------

EPOCH = int(DAY.timestamp())


@dataclass(frozen=True)
class Tiny:
    """One random day in both languages; the route's order is 1, 2, … n."""

    route: TinyRoute
    shift: Shift
    visits: tuple[CheckedVisit, ...]

    def travel(self, i: int, j: int) -> int:
        return self.route.travel[i][j]


def translated(route: TinyRoute) -> Tiny:
    def window(first: int, end: int) -> TimeWindow:
        return TimeWindow(from_epoch(EPOCH + first), from_epoch(EPOCH + end))

    breaks = tuple(Break(window(a, b), timedelta(seconds=d)) for a, b, d in route.breaks)
    shift = Shift("ana", DAY.date(), window(route.shift_start, route.shift_end), breaks, HOME, HOME)
    visits = tuple(
        CheckedVisit(str(i), window(*opens), timedelta(seconds=service))
        for i, (opens, service) in enumerate(
            zip(route.windows, route.services, strict=True), start=1
        )
    )
    return Tiny(route, shift, visits)


def legs(draw: st.DrawFn, n: int, skipping: int) -> tuple[tuple[int, ...], ...]:
    """A matrix without any geometry; legs that skip a stop take up to ``skipping``."""
    leg = st.integers(0, 9) if draw(st.integers(0, 9)) else st.sampled_from([1, 2, UNREACHABLE])
    rows = draw(
        st.lists(st.lists(leg, min_size=n + 2, max_size=n + 2), min_size=n + 2, max_size=n + 2)
    )
    longer = draw(st.integers(0, skipping))
    return tuple(
        tuple(value + longer * (j > i + 1) for j, value in enumerate(row))
        for i, row in enumerate(rows)
    )


@st.composite
def days(
    draw: st.DrawFn, least: int = 0, most: int = 5, slack: int = 14, skipping: int = 0
) -> Tiny:
    """Days on which windows follow the clock loosely, so that about half of them are feasible."""
    n = draw(st.integers(least, most))
    clock, windows, services = 0, [], []
    for _ in range(n):
        opens = max(0, clock + draw(st.integers(-4, 8)))
        windows.append((opens, opens + draw(st.integers(1, slack))))
        services.append(draw(st.integers(0, 6)))
        clock = opens + services[-1] + 4
    spans = st.tuples(st.integers(0, clock + 4), st.integers(1, slack), st.integers(0, 5))
    breaks = tuple((a, a + b, d) for a, b, d in sorted(draw(st.lists(spans, max_size=2))))
    end = clock + draw(st.integers(3, 20))
    travel = legs(draw, n, skipping)
    return translated(TinyRoute(0, end, tuple(windows), tuple(services), breaks, travel))


@settings(max_examples=2000, deadline=None)
@given(days())
def test_legal_means_some_assignment_can_be_simulated(day: Tiny) -> None:
    """The referee finds nothing exactly when a simulation of some break assignment succeeds."""
    found = check_route(day.shift, day.visits, day.travel)
    assert (found == ()) == feasible(day.route, day.route.visits)


@settings(max_examples=600, deadline=None)
@given(days())
def test_findings_have_the_least_total_lateness(day: Tiny) -> None:
    """Sizes add up to the least lateness of any assignment; no road, no sizes."""
    found = check_route(day.shift, day.visits, day.travel)
    if all(f.kind is not FindingKind.UNROUTABLE for f in found):
        assert sum(f.size for f in found) == least_lateness(day.route)


def least_lateness(route: TinyRoute) -> int:
    """The same day with every limit turned into a number, over all assignments."""
    order = route.visits
    return min(
        lateness(route, order, chosen) for chosen in assignments(len(route.breaks), len(order))
    )


def lateness(route: TinyRoute, order: tuple[int, ...], chosen: tuple[int, ...]) -> int:
    clock, late, ends = route.shift_start, 0, [0, *order, len(order) + 1]
    for gap, (here, there) in enumerate([*pairwise(ends), (ends[-1], ends[-1])]):
        left = 0 if here == there else route.travel[here][there]
        for (opens, closes, length), where in zip(route.breaks, chosen, strict=True):
            if where == gap:
                ahead = min(left, max(0, opens - clock))
                late += max(0, max(clock, opens) - (closes - 1))
                clock, left = max(clock, opens) + length, left - ahead
        clock += left
        if there <= len(order):
            opens, closes = route.windows[there - 1]
            late += max(0, max(clock, opens) - (closes - 1))
            clock = max(clock, opens) + route.services[there - 1]
    return late + max(0, clock - route.shift_end)


@settings(max_examples=600, deadline=None)
@given(days(least=1), st.data())
def test_a_published_timetable_is_judged_by_its_gaps(day: Tiny, data: st.DataObject) -> None:
    """Simulated times pass; moved about at random, they pass exactly when every gap still holds."""
    order = day.route.visits
    chosen = data.draw(st.sampled_from(list(assignments(len(day.route.breaks), len(order)))))
    times = simulate(day.route, order, chosen)
    if times is None:
        return
    stops = [
        tuple(EPOCH + t for t in stop)
        for stop in zip(times.arrivals, times.starts, times.finishes, strict=True)
    ]
    assert check_times(day.shift, day.visits, day.travel, published(stops)) == ()

    shift = st.sampled_from([0, 0, 0, 1, -1, 4, -4])
    moved = [
        (arrival + data.draw(shift), start + move, finish + move)
        for arrival, start, finish in stops
        for move in [data.draw(shift)]
    ]
    found = check_times(day.shift, day.visits, day.travel, published(moved))
    assert (found == ()) == holds(day.route, [tuple(t - EPOCH for t in stop) for stop in moved])


def published(stops: Sequence[tuple[int, ...]]) -> list[Stop]:
    return [Stop(str(i), *(from_epoch(t) for t in times)) for i, times in enumerate(stops, start=1)]


def holds(route: TinyRoute, stops: list[tuple[int, ...]]) -> bool:
    """Windows and services are kept, and some assignment of the breaks fits between the stops."""
    for (opens, closes), (arrival, start, _) in zip(route.windows, stops, strict=True):
        if not (opens <= start < closes and arrival <= start):
            return False
    return any(gaps_hold(route, stops, a) for a in assignments(len(route.breaks), len(stops)))


def gaps_hold(route: TinyRoute, stops: list[tuple[int, ...]], chosen: tuple[int, ...]) -> bool:
    leaves = [route.shift_start, *(finish for _, _, finish in stops)]
    meets = [*(arrival for arrival, _, _ in stops), route.shift_end]
    for gap, (leave, meet) in enumerate(zip(leaves, meets, strict=True)):
        # breaks after arriving at the end place lie behind the last drive
        taken = [b for b, g in zip(route.breaks, chosen, strict=True) if g == gap]
        arrival = cross_gap(leave, route.travel[gap][gap + 1], taken)
        if arrival is not None and gap == len(stops):
            rest = [b for b, g in zip(route.breaks, chosen, strict=True) if g == gap + 1]
            arrival = cross_gap(arrival, 0, rest)
        if arrival is None or arrival > meet:
            return False
    return True


@settings(max_examples=400, deadline=None)
@given(days(least=6, most=6, slack=40, skipping=40), st.permutations(range(1, 7)))
def test_removal_against_every_subset(day: Tiny, roles: list[int]) -> None:
    """Six stops, three of them held, one of those replacing a booked one: every subset is tried."""
    old, new = roles[0], roles[3]
    found = removal_safe(day.shift, day.visits, day.travel, [(str(old), str(new))])
    left = infeasible_subset(day.route, day.route.visits, [(old, new)])
    assert (found is None) == (left is None)


@settings(max_examples=300, deadline=None)
@given(days(least=1, most=5, slack=40, skipping=40))
def test_removal_names_a_subset_that_breaks(day: Tiny) -> None:
    """The finding names what is gone, and the rest is in fact infeasible."""
    found = removal_safe(day.shift, day.visits, day.travel)
    if found is not None:
        gone = found.cause.partition("without ")[2].partition(": ")[0].split(", ")
        order = [visit for visit in day.route.visits if str(visit) not in gone]
        assert not feasible(day.route, order)


# --- speed and independence -----------------------------------------------------------------------


def a_full_day(seed: int) -> tuple[Shift, list[CheckedVisit], dict[tuple[int, int], int]]:
    """Sixteen short visits with loose windows, three breaks, a matrix without any geometry."""
    rng = random.Random(seed)
    visits = [a_visit(f"v{i}", f"{8 + i // 2}:00", f"{12 + i // 2}:00", 10) for i in range(16)]
    breaks = [a_lunch(f"{h}:00", f"{h + 3}:00", 15) for h in (9, 12, 15)]
    block = {(i, j): rng.randrange(60, 1500) for i in range(18) for j in range(18)}
    return a_shift("8:00", "20:00", *breaks), visits, block


@pytest.mark.parametrize("late", [False, True])
def test_sixteen_visits_and_three_breaks_take_less_than_20_ms(late: bool) -> None:
    """The referee is fast enough to sit in front of every write."""
    shift, visits, block = a_full_day(7)
    if late:
        visits[2] = a_visit("v2", "8:00", "8:05", 10)
    assert (check_route(shift, visits, block) == ()) is not late
    assert best_of_five(lambda: check_route(shift, visits, block)) < 0.020
    assert best_of_five(lambda: removal_safe(shift, visits, block)) < 0.100


def best_of_five(call: object) -> float:
    spent = []
    for _ in range(5):
        begun = time.perf_counter()
        call()  # type: ignore[operator]
        spent.append(time.perf_counter() - begun)
    return min(spent)


@pytest.mark.parametrize("module", [checker, checked_day])
def test_the_referee_shares_no_code_with_the_solver(module: object) -> None:
    """Only the standard library, the domain and its own view of a day are imported."""
    tree = ast.parse(Path(module.__file__).read_text(encoding="utf-8"))  # type: ignore[attr-defined]
    names = {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    names |= {
        alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.Import)
        for alias in node.names
    }
    foreign = {
        name
        for name in names
        if name.partition(".")[0] not in sys.stdlib_module_names
        and not name.startswith("slotsvc.domain.")
    }
    assert foreign <= {"slotsvc.solver.checked_day"}
