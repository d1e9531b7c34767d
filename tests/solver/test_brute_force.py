"""The oracle itself, checked by hand and against an even plainer enumeration."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.solver.brute_force import (
    UNREACHABLE,
    TinyRoute,
    TinyTimes,
    assignments,
    brute_added_cost,
    brute_best,
    brute_cost,
    brute_insertions,
    cross_gap,
    infeasible_subset,
    simulate,
    subsets_feasible,
    work_through,
)

ANY_TIME = (0, 1000)


def on_a_line(
    *places: int,
    windows: tuple[tuple[int, int], ...] | None = None,
    breaks: tuple[tuple[int, int, int], ...] = (),
    shift_end: int = 1000,
    **more: object,
) -> TinyRoute:
    """Visits of 5 at points of a line; the depot stands at 0 and a metre takes one unit of time.
    ``more``: other fields of the route."""
    points = (0, *places, 0)
    return TinyRoute(
        shift_start=0,
        shift_end=shift_end,
        windows=windows or (ANY_TIME,) * len(places),
        services=(5,) * len(places),
        breaks=breaks,
        travel=tuple(tuple(abs(a - b) for b in points) for a in points),
        **more,  # type: ignore[arg-type]
    )


def test_best_order_on_a_line() -> None:
    """Two visits on a line cost the way there and back, nearest first being the first optimum."""
    assert brute_best(on_a_line(10, 30)) == (60_000, (1, 2))


def test_no_visits() -> None:
    """An empty day costs the direct way from the start to the end place."""
    assert brute_best(on_a_line()) == (0, ())


def test_waiting_is_counted_between_first_and_last() -> None:
    """Idle time before the first visit is free, between two visits it costs beta."""
    route = on_a_line(10, 30, windows=((50, 60), (90, 100)))
    # service 50-55, drive to 75, wait 15
    assert brute_cost(route, (1, 2)) == 60_000 + 15 * 250


def test_breaks_between_visits_are_not_waiting() -> None:
    """A break taken between the first and the last visit is taken out of the waiting."""
    route = on_a_line(10, 30, windows=((50, 60), (90, 100)), breaks=((76, 77, 10),))
    assert brute_cost(route, (1, 2)) == 60_000 + 5 * 250


def test_cheapest_assignment_wins() -> None:
    """A break that may go before the first visit or between two goes where it saves waiting."""
    route = on_a_line(10, 30, windows=((40, 41), (90, 100)), breaks=((0, 80, 20),))
    before, between = simulate(route, (1, 2), (0,)), simulate(route, (1, 2), (1,))

    assert before is not None
    assert between is not None
    assert before.starts == between.starts == (40, 90)
    assert brute_cost(route, (1, 2)) == 60_000 + 5 * 250


def test_windows_are_half_open() -> None:
    """A start at the closing second is too late, one before it is not."""
    assert brute_best(on_a_line(10, windows=((0, 10),))) is None
    assert brute_best(on_a_line(10, windows=((0, 11),))) == (20_000, (1,))


def test_shift_end_is_included() -> None:
    """The end place may be reached exactly at the shift's end."""
    assert brute_best(on_a_line(10, shift_end=25)) is not None
    assert brute_best(on_a_line(10, shift_end=24)) is None


def test_unreachable_legs() -> None:
    """A leg without a road makes every order that uses it infeasible."""
    cut = ((0, 3, 1), (UNREACHABLE, 0, UNREACHABLE), (1, 3, 0))
    route = TinyRoute(0, 100, (ANY_TIME,), (5,), (), cut)
    assert brute_best(route) is None
    assert infeasible_subset(route, (1,)) == (1,)


def test_insertions_name_every_position() -> None:
    """One cost for each position a request can be put at, None where it does not fit."""
    route = on_a_line(10, 20, windows=(ANY_TIME, (0, 21)))
    assert brute_insertions(route, (1,), 2) == [40_000, None]


def test_added_cost_under_both_freedoms() -> None:
    """Re-sequencing lets both sides use their best order, inserting keeps the committed one."""
    route = on_a_line(10, -10, 20)
    assert brute_added_cost(route, (1, 2), 3) == 20_000
    assert brute_added_cost(route, (2, 1), 3, insert_only=True) == 20_000
    assert brute_added_cost(route, (1, 2), 3, insert_only=True) == 20_000


def test_assignments_keep_the_order_of_breaks() -> None:
    """No break overtakes another: with two breaks and one visit there are six ways."""
    ways = list(assignments(2, 1))
    assert len(ways) == 6
    assert all(a <= b for way in ways for a, b in pairwise(way))


def test_replaced_visits_never_stand_together() -> None:
    """Two visits that exclude each other are feasible apart and judged apart."""
    route = on_a_line(10, -10, windows=((0, 11), (0, 11)))
    assert not subsets_feasible(route, (1, 2))
    assert subsets_feasible(route, (1, 2), [(1, 2)])


def test_overtime_is_what_lies_after_the_soft_end() -> None:
    """Home at 65, regular time over at 60: five of overtime; after the hard end nothing goes."""
    late = on_a_line(30, soft_end=60, shift_end=65)
    assert brute_cost(late, (1,)) == 60_000 + 5 * 2000
    assert brute_cost(on_a_line(30, soft_end=60, shift_end=64), (1,)) is None


def test_overtime_may_be_worth_less_than_waiting() -> None:
    """A break fills the gap between two visits or comes after them, whatever costs least."""
    gap = ((10, 11), (60, 61))
    route = on_a_line(10, 20, windows=gap, breaks=((0, 900, 30),), soft_end=100, shift_end=200)
    # home at 85; in the gap of 35 the break leaves 5 of waiting, after it 35 of waiting, 15 over
    assert brute_cost(route, (1, 2)) == 40_000 + 5 * 250
    assert brute_cost(route, (1, 2), (1000, 250, 0)) == 40_000 + 5 * 250
    assert brute_cost(replace(route, breaks=((85, 900, 30),)), (1, 2)) == 40_000 + 8750 + 30_000


def test_access_once_per_place() -> None:
    """Two visits in one house: the way to the door takes 3, once; nobody drives it."""
    route = on_a_line(10, 10, access=(3, 3), places=(0, 1, 1, 0))
    assert simulate(route, (1, 2), ()) == TinyTimes((13, 18), (13, 18), (18, 23), 33)
    assert brute_cost(route, (1, 2)) == 20_000
    apart = replace(route, places=(0, 1, 2, 0))
    assert simulate(apart, (1, 2), ()) == TinyTimes((13, 21), (13, 21), (18, 26), 36)


def test_unpaid_legs_take_no_time() -> None:
    """The shift begins at the first visit and ends with the last; the driving still costs."""
    route = on_a_line(10, 30, unpaid_first=True, unpaid_last=True, shift_end=30)
    assert simulate(route, (1, 2), ()) == TinyTimes((0, 25), (0, 25), (5, 30), 30)
    assert brute_cost(route, (1, 2)) == 60_000
    assert brute_cost(replace(route, access=(1, 0)), (1, 2)) is None


def test_a_break_may_begin_inside_a_pausable_visit() -> None:
    """Service 10 to 15 with a break at 12: finish 12 + 4 + 3 later, and that is no waiting."""
    pausable = frozenset({1})
    route = on_a_line(10, windows=((0, 11),), breaks=((12, 13, 4),), pausable=pausable)
    assert simulate(route, (1,), (0.5,)) == TinyTimes((10,), (10,), (19,), 29)
    assert brute_cost(route, (1,)) == 20_000
    assert brute_cost(replace(route, pausable=frozenset()), (1,)) is None


def test_no_break_inside_work_that_is_over() -> None:
    """Work that ends at 15 is not drawn out until a break may begin at 16."""
    assert work_through(10, 5, [(16, 20, 4)]) is None
    assert work_through(10, 5, [(15, 20, 4)]) == 19


def test_limits_of_the_day() -> None:
    """One visit or one second of driving too many and no order is left."""
    assert brute_best(on_a_line(10, 30, most_travel=60, most_visits=2)) is not None
    assert brute_best(on_a_line(10, 30, most_travel=59)) is None
    assert brute_best(on_a_line(10, 30, most_visits=1)) is None


def test_fixed_visits_are_never_left_out() -> None:
    """What has begun stays, so that what it excludes is not asked for."""
    route = on_a_line(10, -10, windows=((0, 11), (0, 11)))
    assert infeasible_subset(route, (1, 2), [(1, 2)], fixed=(1,)) is None
    assert infeasible_subset(route, (1, 2), [(1, 2)], fixed=(1, 2)) == (1, 2)


small = st.integers(0, 12)
pause = st.tuples(small, st.integers(1, 8), st.integers(0, 6)).map(
    lambda t: (t[0], t[0] + t[1], t[2])
)


@settings(max_examples=1500, deadline=None)
@given(small, small, st.lists(pause, max_size=3))
def test_driving_while_too_early_is_best(
    clock: int, drive: int, breaks: list[tuple[int, int, int]]
) -> None:
    """Driving until a break may begin gives the earliest arrival of all ways to split the drive."""
    assert cross_gap(clock, drive, breaks) == every_split(clock, drive, breaks)


def every_split(clock: int, drive: int, breaks: list[tuple[int, int, int]]) -> int | None:
    """Drive any part first, then the first break, then any part of the rest, and so on."""
    if not breaks:
        return clock + drive
    (opens, closes, length), rest = breaks[0], breaks[1:]
    found = []
    for ahead in range(drive + 1):
        begin = max(clock + ahead, opens)
        if begin < closes:
            found.append(every_split(begin + length, drive - ahead, rest))
    return min((arrival for arrival in found if arrival is not None), default=None)
