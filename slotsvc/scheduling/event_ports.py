"""Events, and what reads them in a snapshot."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from slotsvc.domain.visit import RouteKey


@dataclass(frozen=True, slots=True)
class Event:
    """What happened, written in the mutation's transaction. ``data``: ids and numbers only."""

    kind: str
    subject: str
    route: RouteKey | None
    version: int
    data: Mapping[str, str | int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """An event with its ``position``: opaque text, to be given back for what came after."""

    position: str
    at: datetime
    event: Event


class EventRead(Protocol):
    """Reading of events."""

    def events_after(self, tenant: str, position: str, limit: int) -> Sequence[StoredEvent]:
        """At most ``limit``, oldest first; "" is the beginning.

        Raises ``InvalidRequestError`` for a position that is not one of this store, as
        ``LostPositionError`` where a restore undid what it led to.
        """
        ...

    def last_position(self, tenant: str) -> str:
        """Of the newest event; "" when there is none."""
        ...

    def epoch(self) -> int:
        """Grows with every restore of the store from a copy; 0: never restored."""
        ...
