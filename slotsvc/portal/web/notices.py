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
    "SIGNED_OUT": Notice(marked("You are signed out.")),
    "SIGNED_OUT_EVERYWHERE": Notice(marked("You are signed out everywhere else.")),
    "CODE_GONE": Notice(
        marked("That code does not work any more. Please ask for a new one."), "warn"
    ),
    "LINK_NEW": Notice(
        marked("You have a new permanent link. The old one does not work any more.")
    ),
    "LINK_OFF": Notice(marked("Your permanent link is switched off.")),
    "PASSWORD_SET": Notice(marked("Your user name and password are set.")),
    "ADDRESS_CHANGED": Notice(
        marked("Changed. For your safety you are signed out everywhere else.")
    ),
}


def notice_of(word: str | None) -> Notice | None:
    """The notice of a word; None for words that nobody knows."""
    return NOTICES.get(word or "")
