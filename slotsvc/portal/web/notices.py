"""Notices: one sentence above a page, named by a stable word in ``?notice=``. Nothing is stored."""

from __future__ import annotations

from dataclasses import dataclass

from slotsvc.portal.languages import marked


@dataclass(frozen=True, slots=True)
class Notice:
    """``text`` is a message id; ``kind`` how it looks: good, info, warn or bad."""

    text: str
    kind: str = "good"


NOTICES: dict[str, Notice] = {
    "SAVED": Notice(marked("Saved.")),
}


def notice_of(word: str | None) -> Notice | None:
    """The notice of a word; None for words that nobody knows."""
    return NOTICES.get(word or "")
