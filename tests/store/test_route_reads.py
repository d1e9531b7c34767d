"""How the reads of routes and visits find their rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection, event

from slotsvc.domain.visit import PlacementState
from slotsvc.store.database_clock import sqlite_now
from slotsvc.store.engine import sqlite_url, writer_engine
from slotsvc.store.migrate import upgrade
from slotsvc.store.read_tx import ReadTransaction
from tests.store.samples import ANA_MONDAY, BEN_MONDAY, MONDAY, NOW, TUESDAY

READS: dict[str, Callable[[ReadTransaction], object]] = {
    "routes": lambda tx: tx.routes("acme", ["ana", "ben"], MONDAY, TUESDAY),
    "versions": lambda tx: tx.route_versions("acme", ["ana", "ben"], MONDAY, TUESDAY),
    "by key": lambda tx: tx.routes_by_key([ANA_MONDAY, BEN_MONDAY]),
    "visit": lambda tx: tx.visit("acme", "v1"),
    "placement": lambda tx: tx.placement("acme", "p1"),
    "replacement": lambda tx: tx.open_replacement("acme", "p1", NOW),
    "hold of a client": lambda tx: tx.live_hold_of_client("acme", "client-1", "boiler", NOW),
    "reference": lambda tx: tx.visit_by_external_ref("acme", "ref-1"),
    "list": lambda tx: tx.list_visits(
        "acme",
        technicians=None,
        first=MONDAY,
        last=TUESDAY,
        states=[PlacementState.HELD, PlacementState.BOOKED],
        client=None,
        after=("2026-03-02", "ana", 1, "v1"),
        limit=50,
        now=NOW,
    ),
    "technicians": lambda tx: tx.technicians("acme", "north"),
    "absences": lambda tx: tx.absences("acme", ["ana"], NOW, NOW),
    "exceptions": lambda tx: tx.shift_exceptions("acme", ["ana"], MONDAY, TUESDAY),
    "events": lambda tx: tx.events_after("acme", "", 10),
    "audit": lambda tx: tx.verify_audit("acme"),
}


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[Connection]:
    path = tmp_path / "slotsvc.db"
    upgrade(sqlite_url(path))
    engine = writer_engine(path)
    with engine.connect() as connection:
        yield connection
    engine.dispose()


@pytest.mark.parametrize("read", READS.values(), ids=READS.keys())
def test_a_read_follows_an_index(
    connection: Connection, read: Callable[[ReadTransaction], object]
) -> None:
    """No read of the port walks through a whole table, or all of one tenant's visits."""
    steps: list[str] = []

    @event.listens_for(connection, "before_cursor_execute")
    def explain(_conn, cursor, statement, parameters, _context, _many) -> None:
        if statement.startswith("SELECT") and "FROM" in statement:
            cursor.execute(f"EXPLAIN QUERY PLAN {statement}", parameters)
            steps.extend(row[3] for row in cursor.fetchall())

    read(ReadTransaction(connection, sqlite_now))

    assert steps
    assert [step for step in steps if step.startswith("SCAN") and "VALUES" not in step] == []
    whole_tenant = [step for step in steps if step.endswith("(tenant=?)")]
    assert all(step.startswith("SEARCH audit") for step in whole_tenant), whole_tenant
