"""Epochs: what keeps numbers apart that were given out before and after a restore.

A copy that is brought back forgets what happened since it was made, but clients do not: they hold
versions, positions, etags and tokens of that lost time. Each restore begins an epoch, and in its
one transaction every number leaps over all that the lost time can have used:

- a route's version becomes ``epoch * VERSIONS + changes so far``: never lower than one that was
  seen, and the changes still grow by one (``slotsvc.scheduling.epochs``);
- event positions go on behind ``epoch * POSITIONS``; a position between the last one kept and the
  first new one is of the lost time and is refused (``slotsvc.store.events``);
- etags go on behind ``epoch * REVISIONS``;
- sealed tokens are bound to the epoch (``slotsvc.server.slot_tokens``).

The number is at least the minutes since 2026 by the database's clock, so that two restores of one
copy on two empty machines do not share it; and more than any epoch that the restored store, or the
one it replaces, has had, whatever the clock says. 0: never restored.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Connection, case, func, insert, select, text, update

from slotsvc.domain.time_window import to_epoch
from slotsvc.scheduling.epochs import VERSIONS, untouched
from slotsvc.scheduling.ports import Event
from slotsvc.store.audit import append_entries
from slotsvc.store.events import append_events
from slotsvc.store.prepared import Prepared
from slotsvc.store.tables import EPOCH, EVENT, ROUTE, TENANT, VISIT

POSITIONS = 10**10
REVISIONS = 10**9

ACTOR = "restore"
RESTORED = "STORE_RESTORED"

_FIRST_MINUTE = int(datetime(2026, 1, 1, tzinfo=UTC).timestamp()) // 60


@dataclass(frozen=True, slots=True)
class Epoch:
    """One restore. Positions behind ``last_kept`` and before ``first_new`` lead nowhere."""

    number: int
    last_kept: int
    first_new: int


_CURRENT = Prepared(select(func.coalesce(func.max(EPOCH.c.number), 0)))
_LAST_POSITION = select(func.coalesce(func.max(EVENT.c.position), 0))


def current_epoch(connection: Connection) -> int:
    """0 when the store was never restored."""
    return int(connection.execute(_CURRENT).scalar_one())


def first_revision(connection: Connection) -> int:
    """The etag that the calendar of a new tenant begins with."""
    return current_epoch(connection) * REVISIONS + 1


def begin_epoch(connection: Connection, now: datetime, known: int = 0) -> Epoch:
    """Begins the next one in the running transaction, and tells each tenant with an event.

    ``known``: the highest epoch of stores that this one takes the place of. Nobody else may use
    the store meanwhile.
    """
    minutes = to_epoch(now) // 60 - _FIRST_MINUTE
    number = max(current_epoch(connection), known, minutes - 1) + 1
    last = int(connection.execute(_LAST_POSITION).scalar_one())
    # PostgreSQL gives numbers before it commits: one below the last may be missing from the copy
    # and have been told afterwards, so there every old position counts as lost.
    kept = last if connection.dialect.name == "sqlite" else 0
    epoch = Epoch(number, kept, max(number * POSITIONS, last + POSITIONS) + 1)
    row = {"number": number, "began": to_epoch(now)}
    row |= {"last_kept": epoch.last_kept, "first_new": epoch.first_new}
    connection.execute(insert(EPOCH).values(row))
    _leap(connection, epoch)
    _tell(connection, number, now)
    return epoch


def _leap(connection: Connection, epoch: Epoch) -> None:
    changes = ROUTE.c.version % VERSIONS
    connection.execute(update(ROUTE).values(version=untouched(epoch.number) + changes))
    base = epoch.number * REVISIONS
    for table, column in ((TENANT, TENANT.c.calendar_revision), (VISIT, VISIT.c.revision)):
        higher = case((column < base, base), else_=column + REVISIONS)
        connection.execute(update(table).values({column: higher}))
    _next_position(connection, epoch.first_new)


def _next_position(connection: Connection, position: int) -> None:
    if connection.dialect.name == "sqlite":
        forget = text("DELETE FROM sqlite_sequence WHERE name = 'event'")
        connection.execute(forget)
        last = text("INSERT INTO sqlite_sequence (name, seq) VALUES ('event', :last)")
        connection.execute(last, {"last": position - 1})
        return
    sequence = text("SELECT setval(pg_get_serial_sequence('event', 'position'), :next, false)")
    connection.execute(sequence, {"next": position})


def _tell(connection: Connection, number: int, now: datetime) -> None:
    for tenant in connection.execute(select(TENANT.c.id).order_by(TENANT.c.id)).scalars().all():
        event = Event(RESTORED, tenant, None, 0, {"epoch": number})
        append_events(connection, tenant, [(event, now)])
        append_entries(connection, tenant, [(event, ACTOR, now)])
