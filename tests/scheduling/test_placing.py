"""The referee's word on a route: legal now, and legal whatever lapses or is cancelled."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slotsvc.domain.visit import Pin, Placement, PlacementState
from slotsvc.domain.working_time import Shift
from slotsvc.scheduling.placing import (
    checked,
    judge,
    merged_order,
    replaced_pairs,
    without_replaced,
)
from slotsvc.scheduling.ports import TravelBlock
from slotsvc.scheduling.travel_port import Provenance
from slotsvc.solver.checker import FindingKind
from tests.examples import examples
from tests.solver.brute_force import feasible, infeasible_subset
from tests.solver.calendars import (
    Day,
    Roads,
    a_line,
    a_place,
    a_placement,
    a_shift,
    at,
    between,
    minutes,
    number_of,
)
from tests.solver.literal import tiny_route
from tests.solver.random_days import Dice, Shape, random_day, random_roads

SIX = Shape(visits=(6, 5, 4, 6), breaks=(0, 1, 2))


def a_block(roads: Roads) -> TravelBlock:
    places = tuple(a_place(n) for n in range(len(roads.seconds)))
    return TravelBlock(places, np.asarray(roads.seconds), "test-map", Provenance.LIVE)


@st.composite
def days_with_holds(draw: st.DrawFn) -> tuple[Day, Roads]:
    """Up to six stops, three of them held, the last hold perhaps in place of a booked one."""
    dice = Dice(draw(st.binary(min_size=200, max_size=200)))
    roads = random_roads(dice, 3 + dice(5), 1)
    day = random_day(dice, roads, 1, shape=SIX)
    if dice.chance(2):
        roads = with_shortcuts(roads, day, 1 + dice(40))
    roles = draw(st.permutations(range(len(day.placements))))
    placements = list(day.placements)
    for number in roles[:3]:
        placements[number] = held(placements[number])
    if dice.chance(2) and len(roles) > 3:
        new, old = roles[0], roles[3]
        placements[new] = replace(placements[new], replaces=placements[old].id)
    return Day(with_slack(dice, day.shift), placements), roads


def with_shortcuts(roads: Roads, day: Day, longer: int) -> Roads:
    """Roads on which the stops of the day shorten the way: all other legs take longer."""
    stops = [p.visit.location for p in day.placements]
    route = [number_of(p) for p in (day.shift.start_place, *stops, day.shift.end_place)]
    seconds = roads.seconds + longer
    np.fill_diagonal(seconds, 0)
    for here, there in pairwise(route):
        seconds[here, there] = roads.seconds[here, there]
    return Roads(seconds)


def held(placement: Placement) -> Placement:
    return replace(placement, state=PlacementState.HELD, expires=at("20:00"))


def with_slack(dice: Dice, shift: Shift) -> Shift:
    longer = replace(shift.window, end=shift.window.end + timedelta(seconds=dice.pick((30, 0, 5))))
    return replace(shift, window=longer)


@settings(max_examples=examples(1000))
@given(days_with_holds())
def test_accepted_is_exactly_what_every_subset_allows(found: tuple[Day, Roads]) -> None:
    """Each subset that expiry and cancellation can leave is simulated; old and new never meet."""
    day, roads = found
    route = tiny_route(day.shift, day.placements, roads)
    numbers = {p.id: n for n, p in enumerate(day.placements, start=1)}
    pairs = [(numbers[old], numbers[new]) for old, new in replaced_pairs(day.placements)]
    findings = judge(day.shift, day.placements, a_block(roads))
    assert (findings == ()) == (infeasible_subset(route, route.visits, pairs) is None)


def test_the_random_days_are_of_both_kinds() -> None:
    """Some are refused as they stand, some only because of what may be left, some are accepted."""
    seen = {"accepted": 0, "broken": 0, "unsafe": 0, "pairs": 0}

    @settings(max_examples=300, database=None)
    @given(days_with_holds())
    def look(found: tuple[Day, Roads]) -> None:
        day, roads = found
        findings = judge(day.shift, day.placements, a_block(roads))
        route = tiny_route(day.shift, day.placements, roads)
        unsafe = bool(findings) and feasible(route, route.visits)
        seen["accepted" if not findings else "unsafe" if unsafe else "broken"] += 1
        seen["pairs"] += bool(replaced_pairs(day.placements)) and not findings

    look()
    assert min(seen.values()) >= 10, seen


DETOUR = minutes([0, 10, 40], [9, 0, 10], [9, 9, 0])
"""From place 0 to 2 the way over place 1 is quicker than the direct road."""


def test_a_hold_that_may_lapse_must_not_carry_the_day() -> None:
    """With the first visit the second is reached in time; without it it is not: refused."""
    first = held(a_placement("first", between("8:00", "9:00"), 1, timedelta(minutes=1)))
    second = a_placement("second", between("8:00", "8:25"), 2, timedelta(minutes=10))
    findings = judge(a_shift(), [first, second], a_block(DETOUR))
    assert [(f.kind, f.subject) for f in findings] == [(FindingKind.REMOVAL, "second")]


def test_old_and_new_place_of_a_moved_visit_need_not_fit_together() -> None:
    """They are never both served, so only the rest of the day must suit either of them."""
    old = a_placement("old", between("9:00", "9:30"))
    new = held(a_placement("new", between("9:00", "9:30"), replaces="old"))
    block = a_block(a_line(0, 10))

    assert judge(a_shift(), [old, new], block) == ()
    assert judge(a_shift(), [old, replace(new, replaces=None)], block)
    assert judge(a_shift(), [old, replace(new, replaces="elsewhere")], block)


def test_a_third_visit_must_suit_both_places_of_a_moved_one() -> None:
    """It fits beside the old place but not beside the new one: refused."""
    old = a_placement("old", between("9:00", "9:30"))
    third = a_placement("third", between("10:30", "11:00"))
    new = held(a_placement("new", between("10:30", "11:00"), replaces="old"))
    block = a_block(a_line(0, 10))
    assert judge(a_shift(), [old, third], block) == ()
    assert [f.kind for f in judge(a_shift(), [old, third, new], block)] == [FindingKind.REMOVAL]


def test_tags_count_for_old_and_new_alike() -> None:
    """What does not change when somebody else is gone is found even while a move is open."""
    old = a_placement("old", between("9:00", "9:30"))
    new = held(a_placement("new", between("13:00", "13:30"), replaces="old"))
    visit = replace(new.visit, requires=frozenset({"gas"}))
    findings = judge(a_shift(), [old, replace(new, visit=visit)], a_block(a_line(0, 10)))
    assert [(f.kind, f.subject) for f in findings] == [(FindingKind.TAG, "new")]


@pytest.mark.parametrize("pin", [Pin.TECHNICIAN, Pin.START])
def test_a_pinned_visit_stays_with_its_technician(pin: Pin) -> None:
    """On anybody else's route it is a finding; unpinned it is not."""
    placement = a_placement("mine", between("9:00", "9:30"))
    block = a_block(a_line(0, 10))
    assert checked(replace(placement, pin=pin)).technician == "ana"
    assert judge(a_shift("ana"), [replace(placement, pin=pin)], block) == ()
    assert judge(a_shift("bo"), [placement], block) == ()
    found = judge(a_shift("bo"), [replace(placement, pin=pin)], block)
    assert [f.kind for f in found] == [FindingKind.NOT_TECHNICIAN]


def test_pairs_are_those_of_which_both_are_here() -> None:
    """A hold in place of a visit on another route says nothing about this one."""
    old = a_placement("old", between("9:00", "9:30"))
    new = held(a_placement("new", between("9:00", "9:30"), replaces="old"))
    other = held(a_placement("other", between("11:00", "12:00"), replaces="elsewhere"))
    assert replaced_pairs([old, new, other]) == (("old", "new"),)
    assert [p.id for p in without_replaced([old, new, other])] == ["new", "other"]
    assert [p.id for p in without_replaced([new, other])] == ["new", "other"]


@pytest.mark.parametrize(
    ("stored", "offered", "merged"),
    [
        ("abc", ["a", "", "b", "c"], "a?bc"),  # nothing is missing
        ("abc", ["a", "", "c"], "ab?c"),  # b keeps its place behind a
        ("abc", ["", "b", "c"], "a?bc"),  # a was first and stays so
        ("abc", ["c", "", "a"], "c?ab"),  # behind its predecessor, wherever that went
        ("ab", [""], "ab?"),
    ],
)
def test_left_out_visits_go_back_behind_their_predecessors(
    stored: str, offered: list[str], merged: str
) -> None:
    """An offer leaves out the visit that is being moved; its place stays taken for now."""
    assert merged_order(list(stored), offered) == tuple("" if c == "?" else c for c in merged)
