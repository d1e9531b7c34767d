"""The letters that a plain text message can carry: 160 of them; one other makes it 70 in all."""

from __future__ import annotations

import unicodedata

PLAIN_LENGTH = 160
_TWICE = "^{}\\[~]|€"  # these count double (3GPP TS 23.038, the extension table)
_PLAIN = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡"
    "ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà" + _TWICE
)
_INSTEAD = {
    "’": "'",
    "‘": "'",
    "“": '"',
    "”": '"',
    "«": '"',
    "»": '"',
    "–": "-",
    "—": "-",
    "…": "...",
    "·": "-",
    "œ": "oe",
    "Œ": "OE",
    "\u00a0": " ",
    "\u202f": " ",
    "\u2009": " ",
}


def plain(text: str) -> str:
    """The text in letters of GSM 03.38 where there is a near one: "ê" is "e", "–" is "-".

    What has none, such as Greek or Chinese, stays: the message is sent, in more parts.
    """
    return "".join(each if each in _PLAIN else _near(each) for each in text)


def length(text: str) -> int | None:
    """How many of 160 places the text takes; None: it has letters that fit in no plain message."""
    if any(each not in _PLAIN for each in text):
        return None
    return len(text) + sum(each in _TWICE for each in text)


def _near(letter: str) -> str:
    if letter in _INSTEAD:
        return _INSTEAD[letter]
    bare = "".join(
        each for each in unicodedata.normalize("NFKD", letter) if not unicodedata.combining(each)
    )
    return bare if bare and all(each in _PLAIN for each in bare) else letter
