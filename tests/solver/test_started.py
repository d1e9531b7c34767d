"""A day under way: what is settled stays, and what is left still works."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slotsvc.domain.time_window import from_epoch, to_epoch
from slotsvc.domain.visit import Placement, Stop
from slotsvc.domain.working_time import Shift
from slotsvc.solver.checker import check_times
from slotsvc.solver.instance import END, START, RouteInstance
from slotsvc.solver.started import rest_of_day
from slotsvc.solver.timing import Timetable, timetable
from tests.examples import examples
from tests.solver.calendars import (
    Day,
    Roads,
    a_break,
    a_line,
    a_place,
    a_placement,
    a_shift,
    an_instance,
    at,
    between,
    checked,
)
from tests.solver.dice import Dice
from tests.solver.opened import RULES_OF_TIME
from tests.solver.random_days import Shape, random_day, random_roads

SHAPE = Shape(visits=(3, 2, 4, 1, 0, 5), breaks=(1, 0, 2, 3))
WITH_RULES = replace(SHAPE, features=RULES_OF_TIME)


@st.composite
def days_under_way(draw: st.DrawFn) -> tuple[Day, Roads, int]:
    """A day, and a second of its shift or shortly before or after."""
    dice = Dice(draw(st.binary(min_size=300, max_size=300)))
    roads = random_roads(dice, 3 + dice(5), 1)
    day = random_day(dice, roads, 1, shape=shape_of(dice))
    length = int((day.shift.latest_end - day.shift.window.start).total_seconds())
    now = draw(st.integers(-2, min(length, 150) + 2))
    return day, roads, to_epoch(day.shift.window.start) + now


def shape_of(dice: Dice) -> Shape:
    shape = WITH_RULES if dice(2) else SHAPE
    return shape if dice(3) else replace(shape, free=True)


def planned(route: RouteInstance) -> Timetable | None:
    return timetable(route, route.committed)


@settings(max_examples=examples(1500))
@given(days_under_way())
def test_what_is_left_works_and_lies_ahead(found: tuple[Day, Roads, int]) -> None:
    """Nothing is planned before now, visits that have begun stay, and the whole day is legal."""
    day, roads, now = found
    whole = an_instance(day.shift, day.placements, roads)
    table, rest = planned(whole), rest_of_day(whole, now)
    if table is None or now <= whole.origin:
        assert rest is whole
        return
    left = planned(rest)
    assert rest.origin >= now
    assert rest.origin + rest.end == whole.origin + whole.end
    assert (*rest.done, *rest.visits) == whole.visits
    begun = [whole.visits[s.node - 2] for s in table.stops if whole.origin + s.start <= now]
    assert list(rest.done)[: len(begun)] == begun
    if now > whole.origin + whole.end:
        return  # the shift is over
    if rest.end < 0:
        assert whole.unpaid_last  # on the way home, after the shift
        return
    assert left is not None
    stops = [*stops_of(whole, table)[: len(rest.done)], *stops_of(rest, left)]
    assert legal(day.shift, day.placements, roads, stops)
    assert all(stop.arrival >= from_epoch(now) for stop in stops[len(rest.done) :])


def stops_of(route: RouteInstance, table: Timetable) -> list[Stop]:
    return [
        Stop(
            route.visits[stop.node - 2],
            *(from_epoch(route.origin + t) for t in (stop.arrival, stop.start, stop.finish)),
        )
        for stop in table.stops
    ]


def legal(
    shift: Shift, placements: Sequence[Placement], roads: Roads, stops: Sequence[Stop]
) -> bool:
    visits = [checked(p) for p in placements]
    places = [shift.start_place, *(p.visit.location for p in placements), shift.end_place]
    return check_times(shift, visits, roads.among(places), stops) == ()


LINE = a_line(0, 60)
FAR = a_placement("far", between("10:00", "12:00"), 1)


@pytest.mark.parametrize(
    ("now", "free", "here", "done"),
    [
        ("7:00", "8:00", 0, ()),  # before the shift
        ("8:30", "8:30", 0, ()),  # there is time to leave later
        ("10:30", "11:00", 1, ("far",)),  # at work
        ("11:20", "11:20", 1, ("far",)),  # done, the evening is free
        ("16:30", "16:30", 0, ("far",)),  # home already
    ],
)
def test_where_the_rest_begins(now: str, free: str, here: int, done: tuple[str, ...]) -> None:
    """One visit an hour away: the rest starts where and when the technician is free."""
    rest = rest_of_day(an_instance(a_shift(), [FAR], LINE), to_epoch(at(now)))
    assert (rest.origin, rest.places[START], rest.done) == (
        to_epoch(at(free)),
        a_place(here),
        done,
    )
    assert rest.places[END] == a_place(0)


def test_who_must_be_on_the_way_is_on_the_way() -> None:
    """Too late to leave now for a pinned visit: it is settled, and the rest begins behind it."""
    sharp = a_placement("sharp", between("10:00", "10:01"), 1)
    rest = rest_of_day(an_instance(a_shift(), [sharp], LINE), to_epoch(at("9:30")))
    assert rest.done == ("sharp",)
    assert rest.origin == to_epoch(at("11:00"))


def test_a_pause_on_the_way_to_a_settled_visit_is_settled_with_it() -> None:
    """The lunch to come lies before a visit that cannot wait: both are as good as done."""
    sharp = a_placement("sharp", between("13:00", "13:01"), 1)
    shift = a_shift(breaks=[a_break("12:00", "12:30")])
    rest = rest_of_day(an_instance(shift, [sharp], LINE), to_epoch(at("11:59")))

    assert planned(rest) is not None
    assert rest.done == ("sharp",)
    assert rest.breaks == ()
    assert rest.origin == to_epoch(at("14:00"))


def test_a_pause_that_has_begun_is_finished_first() -> None:
    """Nothing starts during lunch."""
    shift = a_shift(breaks=[a_break("12:00", "13:00", 30)])
    rest = rest_of_day(an_instance(shift, [], LINE), to_epoch(at("12:10")))
    assert rest.origin == to_epoch(at("12:30"))
    assert rest.breaks == ()


def test_who_must_be_on_the_way_home_is_free_at_home() -> None:
    """Half an hour before the end, an hour from home, the day done: nothing is broken."""
    last = a_placement("last", between("15:00", "15:01"), 1)
    rest = rest_of_day(an_instance(a_shift(), [last], LINE), to_epoch(at("16:30")))

    assert planned(rest) is not None
    assert rest.places[START] == rest.places[END] == a_place(0)
    assert rest.origin == to_epoch(at("17:00"))


def test_a_broken_day_comes_back_as_it_is() -> None:
    """Which visits of it will be served when is for a planner to say."""
    late = a_placement("late", between("8:00", "8:10"), 1, timedelta(hours=1))
    whole = an_instance(a_shift(), [late], LINE)
    assert rest_of_day(whole, to_epoch(at("9:00"))) is whole


def test_windows_and_pauses_keep_their_place_on_the_clock() -> None:
    """Only the origin moves: the same visits at the same hours, in fewer seconds from it."""
    evening = a_placement("evening", between("14:00", "15:00"), 1)
    shift = a_shift(breaks=[a_break("12:00", "13:00", 30)])
    whole = an_instance(shift, [evening], LINE)
    rest = rest_of_day(whole, to_epoch(at("9:00")))

    passed = rest.origin - whole.origin
    assert passed == 3600
    assert np.array_equal(rest.opens[2:] + passed, whole.opens[2:])
    assert np.array_equal(rest.closes[2:] + passed, whole.closes[2:])
    assert [b.opens + passed for b in rest.breaks] == [b.opens for b in whole.breaks]
    assert [b.closes + passed for b in rest.breaks] == [b.closes for b in whole.breaks]


def test_an_unpaid_first_drive_lies_before_the_shift() -> None:
    """Once the shift has begun, the technician is at the first visit; on an empty day the drive to
    a first one takes its time."""
    shift = a_shift(unpaid_first_leg=True, max_travel=timedelta(hours=3))
    rest = rest_of_day(an_instance(shift, [FAR], LINE), to_epoch(at("8:30")))
    assert rest.done == ("far",)
    assert rest.max_travel == 2 * 3600
    empty = rest_of_day(an_instance(shift, [], LINE), to_epoch(at("8:30")))
    assert (empty.done, empty.unpaid_first) == ((), False)
