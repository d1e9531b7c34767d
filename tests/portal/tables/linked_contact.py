"""One client with a permanent link, in tables that are otherwise empty."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import insert

from slotsvc.portal.tables.database import engine_on
from slotsvc.portal.tables.schema import BUSINESS_UNITS, CLIENTS, CONTACTS

_UNIT = {"id": "coast", "team": "t", "locales": ["en"], "time_zone": "UTC", "live": {}}
_CLIENT = {"id": "anna", "business_unit": "coast", "ref": "anna", "name": "Anna", "access": True,
           "created_at": 0}  # fmt: skip
_CONTACT = {"id": "anna", "client": "anna", "name": "Anna", "portal_user": True, "all_sites": True,
            "link_number": 1, "link_hash": "0" * 64, "created_at": 0}  # fmt: skip


def add_linked_contact(database: Path) -> None:
    """``database``: the portal's, already migrated."""
    engine = engine_on(database, "BEGIN IMMEDIATE", 1)
    with engine.begin() as connection:
        for table, row in ((BUSINESS_UNITS, _UNIT), (CLIENTS, _CLIENT), (CONTACTS, _CONTACT)):
            connection.execute(insert(table).values(row))
    engine.dispose()
