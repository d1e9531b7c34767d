"""The verdict on one technician and window."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings

from slotsvc.domain.booking_rules import BookingRules
from slotsvc.domain.visit import Pin
from slotsvc.domain.working_time import NoShiftReason
from slotsvc.solver import ranking
from slotsvc.solver.changes import ChangeKind
from slotsvc.solver.constraints import Reason
from slotsvc.solver.one_window import Wanted
from slotsvc.solver.params import SearchParams
from slotsvc.solver.query import SlotQuery
from slotsvc.solver.suggest import suggest
from slotsvc.solver.team_calendar import TeamCalendar
from slotsvc.solver.why_not import Asked, Verdict, best_of, compared, why_not
from tests.examples import examples
from tests.solver.calendars import (
    MONDAY,
    Day,
    Roads,
    TeamDays,
    a_break,
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
from tests.solver.clock import Clock
from tests.solver.random_days import ALL_FEATURES, Question, Shape, questions
from tests.solver.test_repair import wanted_of

LINE = a_line(0, 10, 20, 30)
HOUR = timedelta(hours=1)


def verdict_on(
    calendar: TeamCalendar, query: SlotQuery, roads: Roads = LINE, technician: int = 0
) -> Verdict:
    """On the query's first window, every way out, compared with the best."""
    legs = roads.legs(calendar, query.location)
    one = Asked(query, technician, wanted_of(query.windows[0]), most=20)
    params, now = SearchParams(), at("0:00")
    found = why_not(calendar, one, legs, params, now)
    best = best_of(calendar, query, legs, params, now)
    return found if best is None else compared(found, best, calendar, one, legs, params, now)


def ana(*placements: object, **shift: object) -> TeamCalendar:
    """One technician's Monday from 8 to 17 at the beginning of the line."""
    day = Day(a_shift(**shift), placements)  # type: ignore[arg-type]
    return a_calendar(TeamDays([a_technician()], [day]), LINE)


def sizes(verdict: Verdict) -> dict[ChangeKind, int]:
    """Single changes by kind, the smallest of each."""
    found: dict[ChangeKind, int] = {}
    for way in reversed(verdict.ways_out):
        if len(way.repair.changes) == 1:
            found[way.repair.changes[0].kind] = way.repair.changes[0].size
    return found


@settings(max_examples=examples(60), deadline=None)
@given(questions(shape=Shape(visits=(2, 1, 3, 0), technicians=2, features=ALL_FEATURES)))
def test_what_a_search_offers_is_possible_and_nothing_else(question: Question) -> None:
    """Window by window and technician by technician, at the cost of the search; what is not has at
    least one reason."""
    query, calendar = question.query, question.calendar
    legs = question.roads.legs(calendar, query.location)
    every = replace(question.params, max_slots=99, max_per_day=99)
    for number, who in enumerate(calendar.technicians):
        for window in query.windows:
            one = Asked(query, number, wanted_of(window), most=1)
            found = why_not(calendar, one, legs, question.params, question.now)
            hers = replace(query, windows=(window,), required=query.required & {who.id})
            if query.required and not hers.required:
                assert found.offer is None
                continue
            hers = replace(hers, required=frozenset([who.id]))
            offers = suggest(calendar, hers, legs, every, question.now).offers
            least = min((offer.cost for offer in offers), default=None)
            assert (found.offer.cost if found.offer else None) == least
            assert bool(found.blocks) == (found.offer is None)
            assert found.message.startswith("Possible: " if found.offer else "Not possible. ")


def test_a_full_morning_opens_by_minutes() -> None:
    """A visit from 8:10 to 9:10 at place 1, the new one at place 2, to start before 9:15: there at
    9:20 at the soonest. Each way out has the size that can be worked out by hand."""
    morning = a_placement("early", between("8:10", "8:11"), 1)
    found = verdict_on(ana(morning), a_query(2, [asked("8:30", "9:15")]))
    assert [block.reason for block in found.blocks] == [Reason.NO_ROOM]
    assert found.offer is None
    assert sizes(found)[ChangeKind.START_LATER] == 6  # the last start is 9:14:59
    assert ChangeKind.MOVE_VISIT_AWAY in sizes(found)


def test_without_time_nothing_is_claimed() -> None:
    """Whose time is over gets no blocks and no ways out, and is told so."""
    full = ana(a_placement("full", between("8:00", "8:01"), 1, 9 * HOUR))
    query = a_query(2, [asked("10:00", "12:00")])
    one = Asked(query, 0, wanted_of(query.windows[0]))
    legs = LINE.legs(full, query.location)
    told = why_not(full, one, legs, SearchParams(), at("0:00"), lambda: True)
    assert (told.offer, told.blocks, told.ways_out) == (None, (), ())
    assert told.message == "Not judged: there was no time left for it."


def test_a_visit_in_the_way_may_be_late_or_unpinned() -> None:
    """The pinned visit could wait until the new one is done: its promise says so."""
    pinned = replace(
        a_placement("pinned", between("8:30", "12:00"), 1, pin=Pin.START),
        start_window=between("8:30", "8:31"),
    )
    found = verdict_on(ana(pinned), a_query(1, [asked("8:15", "8:40")]))
    assert ChangeKind.UNPIN_VISIT in sizes(found)
    assert sizes(found)[ChangeKind.VISIT_LATER] == 45  # until 9:15


def test_lunch_in_the_way_may_begin_later() -> None:
    """Lunch must begin by 11:59; the visit would end at 12:30 at the soonest."""
    calendar = ana(breaks=[a_break("11:00", "12:00")], start="10:50", end="15:00")
    found = verdict_on(calendar, a_query(0, [asked("11:20", "11:30")], service=HOUR))
    assert sizes(found)[ChangeKind.BREAK_LATER] == 21


def test_a_limit_of_driving_or_visits_is_lifted_by_what_is_missing() -> None:
    """Forty minutes there and back, thirty allowed; one visit more than the shift may have."""
    far = verdict_on(ana(max_travel=timedelta(minutes=30)), a_query(2, [asked("9:00", "11:00")]))
    assert [block.reason for block in far.blocks] == [Reason.MAX_TRAVEL]
    assert sizes(far)[ChangeKind.MORE_DRIVING] == 10
    one = a_placement("one", between("8:10", "9:00"), 1)
    full = verdict_on(ana(one, max_visits=1), a_query(1, [asked("10:00", "11:00")]))
    assert [block.reason for block in full.blocks] == [Reason.MAX_VISITS]
    assert sizes(full) == {ChangeKind.MORE_VISITS: 1, ChangeKind.MOVE_VISIT_AWAY: 0}


def test_rules_are_lifted_by_what_is_missing() -> None:
    """Notice, quota, sector: each with its size, checked like any other change."""
    window = [asked("9:00", "11:00")]
    soon = verdict_on(ana(), a_query(1, window, notice=10 * HOUR))
    assert sizes(soon) == {ChangeKind.SHORTER_NOTICE: 60}
    rules = BookingRules(daily_quota=2)
    full = verdict_on(ana(), a_query(1, window, rules=rules, taken={MONDAY: 3}))
    assert sizes(full) == {ChangeKind.HIGHER_QUOTA: 2}
    north = verdict_on(ana(sectors=frozenset(["south"])), a_query(1, window, sector="north"))
    assert sizes(north) == {ChangeKind.SERVE_SECTOR: 0}


def test_what_needs_two_changes_is_told_as_both() -> None:
    """A tag is missing and the window lies behind the shift: overtime alone is not enough, and
    neither is the tag."""
    query = a_query(1, [asked("17:00", "17:30")], requires=frozenset(["gas"]))
    found = verdict_on(ana(), query)
    assert sizes(found) == {}
    assert {tuple(c.kind for c in way.repair.changes) for way in found.ways_out} >= {
        (ChangeKind.GIVE_TAG, ChangeKind.OVERTIME)
    }


def test_a_day_without_a_shift_is_explained() -> None:
    """With every rule that closes the window besides."""
    team = TeamDays([a_technician()], [], {(0, MONDAY): NoShiftReason.HOLIDAY})
    calendar = a_calendar(team, LINE)
    found = verdict_on(calendar, a_query(0, [asked("9:00", "11:00")], notice=10 * HOUR))
    assert {block.reason for block in found.blocks} == {Reason.HOLIDAY, Reason.NOTICE}
    assert found.ways_out == ()


def test_a_possible_window_is_compared_with_the_best() -> None:
    """Bo is nearer, and another window would be better for Ana."""
    days = [Day(a_shift("ana")), Day(a_shift("bo", places=(2, 2)))]
    calendar = a_calendar(TeamDays([a_technician("ana"), a_technician("bo")], days), LINE)
    query = a_query(2, [asked("9:00", "10:00"), asked("10:00", "11:00")])
    hers, his = verdict_on(calendar, query), verdict_on(calendar, query, technician=1)
    assert hers.offer is not None
    assert "40 min more driving than the best" in hers.message
    assert "Bo would serve this window for less." in hers.message
    assert "Best under these travel times" in his.message


def test_a_comparison_costs_no_search_of_the_whole_request(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Judging asks for the time as often with one window in the request as with forty, and so does
    comparing with the best; without time for it nobody else is named."""
    monkeypatch.setattr(ranking, "WORK", 1)  # or it asks once, however long it takes
    days = [Day(a_shift("ana")), Day(a_shift("bo", places=(2, 2)))]
    calendar = a_calendar(TeamDays([a_technician("ana"), a_technician("bo")], days), LINE)
    windows = [asked(f"{9 + n // 6}:{n % 6}0", f"{9 + n // 6}:{n % 6}5") for n in range(40)]
    questions, whole = [], a_query(2, windows)
    legs, params = LINE.legs(calendar, whole.location), SearchParams()
    best = best_of(calendar, whole, legs, params, at("0:00"))
    assert best is not None
    for query in (replace(whole, windows=whole.windows[:1]), whole):
        one, clock = Asked(query, 0, wanted_of(query.windows[0])), Clock(1 << 60)
        found = why_not(calendar, one, legs, params, at("0:00"), clock)
        assert found.message.endswith("; not compared with the best.")
        told = compared(found, best, calendar, one, legs, params, at("0:00"), clock)
        assert told.message.endswith("Bo would serve this window for less.")
        questions.append(clock.asked)
        short = compared(found, best, calendar, one, legs, params, at("0:00"), lambda: True)
        assert short.message.endswith("more driving than the best.")
    assert questions[0] == questions[1]
    assert best_of(calendar, whole, legs, params, at("0:00"), lambda: True) is None


def test_a_window_of_a_night_shift_belongs_to_the_evening_before() -> None:
    """Two in the morning on Tuesday is on Monday's route."""
    calendar = ana(start="20:00", end="30:00")
    tuesday = MONDAY + timedelta(days=1)
    query = a_query(1, [asked("2:00", "3:00", tuesday)])
    found = verdict_on(calendar, query)
    assert found.offer is not None
    assert found.offer.day == MONDAY
    assert Wanted(tuesday, query.windows[0].window) == found.wanted
