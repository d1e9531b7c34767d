"""Tables and key ring belong together: what one ring sealed no other opens.

A backup has the tables without the ring. Where such tables meet no ring, a new one is not made in
silence: second factors and letters would be lost though the ring lies in a safe.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sqlalchemy import Column, Connection, inspect, select

from slotsvc.portal.secrets import PortalSecrets, SecretsError
from slotsvc.portal.tables.migrate import looking
from slotsvc.portal.tables.schema import CONTACTS, OUTBOX, STAFF

_MADE_WITH_KEYS = (CONTACTS.c.link_hash, STAFF.c.totp_sealed, OUTBOX.c.sealed)


def secrets_of(database: Path, key_ring: Path) -> PortalSecrets:
    """The ring in ``key_ring``, made where there is none and no row of ``database`` needs one.

    Raises ``SecretsError``, which says what to do.
    """
    if not key_ring.exists() and needs_keys(database):
        raise SecretsError(
            f"{database.name} was made with {key_ring.name}, which is missing: bring it back to "
            f"{key_ring}, or do without: `slotsvc portal new-keys` makes another (second factors "
            "and unsent letters are lost, links become others)"
        )
    return PortalSecrets.open_or_create(key_ring)


def needs_keys(database: Path) -> bool:
    """Whether anything in the tables, of any revision, was made with keys. Changes nothing. Raises
    ``PortalSchemaError`` for a file that cannot be used."""
    if not database.exists():
        return False
    with looking(database) as connection:
        return any(_is_used(connection, column) for column in _MADE_WITH_KEYS)


def _is_used(connection: Connection, column: Column[Any]) -> bool:
    if not inspect(connection).has_table(column.table.name):
        return False
    return (
        connection.execute(select(column).where(column.is_not(None)).limit(1)).first() is not None
    )
