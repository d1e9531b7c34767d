"""Dates and windows as people say them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from slotsvc.portal.formats import (
    called_number,
    spoken_date,
    spoken_datetime,
    spoken_number,
    spoken_span,
    spoken_time,
    spoken_window,
)

ZONE = "Europe/Paris"
START = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
END = START + timedelta(hours=2)


@pytest.mark.parametrize(
    ("locale", "told"),
    [
        ("en", "Mon 23 Nov, 10:00–12:00"),
        ("fr", "lun. 23 nov., 10:00–12:00"),
        ("es", "lun 23 nov, 10:00–12:00"),
        ("it", "lun 23 nov, 10:00–12:00"),
    ],
)
def test_a_window_is_told_in_each_language(locale: str, told: str) -> None:
    """Short, in the clock of the unit, both ends said."""
    assert spoken_window(START, END, ZONE, locale, 2026) == told


@pytest.mark.parametrize(
    ("locale", "told"),
    [
        ("en", "Monday 23 November"),
        ("fr", "lundi 23 novembre"),
        ("es", "lunes, 23 de noviembre"),
        ("it", "lunedì 23 novembre"),
    ],
)
def test_a_long_date_is_told_in_each_language(locale: str, told: str) -> None:
    """As one would write it in a letter."""
    assert spoken_date(date(2026, 11, 23), locale, 2026, long=True) == told


def test_the_first_of_a_month_in_french() -> None:
    """It is an ordinal; the other days, and other languages, have plain numbers."""
    first = date(2026, 12, 1)

    assert spoken_date(first, "fr", 2026, long=True) == "mardi 1er décembre"
    assert spoken_date(first, "fr", 2025) == "mar. 1er déc. 2026"
    assert spoken_date(first, "it", 2026, long=True) == "martedì 1 dicembre"


def test_another_year_is_named() -> None:
    """Only where it is not the present one."""
    day = date(2027, 1, 4)

    assert spoken_date(day, "en", 2026) == "Mon 4 Jan 2027"
    assert spoken_date(day, "es", 2026, long=True) == "lunes, 4 de enero de 2027"
    assert spoken_date(day, "en", 2027) == "Mon 4 Jan"


def test_a_window_over_midnight_has_two_dates() -> None:
    """One that ends at midnight has one: its end is not part of it."""
    evening = datetime(2026, 11, 23, 21, 0, tzinfo=UTC)

    assert (
        spoken_window(evening, evening + timedelta(hours=3), ZONE, "en", 2026)
        == "Mon 23 Nov, 22:00 – Tue 24 Nov, 01:00"
    )
    assert (
        spoken_window(evening, evening + timedelta(hours=2), ZONE, "en", 2026)
        == "Mon 23 Nov, 22:00–00:00"
    )


def test_the_clock_is_the_units_in_summer_and_winter() -> None:
    """The same instant of the day before and after the clocks change."""
    before, after = (datetime(2026, 10, day, 8, 0, tzinfo=UTC) for day in (24, 25))

    assert spoken_datetime(before, ZONE, "en", 2026) == "Sat 24 Oct, 10:00"
    assert spoken_datetime(after, ZONE, "en", 2026) == "Sun 25 Oct, 09:00"


def test_an_hour_that_comes_twice_says_which() -> None:
    """Half past two comes twice on the last Sunday of October."""
    first = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)

    assert spoken_time(first, ZONE) == "02:30 (UTC+2)"
    assert spoken_time(first + timedelta(hours=1), ZONE) == "02:30 (UTC+1)"
    assert spoken_span(first - timedelta(hours=1), first + timedelta(hours=2), ZONE) == (
        "01:30–03:30"
    )


def test_an_hour_that_never_comes_is_not_told() -> None:
    """In March 02:30 is skipped: a window over it is told by the clock as it runs."""
    start = datetime(2026, 3, 29, 0, 30, tzinfo=UTC)

    assert spoken_span(start, start + timedelta(hours=1), ZONE) == "01:30–03:30"


def test_a_telephone_number_is_told_in_its_countrys_groups() -> None:
    """With its country in front; what is no such number, and an address, stay as they are."""
    assert spoken_number("+33639980001") == "+33 6 39 98 00 01"
    assert spoken_number("+377 97-000000") == "+377 97 00 00 00"
    assert spoken_number("04 93 00 00 00") == "04 93 00 00 00"
    assert spoken_number("+33639980001@riviera.example") == "+33639980001@riviera.example"
    assert spoken_number("") == ""


def test_a_number_is_called_by_its_digits() -> None:
    """Behind "tel:" there are no blanks, dots or brackets."""
    assert called_number("+377 97.00.00.00") == "+37797000000"
    assert called_number("(04) 93 00 00 00") == "0493000000"
