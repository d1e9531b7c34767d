"""Every wrong field is found at once."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slotsvc.domain.errors import InvalidRequestError, Violation
from slotsvc.scheduling.field_checks import Violations, is_id


def test_all_violations_come_in_one_error() -> None:
    """Leaving the block raises once, with everything found, in the order it was looked at."""

    def check() -> None:
        with Violations() as wrong:
            wrong.id("team_id", "No Spaces")
            wrong.text("team.display_name", "", 200, required=True)
            wrong.zone("team.time_zone", "Europe/Monacco")

    with pytest.raises(InvalidRequestError) as refused:
        check()

    assert [v.field for v in refused.value.violations] == [
        "team_id",
        "team.display_name",
        "team.time_zone",
    ]


def test_a_right_request_passes() -> None:
    """Nothing wrong, nothing raised, values unchanged."""
    with Violations() as wrong:
        assert wrong.id("id", "north-1_b") == "north-1_b"
        assert wrong.text("name", "Équipe Nord 🚐", 200) == "Équipe Nord 🚐"
        assert wrong.text("note", "two\nlines", 20, lines=True) == "two\nlines"
        assert wrong.zone("zone", "") == ""
        assert wrong.tags("tags", ["gas", "air-1"], 5, {"gas", "air-1"}) == {"gas", "air-1"}

    assert wrong.found == ()


def test_another_error_is_not_hidden() -> None:
    """An exception inside the block passes, whatever was found before it."""

    def check() -> None:
        with Violations() as wrong:
            wrong.add("a", "b")
            raise KeyError

    with pytest.raises(KeyError):
        check()


@pytest.mark.parametrize("value", ["", "A", "a b", "a.b", "ä", "a/b", "x" * 64, "a\n"])
def test_ids_are_narrow(value: str) -> None:
    """Only 1 to 63 of a-z, 0-9, hyphen and underscore."""
    assert not is_id(value)
    assert is_id("x" * 63)


@pytest.mark.parametrize(
    "value", ["a\x00b", "a\x1bb", "a\nb", "a\x7f", "a\x85b", "a\u2028b", "abc\u202egnp", "\ud800"]
)
def test_texts_hold_no_control_characters(value: str) -> None:
    """Nothing that could break a log line, a mail header or the direction of a text."""
    wrong = Violations()

    wrong.text("name", value, 200)

    assert wrong.found == (Violation("name", "no control characters"),)


def test_white_space_alone_is_not_a_name() -> None:
    """A required text says something."""
    wrong = Violations()

    wrong.text("name", " \u00a0", 200, required=True)

    assert wrong.found == (Violation("name", "required"),)


def test_unknown_tags_are_named_by_their_place() -> None:
    """A tag the tenant does not have, a malformed one and a doubled one are three violations."""
    wrong = Violations()

    wrong.tags("tags", ["gas", "wood", "NO", "gas"], 9, {"gas"})

    assert [v.field for v in wrong.found] == ["tags[1]", "tags[2]", "tags[3]"]


def test_a_list_over_its_limit_is_one_violation() -> None:
    """A million wrong items are not looked at one by one."""
    wrong = Violations()

    assert wrong.tags("tags", ["?"] * 1_000_000, 64, None) == frozenset()

    assert wrong.found == (Violation("tags", "at most 64 items"),)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, -0.1, 100.1])
def test_numbers_are_finite_and_in_range(value: float) -> None:
    """NaN, infinities and values outside give the violation and the least value."""
    wrong = Violations()

    assert wrong.number("weights.travel", value, 0, 100) == 0

    assert wrong.found == (Violation("weights.travel", "a number from 0 to 100"),)


def test_decimals_are_counted() -> None:
    """Three decimals are fine, a fourth is not, and binary fractions do not matter."""
    wrong = Violations()

    wrong.number("a", 0.1 + 0.2, 0, 1, decimals=3)
    wrong.number("b", 0.1234, 0, 1, decimals=3)

    assert [v.field for v in wrong.found] == ["b"]


def test_zero_means_unset() -> None:
    """A whole number of 0 gives the default; others are checked."""
    wrong = Violations()

    assert wrong.whole("max_slots", 0, 1, 50, unset=5) == 5
    assert wrong.whole("max_slots", 50, 1, 50, unset=5) == 50
    assert wrong.whole("max_slots", -1, 1, 50, unset=5) == 5
    assert len(wrong.found) == 1


@given(st.text())
def test_any_text_is_judged(value: str) -> None:
    """No text makes the checks fail, and what passes has no NUL in it."""
    wrong = Violations()

    wrong.text("a", value, 10)
    wrong.id("a", value)
    wrong.zone("a", value)
    before = wrong.found
    assert before or "\x00" not in value
