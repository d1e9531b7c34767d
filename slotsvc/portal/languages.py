"""Four languages: message catalogues read once from their .po files, English being the key.

Below the pages, since letters and text messages speak them too. ``tools/messages.py`` collects the
messages and checks that none is missing.
"""

from __future__ import annotations

import gettext
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from markupsafe import Markup

LOCALES = ("fr", "es", "it", "en")
SOURCE = "en"
NAMES = {"fr": "Français", "es": "Español", "it": "Italiano", "en": "English"}
"""Each language as those who speak it call it."""

LOCALE_DIRECTORY = Path(__file__).parent / "locale"


def marked(message: str) -> str:
    """The message as it is: marks it for the catalogues where it is only kept, not yet said."""
    return message


class Words:
    """What is said in one language. Placeholders are named: ``%(name)s``; a literal % is ``%%``."""

    def __init__(self, locale: str, catalogue: gettext.NullTranslations) -> None:
        self.locale = locale
        self._catalogue = catalogue

    def gettext(self, message: str, /, **values: object) -> str:
        """The message with ``values`` filled in."""
        return self._catalogue.gettext(message) % values

    def ngettext(self, one: str, many: str, number: int, /, **values: object) -> str:
        """The form that ``number`` needs; ``%(num)s`` is the number."""
        return self._catalogue.ngettext(one, many, number) % {"num": number, **values}

    def markup(self, message: str, /, **values: object) -> Markup:
        """``gettext`` for a page: the values are escaped, the message is not."""
        return Markup(self._catalogue.gettext(message)) % values

    def plural_markup(self, one: str, many: str, number: int, /, **values: object) -> Markup:
        """``ngettext`` for a page."""
        values = {"num": number, **values}
        return Markup(self._catalogue.ngettext(one, many, number)) % values


@cache
def words(locale: str) -> Words:
    """The words of one of ``LOCALES``. Raises ``KeyError`` for any other."""
    if locale not in NAMES:
        raise KeyError(locale)
    return Words(locale, _catalogue(locale))


def po_file(locale: str) -> Path:
    """Where the catalogue of a language other than English is."""
    return LOCALE_DIRECTORY / f"{locale}.po"


def pick(texts: dict[str, str], locale: str, default: str) -> tuple[str, bool]:
    """A company's text in ``locale``, and whether it is in another language instead.

    Then it is the one in ``default``, else whatever there is; ("", False) where there is none.
    """
    if found := texts.get(locale):
        return found, False
    instead = texts.get(default) or next((text for text in texts.values() if text), "")
    return instead, bool(instead)


def _catalogue(locale: str) -> gettext.NullTranslations:
    if locale == SOURCE or not po_file(locale).exists():
        return gettext.NullTranslations()
    with po_file(locale).open("rb") as file:
        read: Any = read_po(file, locale=locale)
    compiled = BytesIO()
    write_mo(compiled, read)
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)
