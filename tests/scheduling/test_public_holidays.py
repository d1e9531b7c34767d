"""Public holidays of countries and of parts of them."""

from __future__ import annotations

import subprocess
import sys
from datetime import date

import pytest

from slotsvc.scheduling.public_holidays import is_calendar, public_holidays

YEAR = (date(2026, 1, 1), date(2026, 12, 31))


def test_a_part_of_a_country_has_days_of_its_own() -> None:
    """Good Friday and Boxing Day are free in Moselle, not in the rest of France."""
    france, moselle = public_holidays("FR", *YEAR), public_holidays("FR-57", *YEAR)

    assert moselle - france == {date(2026, 4, 3), date(2026, 12, 26)}
    assert france < moselle
    assert date(2026, 7, 14) in france
    assert date(2026, 11, 19) in public_holidays("MC", *YEAR)


def test_both_ends_of_the_span_count() -> None:
    """One day alone can be asked for, and spans over the end of the year too."""
    new_year = date(2027, 1, 1)

    assert public_holidays("FR", new_year, new_year) == {new_year}
    assert public_holidays("FR", date(2026, 12, 25), new_year) == {date(2026, 12, 25), new_year}
    assert public_holidays("FR", date(2026, 12, 26), date(2026, 12, 31)) == frozenset()


@pytest.mark.parametrize("calendar", ["FR", "IN", "TR", "MC"])
@pytest.mark.parametrize("year", [2000, 2199])
def test_far_years_are_quiet(calendar: str, year: int) -> None:
    """Where the library knows less it says less; nothing is raised and nothing is printed."""
    first, last = date(year, 1, 1), date(year, 12, 31)

    assert all(first <= day <= last for day in public_holidays(calendar, first, last))


def test_no_calendar_has_no_holidays() -> None:
    """Unset and "none" are no holidays; a name that nobody knows is an error."""
    assert public_holidays("", *YEAR) == public_holidays("none", *YEAR) == frozenset()
    with pytest.raises(ValueError, match="XX"):
        public_holidays("XX", *YEAR)


@pytest.mark.parametrize("calendar", ["FR", "FR-57", "MC", "ES-CT", "IT", "GB-SCT"])
def test_known_calendars(calendar: str) -> None:
    """Countries, and parts by their ISO 3166-2 code."""
    assert is_calendar(calendar)
    assert public_holidays(calendar, *YEAR)


@pytest.mark.parametrize("calendar", ["", "none", "fr", "FR-", "FR-XX", "XX", "FR-57-1", "France"])
def test_unknown_calendars(calendar: str) -> None:
    """Anything else is refused, and nothing is raised."""
    assert not is_calendar(calendar)


def test_the_library_is_read_only_when_a_calendar_names_a_country() -> None:
    """Who has no public holidays does not pay for reading it."""
    program = (
        "import sys; from datetime import date;"
        "from slotsvc.scheduling.public_holidays import public_holidays as ask;"
        "ask('', date.min, date.max); ask('none', date.min, date.max);"
        "sys.exit('holidays' in sys.modules)"
    )

    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
