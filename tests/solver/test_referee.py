"""The referee beside the ranking: silent about sound answers, loud about others."""

from __future__ import annotations

from dataclasses import replace

from slotsvc.solver.grid import row_service
from slotsvc.solver.legs import request_legs
from slotsvc.solver.params import SearchParams
from slotsvc.solver.referee import disputed
from slotsvc.solver.suggest import suggest
from tests.solver.calendars import (
    Day,
    TeamDays,
    a_calendar,
    a_line,
    a_placement,
    a_query,
    a_shift,
    a_technician,
    asked,
    at,
    between,
)

LINE = a_line(0, 10, 20, 30)


def test_the_referee_accepts_what_is_offered_and_nothing_else() -> None:
    """Two promised visits, one new: the ranked orders pass, the same offer in an order that breaks
    a promise does not; an answer of which the referee was not asked says so."""
    early = a_placement("early", between("8:00", "8:30"), 1)
    late = a_placement("late", between("12:00", "12:30"), 2)
    team = TeamDays([a_technician()], [Day(a_shift(), [early, late])])
    calendar = a_calendar(team, LINE)
    query = a_query(3, [asked("9:00", "11:00")])
    legs = LINE.legs(calendar, query.location)
    now = at("0:00")

    answer = suggest(calendar, query, legs, SearchParams(), now, ask_referee=True)
    silent = suggest(calendar, query, legs, SearchParams(), now)
    on_site = row_service(calendar, query)
    request = request_legs(calendar.arrays, query.location, on_site, 0, False, legs.into, legs.out)
    wrong = replace(answer.offers[0], order=("late", "early", ""))

    assert answer.disputed == 0
    assert silent.disputed is None
    assert disputed(calendar, query, request, [wrong]) == 1


def test_what_a_stored_visit_lacks_is_not_held_against_an_offer() -> None:
    """A tag was taken away since: that is on record, and the new visit makes it no worse."""
    stored = a_placement("stored", between("8:00", "8:30"), 1)
    lacking = replace(stored, visit=replace(stored.visit, requires=frozenset(["gas"])))
    calendar = a_calendar(TeamDays([a_technician()], [Day(a_shift(), [lacking])]), LINE)
    query = a_query(3, [asked("9:00", "11:00")])
    legs = LINE.legs(calendar, query.location)

    answer = suggest(calendar, query, legs, SearchParams(), at("0:00"), ask_referee=True)

    assert len(answer.offers) == 1
    assert answer.disputed == 0
