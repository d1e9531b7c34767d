"""The event table: what happened, in the order in which it was committed."""

from __future__ import annotations

import json
from collections.abc import Generator, Iterable
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, exists, func, insert, select

from slotsvc.domain.errors import InvalidRequestError, LostPositionError, Violation
from slotsvc.domain.time_window import from_epoch, to_epoch
from slotsvc.domain.visit import RouteKey
from slotsvc.scheduling.ports import Event, StoredEvent
from slotsvc.store.prepared import Prepared
from slotsvc.store.tables import EPOCH, EVENT

_PAGE = 1000
_APPEND = Prepared(insert(EVENT), later=True)
_OF_TENANT = EVENT.c.tenant == bindparam("tenant")
_AFTER = Prepared(
    select(EVENT)
    .where(_OF_TENANT, EVENT.c.position > bindparam("after"))
    .order_by(EVENT.c.position)
    .limit(bindparam("most"))
)
_LAST = Prepared(select(func.max(EVENT.c.position)).where(_OF_TENANT))
_LOST = select(
    exists().where(EPOCH.c.last_kept < bindparam("after"), EPOCH.c.first_new > bindparam("after"))
)


def append_events(
    connection: Connection, tenant: str, events: Iterable[tuple[Event, datetime]]
) -> None:
    """Writes one row for each in the running transaction, in order."""
    connection.execute(_APPEND, [_row(tenant, event, at) for event, at in events])


def _row(tenant: str, event: Event, at: datetime) -> dict[str, Any]:
    key = event.route
    return {
        "tenant": tenant,
        "at": to_epoch(at),
        "kind": event.kind,
        "subject": event.subject,
        "technician": None if key is None else key.technician,
        "day": None if key is None else key.day.isoformat(),
        "shift": 0 if key is None else key.shift,
        "version": event.version,
        "data": json.dumps(dict(event.data), sort_keys=True, separators=(",", ":")),
    }


def events_after(
    connection: Connection, tenant: str, position: str, limit: int
) -> list[StoredEvent]:
    """At most ``limit``, oldest first. Raises ``InvalidRequestError`` for a foreign position, as
    ``LostPositionError`` where it was given out before the store was restored and means nothing."""
    after = _number(position)
    asked = {"tenant": tenant, "after": after, "most": limit}
    if after and connection.execute(_LOST, {"after": after}).scalar_one():
        raise LostPositionError("after")
    found = [_event_from(row) for row in connection.execute(_AFTER, asked)]
    if not found and after > _number(last_position(connection, tenant)):
        # restored from an older copy: waiting for the number to come would skip events
        raise LostPositionError("after")
    return found


def every_event(connection: Connection, tenant: str) -> Generator[StoredEvent]:
    """All that the snapshot has, by position: for looking over the books, not for watching."""
    query = select(EVENT).where(EVENT.c.tenant == tenant).order_by(EVENT.c.position)
    with connection.execute(query.execution_options(yield_per=_PAGE)) as rows:
        for row in rows:
            yield _event_from(row)


def last_position(connection: Connection, tenant: str) -> str:
    """Of the tenant's newest event; "" when there is none."""
    newest = connection.execute(_LAST, {"tenant": tenant}).scalar_one()
    return "" if newest is None else str(newest)


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
        key = RouteKey(row.tenant, row.technician, date.fromisoformat(row.day), row.shift)
    event = Event(row.kind, row.subject, key, row.version, json.loads(row.data))
    return StoredEvent(str(row.position), from_epoch(row.at), event)
