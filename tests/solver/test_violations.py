"""Broken days: limits moved out to what is on record, and nothing made worse."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from slotsvc.domain.visit import Placement
from slotsvc.solver.checker import (
    CheckedVisit,
    Finding,
    FindingKind,
    check_route,
    not_worse,
    relaxed,
)
from tests.examples import examples
from tests.solver.brute_force import TinyRoute
from tests.solver.calendars import a_placement
from tests.solver.tiny_days import (
    Tiny,
    a_lunch,
    a_shift,
    a_visit,
    at,
    between,
    days,
    translated,
)

NO_SIZE = frozenset(
    {
        FindingKind.UNROUTABLE,
        FindingKind.TAG,
        FindingKind.SECTOR,
        FindingKind.NOT_TECHNICIAN,
        FindingKind.NO_SHIFT,
    }
)


def late(subject: str, size: int) -> Finding:
    return Finding(FindingKind.LATE, subject, size, "")


# --- by hand --------------------------------------------------------------------------------------


def test_each_limit_moves_out_by_what_is_on_record() -> None:
    """Window, hard end, break, driving and visits; what is kept stays as it is."""
    shift = a_shift("8:00", "17:00", a_lunch(), max_travel=timedelta(hours=1), max_visits=2)
    visits = [a_visit("a", "9:00", "10:00"), a_visit("b", "9:00", "10:00")]
    found = [
        late("a", 60),
        Finding(FindingKind.SHIFT_END, "ana", 120, ""),
        Finding(FindingKind.BREAK, "break 1", 180, ""),
        Finding(FindingKind.MAX_TRAVEL, "ana", 240, ""),
        Finding(FindingKind.MAX_VISITS, "ana", 1, ""),
    ]
    wider, moved = relaxed(shift, visits, found)
    assert moved == (replace(visits[0], start_window=between("9:00", "10:01")), visits[1])
    assert wider == replace(
        shift,
        overtime=timedelta(seconds=120),
        breaks=(replace(shift.breaks[0], begins=between("12:00", "13:03")),),
        max_travel=timedelta(seconds=3840),
        max_visits=3,
    )


def test_a_placement_is_relaxed_like_a_checked_visit() -> None:
    """Anything with an id and a start window will do; it keeps its type."""
    placement = a_placement("a", between("9:00", "10:00"))
    _, (moved,) = relaxed(a_shift(), [placement], [late("a", 60), late("other", 9)])
    assert isinstance(moved, Placement)
    assert moved == replace(placement, start_window=between("9:00", "10:01"))


def test_what_has_no_size_is_not_relaxed() -> None:
    """A missing tag or a missing road stays what it is."""
    found = [Finding(kind, "a", 0, "") for kind in NO_SIZE]
    visit = a_visit("a", "9:00", "10:00", requires=frozenset({"gas"}))
    assert relaxed(a_shift(), [visit], found) == (a_shift(), (visit,))


def test_worse_is_new_or_bigger() -> None:
    """Same kind and subject, no bigger: not worse. Smaller: not worse either."""
    before = [late("a", 60), Finding(FindingKind.TAG, "a", 0, "")]
    assert not_worse(before, before) == ()
    assert not_worse(before, [late("a", 59)]) == ()
    assert not_worse(before, [late("a", 61)]) == (late("a", 61),)
    assert not_worse(before, [late("b", 1)]) == (late("b", 1),)
    tag = Finding(FindingKind.TAG, "b", 0, "")
    assert not_worse(before, [tag]) == (tag,)
    assert not_worse(before, []) == ()


def test_a_window_that_is_over_may_be_met_late() -> None:
    """At 10:30 a visit due before 10:00 can still be planned to start at 10:30, not at 10:31."""
    over = Finding(FindingKind.PAST, "a", 1801, "")
    visit = a_visit("a", "9:00", "10:00")
    assert check_route(a_shift(), [visit], lambda i, j: 0, at("10:30")) == (
        replace(over, cause="its start window is over"),
    )
    _, moved = relaxed(a_shift(), [visit], [over])
    assert check_route(a_shift(), moved, lambda i, j: 0, at("10:30")) == ()
    assert not_worse([over], [late("a", 1801)]) == ()
    assert not_worse([over], [late("a", 1802)]) == (late("a", 1802),)


def test_of_two_courses_the_one_on_record_is_told() -> None:
    """Eating first would be less late in all, but makes late who is not late on record."""
    shift = a_shift("8:00", "17:00", a_lunch("12:00", "12:10", 30))
    visits = [a_visit("a", "11:00", "11:01", 90), a_visit("b", "12:30", "12:41")]
    kinds = [(f.kind, f.size) for f in check_route(shift, visits, lambda i, j: 0)]
    assert kinds == [(FindingKind.BREAK, 1201), (FindingKind.LATE, 1141)]
    known = [Finding(FindingKind.BREAK, "break 1", 6000, "")]
    again = check_route(shift, visits, lambda i, j: 0, known=known)
    assert [(f.kind, f.size) for f in again] == [(FindingKind.BREAK, 4801)]


# --- on random days -------------------------------------------------------------------------------


@settings(max_examples=examples(1000))
@given(days())
def test_relaxed_by_its_own_findings_a_day_is_legal(day: Tiny) -> None:
    """Nothing is found any more but what has no size."""
    found = check_route(day.shift, day.visits, day.travel)
    shift, visits = relaxed(day.shift, day.visits, found)
    left = check_route(shift, visits, day.travel)
    assert {f.kind for f in left} <= NO_SIZE


@settings(max_examples=examples(1500))
@given(days(least=2, slack=60, skipping=10), st.integers(0, 5), st.integers(0, 30))
def test_what_suits_the_relaxed_day_makes_nothing_worse(day: Tiny, gap: int, cut: int) -> None:
    """An insertion without findings on the relaxed day, and no other, is not worse on the day."""
    day = translated(replace(day.route, shift_end=max(2, day.route.shift_end - cut), soft_end=None))
    new, gap = day.visits[-1], min(gap, len(day.visits) - 1)
    nodes = [*range(len(day.visits)), day.route.home]
    before = check_route(day.shift, day.visits[:-1], lambda i, j: day.travel(nodes[i], nodes[j]))
    assume(before and {f.kind for f in before}.isdisjoint(NO_SIZE))

    def with_new(visits: Sequence[CheckedVisit]) -> list[CheckedVisit]:
        return [*visits[:gap], new, *visits[gap:]]

    order = [0, *with_position(len(day.visits), gap), day.route.home]
    shift, visits = relaxed(day.shift, day.visits[:-1], before)

    def travel(i: int, j: int) -> int:
        return day.travel(order[i], order[j])

    suits = check_route(shift, with_new(visits), travel) == ()
    after = check_route(day.shift, with_new(day.visits[:-1]), travel, known=before)
    assert suits == (not_worse(before, after) == ())


def with_position(count: int, gap: int) -> list[int]:
    """Visit numbers 1 .. count, the last one put into ``gap``."""
    committed = list(range(1, count))
    return [*committed[:gap], count, *committed[gap:]]


def test_broken_days_still_take_visits() -> None:
    """The property says something: some insertions suit, some do not."""
    route = TinyRoute(0, 20, ((0, 2), (0, 50)), (9, 1), (), ((3,) * 4,) * 4)
    day = translated(route)
    before = check_route(day.shift, day.visits[:1], lambda i, j: 3)
    assert [(f.kind, f.size) for f in before] == [(FindingKind.LATE, 2)]
    shift, visits = relaxed(day.shift, day.visits[:1], before)
    assert check_route(shift, [*visits, day.visits[1]], lambda i, j: 3) == ()
    first = check_route(day.shift, [day.visits[1], *day.visits[:1]], lambda i, j: 3, known=before)
    assert [(f.kind, f.size) for f in not_worse(before, first)] == [(FindingKind.LATE, 6)]
