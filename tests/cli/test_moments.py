"""Moments and windows as people type them."""

from __future__ import annotations

from datetime import UTC, date, datetime

import click
import pytest

from slotsvc.cli.moments import Moment, Window, moment_of, window_of
from tests.cli.samples import TUESDAY, ZONE, at

NOW = at(9)


@pytest.mark.parametrize(
    ("typed", "moment"),
    [
        ("08:15", at(8, 15)),
        ("8", at(8)),
        ("tomorrow/8", at(8, 0, date(2026, 11, 25))),
        ("fri/17:00", at(17, 0, date(2026, 11, 27))),
        ("2026-12-01 08:15", at(8, 15, date(2026, 12, 1))),
        ("2026-12-01T08:15", at(8, 15, date(2026, 12, 1))),
    ],
)
def test_a_moment_is_a_day_and_a_clock(typed: str, moment: datetime) -> None:
    """Local to the team, today unless a day is said; the result is UTC."""
    found = moment_of(Moment().convert(typed, None, None), ZONE, NOW)
    assert found == moment
    assert found.tzinfo is UTC


def test_a_window_may_cross_midnight() -> None:
    """An end not later than the start is on the next day."""
    found = window_of(Window().convert("22:00-06:00", None, None), ZONE, NOW)
    assert found == (at(22), at(6, 0, date(2026, 11, 25)))


def test_a_window_without_a_day_is_on_the_usual_one() -> None:
    """Such as the day the visit is planned on."""
    typed = Window().convert("8-10", None, None)
    other = date(2026, 11, 30)
    assert window_of(typed, ZONE, NOW, other)[0] == at(8, 0, other)
    assert window_of(typed, ZONE, NOW)[0] == at(8, 0, TUESDAY)


@pytest.mark.parametrize("kind", [Moment(), Window()])
@pytest.mark.parametrize("typed", ["fri", "25:00", "8-10-12", "someday/8-10", "", "8:00-26:00"])
def test_anything_else_is_told_what_to_type(kind: click.ParamType[object], typed: str) -> None:
    """The message has an example."""
    with pytest.raises(click.BadParameter, match="such as"):
        kind.convert(typed, None, None)
