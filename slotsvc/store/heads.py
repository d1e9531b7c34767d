"""Heads of audit chains: length and last hash, small enough to be kept elsewhere.

A chain alone cannot show that its end was cut off, or that all of it was written anew. Whoever kept
a head can: the entry of that number must still have that hash.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, func, select

from slotsvc.store.tables import AUDIT


class HeadsError(ValueError):
    """The text is not one of kept heads."""


@dataclass(frozen=True, slots=True)
class Head:
    """The end of a chain: its number of entries, and the hash of the last."""

    entries: int
    hash: bytes


type Heads = Mapping[str, Head]
"""By tenant."""


def heads_of(connection: Connection) -> dict[str, Head]:
    """Of every tenant that has entries, also those deleted since; as stored, nothing is checked."""
    last = select(AUDIT.c.tenant, func.max(AUDIT.c.sequence).label("last")).group_by(AUDIT.c.tenant)
    ends = last.subquery()
    query = select(AUDIT).join(
        ends, (AUDIT.c.tenant == ends.c.tenant) & (AUDIT.c.sequence == ends.c.last)
    )
    rows = connection.execute(query.order_by(AUDIT.c.tenant))
    return {row.tenant: Head(row.sequence, row.hash) for row in rows}


def heads_as_json(heads: Heads) -> dict[str, Any]:
    """For a file; ``heads_from_json`` reads it."""
    return {
        tenant: {"entries": head.entries, "hash": head.hash.hex()} for tenant, head in heads.items()
    }


def heads_from_json(told: Any) -> dict[str, Head]:
    """Raises ``HeadsError``."""
    try:
        return {
            str(tenant): Head(int(head["entries"]), bytes.fromhex(head["hash"]))
            for tenant, head in told.items()
        }
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise HeadsError("these are not heads of audit chains") from error


def read_heads(text: str) -> dict[str, Head]:
    """Of a file of heads, or of what ``slotsvc verify --json`` printed. Raises ``HeadsError``."""
    try:
        told = json.loads(text)
    except ValueError as error:
        raise HeadsError("this is not JSON") from error
    inside = told.get("audit_heads", told) if isinstance(told, dict) else told
    return heads_from_json(inside)
