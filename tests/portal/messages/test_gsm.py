"""Letters of plain text messages."""

from __future__ import annotations

import pytest

from slotsvc.portal.messages.gsm import length, plain


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Entretien prêt à 10:00–12:00", "Entretien pret à 10:00-12:00"),
        ("L’été « chaud » …", 'L\'été " chaud " ...'),
        ("¿Mañana? ¡Sí!", "¿Mañana? ¡Si!"),
        ("cœur", "coeur"),
        ("19\u202fh", "19 h"),
    ],
)
def test_near_letters_stand_in(text: str, expected: str) -> None:
    """French, Spanish and Italian fit after small changes, so that a message costs one."""
    assert plain(text) == expected
    assert length(plain(text)) == len(expected)


def test_other_scripts_stay_as_they_are() -> None:
    """A name in Chinese is not lost: the message is sent, and is not plain."""
    assert plain("预约 10:00") == "预约 10:00"
    assert length("预约") is None


def test_some_letters_count_twice() -> None:
    """Brackets, the euro and their like take two places (3GPP TS 23.038)."""
    assert length("[5 €]") == 8
