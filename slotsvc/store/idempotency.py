"""Stored answers: the same call with the same key has one effect and one answer, for 72 hours.

The row is written first, empty, and filled before the commit. A twin finds it filled, for it waits
until the first call has ended: a tenant's writers take turns.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import Connection, bindparam, delete, select, text, tuple_, update

from slotsvc.domain.errors import IdempotencyKeyReusedError
from slotsvc.domain.time_window import to_epoch
from slotsvc.store.prepared import Prepared
from slotsvc.store.tables import IDEMPOTENCY
from slotsvc.store.transaction import OwnClock, Question

KEPT = timedelta(hours=72)
"""How long an answer is kept. Afterwards the key is as good as new."""

# The same words on SQLite and PostgreSQL; SQLAlchemy has no common form for them.
# ``created`` stands for a time, or for what reads the database's clock.
_CLAIM_AT = (
    "INSERT INTO idempotency (tenant, method, key, request_hash, created) "
    "VALUES (:tenant, :method, :key, :request_hash, {created}) "
    "ON CONFLICT (tenant, method, key) DO UPDATE "
    "SET request_hash = excluded.request_hash, created = excluded.created, answer = NULL "
    "WHERE idempotency.created <= excluded.created - :kept RETURNING 1"
)

_IS = tuple(IDEMPOTENCY.c[name] == bindparam(f"the_{name}") for name in ("tenant", "method", "key"))
_EARLIER = Prepared(
    select(IDEMPOTENCY.c.request_hash, IDEMPOTENCY.c.answer, IDEMPOTENCY.c.created).where(*_IS)
)
_FILL = Prepared(update(IDEMPOTENCY).where(*_IS), later=True)
_DROP = Prepared(delete(IDEMPOTENCY).where(*_IS), later=True)
_KEY = tuple_(IDEMPOTENCY.c.tenant, IDEMPOTENCY.c.method, IDEMPOTENCY.c.key)
# Of any tenant, a few at a time; rows that somebody else is just about to forget are left to them,
# so that nobody waits (SQLite knows no such clause, and nobody else).
_FORGET = delete(IDEMPOTENCY).where(
    _KEY.in_(
        select(IDEMPOTENCY.c.tenant, IDEMPOTENCY.c.method, IDEMPOTENCY.c.key)
        .where(IDEMPOTENCY.c.created <= bindparam("long_ago"))
        .limit(bindparam("most"))
        .with_for_update(skip_locked=True)
    )
)

type Call = tuple[str, str, str]
"""Tenant, method, key."""


@cache
def _claim_at(created: str) -> Prepared:
    return Prepared(text(_CLAIM_AT.format(created=created)))


def claiming(call: Call, request_hash: bytes, now: datetime | OwnClock) -> Question:
    """What gives a row when this call is the first, which then has the row."""
    tenant, method, key = call
    row: dict[str, Any] = {"tenant": tenant, "method": method, "key": key}
    row |= {"request_hash": request_hash, "kept": KEPT // timedelta(seconds=1)}
    if isinstance(now, OwnClock):
        return _claim_at(now.sql), row
    return _claim_at(":created"), row | {"created": to_epoch(now)}


def forget(connection: Connection, now: datetime, most: int) -> int:
    """Takes out at most so many rows that are kept no longer; gives how many."""
    asked = {"long_ago": to_epoch(now - KEPT), "most": most}
    return connection.execute(_FORGET, asked).rowcount


def looking(call: Call) -> Question:
    """What ``found`` reads. Writes nothing."""
    return _EARLIER, _named(call)


def found(rows: Any, request_hash: bytes, now: datetime) -> bytes | None:
    """The stored answer of an earlier call; None when there is none that is still kept.

    Raises ``IdempotencyKeyReusedError`` when the earlier call had another payload.
    """
    earlier = rows.one_or_none()
    if earlier is None or earlier.created <= to_epoch(now - KEPT):
        return None
    if earlier.request_hash != request_hash:
        raise IdempotencyKeyReusedError("this request_id was used with another payload")
    answer: bytes | None = earlier.answer
    return answer


def fill(connection: Connection, call: Call, answer: bytes) -> None:
    """Stores the answer in the claimed row."""
    connection.execute(_FILL, _named(call) | {"answer": answer})


def drop(connection: Connection, call: Call) -> None:
    """Gives the key back: the call had no answer worth keeping."""
    connection.execute(_DROP, _named(call))


def _named(call: Call) -> dict[str, Any]:
    return dict(zip(("the_tenant", "the_method", "the_key"), call, strict=True))
