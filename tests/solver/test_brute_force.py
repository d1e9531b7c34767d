"""The oracle itself, checked by hand and against an even plainer enumeration."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.solver.brute_force import (
    UNREACHABLE,
    TinyRoute,
    assignments,
    brute_added_cost,
    brute_best,
    brute_cost,
    brute_insertions,
    cross_gap,
    infeasible_subset,
    simulate,
    subsets_feasible,
)

ANY_TIME = (0, 1000)


def on_a_line(
    *places: int,
    windows: tuple[tuple[int, int], ...] | None = None,
    breaks: tuple[tuple[int, int, int], ...] = (),
    shift_end: int = 1000,
) -> TinyRoute:
    """Visits of 5 at points of a line; the depot stands at 0 and a metre takes one unit of time."""
    points = (0, *places, 0)
    return TinyRoute(
        shift_start=0,
        shift_end=shift_end,
        windows=windows or (ANY_TIME,) * len(places),
        services=(5,) * len(places),
        breaks=breaks,
        travel=tuple(tuple(abs(a - b) for b in points) for a in points),
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
    assert brute_cost(route, (1, 2), alpha=1000, beta=250) == 60_000 + 15 * 250


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
