"""Stored answers: the same call with the same key has one effect and one answer, for 72 hours.

The row is written first, empty, and filled before the commit. On an engine with many writers a
twin waits there for the first call to end; on SQLite there is one writer anyway.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, delete, select, text, update

from slotsvc.domain.errors import IdempotencyKeyReusedError
from slotsvc.domain.time_window import to_epoch
from slotsvc.store.tables import IDEMPOTENCY

KEPT = timedelta(hours=72)
"""How long an answer is kept. Afterwards the key is as good as new."""

# The same words on SQLite and PostgreSQL; SQLAlchemy has no common form for them.
_CLAIM = text(
    "INSERT INTO idempotency (tenant, method, key, request_hash, created) "
    "VALUES (:tenant, :method, :key, :request_hash, :created) "
    "ON CONFLICT (tenant, method, key) DO NOTHING RETURNING 1"
)

type Call = tuple[str, str, str]
"""Tenant, method, key."""


def claim(connection: Connection, call: Call, request_hash: bytes, now: datetime) -> bytes | None:
    """The stored answer of an earlier call; None when this one is the first, and has the row now.

    Raises ``IdempotencyKeyReusedError`` when the earlier call had another payload.
    """
    table = IDEMPOTENCY
    old = table.c.created <= to_epoch(now - KEPT)
    connection.execute(delete(table).where(old))
    tenant, method, key = call
    row = {"tenant": tenant, "method": method, "key": key, "request_hash": request_hash}
    if connection.execute(_CLAIM, row | {"created": to_epoch(now)}).one_or_none() is not None:
        return None
    return look(connection, call, request_hash, now)


def look(connection: Connection, call: Call, request_hash: bytes, now: datetime) -> bytes | None:
    """The stored answer of an earlier call; None when there is none. Writes nothing.

    Raises ``IdempotencyKeyReusedError`` when the earlier call had another payload.
    """
    table = IDEMPOTENCY
    kept = table.c.created > to_epoch(now - KEPT)
    earlier = select(table.c.request_hash, table.c.answer).where(kept, *_is(call))
    found = connection.execute(earlier).one_or_none()
    if found is None:
        return None
    if found.request_hash != request_hash:
        raise IdempotencyKeyReusedError("this request_id was used with another payload")
    answer: bytes | None = found.answer
    return answer


def fill(connection: Connection, call: Call, answer: bytes) -> None:
    """Stores the answer in the claimed row."""
    connection.execute(update(IDEMPOTENCY).where(*_is(call)).values(answer=answer))


def drop(connection: Connection, call: Call) -> None:
    """Gives the key back: the call had no answer worth keeping."""
    connection.execute(delete(IDEMPOTENCY).where(*_is(call)))


def _is(call: Call) -> list[ColumnElement[bool]]:
    columns = (IDEMPOTENCY.c.tenant, IDEMPOTENCY.c.method, IDEMPOTENCY.c.key)
    return [column == value for column, value in zip(columns, call, strict=True)]
