"""How addresses are cut into words, the same way when indexed and when asked for."""

from __future__ import annotations

import re
import unicodedata
from itertools import pairwise

MAX_WORDS = 12
_WORD = re.compile(r"[^\W_]+")
_NUMBER_PART = re.compile(r"\d+|[^\W\d_]+")
_SHORT = {
    "al": ("allee",),
    "all": ("allee",),
    "av": ("avenue", "avenida"),
    "ave": ("avenue",),
    "avda": ("avenida",),
    "bd": ("boulevard",),
    "bld": ("boulevard",),
    "blvd": ("boulevard",),
    "boul": ("boulevard",),
    "c": ("calle",),
    "ch": ("chemin",),
    "che": ("chemin",),
    "esc": ("escalier",),
    "imp": ("impasse",),
    "lg": ("largo",),
    "pl": ("place", "plaza"),
    "pza": ("plaza", "piazza"),
    "pzza": ("piazza",),
    "qu": ("quai",),
    "r": ("rue", "rua"),
    "rd": ("road",),
    "rte": ("route",),
    "sq": ("square",),
    "st": ("saint", "street"),
    "ste": ("sainte",),
    "trav": ("traverse", "travessa"),
    "v": ("via", "viale"),
}


def folded(text: str) -> str:
    """Lower case without accents."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(c for c in decomposed if not unicodedata.combining(c))


def words(text: str) -> list[str]:
    """The folded words of a text: letters and digits only."""
    return _WORD.findall(folded(text))


def is_number(word: str) -> bool:
    """Whether a word can be a house number, or begin one (12, 12bis)."""
    return word[0].isdigit()


def number_keys(number: str) -> frozenset[str]:
    """What a mapped house number answers to: "12 bis" to 12bis; "2-4" and "2;4" to 2 and to 4."""
    return frozenset("".join(words(part)) for part in re.split(r"[;,/-]", number) if words(part))


def asked_numbers(asked: list[str]) -> frozenset[str]:
    """The house numbers a query may mean: 12 bis gives 12bis, and 12."""
    numbers = {word for word in asked if is_number(word)}
    pairs = pairwise(asked)
    return frozenset(numbers | {a + b for a, b in pairs if a.isdigit() and b.isalpha()})


def number_words(number: str) -> list[str]:
    """Index words of a house number, together and apart: 12bis, 12, bis."""
    return [*words(number), *_NUMBER_PART.findall(folded(number))]


def match_expression(asked: list[str], *, any_word: bool = False) -> str:
    """FTS5 query for all (or any) of the folded words; the last may be unfinished.

    Words come from ``words`` and are quoted, so no character of the user's reaches FTS5's grammar.
    """
    terms = [_term(word, unfinished=i == len(asked) - 1) for i, word in enumerate(asked)]
    return (" OR " if any_word else " AND ").join(terms)


def _term(word: str, *, unfinished: bool) -> str:
    star = " *" if unfinished else ""
    either = [f'"{word}"{star}', *(f'"{long}"' for long in _SHORT.get(word, ()))]
    return f"({' OR '.join(either)})"
