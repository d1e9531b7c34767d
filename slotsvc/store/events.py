"""The event table: what happened, in the order in which it was committed."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Row, insert, select

from slotsvc.domain.errors import InvalidRequestError, Violation
from slotsvc.domain.time_window import from_epoch, to_epoch
from slotsvc.domain.visit import RouteKey
from slotsvc.scheduling.ports import Event
from slotsvc.store.tables import EVENT

_APPEND = insert(EVENT)


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """An event with its ``position``: opaque text, to be given back for what came after."""

    position: str
    at: datetime
    event: Event


def append_event(connection: Connection, tenant: str, event: Event, at: datetime) -> None:
    """Writes one row in the running transaction."""
    key = event.route
    row = {
        "tenant": tenant,
        "at": to_epoch(at),
        "kind": event.kind,
        "subject": event.subject,
        "technician": None if key is None else key.technician,
        "day": None if key is None else key.day.isoformat(),
        "version": event.version,
        "data": json.dumps(dict(event.data), sort_keys=True, separators=(",", ":")),
    }
    connection.execute(_APPEND, row)


def events_after(
    connection: Connection, tenant: str, position: str, limit: int
) -> list[StoredEvent]:
    """At most ``limit``, oldest first. Raises ``InvalidRequestError`` for a foreign position."""
    after = _number(position)
    query = select(EVENT).where(EVENT.c.tenant == tenant, EVENT.c.position > after)
    rows = connection.execute(query.order_by(EVENT.c.position).limit(limit))
    return [_event_from(row) for row in rows]


def _number(position: str) -> int:
    if position == "":
        return 0
    # isdecimal accepts the digits of every script; only ours were given out.
    if not (position.isascii() and position.isdecimal() and len(position) < 19):
        raise InvalidRequestError([Violation("after", "is not a position of this store")])
    return int(position)


def _event_from(row: Row[Any]) -> StoredEvent:
    key = None
    if row.technician is not None:
        key = RouteKey(row.tenant, row.technician, date.fromisoformat(row.day))
    event = Event(row.kind, row.subject, key, row.version, json.loads(row.data))
    return StoredEvent(str(row.position), from_epoch(row.at), event)
