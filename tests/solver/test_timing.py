"""The recurrence against literal simulation, and the two properties every search rests on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from slotsvc.solver import timing
from slotsvc.solver.instance import INF, BreakSpan, Int32, RouteInstance, time_legs
from slotsvc.solver.params import Weights
from slotsvc.solver.timing import Timetable, timetable
from tests.examples import examples
from tests.solver.brute_force import TinyRoute, assignments, brute_cost, cross_gap, simulate
from tests.solver.calendars import a_place
from tests.solver.dice import Dice
from tests.solver.literal import tiny_route
from tests.solver.opened import RULES_OF_TIME
from tests.solver.random_days import Shape, random_day, random_roads

SHAPE = Shape(visits=(2, 1, 3, 0, 4), breaks=(1, 0, 2, 3))
WITH_RULES = replace(SHAPE, features=RULES_OF_TIME)


def in_solver_words(route: TinyRoute) -> RouteInstance:
    """Nodes there: start, visits, end; here: start, end, visits."""
    count = len(route.windows)
    nodes = [0, count + 1, *range(1, count + 1)]
    travel = np.array(route.travel, np.int32)[np.ix_(nodes, nodes)]
    places = tuple(route.places[n] if route.places else a_place(n) for n in nodes)
    access = [0, 0, *(route.access or (0,) * count)]
    return RouteInstance(
        origin=0,
        end=route.shift_end,
        soft_end=route.shift_end if route.soft_end is None else route.soft_end,
        opens=np.array([0, 0, *(w[0] for w in route.windows)], np.int32),
        closes=np.array([INF, INF, *(w[1] - 1 for w in route.windows)], np.int32),
        service=np.array([0, 0, *route.services], np.int32),
        pausable=np.array([n in route.pausable for n in nodes]),
        access=np.array(access, np.int32),
        travel=travel,
        legs=time_legs(
            travel, np.array(access, np.int32), places, route.unpaid_first, route.unpaid_last
        ),
        breaks=tuple(BreakSpan(b[0], b[1] - 1, b[2]) for b in route.breaks),
        places=places,
        visits=tuple(str(n) for n in range(1, count + 1)),
        max_travel=INF if route.most_travel is None else route.most_travel,
        unpaid_first=route.unpaid_first,
        unpaid_last=route.unpaid_last,
    )


def routes(shape: Shape = SHAPE) -> st.SearchStrategy[TinyRoute]:
    def made(seed: bytes) -> TinyRoute:
        dice = Dice(seed)
        roads = random_roads(dice, 3 + dice(5), 1)
        day = random_day(dice, roads, 1, shape=shape)
        return tiny_route(day.shift, day.placements, roads)

    return st.binary(min_size=200, max_size=200).map(made)


def nodes_of(order: Sequence[int]) -> list[int]:
    return [visit + 1 for visit in order]


@settings(max_examples=examples(500))
@given(
    st.sampled_from([SHAPE, WITH_RULES]).flatmap(routes),
    st.sampled_from([(1000, 250, 2000), (1000, 0, 0), (1, 3, 2), (0, 1, 5)]),
    st.data(),
)
def test_timetable_is_the_cheapest_simulation(
    route: TinyRoute, weights: Weights, data: st.DataObject
) -> None:
    """No place for the breaks is cheaper, and the times told are those of a simulation."""
    order = data.draw(st.permutations(route.visits))
    table = timetable(in_solver_words(route), nodes_of(order), weights)
    best = brute_cost(route, order, weights)

    assert (table is None) == (best is None)
    if table is not None:
        amounts = table.travel, table.waiting, table.overtime
        assert sum(w * a for w, a in zip(weights, amounts, strict=True)) == best
        assert_simulated(route, order, table)


def assert_simulated(route: TinyRoute, order: Sequence[int], table: Timetable) -> None:
    starts = {n: stop.start for n, stop in enumerate(table.stops)}
    spots = [gap + (0.5 if begin >= starts.get(gap, INF) else 0) for gap, begin, _ in table.breaks]
    times = simulate(route, order, spots)
    assert times is not None
    assert [stop.node for stop in table.stops] == nodes_of(order)
    assert tuple(stop.arrival for stop in table.stops) == times.arrivals
    assert tuple(stop.start for stop in table.stops) == times.starts
    assert tuple(stop.finish for stop in table.stops) == times.finishes
    assert table.end == times.home
    for (_, begin, end), (opens, closes, length) in zip(table.breaks, route.breaks, strict=True):
        assert opens <= begin < closes
        assert end == begin + length


clocks = st.integers(0, 30)
pauses = st.lists(
    st.tuples(clocks, st.integers(0, 12), st.integers(0, 6)).map(
        lambda p: (p[0], sum(p[:2]), p[2])
    ),
    max_size=3,
)


def columns(spans: Sequence[tuple[int, int, int]], size: int) -> timing.Breaks:
    return [tuple(np.full(size, value, np.int32) for value in span) for span in spans]  # type: ignore[misc]


def row(values: Sequence[int]) -> Int32:
    return np.array(values, np.int32)


@settings(max_examples=examples(500))
@given(pauses, clocks)
def test_a_drive_with_pauses_is_the_literal_one(
    spans: list[tuple[int, int, int]], leg: int
) -> None:
    """Every number of pauses on the way gives the arrival of the simulation, or none."""
    finishes = list(range(45))
    for until in range(len(spans) + 1):
        found = timing.drive(row(finishes), row([leg] * 45), columns(spans, 45), 0, until)
        half_open = [(opens, closes + 1, length) for opens, closes, length in spans[:until]]
        literal = [cross_gap(finish, leg, half_open) for finish in finishes]
        assert [None if a >= INF else int(a) for a in found] == literal


@settings(max_examples=examples(500))
@given(pauses, clocks)
def test_earlier_is_never_worse(spans: list[tuple[int, int, int]], leg: int) -> None:
    """Who leaves earlier arrives, finishes and ends the day no later, whatever the pauses."""
    finish, breaks = row(range(45)), columns(spans, 45)
    for taken in range(len(spans) + 1):
        for until in range(taken, len(spans) + 1):
            arrival = timing.drive(finish, row([leg] * 45), breaks, taken, until)
            assert (np.diff(arrival) >= 0).all()
        done = timing.reaches_end(finish, row([leg] * 45), breaks, taken, row([60] * 45))
        assert (np.diff(done) >= 0).all()
    start = timing.begun(finish, row([12] * 45), row([30] * 45))
    assert (np.diff(start) >= 0).all()


@settings(max_examples=examples(500))
@given(pauses, clocks, st.integers(0, 90))
def test_the_latest_finish_is_the_last_that_still_arrives(
    spans: list[tuple[int, int, int]], leg: int, arrive_by: int
) -> None:
    """Driving forward and reckoning backward agree on every second."""
    finish, breaks = row(range(-10, 100)), columns(spans, 110)
    legs = row([leg] * 110)
    for taken in range(len(spans) + 1):
        for until in range(taken, len(spans) + 1):
            latest = timing.latest_finish(row([arrive_by] * 110), legs, breaks, taken, until)
            arrival = timing.drive(finish, legs, breaks, taken, until)
            assert ((arrival <= arrive_by) == (finish <= latest)).all()


@settings(max_examples=examples(200))
@given(routes(Shape(visits=(2, 3, 1), breaks=(1, 2))), st.data())
def test_states_hold_the_earliest_finish_for_every_pauses_taken(
    route: TinyRoute, data: st.DataObject
) -> None:
    """Per pauses before the first visit and pauses taken: the earliest last finish there is."""
    order = data.draw(st.permutations(route.visits))
    assume(order)
    instance = in_solver_words(route)
    breaks = columns([(b.opens, b.closes, b.duration) for b in instance.breaks], 1)
    times, first = timing.first_stop(*legs(instance, 0, order[0] + 1), None, breaks)
    for here, there in pairwise(order):
        times = timing.next_stop(times, *legs(instance, here + 1, there + 1), None, breaks)

    open_end = TinyRoute(
        0, INF, route.windows, route.services, route.breaks,
        tuple((*legs_[:-1], 0) for legs_ in route.travel),
    )  # fmt: skip
    for state, (before, taken) in enumerate(timing.states(len(route.breaks))):
        found = [
            partial
            for chosen in assignments(taken, len(order))
            if chosen.count(0) == before and not set(chosen) & {len(order), len(order) + 1}
            for partial in [simulate(first_breaks(open_end, taken), order, chosen)]
            if partial is not None
        ]
        finish = min((f.finishes[-1] for f in found), default=None)
        assert (int(times[state, 0]) if times[state, 0] < INF else None) == finish
        if found:
            assert {f.starts[0] for f in found} == {int(first[before, 0])}


def legs(instance: RouteInstance, here: int, there: int) -> tuple[Int32, Int32, Int32, Int32]:
    one = instance.travel[here, there], instance.opens[there], instance.closes[there]
    return tuple(row([int(v)]) for v in (*one, instance.service[there]))  # type: ignore[return-value]


def first_breaks(route: TinyRoute, count: int) -> TinyRoute:
    return TinyRoute(0, INF, route.windows, route.services, route.breaks[:count], route.travel)


def test_who_cannot_be_reached_has_no_timetable() -> None:
    """A missing road makes an order impossible, whatever the other legs are."""
    cut = ((0, INF, 1), (1, 0, 1), (1, 1, 0))
    assert timetable(in_solver_words(TinyRoute(0, 99, ((0, 50),), (5,), (), cut)), [2]) is None


def test_equally_cheap_pauses_are_taken_as_early_as_they_may() -> None:
    """A lunch that could lie before or behind a visit is planned before it."""
    near = ((0, 1, 0), (1, 0, 1), (0, 1, 0))
    table = timetable(
        in_solver_words(TinyRoute(0, 99, ((10, 60),), (5,), ((0, 90, 4),), near)), [2]
    )

    assert table is not None
    assert table.breaks == ((0, 0, 4),)
    assert table.stops[0].start == 10


FLAT = tuple((0,) * 4 for _ in range(4))


def test_what_lies_after_the_soft_end_is_overtime() -> None:
    """Half an hour there, twenty on site, half an hour back: five too many, and no more allowed."""
    way = ((0, 10, 0), (10, 0, 10), (0, 10, 0))
    day = TinyRoute(0, 40, ((0, 50),), (20,), (), way, soft_end=35)
    table = timetable(in_solver_words(day), [2])
    assert table is not None
    assert (table.end, table.overtime) == (40, 5)
    assert timetable(in_solver_words(replace(day, shift_end=39)), [2]) is None


def test_the_weights_decide_where_a_pause_costs_least() -> None:
    """Before the first visit it saves ten of waiting and makes the day five longer."""
    visits = ((0, 99), (30, 99))
    day = TinyRoute(0, 99, visits, (10, 10), ((15, 99, 10),), FLAT, soft_end=40)
    between_ = timetable(in_solver_words(day), [2, 3], (0, 1, 5))
    before = timetable(in_solver_words(day), [2, 3], (0, 5, 1))
    assert between_ is not None
    assert before is not None
    assert (between_.breaks, between_.waiting, between_.overtime) == (((1, 15, 25),), 10, 0)
    assert (before.breaks, before.waiting, before.overtime) == (((0, 15, 25),), 0, 5)


def test_a_pause_may_lie_inside_a_pausable_visit_only() -> None:
    """Twenty of work from 0, a pause that must begin at 10: the work goes on at 15."""
    day = TinyRoute(0, 99, ((0, 1),), (20,), ((10, 11, 5),), ((0,) * 3,) * 3)
    assert timetable(in_solver_words(day), [2]) is None
    table = timetable(in_solver_words(replace(day, pausable=frozenset({1}))), [2])
    assert table is not None
    assert (table.stops[0].start, table.stops[0].finish, table.waiting) == (0, 25, 0)
    assert table.breaks == ((0, 10, 15),)


def test_an_order_that_drives_too_much_has_no_timetable() -> None:
    """The limit is on the whole day, first and last drive too."""
    way = ((0, 10, 0), (10, 0, 10), (0, 10, 0))
    day = TinyRoute(0, 99, ((0, 50),), (20,), (), way, most_travel=20)
    assert timetable(in_solver_words(day), [2]) is not None
    assert timetable(in_solver_words(replace(day, most_travel=19)), [2]) is None
