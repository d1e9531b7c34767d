"""What clients wish for, and what it means for a search."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from urllib.parse import parse_qsl
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st
from starlette.datastructures import ImmutableMultiDict

from slotsvc.portal.booking.wishes import MOST_WINDOWS, Limits, Part, Wishes, limits_of

ZONE = ZoneInfo("Europe/Monaco")
TODAY = date(2030, 6, 3)
MONTH = timedelta(days=28)


def read(query: str) -> Wishes:
    return Wishes.read(ImmutableMultiDict(parse_qsl(query)))


_DATES = st.dates(date(2030, 1, 1), date(2031, 1, 1))


@given(
    st.builds(
        Wishes,
        part=st.sampled_from([None, *Part]),
        weekdays=st.frozensets(st.integers(0, 6), max_size=6),
        not_before=st.none() | _DATES,
        seen=st.lists(_DATES, unique=True, max_size=20).map(lambda days: tuple(sorted(days))),
    )
)
def test_wishes_survive_an_address(wishes: Wishes) -> None:
    """What is written into an address is what is read from it."""
    assert read(wishes.as_query()) == wishes


def test_nonsense_is_left_out() -> None:
    """Anybody can write anything into an address."""
    assert read("part=night&day=8&day=x&from=2030-02-30&seen=a.b.20300101x") == Wishes()
    assert read("&".join(f"day={day}" for day in range(7))) == Wishes()


def test_no_wishes_no_limits() -> None:
    """Without wishes the engine searches its whole horizon."""
    assert limits_of(Wishes(), TODAY, MONTH, ZONE) == Limits()
    assert limits_of(Wishes(not_before=date(2030, 1, 1)), TODAY, MONTH, ZONE) == Limits()


def test_days() -> None:
    """Weekdays, a first day and days seen leave the others of the horizon."""
    wishes = Wishes(
        weekdays=frozenset({1}), not_before=date(2030, 6, 10), seen=(date(2030, 6, 18),)
    )
    limits = limits_of(wishes, TODAY, MONTH, ZONE)
    assert limits is not None
    assert limits.dates == (date(2030, 6, 11), date(2030, 6, 25))
    assert (
        limits_of(Wishes(not_before=date(2031, 1, 1), part=Part.MORNING), TODAY, MONTH, ZONE)
        is None
    )


def test_not_before_a_day_behind_the_horizon() -> None:
    """There is nothing to look for, whatever else is wished; the horizon's last day still is."""
    last = TODAY + MONTH
    assert limits_of(Wishes(not_before=last), TODAY, MONTH, ZONE) == Limits(last)
    for day in (last + timedelta(days=1), date.max):
        assert limits_of(Wishes(not_before=day), TODAY, MONTH, ZONE) is None


def test_parts_of_the_day() -> None:
    """Mornings end by one, afternoons begin at twelve, on the clock of the business unit."""
    limits = limits_of(Wishes(part=Part.AFTERNOON), TODAY, timedelta(days=366), ZONE)
    assert limits is not None
    assert len(limits.windows) == len(limits.dates) == MOST_WINDOWS
    assert limits.windows[0].start == datetime(2030, 6, 3, 10, tzinfo=UTC)
    assert limits.windows[0].end == datetime(2030, 6, 3, 22, tzinfo=UTC)
    morning = limits_of(Wishes(part=Part.MORNING), TODAY, MONTH, ZONE)
    assert morning is not None
    assert morning.windows[0].end == datetime(2030, 6, 3, 11, tzinfo=UTC)
