"""Wall clocks laid on dates: every clock change of the next years, nights, absences, breaks."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slotsvc.domain.layers import Layers, work_days
from slotsvc.domain.place import Location
from slotsvc.domain.shifts import instant, laid_on, shown
from slotsvc.domain.technician import Technician
from slotsvc.domain.time_window import TimeWindow, from_epoch, to_epoch
from slotsvc.domain.working_time import (
    Absence,
    Break,
    BreakRule,
    DayHours,
    LocalInterval,
    NoShiftReason,
    Shift,
    ShiftException,
    WorkingTime,
)

HOME = Location(43.73, 7.42)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
SECOND = timedelta(seconds=1)

ZONES = [
    "Europe/Paris",
    "Europe/London",
    "Europe/Lisbon",
    "Atlantic/Azores",
    "America/New_York",
    "America/St_Johns",
    "America/Santiago",  # changes at midnight
    "America/Havana",  # changes at midnight
    "America/Nuuk",
    "America/Sao_Paulo",  # no change
    "Africa/Casablanca",  # back for Ramadan
    "Africa/Cairo",  # changes at midnight
    "Asia/Beirut",  # changes at midnight
    "Asia/Jerusalem",
    "Asia/Kolkata",  # no change, half an hour off
    "Australia/Sydney",
    "Australia/Lord_Howe",  # changes by 30 minutes
    "Pacific/Chatham",  # 45 minutes off
    "Pacific/Apia",
    "Antarctica/Troll",  # changes by two hours
]


def local(hours: str) -> LocalInterval:
    """``"8:00-17:00"``."""
    start, end = (time.fromisoformat(clock.zfill(5)) for clock in hours.split("-"))
    return LocalInterval(start, end)


def rule(begins: str, minutes: int) -> BreakRule:
    return BreakRule(local(begins), timedelta(minutes=minutes))


def a_technician(
    hours: str | None = "8:00-17:00",
    *rules: BreakRule,
    zone: str = "Europe/Paris",
    weekend: bool = True,
) -> Technician:
    """Somebody who works the same hours every day, on weekends only if ``weekend``."""
    day = DayHours(local(hours) if hours else None, rules)
    off = day if weekend else DayHours(None)
    week = WorkingTime((day, day, day, day, day, off, off))
    return Technician("ana", "Ana", "south", zone, HOME, HOME, week, frozenset({"gas"}))


def utc(month: int, day: int, hour: int = 0, minute: int = 0) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=UTC)


def away(start: datetime, end: datetime, technician: str = "ana") -> Absence:
    return Absence(f"{start}", technician, TimeWindow(start, end))


def resolve_shift(
    technician: Technician,
    day: date,
    exception: ShiftException | None,
    absences: Sequence[Absence],
) -> Shift | NoShiftReason:
    """The one shift of a date."""
    exceptions = {} if exception is None else {exception.technician: {exception.day: exception}}
    layers = Layers(exceptions, {technician.id: absences})
    found = work_days(technician, [day], layers)[day]
    if isinstance(found, NoShiftReason):
        return found
    (shift,) = found
    return shift


def the_shift(
    technician: Technician, day: date, *absences: Absence, exception: ShiftException | None = None
) -> Shift:
    shift = resolve_shift(technician, day, exception, absences)
    assert isinstance(shift, Shift)
    return shift


# --- every clock change ---------------------------------------------------------------------------


@cache
def changes(zone: str) -> tuple[datetime, ...]:
    """The first UTC minute of every new offset in ``zone``, 2025 to 2030."""
    tz, found = ZoneInfo(zone), []
    hour, end = datetime(2025, 1, 1, tzinfo=UTC), datetime(2031, 1, 1, tzinfo=UTC)
    while hour < end:
        if hour.astimezone(tz).utcoffset() != (hour + 12 * HOUR).astimezone(tz).utcoffset():
            minute = hour
            while hour.astimezone(tz).utcoffset() == minute.astimezone(tz).utcoffset():
                minute += MINUTE
            found.append(minute)
        hour += 12 * HOUR
    return tuple(found)


def test_the_table_holds_every_kind_of_change() -> None:
    """Twenty zones, most of them with two changes a year, some without any."""
    assert len(ZONES) == 20
    assert sum(len(changes(zone)) for zone in ZONES) >= 150
    assert [zone for zone in ZONES if not changes(zone)] == [
        "America/Sao_Paulo",
        "Asia/Kolkata",
        "Pacific/Apia",
    ]


def read_off(zone: str, around: datetime) -> list[tuple[datetime, datetime]]:
    """(what the clock shows, UTC minute), five hours to either side: nothing but a clock."""
    tz = ZoneInfo(zone)
    minutes = (around + MINUTE * offset for offset in range(-300, 300))
    return [(minute.astimezone(tz).replace(tzinfo=None, fold=0), minute) for minute in minutes]


@pytest.mark.parametrize("zone", ZONES)
def test_wall_times_around_every_change(zone: str) -> None:
    """The first minute the clock shows the time; if it never does, the first one later than it."""
    for change in changes(zone):
        clock = read_off(zone, change)
        wall = shown(zone, change).replace(second=0) - 2 * HOUR - 25 * MINUTE
        for step in range(60):
            tried = wall + step * 5 * MINUTE
            same = [minute for face, minute in clock if face == tried]
            later = [minute for face, minute in clock if face > tried]
            assert instant(zone, tried.date(), tried.time()) == (same or later)[0], tried


@pytest.mark.parametrize("zone", ZONES)
def test_elapsed_length_of_every_day_with_a_change(zone: str) -> None:
    """Days are 24 hours less what the clocks go forward; a 24-hour shift is as long as its day."""
    for change in changes(zone):
        due, face = shown(zone, change - SECOND) + SECOND, shown(zone, change)
        affected = min(due, face).date()  # the date of the skipped or doubled time
        for offset in (-1, 0, 1):
            shift = the_shift(
                a_technician("0:00-0:00", zone=zone), affected + timedelta(days=offset)
            )
            assert shift.window.length == 24 * HOUR - (offset == 0) * (face - due)


@pytest.mark.parametrize("zone", ZONES)
def test_days_follow_each_other_without_a_gap(zone: str) -> None:
    """Midnight to midnight, through every change: no second is lost and none counted twice."""
    for change in changes(zone):
        first = shown(zone, change).date() - timedelta(days=2)
        days = [first + timedelta(days=i) for i in range(5)]
        shifts = [the_shift(a_technician("0:00-0:00", zone=zone), day) for day in days]
        for today, tomorrow in pairwise(shifts):
            assert today.window.end == tomorrow.window.start


@pytest.mark.parametrize(
    ("zone", "day", "hours", "elapsed"),
    [
        ("Europe/Paris", date(2026, 3, 29), "0:00-0:00", 23 * 60),
        ("Europe/Paris", date(2026, 10, 25), "0:00-0:00", 25 * 60),
        ("Europe/Paris", date(2026, 3, 28), "22:00-6:00", 7 * 60),
        ("Europe/Paris", date(2026, 10, 24), "22:00-6:00", 9 * 60),
        ("Europe/Paris", date(2026, 3, 29), "22:00-6:00", 8 * 60),
        ("Europe/Paris", date(2026, 3, 29), "2:30-4:00", 60),  # starts at 3:00, the first instant
        ("Europe/Paris", date(2026, 3, 29), "1:00-2:30", 60),
        ("Europe/Paris", date(2026, 10, 25), "2:30-3:30", 120),  # the first 2:30
        ("Europe/Paris", date(2026, 10, 25), "1:30-2:30", 60),
        ("America/New_York", date(2026, 3, 7), "23:00-7:00", 7 * 60),
        ("America/New_York", date(2026, 10, 31), "23:00-7:00", 9 * 60),
        ("Australia/Lord_Howe", date(2026, 10, 4), "0:00-0:00", 23 * 60 + 30),
        ("Australia/Lord_Howe", date(2026, 4, 5), "0:00-0:00", 24 * 60 + 30),
        ("Australia/Lord_Howe", date(2026, 10, 4), "2:15-3:00", 30),
        ("Africa/Cairo", date(2026, 4, 24), "0:30-8:00", 7 * 60),  # midnight does not exist
        ("Antarctica/Troll", date(2026, 3, 29), "0:00-0:00", 22 * 60),
        ("Pacific/Apia", date(2011, 12, 29), "22:00-6:00", 2 * 60),  # the next day never was
        ("Pacific/Apia", date(2011, 12, 31), "8:00-17:00", 9 * 60),
    ],
)
def test_known_days(zone: str, day: date, hours: str, elapsed: int) -> None:
    """Shifts on days of 22 to 25 hours last as long as a stopwatch says."""
    assert the_shift(a_technician(hours, zone=zone), day).window.length == elapsed * MINUTE


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("Europe/Paris", date(2026, 3, 29), "2:00-3:00"),
        ("Europe/Paris", date(2026, 3, 29), "2:15-2:45"),
        ("Pacific/Apia", date(2011, 12, 30), "8:00-17:00"),
    ],
)
def test_hours_the_clocks_skip_are_a_day_off(zone: str, day: date, hours: str) -> None:
    """When all of the working hours fall into the gap nobody works, and nothing fails."""
    assert resolve_shift(a_technician(hours, zone=zone), day, None, []) is NoShiftReason.DAY_OFF


# --- which hours ----------------------------------------------------------------------------------

MONDAY = date(2026, 6, 1)


def test_an_ordinary_day() -> None:
    """Hours become UTC; places and tags come from the technician."""
    shift = the_shift(a_technician(), MONDAY)
    assert shift == Shift(
        "ana",
        MONDAY,
        TimeWindow(utc(6, 1, 6), utc(6, 1, 15)),
        (),
        HOME,
        HOME,
        frozenset({"gas", "gas:1"}),
    )


def test_a_night_shift_belongs_to_the_day_it_starts() -> None:
    """22:00 to 6:00 on Monday ends on Tuesday and has Monday's service date."""
    shift = the_shift(a_technician("22:00-6:00"), MONDAY)
    assert shift.service_date == MONDAY
    assert shift.window == TimeWindow(utc(6, 1, 20), utc(6, 2, 4))


def test_weekends_are_off() -> None:
    """Each weekday has its own hours, and a day without hours is off."""
    days = [MONDAY + timedelta(days=i) for i in range(7)]
    resolved = work_days(a_technician(weekend=False), days, Layers())
    assert [day for day in days if resolved[day] is NoShiftReason.DAY_OFF] == days[5:]


def test_an_exception_replaces_the_hours_of_its_date() -> None:
    """Hours, breaks and all; a closing exception makes a day off, even on an absence."""
    later = ShiftException("x", "ana", MONDAY, DayHours(local("10:00-12:00")))
    closed = ShiftException("y", "ana", MONDAY, DayHours(None))
    technician = a_technician("8:00-17:00", rule("12:00-13:00", 30))

    shift = the_shift(technician, MONDAY, exception=later)
    assert (shift.window.length, shift.breaks) == (2 * HOUR, ())
    ill = away(utc(6, 1), utc(6, 2))
    assert resolve_shift(technician, MONDAY, closed, [ill]) is NoShiftReason.DAY_OFF


def test_other_people_change_nothing() -> None:
    """Exceptions and absences of other technicians are left out."""
    strange = {"bo": {MONDAY: ShiftException("x", "bo", MONDAY, DayHours(None))}}
    layers = Layers(strange, {"bo": [away(utc(6, 1), utc(6, 2), "bo")]})
    resolved = work_days(a_technician(), [MONDAY], layers)
    assert resolved == {MONDAY: (the_shift(a_technician(), MONDAY),)}


# --- absences -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("absences", "start", "end"),
    [
        ([(5, 8)], 8, 15),
        ([(6, 8)], 8, 15),
        ([(13, 15)], 6, 13),
        ([(13, 20)], 6, 13),
        ([(4, 6)], 6, 15),  # touches the shift, takes nothing
        ([(15, 18)], 6, 15),
        ([(5, 8), (7, 9), (9, 10)], 10, 15),  # merged first
        ([(5, 8), (14, 16)], 8, 14),
    ],
)
def test_absences_over_an_end_trim_the_shift(
    absences: list[tuple[int, int]], start: int, end: int
) -> None:
    """What lies over the start or the end is cut off and leaves no break."""
    shift = the_shift(
        a_technician(), MONDAY, *(away(utc(6, 1, a), utc(6, 1, b)) for a, b in absences)
    )
    assert shift.window == TimeWindow(utc(6, 1, start), utc(6, 1, end))
    assert shift.breaks == ()


def test_an_absence_over_everything_leaves_no_shift() -> None:
    """A holiday, or two absences that meet in the middle: absent."""
    holiday = [away(utc(5, 20), utc(6, 20))]
    halves = [away(utc(6, 1, 5), utc(6, 1, 11)), away(utc(6, 1, 11), utc(6, 1, 15))]
    assert resolve_shift(a_technician(), MONDAY, None, holiday) is NoShiftReason.ABSENT
    assert resolve_shift(a_technician(), MONDAY, None, halves) is NoShiftReason.ABSENT


def test_an_absence_in_the_middle_becomes_a_break() -> None:
    """It must begin on its second and lasts its length; overlapping ones become one."""
    shift = the_shift(
        a_technician(),
        MONDAY,
        away(utc(6, 1, 9), utc(6, 1, 10)),
        away(utc(6, 1, 8), utc(6, 1, 9, 30)),
    )
    begins = TimeWindow(utc(6, 1, 8), utc(6, 1, 8) + SECOND)
    assert shift.breaks == (Break(begins, 2 * HOUR, away=True),)


# --- breaks ---------------------------------------------------------------------------------------


def test_breaks_are_laid_on_the_date() -> None:
    """A rule becomes a UTC window; several are ordered by when they may begin."""
    technician = a_technician("8:00-17:00", rule("12:00-14:00", 30), rule("10:00-10:30", 10))
    assert the_shift(technician, MONDAY).breaks == (
        Break(TimeWindow(utc(6, 1, 8), utc(6, 1, 8, 30)), 10 * MINUTE),
        Break(TimeWindow(utc(6, 1, 10), utc(6, 1, 12)), 30 * MINUTE),
    )


def test_the_break_of_a_night_is_on_the_morning_after() -> None:
    """A break at 2:00 of a night shift that starts on Monday is taken on Tuesday."""
    technician = a_technician(
        "22:00-6:00", rule("1:00-3:00", 30), rule("22:00-22:30", 5), rule("23:30-0:30", 10)
    )
    assert [pause.begins.start for pause in the_shift(technician, MONDAY).breaks] == [
        utc(6, 1, 20),
        utc(6, 1, 21, 30),
        utc(6, 1, 23),
    ]


@pytest.mark.parametrize(
    ("hours", "begins", "taken"),
    [
        ("8:00-17:00", "12:00-16:30", 1),  # 16:30 + 30 min is the end of the shift
        ("8:00-17:00", "12:00-16:31", 0),
        ("8:00-17:00", "8:00-9:00", 1),
        ("8:00-17:00", "7:59-9:00", 0),
        ("8:00-12:00", "12:00-13:00", 0),
    ],
)
def test_a_break_applies_when_all_of_it_lies_inside(hours: str, begins: str, taken: int) -> None:
    """All of the window and the break after its last begin, or the rule does not apply that day."""
    shift = the_shift(a_technician(hours, rule(begins, 30)), MONDAY)
    assert len(shift.breaks) == taken


def test_a_break_in_the_skipped_hour_comes_right_after() -> None:
    """The night the clocks skip 2:00 to 3:00 its break may begin from 3:00 to 4:00."""
    technician = a_technician("22:00-6:00", rule("2:00-3:00", 20))
    (pause,) = the_shift(technician, date(2026, 3, 28)).breaks
    assert pause.begins == TimeWindow(utc(3, 29, 1), utc(3, 29, 2))


def test_a_lunch_that_an_absence_covers_is_dropped() -> None:
    """An absence is a fact and stays; the lunch that no longer fits beside it goes."""
    lunch = a_technician("8:00-17:00", rule("12:00-13:00", 30))
    shift = the_shift(lunch, MONDAY, away(utc(6, 1, 9), utc(6, 1, 11)))
    assert [pause.duration for pause in shift.breaks] == [2 * HOUR]


@pytest.mark.parametrize(
    ("absent", "minutes"),
    [
        ((10, 15, 10, 45), [30, 20]),  # it begins too soon to have lunch first
        ((10, 25, 10, 55), [20, 30]),  # just late enough
        ((11, 5, 12, 5), [20, 60]),
    ],
)
def test_lunch_and_absence_are_ordered_so_that_both_fit(
    absent: tuple[int, int, int, int], minutes: list[int]
) -> None:
    """The order in which an empty day can take them all."""
    h0, m0, h1, m1 = absent
    technician = a_technician("8:00-17:00", rule("12:00-13:00", 20))
    shift = the_shift(technician, MONDAY, away(utc(6, 1, h0, m0), utc(6, 1, h1, m1)))
    assert [pause.duration // MINUTE for pause in shift.breaks] == minutes


def test_the_earlier_rule_wins_where_only_one_fits() -> None:
    """Two breaks that exclude each other: the one that was written first is kept."""
    technician = a_technician("8:00-17:00", rule("12:00-12:10", 60), rule("12:05-12:20", 30))
    assert [b.duration for b in the_shift(technician, MONDAY).breaks] == [HOUR]


# --- laws -----------------------------------------------------------------------------------------

half_hours = st.integers(0, 47).map(lambda n: time(n // 2, n % 2 * 30))
intervals = st.builds(LocalInterval, half_hours, half_hours)
rules = st.builds(BreakRule, intervals, st.integers(1, 8).map(lambda n: n * 15 * MINUTE))
moments = st.integers(0, 3 * 96).map(lambda n: utc(3, 28) + n * 15 * MINUTE)
absences = st.lists(
    st.tuples(moments, st.integers(1, 60)).map(lambda t: away(t[0], t[0] + t[1] * 15 * MINUTE)),
    max_size=5,
)


@settings(max_examples=800, deadline=None)
@given(intervals, st.lists(rules, max_size=3), absences, st.sampled_from(ZONES))
def test_work_and_absence_never_meet(
    hours: LocalInterval, some: list[BreakRule], gone: list[Absence], zone: str
) -> None:
    """Shift without absence breaks = hours without absences, second by second."""
    technician = a_technician(None, zone=zone)
    day = date(2026, 3, 29)
    exception = ShiftException("x", "ana", day, DayHours(hours, tuple(some)))
    shift = resolve_shift(technician, day, exception, gone)
    span = laid_on(hours, day, zone)
    expected = quarters([span] if span else []) - quarters([a.window for a in gone])
    if not isinstance(shift, Shift):
        assert expected == set()
        return
    held = [
        TimeWindow(b.begins.start, b.begins.start + b.duration)
        for b in shift.breaks
        if b.begins.length == SECOND
    ]
    assert quarters([shift.window]) - quarters(held) == expected


def quarters(spans: list[TimeWindow]) -> set[int]:
    """The quarter-hour marks inside (all bounds of the test lie on quarters)."""
    return {
        quarter
        for span in spans
        for quarter in range(to_epoch(span.start) // 900, to_epoch(span.end) // 900)
    }


@settings(max_examples=500, deadline=None)
@given(intervals, st.lists(rules, max_size=4), absences)
def test_an_empty_shift_can_take_all_its_breaks(
    hours: LocalInterval, some: list[BreakRule], gone: list[Absence]
) -> None:
    """In the order given every break begins inside its window and all end within the shift."""
    technician = a_technician(None)
    day = date(2026, 3, 28)
    exception = ShiftException("x", "ana", day, DayHours(hours, tuple(some)))
    shift = resolve_shift(technician, day, exception, gone)
    if isinstance(shift, Shift):
        clock = shift.window.start
        for pause in shift.breaks:
            clock = max(clock, pause.begins.start)
            assert pause.begins.contains(clock)
            clock += pause.duration
        assert clock <= shift.window.end


@settings(max_examples=200, deadline=None)
@given(absences, st.sampled_from(ZONES))
def test_many_days_at_once_are_the_days_one_by_one(gone: list[Absence], zone: str) -> None:
    """What is asked for together and what is asked for alone are the same."""
    technician = a_technician("20:00-5:00", rule("0:00-2:00", 30), zone=zone, weekend=False)
    days = [date(2026, 3, 26) + timedelta(days=i) for i in range(6)]
    extra = ShiftException("x", "ana", days[3], DayHours(local("1:00-13:00")))

    layers = Layers({"ana": {days[3]: extra}}, {"ana": gone})
    together = work_days(technician, days, layers)
    assert together == {day: work_days(technician, [day], layers)[day] for day in days}


def test_the_first_of_two_equal_wall_times_is_meant() -> None:
    """``fold=0``: 2:30 on the night the clocks go back is still summer time."""
    assert instant("Europe/Paris", date(2026, 10, 25), time(2, 30)) == utc(10, 25, 0, 30)
    assert instant("Europe/Paris", date(2026, 10, 25), time(2, 30, fold=1)) == utc(10, 25, 0, 30)
    assert shown("Europe/Paris", from_epoch(to_epoch(utc(10, 25, 1, 30)))).hour == 2
