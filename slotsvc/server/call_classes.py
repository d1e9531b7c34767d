"""Kinds of calls that must not stand in one another's way: each has places and a queue of its own.

Calls of other services (health, reflection) belong to none and are never kept waiting.
"""

from __future__ import annotations

from enum import StrEnum

READING = ("Get", "List")


class CallClass(StrEnum):
    """What a call does, in the words of the metrics."""

    SEARCH = "search"
    """One search for slots, which a client waits for."""
    HOLD = "hold"
    """New holds: the first thing to be refused, for nothing is lost yet."""
    COMMIT = "commit"
    """What ends what was begun: bookings, moves, cancellations, reports from the field."""
    READ = "read"
    """Reads of what is stored, tiles and addresses."""
    PLAN = "plan"
    """Long work for planners: batches of searches, explanations, moves that are tried."""
    ADMIN = "admin"
    """Changes of calendars and keys."""
    WATCH = "watch"
    """Streams of events; ``watch.most_streams`` limits them."""


_NAMED = {
    "SuggestSlots": CallClass.SEARCH,
    "HoldSlot": CallClass.HOLD,
    "SuggestSlotsBatch": CallClass.PLAN,
    "WhyNot": CallClass.PLAN,
    "CheckPlan": CallClass.PLAN,
    "WatchTeam": CallClass.WATCH,
    "Geocode": CallClass.READ,
}
_OF_SERVICE = {"CalendarService": CallClass.ADMIN, "AccessService": CallClass.ADMIN}


def class_of(service: str, method: str) -> CallClass:
    """The class of a method of ours; ``service`` with or without its package."""
    if (named := _NAMED.get(method)) is not None:
        return named
    if method.startswith(READING):
        return CallClass.READ
    return _OF_SERVICE.get(service.rpartition(".")[2], CallClass.COMMIT)
