"""The audit trail: one hash chain for each tenant, append-only.

``hash[n] = SHA-256(hash[n-1] + entry[n])`` with 32 zero bytes before the first; the entry is
canonical JSON (sorted keys, no blanks, UTF-8), stored as hashed. Whoever keeps a head (length and
hash) elsewhere can also tell when the end was cut off, which a chain alone cannot show.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, insert, select

from slotsvc.domain.time_window import to_epoch
from slotsvc.scheduling.ports import Event
from slotsvc.store.prepared import JUST_ONE, Prepared
from slotsvc.store.tables import AUDIT

_APPEND = Prepared(insert(AUDIT), later=True)
_LAST = Prepared(
    select(AUDIT.c.sequence, AUDIT.c.hash)
    .where(AUDIT.c.tenant == bindparam("tenant"))
    .order_by(AUDIT.c.sequence.desc())
    .limit(JUST_ONE)
)

type Recorded = tuple[Event, str, datetime]
"""What happened, who did it, when."""

GENESIS = bytes(32)
"""What stands before the first entry."""


@dataclass(frozen=True, slots=True)
class ChainCheck:
    """``entries`` hold together, up to ``head``; ``broken_at``: the first that does not, or None.

    Entries are counted from 1.
    """

    entries: int
    head: bytes
    broken_at: int | None = None


def append_entries(connection: Connection, tenant: str, records: Iterable[Recorded]) -> None:
    """Writes the next entries of the tenant's chain in the running transaction."""
    last = connection.execute(_LAST, {"tenant": tenant}).one_or_none()
    sequence, before = (0, GENESIS) if last is None else (last.sequence, last.hash)
    rows = []
    for event, actor, at in records:
        sequence += 1
        entry = _entry(tenant, sequence, event, actor, at)
        before = link(before, entry)
        rows.append({"tenant": tenant, "sequence": sequence, "entry": entry, "hash": before})
    connection.execute(_APPEND, rows)


def link(before: bytes, entry: str) -> bytes:
    """The hash that ties ``entry`` to what stands before it."""
    return hashlib.sha256(before + entry.encode()).digest()


def verify_chain(connection: Connection, tenant: str) -> ChainCheck:
    """Recomputes every hash of the tenant's chain from its first entry."""
    query = select(AUDIT).where(AUDIT.c.tenant == tenant).order_by(AUDIT.c.sequence)
    entries, head = 0, GENESIS
    with connection.execute(query.execution_options(yield_per=1000)) as rows:
        for row in rows:
            computed = link(head, row.entry)
            if computed != row.hash or not _is_entry(row, tenant, entries + 1):
                return ChainCheck(entries, head, entries + 1)
            entries, head = entries + 1, computed
    return ChainCheck(entries, head)


def _is_entry(row: Row[Any], tenant: str, number: int) -> bool:
    """The row stands where it says, and so does what was hashed. A hash that fits was made of
    canonical JSON by us, or by a forger."""
    try:
        named = json.loads(row.entry)
        return (row.sequence, named["sequence"], named["tenant"]) == (number, number, tenant)
    except (ValueError, KeyError, TypeError):
        return False


def _entry(tenant: str, sequence: int, event: Event, actor: str, at: datetime) -> str:
    key = event.route
    entry = {
        "tenant": tenant,
        "sequence": sequence,
        "at": to_epoch(at),
        "actor": actor,
        "kind": event.kind,
        "subject": event.subject,
        "route": None if key is None else [key.technician, key.day.isoformat()],
        "version": event.version,
        "data": dict(event.data),
    }
    return json.dumps(entry, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
