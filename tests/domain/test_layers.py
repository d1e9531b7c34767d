"""The layers of a calendar over each other: weeks, holidays, exceptions, closures, absences."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from slotsvc.domain.closures import Closure
from slotsvc.domain.eligibility import Certificate
from slotsvc.domain.layers import Layers, teams_on, work_days
from slotsvc.domain.place import Location
from slotsvc.domain.shifts import laid_on
from slotsvc.domain.technician import Loan, Technician, Van
from slotsvc.domain.time_window import TimeWindow
from slotsvc.domain.working_time import (
    Absence,
    Break,
    BreakRule,
    DayHours,
    LocalInterval,
    NoShiftReason,
    Shift,
    ShiftException,
    ShiftHours,
    WorkDay,
    WorkingTime,
)

HOME, DEPOT = Location(43.73, 7.42), Location(43.70, 7.25)
HOUR, MINUTE, SECOND = timedelta(hours=1), timedelta(minutes=1), timedelta(seconds=1)
DAY = timedelta(days=1)
MONDAY = date(2026, 6, 1)
WEEK = [MONDAY + n * DAY for n in range(7)]


def local(hours: str) -> LocalInterval:
    """``"8:00-17:00"``."""
    start, end = (time.fromisoformat(clock.zfill(5)) for clock in hours.split("-"))
    return LocalInterval(start, end)


def hours(*shifts: str) -> DayHours:
    """``hours("8:00-12:00", "14:00-18:00")``; none: a day off."""
    if not shifts:
        return DayHours(None)
    return DayHours(local(shifts[0]), more=tuple(ShiftHours(local(one)) for one in shifts[1:]))


def a_technician(*shifts: str, zone: str = "UTC", **changes: object) -> Technician:
    """Somebody of team north who works the same shifts from Monday to Friday."""
    day, off = hours(*shifts), DayHours(None)
    week = WorkingTime((day, day, day, day, day, off, off))
    ana = Technician("ana", "Ana", "north", zone, HOME, HOME, week)
    return replace(ana, **changes)  # type: ignore[arg-type]


def at(day: date, hour: float) -> datetime:
    return datetime.combine(day, time(), UTC) + hour * HOUR


def window(day: date, start: float, end: float) -> TimeWindow:
    return TimeWindow(at(day, start), at(day, end))


def away(day: date, start: float, end: float) -> dict[str, list[Absence]]:
    return {"ana": [Absence("away", "ana", window(day, start, end))]}


def exception(day: date, *shifts: str, van: str = "") -> dict[str, dict[date, ShiftException]]:
    return {"ana": {day: ShiftException("x", "ana", day, hours(*shifts), van=van)}}


def seen(technician: Technician, layers: Layers, day: date = MONDAY) -> WorkDay:
    return work_days(technician, [day], layers)[day]


def shifts_of(technician: Technician, layers: Layers, day: date = MONDAY) -> tuple[Shift, ...]:
    found = seen(technician, layers, day)
    assert not isinstance(found, NoShiftReason)
    return found


def spans(found: WorkDay) -> list[tuple[int, TimeWindow]]:
    assert not isinstance(found, NoShiftReason)
    return [(shift.number, shift.window) for shift in found]


# --- several shifts a day -------------------------------------------------------------------------


def test_two_shifts_are_numbered_in_order() -> None:
    """Each has its own window, breaks and places; what it leaves open is the technician's."""
    lunch = BreakRule(local("15:00-16:00"), 30 * MINUTE)
    day = DayHours(
        local("8:00-12:00"),
        end_place=DEPOT,
        more=(ShiftHours(local("14:00-18:00"), (lunch,), start_place=DEPOT),),
    )
    ana = replace(a_technician(), working_time=WorkingTime((day,) * 7))

    first, second = shifts_of(ana, Layers())

    assert (first.number, first.window, first.breaks) == (0, window(MONDAY, 8, 12), ())
    assert (first.start_place, first.end_place) == (HOME, DEPOT)
    assert (second.number, second.window) == (1, window(MONDAY, 14, 18))
    assert second.breaks == (Break(window(MONDAY, 15, 16), 30 * MINUTE),)
    assert (second.start_place, second.end_place) == (DEPOT, HOME)


def test_a_swallowed_shift_does_not_renumber_the_others() -> None:
    """The number is the position in the hours of the day, whoever is ill in the morning."""
    ana = a_technician("8:00-12:00", "14:00-18:00")

    found = seen(ana, Layers(absences=away(MONDAY, 7, 12)))

    assert spans(found) == [(1, window(MONDAY, 14, 18))]


def test_an_absence_across_two_shifts_cuts_both() -> None:
    """The end of the one and the beginning of the other are gone."""
    ana = a_technician("8:00-12:00", "14:00-18:00", max_overtime=HOUR)

    first, second = shifts_of(ana, Layers(absences=away(MONDAY, 11, 15)))

    assert (first.window, second.window) == (window(MONDAY, 8, 11), window(MONDAY, 15, 18))
    assert (first.overtime, second.overtime) == (timedelta(0), HOUR)


def test_nothing_is_left_of_both() -> None:
    """One absence over all of the day is one reason."""
    ana = a_technician("8:00-12:00", "14:00-18:00")

    assert seen(ana, Layers(absences=away(MONDAY, 0, 24))) is NoShiftReason.ABSENT


def test_a_shift_that_the_clocks_skip_keeps_its_number() -> None:
    """On the night of the change the short first shift is gone, the second stays number 1."""
    sunday = date(2026, 3, 29)
    ana = a_technician(zone="Europe/Paris")
    layers = Layers(exceptions=exception(sunday, "2:00-2:30", "8:00-12:00"))

    assert spans(seen(ana, layers, sunday)) == [(1, window(sunday, 6, 10))]


def test_an_absence_in_the_middle_is_a_break_away() -> None:
    """It splits nothing: one shift, one number, a pause that begins on its second."""
    (shift,) = shifts_of(a_technician("8:00-17:00"), Layers(absences=away(MONDAY, 10, 11)))

    begins = TimeWindow(at(MONDAY, 10), at(MONDAY, 10) + SECOND)
    assert shift.breaks == (Break(begins, HOUR, away=True),)
    assert shift.number == 0


# --- overtime -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("shifts", "layers", "expected"),
    [
        (("8:00-12:00",), Layers(), 2 * HOUR),
        (("8:00-12:00", "13:00-18:00"), Layers(), HOUR),
        (("8:00-12:00", "12:00-18:00"), Layers(), timedelta(0)),
        (("8:00-12:00",), Layers(absences=away(MONDAY, 12, 13)), timedelta(0)),
        (("8:00-12:00",), Layers(absences=away(MONDAY, 12.5, 13)), HOUR / 2),
        (("8:00-12:00",), Layers(absences=away(MONDAY, 11, 13)), timedelta(0)),
        (("8:00-23:00",), Layers(exceptions=exception(MONDAY + DAY, "0:00-4:00")), HOUR),
    ],
    ids=["free", "next shift", "at once", "absence", "later absence", "cut", "next day"],
)
def test_overtime_ends_where_something_begins(
    shifts: tuple[str, ...], layers: Layers, expected: timedelta
) -> None:
    """Two hours are allowed, but not into the next shift, of the next day too, or an absence."""
    first = shifts_of(a_technician(*shifts, max_overtime=2 * HOUR), layers)[0]

    assert first.overtime == expected
    assert first.latest_end == first.window.end + expected


def test_the_next_days_exception_ends_a_night_shift() -> None:
    """Hours that were set for one date win over those that reach into it."""
    ana = a_technician("22:00-6:00")
    layers = Layers(exceptions=exception(MONDAY + DAY, "4:00-9:00"))

    (shift,) = shifts_of(ana, layers)

    assert shift.window == TimeWindow(at(MONDAY, 22), at(MONDAY, 28))


def test_limits_come_from_the_technician() -> None:
    """All of them stand in every shift."""
    ana = a_technician(
        "8:00-12:00",
        max_travel=3 * HOUR,
        max_visits=5,
        unpaid_first_leg=True,
        unpaid_last_leg=True,
        pace=120,
    )

    (shift,) = shifts_of(ana, Layers())

    assert (shift.max_travel, shift.max_visits, shift.pace) == (3 * HOUR, 5, 120)
    assert (shift.unpaid_first_leg, shift.unpaid_last_leg) == (True, True)


# --- what is offered ------------------------------------------------------------------------------


def test_a_certificate_expires_in_the_middle_of_a_week() -> None:
    """It holds on its last date and not on the next."""
    until_wednesday = Certificate("gas", 2, None, WEEK[2])
    ana = a_technician("8:00-17:00", tags=frozenset({"air"}), certificates=(until_wednesday,))

    found = work_days(ana, WEEK[:5], Layers())

    able = [day for day in WEEK[:5] if "gas:2" in found[day][0].offers]  # type: ignore[index]
    assert able == WEEK[:3]
    assert all("air" in found[day][0].offers for day in WEEK[:5])  # type: ignore[index]


def test_the_van_of_the_day_brings_its_equipment() -> None:
    """The usual van every day, another one on the date whose exception names it."""
    vans = {
        "small": Van("small", "Small", frozenset({"drill"})),
        "lift": Van("lift", "Lift", frozenset(), (Certificate("lift", 1, WEEK[1], WEEK[2]),)),
    }
    ana = a_technician("8:00-17:00", van="small", tags=frozenset({"gas"}))
    with_lift = {
        "ana": {day: ShiftException("x", "ana", day, None, van="lift") for day in WEEK[2:4]}
    }

    found = work_days(ana, WEEK[:4], Layers(exceptions=with_lift, vans=vans))

    offers = [sorted(found[day][0].offers - {"gas", "gas:1"}) for day in WEEK[:4]]  # type: ignore[index]
    small = ["drill", "drill:1"]
    assert offers == [small, small, ["lift", "lift:1"], []]


def test_sectors_go_by_weekday() -> None:
    """A weekday without a word is served everywhere, an empty set nowhere but without a sector."""
    sectors = (frozenset({"harbour"}), frozenset[str](), None, None, None, None, None)
    found = work_days(a_technician("22:00-6:00", sectors=sectors), WEEK[:3], Layers())

    assert [found[day][0].sectors for day in WEEK[:3]] == [  # type: ignore[index]
        {"harbour"},
        frozenset(),
        None,
    ]


# --- holidays, exceptions, closures ---------------------------------------------------------------

FREE = {"north": frozenset({MONDAY})}


def closed(**changes: object) -> dict[str, list[Closure]]:
    given: dict[str, object] = {"dates": (MONDAY, MONDAY)} | changes
    return {"north": [Closure("c", **given)]}  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("layers", "expected"),
    [
        (Layers(), window(MONDAY, 8, 17)),
        (Layers(holidays=FREE), NoShiftReason.HOLIDAY),
        (Layers(holidays=FREE, exceptions=exception(MONDAY, "9:00-11:00")), window(MONDAY, 9, 11)),
        (
            Layers(
                holidays=FREE,
                exceptions={"ana": {MONDAY: ShiftException("x", "ana", MONDAY, None)}},
            ),
            window(MONDAY, 8, 17),
        ),
        (Layers(holidays=FREE, exceptions=exception(MONDAY)), NoShiftReason.DAY_OFF),
        (Layers(closures=closed()), NoShiftReason.CLOSED),
        (
            Layers(closures=closed(), exceptions=exception(MONDAY, "9:00-11:00")),
            NoShiftReason.CLOSED,
        ),
        (Layers(closures=closed(on_duty=frozenset({"ana"}))), window(MONDAY, 8, 17)),
        (Layers(closures=closed(on_duty=frozenset({"ben"}))), NoShiftReason.CLOSED),
        (Layers(closures=closed(), holidays=FREE), NoShiftReason.HOLIDAY),
        (
            Layers(closures=closed(dates=None, window=window(MONDAY, 6, 10))),
            window(MONDAY, 10, 17),
        ),
        (
            Layers(closures=closed(dates=None, window=window(MONDAY, 6, 20))),
            NoShiftReason.CLOSED,
        ),
        (
            Layers(
                closures=closed(dates=None, window=window(MONDAY, 12, 20)),
                absences=away(MONDAY, 8, 12),
            ),
            NoShiftReason.CLOSED,
        ),
        (
            Layers(
                closures=closed(dates=None, window=window(MONDAY, 12, 20)),
                absences=away(MONDAY, 8, 17),
            ),
            NoShiftReason.ABSENT,
        ),
        (Layers(holidays={"south": frozenset({MONDAY})}), window(MONDAY, 8, 17)),
    ],
    ids=[
        "plain",
        "holiday",
        "hours on a holiday",
        "usual hours on a holiday",
        "off on a holiday",
        "closed",
        "closed over an exception",
        "on duty",
        "somebody else on duty",
        "closed on a holiday",
        "closed in the morning",
        "closed all hours",
        "ill, then closed",
        "ill and closed",
        "another team's holiday",
    ],
)
def test_what_stands_higher_wins(layers: Layers, expected: TimeWindow | NoShiftReason) -> None:
    """Week, holiday, exception, closure, absence: from the bottom to the top."""
    found = seen(a_technician("8:00-17:00"), layers)

    assert (found if isinstance(found, NoShiftReason) else found[0].window) == expected


def test_one_shift_ill_and_one_closed() -> None:
    """Absence is the reason as soon as it took one of the shifts."""
    layers = Layers(
        absences=away(MONDAY, 8, 12), closures=closed(dates=None, window=window(MONDAY, 14, 18))
    )

    assert seen(a_technician("8:00-12:00", "14:00-18:00"), layers) is NoShiftReason.ABSENT


def test_a_day_off_stays_a_day_off() -> None:
    """A holiday or a closure on a Sunday takes nothing away, so it is not the reason."""
    sunday = WEEK[6]
    layers = Layers(
        holidays={"north": frozenset({sunday})}, closures=closed(dates=(sunday, sunday))
    )

    assert seen(a_technician("8:00-17:00"), layers, sunday) is NoShiftReason.DAY_OFF


def test_closed_dates_spare_the_night_before() -> None:
    """A night shift belongs to the date on which it starts: Sunday's runs into closed Monday."""
    sunday = MONDAY - DAY
    layers = Layers(closures=closed(), exceptions=exception(sunday, "22:00-6:00"))
    found = work_days(a_technician("22:00-6:00"), [sunday, MONDAY], layers)

    assert spans(found[sunday]) == [(0, TimeWindow(at(sunday, 22), at(MONDAY, 6)))]
    assert found[MONDAY] is NoShiftReason.CLOSED


def test_a_closed_hour_in_the_middle_is_a_break() -> None:
    """The staff meeting interrupts the shift as an absence does."""
    layers = Layers(closures=closed(dates=None, window=window(MONDAY, 10, 11)))

    (shift,) = shifts_of(a_technician("8:00-17:00"), layers)

    assert [(pause.begins.start, pause.duration, pause.away) for pause in shift.breaks] == [
        (at(MONDAY, 10), HOUR, True)
    ]


# --- lent to another team -------------------------------------------------------------------------

SATURDAY, NEXT_MONDAY = WEEK[5], MONDAY + 7 * DAY
LOAN = Loan("l", "ana", "south", WEEK[4], NEXT_MONDAY)


def test_a_loan_over_a_weekend() -> None:
    """Friday to Monday belong to the other team; days off stay days off there."""
    ana = a_technician("8:00-17:00")
    days = [WEEK[3], *WEEK[4:], NEXT_MONDAY, NEXT_MONDAY + DAY]
    layers = Layers(loans={"ana": [LOAN]})
    other, off = NoShiftReason.OTHER_TEAM, NoShiftReason.DAY_OFF

    def told(team: str) -> list[object]:
        found = work_days(ana, days, layers, team).values()
        return [one if isinstance(one, NoShiftReason) else "works" for one in found]

    assert told("north") == ["works", other, other, other, other, "works"]
    assert told("south") == [other, "works", off, off, "works", other]


def test_a_shared_loan_belongs_to_both() -> None:
    """Both teams see the same shift."""
    ana, layers = a_technician("8:00-17:00"), Layers(loans={"ana": [replace(LOAN, shared=True)]})
    north, south = (work_days(ana, [WEEK[4]], layers, team) for team in ("north", "south"))

    assert north == south == {WEEK[4]: shifts_of(ana, layers, WEEK[4])}


@pytest.mark.parametrize("shared", [False, True])
def test_holidays_are_those_of_the_team_one_works_for(shared: bool) -> None:
    """Lent away, the other team's hold; shared, the own team's."""
    layers = Layers(
        loans={"ana": [replace(LOAN, shared=shared)]},
        holidays={"north": frozenset({WEEK[4]}), "south": frozenset({NEXT_MONDAY})},
    )
    found = work_days(a_technician("8:00-17:00"), [WEEK[4], NEXT_MONDAY], layers)

    assert [found[day] is NoShiftReason.HOLIDAY for day in (WEEK[4], NEXT_MONDAY)] == [
        shared,
        not shared,
    ]


def test_loans_of_others_change_nothing() -> None:
    """Only one's own loans count, and only on their dates."""
    ana = a_technician("8:00-17:00")

    assert teams_on(ana, [replace(LOAN, technician="ben")], WEEK[4]) == {"north"}
    assert teams_on(ana, [LOAN], MONDAY) == {"north"}
    assert teams_on(ana, [LOAN], WEEK[4]) == {"south"}
    assert teams_on(ana, [replace(LOAN, shared=True)], WEEK[4]) == {"north", "south"}


# --- against sets of quarter hours ----------------------------------------------------------------

QUARTER = 15 * MINUTE
CHANGES = [date(2026, *md) for md in ((3, 27), (4, 3), (10, 2), (10, 23), (10, 30))]
"""Two days before clocks change somewhere, in both directions."""
ZONES = [
    "UTC",
    "Europe/Paris",  # 29 March, 25 October
    "America/New_York",  # 1 November
    "America/Havana",  # 1 November, at midnight
    "Asia/Kolkata",  # never; half an hour off
    "Australia/Lord_Howe",  # 5 April, 4 October, by 30 minutes
    "Pacific/Chatham",  # 5 April, 27 September; 45 minutes off
]


def quarters(windows: Iterable[TimeWindow]) -> set[datetime]:
    found = set()
    for one in windows:
        clock = one.start
        while clock < one.end:
            found.add(clock)
            clock += QUARTER
    return found


quarter = st.integers(0, 95)
walls = quarter.map(lambda n: time(n // 4, n % 4 * 15))


@st.composite
def valid_days(draw: st.DrawFn) -> DayHours:
    """Up to three shifts in order, the last one perhaps over midnight."""
    marks = sorted(draw(st.sets(quarter, min_size=0, max_size=6)))
    ends = marks[1::2]
    if len(marks) % 2:
        ends.append(draw(st.integers(96, 96 + marks[0])) if marks else 96)
    clock = [time(n % 96 // 4, n % 4 * 15) for n in marks[::2]]
    over = [time(n % 96 // 4, n % 4 * 15) for n in ends]
    shifts = [LocalInterval(a, b) for a, b in zip(clock, over, strict=True)]
    if not shifts:
        return DayHours(None)
    return DayHours(shifts[0], more=tuple(ShiftHours(one) for one in shifts[1:]))


CLOCKS_FORWARD = [hours("1:00-2:15", "2:15-3:15", "20:00-1:00")] * 7
spans_of_hours = st.tuples(st.integers(-48, 400), st.integers(1, 120))


@settings(max_examples=400)
@given(
    st.sampled_from(ZONES),
    st.sampled_from(CHANGES),
    st.lists(valid_days(), min_size=7, max_size=7),
    st.dictionaries(st.integers(0, 3), valid_days(), max_size=2),
    st.lists(spans_of_hours, max_size=3),
    st.lists(spans_of_hours, max_size=2),
    st.sets(st.integers(0, 3), max_size=1),
    st.sets(st.integers(0, 3), max_size=1),
    st.integers(0, 16),
)
@example("Europe/Paris", CHANGES[0], CLOCKS_FORWARD, {}, [], [], {0}, {1}, 8)
def test_against_sets_of_quarter_hours(
    zone: str,
    first: date,
    week: list[DayHours],
    changed: dict[int, DayHours],
    ill: list[tuple[int, int]],
    shut: list[tuple[int, int]],
    free: set[int],
    barred: set[int],
    overtime: int,
) -> None:
    """Working quarters are those of the hours that hold, less absences and closures; whatever
    begins next ends what goes on; hard ends touch nothing."""
    days = [first + n * DAY for n in range(4)]
    origin = datetime.combine(first, time(), UTC)

    def stretch(spans: list[tuple[int, int]]) -> list[TimeWindow]:
        return [TimeWindow(origin + a * QUARTER, origin + (a + n) * QUARTER) for a, n in spans]

    absences = [Absence(f"{n}", "ana", w) for n, w in enumerate(stretch(ill))]
    closures = [Closure(f"w{n}", window=w) for n, w in enumerate(stretch(shut))]
    closures += [Closure(f"d{n}", dates=(days[n], days[n])) for n in barred]
    ana = replace(
        a_technician(zone=zone),
        working_time=WorkingTime(tuple(week)),  # type: ignore[arg-type]
        max_overtime=overtime * QUARTER,
    )
    layers = Layers(
        exceptions={
            "ana": {days[n]: ShiftException("x", "ana", days[n], d) for n, d in changed.items()}
        },
        absences={"ana": absences},
        holidays={"north": frozenset(days[n] for n in free)},
        closures={"north": closures},
    )
    gone = quarters([*stretch(ill), *stretch(shut)])

    def spans_on(n: int) -> list[tuple[int, TimeWindow]]:
        """Number and span of what the hours of a date say."""
        if n in barred or (n in free and n not in changed):
            return []
        day = first + n * DAY
        rule = changed.get(n, week[day.weekday()])
        laid = [(i, laid_on(one.hours, day, zone)) for i, one in enumerate(rule.shifts)]
        return [(i, span) for i, span in laid if span is not None]

    found = work_days(ana, days, layers)
    for n, day in enumerate(days):
        mine = spans_on(n)
        following = [span.start for _, span in [*mine[1:], *spans_on(n + 1)[:1]]]
        got = {} if isinstance(found[day], NoShiftReason) else {s.number: s for s in found[day]}
        for i, (number, span) in enumerate(mine):
            end = following[i] if i < len(following) else span.end
            expected = {q for q in quarters([span]) if q < end} - gone
            shift = got.pop(number, None)
            if shift is None:
                assert expected == set()
                continue
            held = [TimeWindow(b.begins.start, b.begins.start + b.duration) for b in shift.breaks]
            assert quarters([shift.window]) - quarters(held) == expected
            late = [TimeWindow(shift.window.end, shift.latest_end)] if shift.overtime else []
            assert not quarters(late) & gone
            assert all(shift.latest_end <= start for start in following[i : i + 1])
        assert got == {}
