from __future__ import annotations

import pytest

from slotsvc.travel.address_words import (
    asked_numbers,
    match_expression,
    number_keys,
    number_words,
    words,
)


def test_words_are_folded_letters_and_digits() -> None:
    """Accents, case, apostrophes and hyphens go."""
    assert words("12bis, Rue de l'Église — Saint-Étienne") == [
        *("12bis", "rue", "de", "l", "eglise", "saint", "etienne"),
    ]


@pytest.mark.parametrize(
    ("number", "keys"),
    [
        ("12", {"12"}),
        ("12 bis", {"12bis"}),
        ("12BIS", {"12bis"}),
        ("2-4", {"2", "4"}),
        ("2;4", {"2", "4"}),
        ("-", set()),
    ],
)
def test_a_mapped_number_answers_to_all_its_readings(number: str, keys: set[str]) -> None:
    """Ranges and lists answer to their ends; letters stick to their number."""
    assert number_keys(number) == keys


def test_a_query_may_mean_the_number_with_or_without_the_next_word() -> None:
    """12 bis may be 12bis, or 12 in a street called Bis."""
    assert asked_numbers(["12", "bis", "rue"]) == {"12", "12bis"}
    assert asked_numbers(["rue", "12b"]) == {"12b"}
    assert asked_numbers(["rue", "grimaldi"]) == set()


def test_number_words_are_found_together_and_apart() -> None:
    """12bis is indexed as typed and in parts."""
    assert number_words("12bis") == ["12bis", "12", "bis"]


def test_the_last_word_may_be_unfinished_and_short_forms_are_spelled_out() -> None:
    """Every word is quoted; only the last gets a star."""
    assert match_expression(["bd", "moul"]) == '("bd" OR "boulevard") AND ("moul" *)'
    assert match_expression(["a", "b"], any_word=True) == '("a") OR ("b" *)'
