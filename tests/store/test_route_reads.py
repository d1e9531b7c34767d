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
    "last change": lambda tx: tx.last_change("acme"),
    "changes": lambda tx: tx.changed_routes("acme", 3),
    "by key": lambda tx: tx.routes_by_key([ANA_MONDAY, BEN_MONDAY]),
    "visit": lambda tx: tx.visit("acme", "v1"),
    "placement": lambda tx: tx.placement("acme", "p1"),
    "hold of a visit": lambda tx: tx.open_hold("acme", "v1", NOW),
    "of an activity": lambda tx: tx.live_of_activity(
        "acme", "north", "boiler", MONDAY, TUESDAY, NOW
    ),
    "holds of a client": lambda tx: tx.live_holds_of_client("acme", "client-1", NOW),
    "open moves": lambda tx: tx.pending_moves("acme", NOW),
    "cancelled": lambda tx: tx.list_visits(
        "acme",
        technicians=None,
        first=None,
        last=None,
        states=[PlacementState.CANCELLED],
        client="client-1",
        after=("", "", -1, "v1"),
        limit=50,
        now=NOW,
    ),
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
    "last position": lambda tx: tx.last_position("acme"),
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


def plan(connection: Connection, read: Callable[[ReadTransaction], object]) -> list[str]:
    """What SQLite does step by step, in its words."""
    steps: list[str] = []

    @event.listens_for(connection, "before_cursor_execute")
    def explain(_conn, cursor, statement, parameters, _context, _many) -> None:
        if statement.startswith("SELECT") and "FROM" in statement:
            cursor.execute(f"EXPLAIN QUERY PLAN {statement}", parameters)
            steps.extend(row[3] for row in cursor.fetchall())

    read(ReadTransaction(connection, sqlite_now))
    return steps


@pytest.mark.parametrize("read", READS.values(), ids=READS.keys())
def test_a_read_follows_an_index(
    connection: Connection, read: Callable[[ReadTransaction], object]
) -> None:
    """No read of the port walks through a whole table, or all of one tenant's visits."""
    steps = plan(connection, read)

    assert steps
    assert [step for step in steps if step.startswith("SCAN") and "VALUES" not in step] == []
    whole_tenant = [step for step in steps if step.endswith("(tenant=?)")]
    # The audit is verified from its beginning; the last event and the last change of a route are
    # the last entries of their indexes.
    allowed = (
        "SEARCH audit",
        "SEARCH event USING COVERING INDEX ix_event_tenant_position",
        "SEARCH route USING COVERING INDEX ix_route_tenant_change",
    )
    assert all(step.startswith(allowed) for step in whole_tenant), whole_tenant


@pytest.mark.parametrize("team", [None, "north"])
@pytest.mark.parametrize("after", [None, (0, 0, 0, "v1")])
def test_the_backlog_is_read_by_itself(connection: Connection, team, after) -> None:
    """Listing what waits reads only what waits, however many visits have a place."""
    asked = {"team": team, "client": None, "after": after, "limit": 50, "now": NOW}
    steps = plan(connection, lambda tx: tx.list_unplaced("acme", **asked))

    (of_visits,) = [step for step in steps if " visit " in step]
    assert "ix_visit_backlog (tenant=?" in of_visits
    assert not [step for step in steps if step.startswith("SCAN")]
