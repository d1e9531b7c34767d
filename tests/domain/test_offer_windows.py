"""The offer grid on the clock: cut by opening hours, by the service time and by clock changes."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slotsvc.domain.offer_windows import OfferWindow, OpeningHours, offered_windows
from slotsvc.domain.offering import OfferGrid
from slotsvc.domain.shifts import laid_on, shown
from slotsvc.domain.time_window import TimeWindow
from slotsvc.domain.working_time import LocalInterval

PARIS = "Europe/Paris"
MONDAY = date(2026, 6, 1)
SPRING = date(2026, 3, 29)
AUTUMN = date(2026, 10, 25)
MINUTE = timedelta(minutes=1)
SECOND = timedelta(seconds=1)


def local(hours: str) -> LocalInterval:
    """``"8:00-17:00"``."""
    start, end = (time.fromisoformat(clock.zfill(5)) for clock in hours.split("-"))
    return LocalInterval(start, end)


def grid(*cells: str, step: int | None = None) -> OfferGrid:
    return OfferGrid(tuple(local(cell) for cell in cells), None if step is None else step * MINUTE)


def daily(*hours: str) -> OpeningHours:
    return (tuple(local(interval) for interval in hours),) * 7


def offers(
    cells: OfferGrid,
    opening: OpeningHours | None = None,
    service: int = 60,
    day: date = MONDAY,
    zone: str = PARIS,
    site_zone: str = PARIS,
) -> tuple[OfferWindow, ...]:
    return offered_windows(cells, zone, day, opening, site_zone, service * MINUTE)


def spoken(window: TimeWindow, zone: str = PARIS) -> str:
    """``"08:00-10:00"`` on the clocks of ``zone``; one second is left off the end if it is odd."""
    start, end = (shown(zone, moment) for moment in (window.start, window.end))
    return f"{start:%H:%M}-{end:%H:%M}" + ("+1s" if end.second else "")


def promises(found: tuple[OfferWindow, ...]) -> list[str]:
    return [spoken(offer.promise) for offer in found]


def starts(found: tuple[OfferWindow, ...]) -> list[str]:
    return [spoken(offer.start_window) for offer in found]


def test_always_open() -> None:
    """Without opening hours every cell is offered whole, and service may run over its end."""
    found = offers(grid("8:00-10:00", "10:00-12:00"))
    assert promises(found) == starts(found) == ["08:00-10:00", "10:00-12:00"]


def test_opening_hours_bound_the_start_and_the_finish() -> None:
    """The promise is cut by opening and closing; the last start leaves time for the service."""
    found = offers(grid("8:00-10:00", "10:00-12:00", "16:00-18:00"), daily("9:00-17:00"))
    assert promises(found) == ["09:00-10:00", "10:00-12:00", "16:00-17:00"]
    assert starts(found) == ["09:00-10:00", "10:00-12:00", "16:00-16:00+1s"]


def test_an_offer_knows_closing_time() -> None:
    """So that its start window can be cut for who takes longer; None where it is always open."""
    found = offers(grid("8:00-10:00", "10:00-13:00"), daily("9:00-11:30", "12:00-17:00"))
    closing = [spoken(TimeWindow(o.promise.start, o.finish_by)) for o in found if o.finish_by]
    assert closing == ["09:00-11:30", "10:00-11:30", "12:00-17:00"]
    assert [o.finish_by for o in offers(grid("8:00-10:00"))] == [None]


def test_offers_told_alike_are_alike() -> None:
    """Closing time does not tell them apart: a token does not carry it."""
    (one,) = offers(grid("8:00-10:00"))
    assert one == replace(one, finish_by=one.promise.end)


def test_a_cell_without_time_for_the_service_is_not_offered() -> None:
    """One minute more and the last cell vanishes."""
    cells = grid("10:00-12:00", "16:00-18:00")
    assert promises(offers(cells, daily("9:00-17:00"), service=61)) == ["10:00-12:00"]


def test_a_lunch_break_of_the_site_makes_two_offers_of_one_cell() -> None:
    """Each promise lies in one opening interval, and service never runs through the lunch."""
    found = offers(grid("8:00-18:00"), daily("8:00-12:00", "14:00-18:00"))
    assert promises(found) == ["08:00-12:00", "14:00-18:00"]
    assert starts(found) == ["08:00-11:00+1s", "14:00-17:00+1s"]


def test_a_closed_day() -> None:
    """A weekday without hours offers nothing, whatever the days beside it do."""
    week = daily("9:00-17:00")
    closed = ((), *week[1:])
    assert offers(grid("8:00-18:00"), closed) == ()
    assert offers(grid("8:00-18:00"), closed, day=date(2026, 6, 2)) != ()


def test_a_team_without_a_grid_offers_nothing() -> None:
    """No cells, no offers."""
    assert offers(grid()) == ()


def test_cells_may_come_in_any_order() -> None:
    """A night cell listed first hides nothing of the morning before it."""
    found = offers(grid("22:00-2:00", "8:00-10:00"), daily("8:00-12:00", "21:00-3:00"))
    assert promises(found) == ["22:00-02:00", "08:00-10:00"]


def test_the_hours_of_a_night_reach_into_the_next_day() -> None:
    """Open from 22:00 to 6:00: at 1:00 on Monday the hours are Sunday's."""
    only_sunday = ((),) * 6 + ((local("22:00-6:00"),),)
    assert promises(offers(grid("0:00-2:00", "22:00-0:00"), only_sunday)) == ["00:00-02:00"]


def test_open_around_the_clock() -> None:
    """Days that touch are one interval: service may run over midnight."""
    found = offers(grid("22:00-0:00"), daily("0:00-0:00"), service=180)
    assert starts(found) == ["22:00-00:00"]


def test_a_site_in_another_zone() -> None:
    """Opening hours are on the site's clock, the grid on the team's; the dates may differ."""
    sydney = ((local("8:00-12:00"),), (), (), (), (), (), ())  # Monday, 22:00-2:00 UTC
    found = offers(grid("23:00-1:00"), sydney, day=date(2026, 5, 31), site_zone="Australia/Sydney")
    assert promises(found) == ["00:00-01:00"]


# --- exact starts ---------------------------------------------------------------------------------


def test_exact_starts() -> None:
    """The client is told a time: the promise is one step, the start window one second."""
    found = offers(grid("8:00-9:00", step=15))
    assert promises(found) == ["08:00-08:15", "08:15-08:30", "08:30-08:45", "08:45-09:00"]
    assert all(
        o.start_window == TimeWindow(o.promise.start, o.promise.start + SECOND) for o in found
    )


def test_exact_starts_end_in_time_for_closing() -> None:
    """The last exact start is the service time before closing, and none is before opening."""
    found = offers(grid("8:00-18:00", step=30), daily("8:10-10:00"), service=45)
    assert promises(found) == ["08:30-09:00", "09:00-09:30"]


def test_the_last_step_is_cut_by_its_span() -> None:
    """A step that does not divide the span leaves a shorter promise at its end."""
    assert promises(offers(grid("8:00-10:00", step=45))) == [
        "08:00-08:45",
        "08:45-09:30",
        "09:30-10:00",
    ]


@pytest.mark.parametrize("step", [0, -15])
def test_a_step_must_be_positive(step: int) -> None:
    """Anything else would never end."""
    with pytest.raises(ValueError, match="positive"):
        offers(grid("8:00-10:00", step=step))


# --- clock changes --------------------------------------------------------------------------------


def test_a_cell_in_the_skipped_hour_vanishes() -> None:
    """2:00 to 3:00 does not exist that night; a cell half inside begins where the clock goes on."""
    assert promises(offers(grid("2:00-3:00"), day=SPRING)) == []
    found = offers(grid("1:00-2:30", "2:30-4:00"), day=SPRING)
    assert promises(found) == ["01:00-03:00", "03:00-04:00"]
    assert [offer.promise.length for offer in found] == [60 * MINUTE, 60 * MINUTE]


def test_a_cell_over_the_doubled_hour_is_longer() -> None:
    """1:00 to 4:00 lasts four hours when the clocks go back."""
    (offer,) = offers(grid("1:00-4:00"), day=AUTUMN)
    assert offer.promise.length == 240 * MINUTE


def test_exact_starts_the_clock_skips_are_not_offered() -> None:
    """No offer at 2:00 or 2:30, and 3:00 is offered once."""
    found = offers(grid("1:00-4:00", step=30), day=SPRING)
    assert [spoken(o.promise)[:5] for o in found] == ["01:00", "01:30", "03:00", "03:30"]


def test_exact_starts_in_the_doubled_hour_are_offered_once() -> None:
    """2:00 means the first 2:00: nobody is offered a time that could be read in two ways."""
    found = offers(grid("1:00-4:00", step=60), day=AUTUMN)
    assert [o.promise.start for o in found] == [
        datetime(2026, 10, 24, 23, tzinfo=UTC),
        datetime(2026, 10, 25, 0, tzinfo=UTC),
        datetime(2026, 10, 25, 2, tzinfo=UTC),
    ]


def test_exact_starts_stay_on_the_hour_after_half_an_hour() -> None:
    """Lord Howe goes forward by 30 minutes at 2:00: 3:00 is offered, 3:30 is not."""
    zone = "Australia/Lord_Howe"
    found = offers(grid("1:00-5:00", step=60), day=date(2026, 10, 4), zone=zone)
    assert [spoken(o.promise, zone)[:5] for o in found] == ["01:00", "03:00", "04:00"]


# --- laws -----------------------------------------------------------------------------------------

half_hours = st.integers(0, 47).map(lambda n: time(n // 2, n % 2 * 30))
intervals = st.builds(LocalInterval, half_hours, half_hours)
weeks = st.lists(st.lists(intervals, max_size=2).map(tuple), min_size=7, max_size=7).map(tuple)
zones = st.sampled_from([PARIS, "America/New_York", "Australia/Lord_Howe", "Africa/Cairo"])
days = st.sampled_from([MONDAY, SPRING, AUTUMN, date(2026, 4, 5), date(2026, 4, 24)])


@settings(max_examples=600, deadline=None)
@given(
    st.lists(intervals, max_size=3).map(tuple),
    st.sampled_from([None, 30 * MINUTE, 50 * MINUTE]),
    st.none() | weeks,
    zones,
    zones,
    days,
    st.integers(1, 40).map(lambda n: n * 30 * MINUTE),
)
def test_every_offer_can_be_kept(
    cells: tuple[LocalInterval, ...],
    step: timedelta | None,
    week: OpeningHours | None,
    zone: str,
    site_zone: str,
    day: date,
    service: timedelta,
) -> None:
    """An offer lies in a cell, its start window in the promise, its service in opening hours."""
    found = offered_windows(OfferGrid(cells, step), zone, day, week, site_zone, service)
    laid = [window for cell in cells if (window := laid_on(cell, day, zone))]
    for offer in found:
        assert any(cell.covers(offer.promise) for cell in laid)
        assert offer.promise.covers(offer.start_window)
        assert offer.promise.start == offer.start_window.start
        if step is not None:
            assert offer.start_window.length == SECOND
        assert (offer.finish_by is None) == (week is None)
        if week is not None and offer.finish_by is not None:
            last = offer.start_window.end - SECOND
            assert last + service <= offer.finish_by
            assert is_open(week, site_zone, offer.start_window.start, last + service)


def is_open(week: OpeningHours, zone: str, start: datetime, end: datetime) -> bool:
    """Every quarter of an hour from ``start`` up to ``end`` lies in some opening interval."""
    first = shown(zone, start).date() - timedelta(days=1)
    spans = [
        span
        for offset in range(5)
        for on in [first + timedelta(days=offset)]
        for interval in week[on.weekday()]
        if (span := laid_on(interval, on, zone))
    ]
    marks = range((end - start) // (15 * MINUTE))
    return all(any(span.contains(start + n * 15 * MINUTE) for span in spans) for n in marks)
