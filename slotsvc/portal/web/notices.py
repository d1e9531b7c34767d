"""Notices: one sentence above a page, named by a stable word in ``?notice=``. Nothing is stored."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from slotsvc.portal.languages import marked


class Tone(StrEnum):
    """How a notice looks."""

    GOOD = "good"
    NOTE = "note"
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class Notice:
    """``text`` is a message id."""

    text: str
    tone: Tone = Tone.GOOD


NOTICES: dict[str, Notice] = {
    "SIGNED_OUT": Notice(marked("You are signed out.")),
    "SAVED": Notice(marked("Saved.")),
}


def notice_of(word: str | None) -> Notice | None:
    """The notice of a word; None for words that nobody knows."""
    return NOTICES.get(word or "")
