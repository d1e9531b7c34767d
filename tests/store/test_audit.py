"""The audit trail: what tampering looks like."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import IntegrityError

from slotsvc.store.audit import append_entries, link, verify_chain
from slotsvc.store.engine import sqlite_url, writer_engine
from slotsvc.store.migrate import upgrade
from tests.store.samples import ANA_MONDAY, NOW, event

TAMPERINGS = {
    "entry changed": "UPDATE audit SET entry = replace(entry, 'clerk', 'me') WHERE sequence = 2",
    "hash changed": "UPDATE audit SET hash = zeroblob(32) WHERE sequence = 2",
    "entry taken out": "DELETE FROM audit WHERE sequence = 2",
    "two exchanged": "UPDATE audit SET (entry, hash) = "
    "(SELECT entry, hash FROM audit AS o WHERE o.tenant = 'acme' AND o.sequence = "
    "5 - audit.sequence) WHERE tenant = 'acme' AND sequence IN (2, 3)",
    "moved in from another tenant": "UPDATE audit SET (entry, hash) = "
    "(SELECT entry, hash FROM audit AS o WHERE o.tenant = 'other' AND o.sequence = 2) "
    "WHERE tenant = 'acme' AND sequence = 2",
}


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    """A database with four entries in each of two chains."""
    path = tmp_path / "slotsvc.db"
    upgrade(sqlite_url(path))
    engine = writer_engine(path)
    with engine.begin() as connection:
        for version in (1, 2, 3, 4):
            for tenant in ("acme", "other"):
                happened = event("BOOKED", ANA_MONDAY, version)
                append_entries(connection, tenant, [(happened, "clerk", NOW)])
    yield engine
    engine.dispose()


def forget_triggers(connection: Connection) -> None:
    """What an attacker with the file does first."""
    for verb in ("update", "delete"):
        connection.exec_driver_sql(f"DROP TRIGGER audit_no_{verb}")


def test_a_chain_holds_together(engine: Engine) -> None:
    """Every entry is tied to the one before, the first one to 32 zero bytes."""
    with engine.connect() as connection:
        check = verify_chain(connection, "acme")
        entries = connection.exec_driver_sql(
            "SELECT entry FROM audit WHERE tenant = 'acme' ORDER BY sequence"
        ).scalars()
        head = bytes(32)
        for entry in entries:
            head = hashlib.sha256(head + entry.encode()).digest()

    assert (check.entries, check.head, check.broken_at) == (4, head, None)


def test_an_entry_says_who_did_what_when(engine: Engine) -> None:
    """Actor, kind, subject, route, version and data are all under the hash."""
    with engine.connect() as connection:
        entry = connection.exec_driver_sql("SELECT entry FROM audit LIMIT 1").scalar_one()

    assert json.loads(entry) == {
        "tenant": "acme",
        "sequence": 1,
        "at": int(NOW.timestamp()),
        "actor": "clerk",
        "kind": "BOOKED",
        "subject": "visits/v1",
        "route": ["ana", "2026-03-02"],
        "version": 1,
        "data": {"position": 0, "visit": "visits/v1"},
    }


@pytest.mark.parametrize("statement", TAMPERINGS.values(), ids=TAMPERINGS.keys())
def test_the_trail_is_append_only(engine: Engine, statement: str) -> None:
    """The database itself refuses to change or delete an entry."""
    with engine.connect() as connection, pytest.raises(IntegrityError, match="append-only"):
        connection.exec_driver_sql(statement)


@pytest.mark.parametrize("statement", TAMPERINGS.values(), ids=TAMPERINGS.keys())
def test_tampering_shows(engine: Engine, statement: str) -> None:
    """Whoever takes the triggers off still cannot change the past without breaking the chain."""
    with engine.begin() as connection:
        forget_triggers(connection)
        connection.exec_driver_sql(statement)
        check = verify_chain(connection, "acme")

    assert (check.entries, check.broken_at) == (1, 2)


def test_a_forged_entry_breaks_the_next_one(engine: Engine) -> None:
    """Whoever changes an entry and computes its hash anew leaves a break right behind it."""
    with engine.begin() as connection:
        forget_triggers(connection)
        rows = connection.exec_driver_sql(
            "SELECT entry, hash FROM audit WHERE tenant = 'acme' ORDER BY sequence LIMIT 2"
        ).all()
        forged = rows[1].entry.replace("clerk", "nobody")
        connection.exec_driver_sql(
            "UPDATE audit SET entry = ?, hash = ? WHERE tenant = 'acme' AND sequence = 2",
            (forged, link(rows[0].hash, forged)),
        )
        check = verify_chain(connection, "acme")

    assert (check.entries, check.broken_at) == (2, 3)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit SET sequence = sequence + 10 WHERE tenant = 'acme'",
        "UPDATE audit SET tenant = 'acme' WHERE tenant = 'other'",
    ],
    ids=["numbered anew", "of another tenant"],
)
def test_a_whole_chain_cannot_be_exchanged(engine: Engine, statement: str) -> None:
    """A chain that holds together is still broken under another number or another tenant."""
    with engine.begin() as connection:
        forget_triggers(connection)
        if "other" in statement:
            connection.exec_driver_sql("DELETE FROM audit WHERE tenant = 'acme'")
        connection.exec_driver_sql(statement)
        check = verify_chain(connection, "acme")

    assert (check.entries, check.broken_at) == (0, 1)
