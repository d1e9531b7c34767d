"""The portal's tables without a portal: for use cases, which are functions of a connection."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, func, insert, select

from slotsvc.portal.company.clients import Client, add_client
from slotsvc.portal.company.contacts import ContactData, add_contact, judged
from slotsvc.portal.company.units import Unit, unit_of
from slotsvc.portal.secrets import KEY_BYTES, PortalSecrets
from slotsvc.portal.tables.audit import newest
from slotsvc.portal.tables.database import engine_on
from slotsvc.portal.tables.migrate import upgrade
from slotsvc.portal.tables.schema import BUSINESS_UNITS, SESSIONS
from slotsvc.portal.unit_settings import BusinessUnitSettings, shown_unit

NOW = datetime(2030, 6, 3, 6, 0, tzinfo=UTC)
SAM = "staff/sam"
SITES = frozenset({"tenants/acme/sites/a", "tenants/acme/sites/b"})


@dataclass
class Books:
    """The tables, and short words for what tests do with them."""

    engine: Engine
    secrets: PortalSecrets

    def do[T](self, work: Callable[[Connection], T]) -> T:
        """Runs ``work`` in a transaction of its own."""
        with self.engine.begin() as connection:
            return work(connection)

    def unit(self, id: str = "riviera") -> Unit:
        """The unit as it stands."""
        found = self.do(lambda tx: unit_of(tx, id))
        assert found is not None
        return found

    def client(
        self, name: str = "Ville de Menton", ref: str = "menton", bu: str = "riviera"
    ) -> Client:
        """A new client."""
        return self.do(lambda tx: add_client(tx, bu, name, ref, SAM, NOW))

    def contact(self, client: Client, name: str = "Anna", **data: Any) -> str:
        """A new contact; gives its id."""
        unit = self.unit(client.business_unit)
        typed = ContactData(name, **{"portal_user": True} | data)
        right = judged(typed, shown_unit(unit, unit.live), SITES)
        return self.do(lambda tx: add_contact(tx, client, right, SAM, NOW))

    def session(self, contact: str, level: int = 2, bu: str = "riviera") -> str:
        """An open session of the contact; gives its id."""
        id, at = f"session-of-{contact}-{level}", int(NOW.timestamp())
        row = {
            "id": id, "kind": "CLIENT", "subject": contact, "business_unit": bu, "level": level,
            "created_at": at, "seen_at": at, "expires_at": at + 3600,
        }  # fmt: skip
        self.do(lambda tx: tx.execute(insert(SESSIONS).values(row)))
        return id

    def open_sessions(self) -> int:
        """How many sessions have not ended."""
        query = select(func.count()).where(SESSIONS.c.ended_at.is_(None))
        return self.do(lambda tx: int(tx.execute(query).scalar_one()))

    def told(self) -> list[str]:
        """What the audit says, newest first."""
        return [each.what for each in self.do(lambda tx: newest(tx, 100))]


@contextmanager
def opened_books(directory: Path) -> Iterator[Books]:
    """Tables in ``directory`` with the unit "riviera": four languages, nothing active."""
    path = directory / "portal.db"
    upgrade(path)
    engine = engine_on(path, "BEGIN IMMEDIATE", 1)
    books = Books(engine, PortalSecrets([b"k" * KEY_BYTES]))
    books.do(lambda tx: tx.execute(insert(BUSINESS_UNITS).values(unit_row("riviera"))))
    yield books
    engine.dispose()


def unit_row(id: str, **live: Any) -> dict[str, Any]:
    """A row of a unit."""
    settings = BusinessUnitSettings(**{"company_name": "Riviera Heating"} | live)
    return {
        "id": id,
        "team": "tenants/acme/teams/south",
        "locales": ["fr", "en", "it", "es"],
        "time_zone": "Europe/Monaco",
        "live": settings.to_json(),
    }
