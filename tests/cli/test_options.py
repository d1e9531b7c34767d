from __future__ import annotations

from datetime import date, time

import click
import pytest

from slotsvc.cli.options import Address, Day, Grid, Place

FRIDAY = date(2026, 11, 27)


@pytest.mark.parametrize("text", ["43.7386,7.4246", "43.7386, 7.4246", "43.7386 7.4246"])
def test_a_place_is_latitude_then_longitude(text: str) -> None:
    """As maps print it, with a comma, a blank or both."""
    assert Place().convert(text, None, None) == (43.7386, 7.4246)


def test_a_place_that_is_none_is_refused_with_an_example() -> None:
    """The message shows what to type."""
    with pytest.raises(click.BadParameter, match=r"43\.7386,7\.4246"):
        Place().convert("43.7386", None, None)


def test_a_grid_is_a_list_of_spans() -> None:
    """Minutes may be left out."""
    spans = ((time(8), time(10)), (time(10, 30), time(12)))

    assert Grid().convert("08-10,10:30-12:00", None, None) == spans


@pytest.mark.parametrize("text", ["8", "08:00-25:00", "8-10;10-12", "", "8-7", "8-8"])
def test_a_grid_that_is_none_is_refused(text: str) -> None:
    """Hours over 23 and other marks are no spans, nor is what ends before it starts."""
    with pytest.raises(click.BadParameter):
        Grid().convert(text, None, None)


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2026-12-24", date(2026, 12, 24)),
        ("today", FRIDAY),
        ("Tomorrow", date(2026, 11, 28)),
        ("+3", date(2026, 11, 30)),
        ("fri", FRIDAY),
        ("mon", date(2026, 11, 30)),
        ("thursday", date(2026, 12, 3)),
    ],
)
def test_a_day_is_a_date_or_a_word(text: str, day: date) -> None:
    """A weekday is the next one, today included."""
    assert Day().convert(text, None, None)(FRIDAY) == day


@pytest.mark.parametrize("text", ["2026-02-30", "someday", "t", "24.12."])
def test_a_day_that_is_none_is_refused(text: str) -> None:
    """Dates that do not exist and words that mean nothing."""
    with pytest.raises(click.BadParameter):
        Day().convert(text, None, None)


@pytest.mark.parametrize(
    ("text", "span"),
    [("22:00-06:00", (time(22), time(6))), ("18-24:00", (time(18), time())),
     ("0-24", (time(), time()))],
)  # fmt: skip
def test_a_night_is_a_span(text: str, span: tuple[time, time]) -> None:
    """Over midnight up to 16 hours, and up to midnight any length."""
    assert Grid().convert(text, None, None) == (span,)


@pytest.mark.parametrize(
    "text", ["nonsense", "host", "host:", ":1", "host:99999", "::1:5", "a b:1"]
)
def test_an_address_that_is_none_is_refused_with_an_example(text: str) -> None:
    """Before anything is asked."""
    with pytest.raises(click.BadParameter, match=r"127\.0\.0\.1:50051"):
        Address().convert(text, None, None)


@pytest.mark.parametrize("text", ["127.0.0.1:50051", "[::1]:7", "localhost:0", "0.0.0.0:1"])
def test_an_address_is_host_and_port(text: str) -> None:
    """IPv6 in brackets; `off` only where it has a meaning."""
    assert Address().convert(text, None, None) == text
    assert Address(or_off=True).convert("off", None, None) == "off"
