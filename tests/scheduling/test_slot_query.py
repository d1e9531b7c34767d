"""From what is asked for to days, windows and rules. The clock shows 8:00 in Monaco, a Monday."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

import pytest

from slotsvc.domain.commitment import Commitment, CommitmentKind, Promise
from slotsvc.domain.errors import InvalidRequestError
from slotsvc.domain.offering import ActivityType, Site
from slotsvc.domain.technician import Team
from slotsvc.domain.time_window import TimeWindow
from slotsvc.domain.visit import Pin, Placement, PlacementState, RouteKey, Standing, Visit
from slotsvc.domain.working_time import LocalInterval
from slotsvc.scheduling.asked import Asked
from slotsvc.scheduling.ports import StoredVisit
from slotsvc.scheduling.slot_query import LONGEST_PERIOD, days_asked, slot_query, with_quota
from slotsvc.scheduling.travel_port import Provenance
from slotsvc.scheduling.wish import Wish
from slotsvc.solver.query import SlotQuery
from tests.scheduling.booking_company import GRID, PLACES, ZONE

NOW = datetime(2030, 6, 3, 6, tzinfo=UTC)
TODAY = date(2030, 6, 3)
HOUR = timedelta(hours=1)
WORK = Visit("", PLACES[0], HOUR, frozenset())
ACTIVITY = ActivityType("a", "A", HOUR, frozenset(), GRID, timedelta(0), timedelta(days=2))
ASKED = Asked(Team("crew", "Crew", ZONE), None, ACTIVITY, None, WORK, GRID, NOW)


def at(hour: int) -> datetime:
    return datetime(2030, 6, 3, hour - 2, tzinfo=UTC)


def window(start: int, end: int) -> TimeWindow:
    return TimeWindow(at(start), at(end))


def query(wish: Wish, asked: Asked = ASKED, pace: int = 100) -> SlotQuery:
    first, days = days_asked(wish, asked, LONGEST_PERIOD)
    return slot_query(wish, asked, first, days, pace)


def stored(standing: Standing, promises: tuple[Promise, ...] = (), pin: Pin = Pin.NONE) -> Asked:
    """A search for a stored visit of Ann's, today from 8 to 10 when it has a place."""
    work = replace(WORK, id="v", promises=promises)
    place = Placement(
        "p", RouteKey("acme", "ann", TODAY), work, 0, PlacementState.BOOKED, None, window(8, 10),
        pin=pin, team="crew",
    )  # fmt: skip
    placement = place if standing is Standing.PLACED else None
    visit = StoredVisit("acme", work, placement, 1, Provenance.LIVE, NOW, NOW, standing=standing)
    return replace(ASKED, stored=visit, work=work)


def test_days_are_those_of_the_team_up_to_its_horizon() -> None:
    """Late on Sunday in UTC it is Monday in Monaco."""
    late = replace(ASKED, now=datetime(2030, 6, 2, 22, 30, tzinfo=UTC))
    first, days = days_asked(Wish(), late, LONGEST_PERIOD)
    assert (first, days) == (TODAY, [TODAY + timedelta(days=n) for n in range(3)])


def test_the_past_is_not_asked_about() -> None:
    """A first date behind today is today."""
    first, _ = days_asked(Wish(first_date=date(2030, 5, 1)), ASKED, LONGEST_PERIOD)
    assert first == TODAY


def test_only_allowed_dates_are_looked_at() -> None:
    """Of those in the period."""
    tomorrow = TODAY + timedelta(days=1)
    wish = Wish(allowed_dates=frozenset([tomorrow, date(2031, 1, 1)]))
    assert days_asked(wish, ASKED, LONGEST_PERIOD)[1] == [tomorrow]


def test_too_long_a_period_is_refused() -> None:
    """The field is named."""
    with pytest.raises(InvalidRequestError, match=r"request\.last_date"):
        days_asked(Wish(last_date=date(2032, 1, 1)), ASKED, LONGEST_PERIOD)


def test_the_last_day_of_the_horizon_ends_at_the_hour() -> None:
    """Unless a last date is named, nobody asked for what begins later than two days from now."""
    latest = NOW + timedelta(days=2)
    assert max(a.window.promise.start for a in query(Wish()).windows) <= latest
    named = query(Wish(last_date=TODAY + timedelta(days=2)))
    assert max(a.window.promise.start for a in named.windows) > latest


def test_a_window_must_lie_in_an_allowed_one() -> None:
    """8 to 10 does, 10 to 12 only in part."""
    found = query(Wish(last_date=TODAY, allowed_windows=(window(8, 11),)))
    assert [a.window.promise for a in found.windows] == [window(8, 10)]


def test_opening_hours_cut_starts_and_close_windows() -> None:
    """Open from 9 to 12: an hour's work must be over by then; the afternoon is closed."""
    hours = ((LocalInterval(time(9), time(12)),),) * 7
    asked = replace(ASKED, site=Site("s", "S", PLACES[0], "", opening_hours=hours))
    found = query(Wish(last_date=TODAY), asked)
    starts = [a.window.start_window for a in found.windows]
    assert (starts[0].start, starts[-1].end) == (at(9), at(11) + timedelta(seconds=1))
    assert [a.window.promise for a in found.closed] == [window(13, 15), window(15, 17)]


def test_no_notice_is_a_wish_too() -> None:
    """It stands above the activity type's."""
    asked = replace(ASKED, activity=replace(ACTIVITY, notice=HOUR))
    assert query(Wish(), asked).notice == HOUR
    assert query(Wish(notice=timedelta(0)), asked).notice == timedelta(0)


def test_a_pinned_visit_stays_with_its_technician() -> None:
    """Unless the caller names others."""
    asked = stored(Standing.PLACED, pin=Pin.TECHNICIAN)
    assert query(Wish(visit="v"), asked).required == {"ann"}
    named = Wish(visit="v", required_technicians=frozenset(["bob"]))
    assert query(named, asked).required == {"bob"}


def test_work_that_waits_keeps_its_word_and_a_booking_is_agreed_anew() -> None:
    """What was promised binds the backlog only, and not when the caller leaves it."""
    told = (Promise((window(8, 10),), NOW),)
    waits = stored(Standing.UNPLACED, told)
    assert query(Wish(visit="v"), waits).promised == (window(8, 10),)
    assert query(Wish(visit="v", leave_promise=True), waits).promised is None
    assert query(Wish(visit="v"), stored(Standing.PLACED, told)).promised is None


def test_a_target_always_binds() -> None:
    """Together with what was promised: the part they share."""
    asked = stored(Standing.UNPLACED, (Promise((window(8, 10),), NOW),))
    wanted = Commitment(CommitmentKind.FLEXIBLE, target=window(9, 15))
    asked = replace(asked, work=replace(asked.work, commitment=wanted))
    assert query(Wish(visit="v"), asked).promised == (window(9, 10),)
    assert query(Wish(visit="v", leave_promise=True), asked).promised == (window(9, 15),)


def test_a_visit_that_moves_gives_up_its_place_in_the_quota() -> None:
    """Of two visits that day one is itself, unless it counts for another team."""
    asked = stored(Standing.PLACED)
    found = with_quota(query(Wish()), asked, {TODAY: 2})
    assert found.taken == {TODAY: 1}
    elsewhere = replace(asked, team=replace(asked.team, id="south"))
    assert with_quota(query(Wish()), elsewhere, {TODAY: 2}).taken == {TODAY: 2}
    assert with_quota(query(Wish()), ASKED, {TODAY: 2}).taken == {TODAY: 2}
