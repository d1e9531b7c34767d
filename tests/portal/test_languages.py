"""Words in four languages."""

from __future__ import annotations

import pytest
from markupsafe import Markup

from slotsvc.portal.languages import LOCALES, pick, words


def test_values_on_a_page_are_escaped() -> None:
    """A company's or a client's text never becomes markup through a sentence."""
    told = words("en").markup("Hello %(name)s", name="<b>Anna</b>")

    assert told == Markup("Hello &lt;b&gt;Anna&lt;/b&gt;")


def test_plain_text_is_not_escaped() -> None:
    """Letters and calendar entries say it as it is."""
    assert words("en").gettext("Hello %(name)s", name="Anna & Co") == "Hello Anna & Co"


def test_a_number_chooses_its_form() -> None:
    """English: one, and everything else."""
    said = [words("en").ngettext("%(num)s visit", "%(num)s visits", n) for n in (0, 1, 2)]

    assert said == ["0 visits", "1 visit", "2 visits"]


def test_an_unknown_language_is_an_error() -> None:
    """There is no silent English."""
    with pytest.raises(KeyError):
        words("de")
    assert [words(locale).locale for locale in LOCALES] == list(LOCALES)


@pytest.mark.parametrize(
    ("texts", "found"),
    [
        ({"fr": "Bonjour", "en": "Hello"}, ("Bonjour", False)),
        ({"it": "Ciao", "en": "Hello"}, ("Hello", True)),
        ({"it": "Ciao"}, ("Ciao", True)),
        ({"fr": "", "it": "Ciao"}, ("Ciao", True)),
        ({}, ("", False)),
    ],
)
def test_a_missing_language_falls_back_and_says_so(
    texts: dict[str, str], found: tuple[str, bool]
) -> None:
    """Wanted, else the unit's default, else any; and whether it is another one."""
    assert pick(texts, "fr", "en") == found
