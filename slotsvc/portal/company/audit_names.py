"""The audit with names in place of ids, for people to read. Rows themselves keep ids only."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Column, Connection, select

from slotsvc.portal.tables.audit import AuditEntry, newest
from slotsvc.portal.tables.schema import CLIENTS, CONTACTS, STAFF

_TABLES = {"staff": STAFF, "clients": CLIENTS, "contacts": CONTACTS}


@dataclass(frozen=True, slots=True)
class NamedEntry:
    """An entry; ``actor`` and ``subject`` as people call them. ``url``: of the subject, or None."""

    entry: AuditEntry
    actor: str
    subject: str
    url: str | None


def named(
    connection: Connection, limit: int, before: int | None, what: str | None
) -> list[NamedEntry]:
    """At most ``limit`` entries, newest first."""
    entries = newest(connection, limit, before, what)
    names = _names(connection, {text for each in entries for text in (each.actor, each.subject)})
    return [
        NamedEntry(
            each,
            names.get(each.actor, each.actor),
            names.get(each.subject, each.subject),
            _url(each.subject) if each.subject in names or "units/" in each.subject else None,
        )
        for each in entries
    ]


def _names(connection: Connection, texts: set[str]) -> dict[str, str]:
    found = {}
    for kind, table in _TABLES.items():
        ids = [text.partition("/")[2] for text in texts if text.startswith(f"{kind}/")]
        id_column: Column[str] = table.c.id
        for row in connection.execute(select(id_column, table.c.name).where(id_column.in_(ids))):
            found[f"{kind}/{row.id}"] = row.name
    return found


def _url(subject: str) -> str:
    kind, _, _id = subject.partition("/")
    return "/company/staff" if kind == "staff" else f"/company/{subject}"
