"""What may be left of a day: each rule by hand, then every subset tried."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from slotsvc.domain.place import Location
from slotsvc.solver.checker import Finding, FindingKind, check_route, removal_safe
from tests.examples import examples
from tests.solver.brute_force import feasible, infeasible_subset
from tests.solver.tiny_days import Tiny, a_shift, a_visit, days, minutes, translated


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


def test_a_visit_that_has_begun_is_not_removed() -> None:
    """The detour over a visit that has begun is there to stay."""
    visits = [a_visit("a", "8:00", "9:00", 1, fixed=True), a_visit("b", "8:00", "8:25", 10)]
    block = minutes([0, 10, 40, 0], [9, 0, 10, 9], [9, 9, 0, 9])
    assert removal_safe(a_shift(), visits, block) is None


def test_what_replaces_a_visit_that_has_begun_goes() -> None:
    """Of a pair of which one has begun, the other is the one that is not served."""
    begun = a_visit("old", "9:00", "9:30", fixed=True)
    new = a_visit("new", "9:00", "9:30")
    assert removal_safe(a_shift(), [begun, new], lambda i, j: 60, [("old", "new")]) is None


def test_a_removal_may_lengthen_the_drive() -> None:
    """Rounded roads: without the stop on the way the direct road is longer than allowed."""
    shift = a_shift(max_travel=timedelta(minutes=30))
    visits = [a_visit("a", "8:00", "12:00", 1), a_visit("b", "8:00", "12:00", 1)]
    block = minutes([0, 10, 25, 0], [9, 0, 10, 9], [9, 9, 0, 10])
    assert check_route(shift, visits, block) == ()
    assert removal_safe(shift, visits, block) == Finding(
        FindingKind.REMOVAL,
        "ana",
        300,
        "without a: the day has 5 min more driving than the shift allows",
    )


def test_of_a_pair_only_one_counts() -> None:
    """Two visits of which one replaces the other are one of the visits the shift allows."""
    visits = [a_visit("old", "9:00", "9:30"), a_visit("new", "9:00", "9:30")]
    shift = a_shift(max_visits=1)
    assert removal_safe(shift, visits, lambda i, j: 60, [("old", "new")]) is None
    found = removal_safe(shift, [*visits, a_visit("b", "12:00", "13:00")], lambda i, j: 60)
    assert found is not None
    assert found.cause == "the day has 2 visits more than the shift allows"


def test_without_the_first_of_a_house_the_second_pays_the_access() -> None:
    """Access is charged once per place: to the next visit there when the first is cancelled."""
    house = Location(43.7, 7.4)
    at_the_door = {"access": timedelta(minutes=10), "place": house}
    first = a_visit("first", "8:00", "9:00", 5, **at_the_door)
    second = a_visit("second", "8:05", "8:16", 5, **at_the_door)
    pair = [first, second]
    assert removal_safe(a_shift(), pair, minutes([0, 0, 0, 0], [0] * 4, [0] * 4)) is None
    assert removal_safe(a_shift(), pair, minutes([0, 0, 5, 0], [0] * 4, [0] * 4)) is None
    found = removal_safe(a_shift(), pair, minutes([0, 0, 6, 0], [0] * 4, [0] * 4))
    assert found is not None
    assert found.subject == "second"
    assert found.cause.startswith("without first: service starts 1 s after")


@settings(max_examples=examples(500))
@given(
    days(least=5, most=6, slack=40, skipping=40),
    st.permutations(range(1, 6)),
    st.sampled_from([0, 0, 1, 2]),
)
def test_removal_against_every_subset(day: Tiny, roles: list[int], begun: int) -> None:
    """Some visits are held, one of those replaces a booked one, some have begun: every subset that
    may be left is tried."""
    old, new, fixed = roles[0], roles[3], frozenset(roles[2 : 2 + begun])
    day = translated(day.route, fixed)
    found = removal_safe(day.shift, day.visits, day.travel, [(str(old), str(new))])
    left = infeasible_subset(day.route, day.route.visits, [(old, new)], fixed)
    assert (found is None) == (left is None)


@settings(max_examples=examples(300))
@given(days(least=1, most=5, slack=40, skipping=40))
def test_removal_names_a_subset_that_breaks(day: Tiny) -> None:
    """The finding names what is gone, and the rest is in fact infeasible."""
    found = removal_safe(day.shift, day.visits, day.travel)
    if found is not None:
        gone = found.cause.partition("without ")[2].partition(": ")[0].split(", ")
        order = [visit for visit in day.route.visits if str(visit) not in gone]
        assert not feasible(day.route, order)
