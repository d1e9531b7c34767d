"""The portal's audit: who did what, when, from where. Append-only; nothing secret goes in.

Rows name people and things by their ids. Addresses, telephone numbers, tokens and codes stay out:
a copy of this table tells nobody how to reach or become a client (ASVS 16.2.5, 16.3).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Self

from sqlalchemy import Connection, insert, select

from slotsvc.portal.tables.schema import AUDIT

_TEXT = 200


class Actor(str):
    """Who does something, ``staff/…``, with the ``network`` he does it from: it goes into every
    entry of his."""

    __slots__ = ("network",)
    network: str

    def __new__(cls, name: str, network: str) -> Self:
        """Raises nothing; ``network`` "" where it is not known."""
        made = super().__new__(cls, name)
        made.network = network
        return made


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One thing that was done. ``actor``: ``staff/…``, ``contacts/…``, ``portal`` or ``cli``."""

    id: int
    at: datetime
    actor: str
    business_unit: str | None
    what: str
    subject: str
    data: dict[str, Any]
    network: str


def record(
    connection: Connection,
    at: datetime,
    actor: str,
    what: str,
    *,
    business_unit: str | None = None,
    subject: str = "",
    data: Mapping[str, Any] | None = None,
    network: str = "",
) -> None:
    """Writes one entry in the running transaction: it stands if, and only if, the deed does.

    ``what``: a stable word, ``SETTINGS_SAVED``. ``subject``: ``clients/…``, ``staff/…``.
    ``network``: the visitor's network, not his address; left out, the one of an ``Actor``. Texts
    are cut at 200 characters.
    """
    row = {
        "at": int(at.timestamp()),
        "actor": str(actor),
        "business_unit": business_unit,
        "what": what,
        "subject": subject[:_TEXT],
        "data": {key: _short(value) for key, value in (data or {}).items()},
        "network": network or (actor.network if isinstance(actor, Actor) else ""),
    }
    connection.execute(insert(AUDIT), row)


def newest(
    connection: Connection, limit: int, before: int | None = None, what: str | None = None
) -> list[AuditEntry]:
    """At most ``limit`` entries, newest first. ``before``: the id where the last page ended."""
    query = select(AUDIT).order_by(AUDIT.c.id.desc()).limit(limit)
    if before is not None:
        query = query.where(AUDIT.c.id < before)
    if what:
        query = query.where(AUDIT.c.what == what)
    return [_entry(row) for row in connection.execute(query)]


def was_done(connection: Connection, what: str, subject: str) -> bool:
    """Whether there is an entry that ``what`` was done. Reads all of them: for rare questions."""
    query = select(AUDIT.c.id).where(AUDIT.c.what == what, AUDIT.c.subject == subject)
    return connection.execute(query.limit(1)).first() is not None


def details(
    connection: Connection, what: str, subjects: Iterable[str]
) -> dict[str, dict[str, Any]]:
    """The data of the newest such entry of each subject that has one."""
    query = select(AUDIT.c.subject, AUDIT.c.data).where(
        AUDIT.c.what == what, AUDIT.c.subject.in_(list(subjects))
    )
    return {row.subject: row.data for row in connection.execute(query.order_by(AUDIT.c.id))}


def _entry(row: Any) -> AuditEntry:
    at = datetime.fromtimestamp(row.at, UTC)
    return AuditEntry(
        row.id, at, row.actor, row.business_unit, row.what, row.subject, row.data, row.network
    )


def _short(value: Any) -> Any:
    return value[:_TEXT] if isinstance(value, str) else value
