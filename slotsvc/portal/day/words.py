"""The engine's stable words of a day, in the words of planners; pages translate them."""

from __future__ import annotations

from slotsvc.portal.languages import marked

BROKEN = {
    "LATE": marked("starts late"),
    "PAST": marked("its time is over"),
    "EARLY": marked("starts too early"),
    "PROMISE": marked("not as promised"),
    "SHIFT_END": marked("day ends too late"),
    "BREAK": marked("pause too late"),
    "MAX_TRAVEL": marked("too much driving"),
    "MAX_VISITS": marked("too many visits"),
    "UNROUTABLE": marked("no road there"),
    "TAG": marked("skill is missing"),
    "SECTOR": marked("other sector"),
    "NOT_TECHNICIAN": marked("wrong technician"),
    "NO_SHIFT": marked("nobody comes"),
    "REMOVAL": marked("cannot give way"),
}
"""Kinds of broken rules."""

NO_SHIFT = {
    "DAY_OFF": marked("day off"),
    "ABSENT": marked("away"),
    "HOLIDAY": marked("public holiday"),
    "CLOSED": marked("closed"),
    "OTHER_TEAM": marked("works for another team"),
}
"""Why somebody does not work."""

ROUTE_STATES = {
    "DRAFT": marked("draft"),
    "PUBLISHED": marked("published"),
    "RUNNING": marked("under way"),
}

STOP_STATES = {
    "HELD": marked("not confirmed"),
    "BOOKED": marked("scheduled"),
    "EN_ROUTE": marked("on the way"),
    "STARTED": marked("in progress"),
    "DONE": marked("done"),
}

WAITING = {
    "NEW": marked("new"),
    "PLANNER": marked("taken off by a planner"),
    "ABSENCE": marked("technician away"),
}
"""Why a visit has no place."""


def word(words: dict[str, str], key: str) -> str:
    """The words for ``key``; an unknown one is shown as it is, in lower case."""
    return words.get(key) or key.replace("_", " ").lower()
