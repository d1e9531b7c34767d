"""One question against the oracle: the whole answer, every order, every price, every count.

Used by the random tests and by ``python -m benchmarks.torture_days``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from slotsvc.domain.visit import Placement, Stop
from slotsvc.domain.working_time import Shift
from slotsvc.solver.checker import Finding, check_route, check_times, not_worse
from slotsvc.solver.day_of_work import DayOfWork
from slotsvc.solver.params import TRAVEL_ONLY, Weights
from slotsvc.solver.query import Answer, Offer
from slotsvc.solver.suggest import suggest
from slotsvc.solver.timing import timetable
from tests.solver.calendars import an_instance, checked
from tests.solver.compiled_brute import Plain, cheapest, plain
from tests.solver.literal import (
    LiteralSlot,
    capped,
    kept_in_order,
    known_cost,
    literal_slots,
    new_visit,
    tiny,
)
from tests.solver.random_days import Question


def assert_proven(question: Question, *, referee: bool = True) -> tuple[Answer, list[LiteralSlot]]:
    """The answer is the literal one to the last second; gives it, and every slot there is.

    ``referee``: let the checker look at every offer too.
    """
    answer, expected = answered(question), literal(question)
    told = [as_told(offer) for offer in answer.offers]
    assert told == [as_known(question, slot) for slot in capped(expected, question.params)]
    assert answer.counts.complete
    assert_counts_add_up(answer)
    assert answer.offers or answer.rejections
    for offer in answer.offers:
        assert_priced(question, offer)
        if referee:
            assert_legal(question, offer)
    return answer, expected


def answered(question: Question) -> Answer:
    legs = question.roads.legs(question.calendar, question.query.location)
    return suggest(
        question.calendar, question.query, legs, question.params, question.now, max_rejections=99
    )


def literal(question: Question) -> list[LiteralSlot]:
    return literal_slots(
        question.calendar, question.roads, question.query, question.params, question.now
    )


def as_told(offer: Offer) -> tuple[object, ...]:
    window = offer.window
    where = offer.technician, offer.day, offer.shift
    return offer.cost, window.promise, window.start_window, *where


def as_known(question: Question, slot: LiteralSlot) -> tuple[object, ...]:
    day = question.calendar.days[slot.row]
    starts = new_visit(day.shift, question.query, slot.asked.window).start_window
    return slot.cost, slot.window, starts, *row_of(question, slot)


def row_of(question: Question, slot: LiteralSlot) -> tuple[object, ...]:
    """Technician, date and number of the shift a slot is on."""
    shift = question.calendar.days[slot.row].shift
    return shift.technician, shift.service_date, shift.number


def assert_counts_add_up(answer: Answer) -> None:
    counts = answer.counts
    assert counts.cells == counts.rejected + counts.evaluated + counts.pruned + counts.skipped
    assert min(counts.rejected, counts.evaluated, counts.pruned, counts.skipped) >= 0


def assert_legal(question: Question, offer: Offer) -> None:
    """The referee passes the order and its times, and the freedom was not overstepped."""
    day = day_of(question, offer)
    route = placements_in_order(question, offer, day)
    committed = [p.id for p in day.placements]
    others = [p.id for p in route if p.id]
    assert sorted(others) == sorted(committed)
    assert offer.resequences == (others != committed)
    assert not (offer.resequences and kept_in_order(day, question.params))

    visits = [checked(p) for p in route]
    block = among(question, day.shift, route)
    stops = planned(question, route, day)
    assert check_route(day.shift, visits, block) == ()
    assert check_times(day.shift, visits, block, stops) == ()
    new = stops[offer.position]
    assert (offer.arrival, offer.start, offer.finish) == (new.arrival, new.start, new.finish)


def is_on_a_broken_day(question: Question, offer: Offer) -> bool:
    """True for a day that was relaxed; then nothing is worse on the day as it was before that."""
    day = day_of(question, offer)
    given = question.given[question.calendar.days.index(day)]
    if given.broken is None:
        return False
    shift, placements = given.broken[0], {p.id: p for p in given.broken[1]}
    shift = replace(shift, offers=day.shift.offers)
    before = violations(question, shift, list(placements.values()))
    new = placements_in_order(question, offer, day)[offer.position]
    order = [placements.get(name, new) for name in offer.order]
    assert before
    assert [p.id for p in order if p.id] == list(placements)
    assert not_worse(before, violations(question, shift, order, before)) == ()
    return True


def violations(
    question: Question, shift: Shift, route: list[Placement], known: Sequence[Finding] = ()
) -> tuple[Finding, ...]:
    visits, block = [checked(p) for p in route], among(question, shift, route)
    return check_route(shift, visits, block, known=known)


def among(question: Question, shift: Shift, route: Sequence[Placement]) -> NDArray[np.int32]:
    """Driving over start, stops and end."""
    stops = (p.visit.location for p in route)
    return question.roads.among([shift.start_place, *stops, shift.end_place])


def assert_priced(question: Question, offer: Offer) -> None:
    """The components add up to the cost, which is what the offered order itself costs."""
    day, params = day_of(question, offer), question.params
    route = plain(tiny(day, question.roads, question.query, offer.window))
    numbers = {"": len(day.placements) + 1}
    numbers.update({p.id: n for n, p in enumerate(day.placements, start=1)})
    order = [numbers[name] for name in offer.order]
    committed = tuple(range(1, len(order)))
    kept = committed if kept_in_order(day, params) else ()
    worth = params.weights.of_orders
    added = price(route, order, order, worth) - price(route, committed, kept, worth)
    promise = offer.window.promise
    asked = next(a for a in question.query.windows if a.window.promise.covers(promise))
    asked = replace(asked, window=offer.window)
    who = question.calendar.technicians[day.technician]

    assert offer.cost == added + known_cost(who, question.query, asked, params)
    assert offer.cost == sum(component.cost for component in offer.components)
    driving = TRAVEL_ONLY.of_orders
    today = price(route, committed, committed, driving)
    assert offer.added_against_today * 1000 == price(route, order, order, driving) - today


def price(day: Plain, visits: Sequence[int], chain: Sequence[int], weights: Weights) -> int:
    """Least cost of the visits when those of ``chain`` keep their order."""
    best = cheapest(day, weights, visits, chain)
    assert best is not None
    return best.cost


def day_of(question: Question, offer: Offer) -> DayOfWork:
    return next(
        d
        for d in question.calendar.days
        if (d.shift.technician, d.day, d.shift.number) == as_told(offer)[3:]
    )


def placements_in_order(question: Question, offer: Offer, day: DayOfWork) -> list[Placement]:
    by_id = {p.id: p for p in day.placements}
    new = new_visit(day.shift, question.query, offer.window)
    new = replace(new, visit=replace(new.visit, requires=question.query.requires))
    return [by_id[name] if name else new for name in offer.order]


def planned(question: Question, route: list[Placement], day: DayOfWork) -> list[Stop]:
    """The timetable of the offered order."""
    instance = an_instance(day.shift, route, question.roads)
    table = timetable(instance, instance.committed, question.params.weights.of_orders)
    assert table is not None
    origin = datetime.fromtimestamp(instance.origin, UTC)

    def clock(seconds: int) -> datetime:
        return origin + timedelta(seconds=seconds)

    return [
        Stop(p.id, clock(s.arrival), clock(s.start), clock(s.finish))
        for p, s in zip(route, table.stops, strict=True)
    ]
