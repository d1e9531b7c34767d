"""What would open a window: every change tried by brute force and by the independent referee."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from hypothesis import given, settings

from slotsvc.domain.time_window import TimeWindow
from slotsvc.domain.visit import Placement
from slotsvc.solver.blocks import rules
from slotsvc.solver.changes import Change, applied
from slotsvc.solver.fits import Fit, opens, referee_accepts
from slotsvc.solver.one_window import OneWindow, Wanted, one_window, start_windows
from slotsvc.solver.params import Freedom
from slotsvc.solver.query import AskedWindow
from slotsvc.solver.repair import Repair, repairs
from tests.examples import examples
from tests.solver.calendars import Roads, a_placement, number_of
from tests.solver.compiled_brute import NEVER, cheapest, plain
from tests.solver.literal import tiny_route
from tests.solver.random_days import ALL_FEATURES, Question, Shape, questions

SHAPE = Shape(visits=(2, 1, 3, 0, 4), technicians=2, days=2, features=ALL_FEATURES)


def cases(question: Question) -> Iterator[OneWindow]:
    """Every route with every asked window of its day."""
    query, calendar = question.query, question.calendar
    legs = question.roads.legs(calendar, query.location)
    insert_only = question.params.freedom is Freedom.INSERT_ONLY
    for row, day in enumerate(calendar.days):
        for asked in query.windows:
            if asked.day == day.day:
                yield one_window(
                    calendar, query, legs, row, wanted_of(asked), question.now,
                    insert_only=insert_only,
                )  # fmt: skip


def wanted_of(asked: AskedWindow) -> Wanted:
    """The same window, its closing time as opening hours."""
    over = asked.window.finish_by
    window = replace(asked.window, finish_by=None)
    hours = None if over is None else (TimeWindow(asked.window.promise.start, over),)
    return Wanted(asked.day, window, hours)


def new_visit(case: OneWindow, starts: TimeWindow) -> Placement:
    query = case.query
    about = {"access": query.access, "pausable": query.pausable, "sector": query.sector}
    return a_placement(
        "", starts, number_of(query.location), query.service, on_site=case.on_site, visit=about
    )


def brute_opens(case: OneWindow, roads: Roads) -> bool:
    """Every allowed order with every way to take the breaks, by rules of their own."""
    return not any(True for _ in rules(case)) and any(
        _brute_fits(case, starts, roads) for starts in start_windows(case)
    )


def _brute_fits(case: OneWindow, starts: TimeWindow, roads: Roads) -> bool:
    route = tiny_route(case.shift, [*case.placements, new_visit(case, starts)], roads)
    added = case.query.max_added_travel
    most = NEVER if added is None else case.driven + int(added.total_seconds())
    chain = route.visits[:-1] if case.keep_order else ()
    return cheapest(plain(route), (1, 0, 0), route.visits, chain, most) is not None


def one_less(case: OneWindow, repair: Repair) -> Iterator[OneWindow]:
    """Everything changed, but one of the changes a unit less; each that has a size in turn."""
    for number, change in enumerate(repair.changes):
        if change.size:
            less = replace(change, size=change.size - 1)
            changes = (*repair.changes[:number], less, *repair.changes[number + 1 :])
            yield made(case, changes)


def made(case: OneWindow, changes: Sequence[Change]) -> OneWindow:
    """The day with all the changes."""
    for change in changes:
        case = applied(case, change)
    return case


@settings(max_examples=examples(60), deadline=None)
@given(questions(shape=SHAPE))
def test_every_change_is_enough_and_one_unit_less_is_not(question: Question) -> None:
    """By brute force over the changed day, and by the referee."""
    for case in cases(question):
        shut = opens(case)
        assert (shut is Fit.YES) == brute_opens(case, question.roads)
        if shut is not Fit.NO:
            continue
        for repair in repairs(case, question.params.weights.of_orders, 20):
            changed = made(case, repair.changes)
            assert brute_opens(changed, question.roads), repair
            assert referee_accepts(changed, repair.placed)
            if repair.least:
                less = [brute_opens(one, question.roads) for one in one_less(case, repair)]
                assert not any(less), repair
