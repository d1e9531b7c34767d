"""Each finding on a day small enough to read, and what the referee owes: speed, independence."""

from __future__ import annotations

import ast
import random
import sys
import time
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from slotsvc.domain.place import Location
from slotsvc.domain.time_window import TimeWindow
from slotsvc.domain.visit import Stop
from slotsvc.domain.working_time import Break, NoShiftReason, Shift
from slotsvc.solver import checked_day, checker, courses, findings, removal, violations
from slotsvc.solver.checker import (
    CheckedVisit,
    Finding,
    FindingKind,
    Travel,
    check_route,
    check_times,
    no_shift,
    removal_safe,
)
from tests.solver.tiny_days import a_lunch, a_shift, a_visit, at, minutes

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


# --- rules of the shift ---------------------------------------------------------------------------


def found_on(
    shift: Shift, visits: list[CheckedVisit], travel: Travel
) -> list[tuple[FindingKind, str, int]]:
    return [(f.kind, f.subject, f.size) for f in check_route(shift, visits, travel)]


def test_overtime_moves_the_hard_end() -> None:
    """Home at 17:20 with 15 minutes of overtime allowed is 5 minutes too late."""
    visits = [a_visit("a", "16:00", "16:01")]
    shift = a_shift(overtime=timedelta(minutes=15))
    assert found_on(shift, visits, lambda i, j: 15 * 60) == []
    assert found_on(shift, visits, lambda i, j: 20 * 60) == [(FindingKind.SHIFT_END, "ana", 300)]


def test_most_driving() -> None:
    """Two legs of 30 minutes where 50 minutes are allowed, and the first visit late as well."""
    shift = a_shift(max_travel=timedelta(minutes=50))
    visits = [a_visit("a", "8:00", "8:30")]
    assert found_on(shift, visits, lambda i, j: 1800) == [
        (FindingKind.LATE, "a", 1),
        (FindingKind.MAX_TRAVEL, "ana", 600),
    ]
    cause = check_route(shift, visits, lambda i, j: 1800)[1].cause
    assert cause == "the day has 10 min more driving than the shift allows"


def test_most_visits() -> None:
    """Three visits where one is allowed are two too many, roads or not."""
    visits = [a_visit(name, "8:00", "17:00", 10) for name in "abc"]
    shift = a_shift(max_visits=1)
    assert found_on(shift, visits, lambda i, j: 0) == [(FindingKind.MAX_VISITS, "ana", 2)]
    kinds = {f.kind for f in check_route(shift, visits, lambda i, j: 1 << 29)}
    assert kinds == {FindingKind.MAX_VISITS, FindingKind.UNROUTABLE}


def test_unpaid_first_leg() -> None:
    """The shift begins on arrival at the first visit, whose door is 5 minutes from the road."""
    visit = a_visit("a", "8:00", "8:06", access=timedelta(minutes=5))
    assert found_on(a_shift(unpaid_first_leg=True), [visit], lambda i, j: 3600) == []
    assert found_on(a_shift(), [visit], lambda i, j: 3600) == [(FindingKind.LATE, "a", 3541)]


def test_unpaid_last_leg() -> None:
    """The shift ends with the last visit; the drive home still is driving."""
    visit = a_visit("a", "16:00", "16:01")
    shift = a_shift(unpaid_last_leg=True, max_travel=timedelta(minutes=100))
    assert found_on(shift, [visit], lambda i, j: 3000) == []
    assert found_on(a_shift(), [visit], lambda i, j: 3000) == [(FindingKind.SHIFT_END, "ana", 3000)]
    assert found_on(shift, [visit], lambda i, j: 3001) == [(FindingKind.MAX_TRAVEL, "ana", 2)]


@pytest.mark.parametrize("end", ["unpaid_first_leg", "unpaid_last_leg"])
def test_an_empty_day_with_an_unpaid_leg_takes_no_time(end: str) -> None:
    """There is one leg, and it is not paid; without a road it still is unroutable."""
    shift = a_shift("8:00", "8:01", **{end: True})
    assert found_on(shift, [], lambda i, j: 3600) == []
    assert found_on(shift, [], lambda i, j: 1 << 29) == [(FindingKind.UNROUTABLE, "ana", 0)]


def test_access_once_per_place() -> None:
    """Two visits in one house: ten minutes to the door, once; in two houses twice."""
    access = timedelta(minutes=10)
    first = a_visit("a", "8:00", "8:11", access=access, place=Location(43.7, 7.4))
    second = a_visit("b", "9:00", "9:11", access=access, place=Location(43.7, 7.4))
    assert found_on(a_shift(), [first, second], lambda i, j: 0) == []
    elsewhere = replace(second, place=Location(43.8, 7.4))
    late = [(FindingKind.LATE, "b", 541)]
    assert found_on(a_shift(), [first, elsewhere], lambda i, j: 0) == late
    nowhere = replace(second, place=None)
    assert found_on(a_shift(), [first, nowhere], lambda i, j: 0) == late


def test_lunch_inside_a_pausable_visit() -> None:
    """A job of six hours over lunch: at most half an hour of it is lunch, if it may be paused."""
    shift = a_shift("8:00", "17:00", a_lunch())
    visit = a_visit("a", "10:00", "10:01", 6 * 60, pausable=True)
    assert found_on(shift, [visit], lambda i, j: 1800) == []
    solid = replace(visit, pausable=False)
    assert found_on(shift, [solid], lambda i, j: 1800)[0][:2] == (FindingKind.BREAK, "break 1")


def test_sectors() -> None:
    """A visit of a sector not served that day; one without a sector is served by everybody."""
    shift = a_shift(sectors=frozenset({"north"}))
    visits = [
        a_visit("a", "9:00", "10:00", sector="south"),
        a_visit("b", "10:00", "14:00", sector="north"),
        a_visit("c", "10:00", "14:00"),
    ]
    found = check_route(shift, visits, lambda i, j: 0)
    assert [(f.kind, f.subject, f.cause) for f in found] == [
        (FindingKind.SECTOR, "a", "the sector south is not served that day")
    ]
    assert check_route(replace(shift, sectors=None), visits, lambda i, j: 0) == ()


def test_an_absence_inside_the_shift() -> None:
    """Away from 12:00: work that is not over by then runs into the absence, and it says so."""
    away = Break(TimeWindow(at("12:00"), at("12:00") + timedelta(seconds=1)), timedelta(hours=2))
    shift = a_shift("8:00", "17:00", replace(away, away=True))
    assert check_route(shift, [a_visit("a", "10:00", "10:31", 90)], lambda i, j: 1800) == ()
    found = check_route(shift, [a_visit("a", "10:00", "11:01", 150)], lambda i, j: 1800)
    assert found == (
        Finding(FindingKind.BREAK, "break 1", 1800, "work goes on 30 min into an absence"),
    )


def test_visits_without_a_shift() -> None:
    """On a day without a shift every visit says so, with the reason."""
    found = no_shift([a_visit("a", "9:00", "10:00"), a_visit("b", "9:00", "10:00")], ABSENT)
    assert [(f.kind, f.subject, f.size, f.cause) for f in found] == [
        (FindingKind.NO_SHIFT, "a", 0, "the technician is away all day"),
        (FindingKind.NO_SHIFT, "b", 0, "the technician is away all day"),
    ]
    causes = {no_shift([a_visit("a", "9:00", "10:00")], why)[0].cause for why in NoShiftReason}
    assert len(causes) == len(NoShiftReason)


ABSENT = NoShiftReason.ABSENT


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


def test_published_finish_of_a_pausable_visit() -> None:
    """From start to finish lie the service and the pauses inside, nothing else."""
    shift = a_shift("8:00", "17:00", a_lunch())
    visit = a_visit("a", "10:00", "10:01", 180, pausable=True)
    times = [a_stop("a", "10:00", "10:00", finish) for finish in ("13:30", "13:00", "13:20")]
    found = [check_times(shift, [visit], lambda i, j: 1800, [stop]) for stop in times]
    assert found[0] == ()
    assert [(f.kind, f.size) for f in found[1]] == [(FindingKind.BREAK, 1)]
    assert [(f.kind, f.size) for f in found[2]] == [(FindingKind.SERVICE, 600)]


# --- speed and independence -----------------------------------------------------------------------


def a_full_day(seed: int) -> tuple[Shift, list[CheckedVisit], dict[tuple[int, int], int]]:
    """Sixteen short visits with loose windows, three breaks, a matrix without any geometry."""
    rng = random.Random(seed)
    visits = [a_visit(f"v{i}", f"{8 + i // 2}:00", f"{12 + i // 2}:00", 10) for i in range(16)]
    breaks = [a_lunch(f"{h}:00", f"{h + 3}:00", 15) for h in (9, 12, 15)]
    block = {(i, j): rng.randrange(60, 1500) for i in range(18) for j in range(18)}
    return a_shift("8:00", "20:00", *breaks), visits, block


@pytest.mark.parametrize("late", [False, True])
@pytest.mark.machine_speed
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


@pytest.mark.parametrize("module", [checker, checked_day, courses, findings, removal, violations])
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
    referee = ("checked_day", "courses", "findings", "removal", "violations")
    assert foreign <= {f"slotsvc.solver.{name}" for name in referee}
