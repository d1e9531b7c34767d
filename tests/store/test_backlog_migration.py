"""Visits, placements, routes and events of the first tables, after the newest migration."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, text
from sqlalchemy.exc import IntegrityError

from slotsvc.domain.commitment import Promise
from slotsvc.domain.time_window import TimeWindow, to_epoch
from slotsvc.domain.visit import (
    Pin,
    Placement,
    PlacementState,
    RouteKey,
    RouteState,
    Standing,
)
from slotsvc.scheduling.ports import StoredVisit
from slotsvc.store import migrate
from slotsvc.store.engine import sqlite_url, writer_engine
from slotsvc.store.sqlite_store import SqliteStore
from slotsvc.store.travel_block import to_bytes
from tests.store.samples import ANA_MONDAY, ANA_TUESDAY, HOUR, MONDAY, NOW, block, visit

MORNING = TimeWindow(NOW, NOW + 4 * HOUR)
NEXT_DAY = TimeWindow(NOW + 24 * HOUR, NOW + 28 * HOUR)
SCRIPTS = Path(migrate.__file__).parent / "migrations"


def insert(connection: Connection, table: str, **columns: object) -> None:
    names = ", ".join(columns)
    values = ", ".join(f":{name}" for name in columns)
    connection.execute(text(f"INSERT INTO {table} ({names}) VALUES ({values})"), columns)


def company(connection: Connection) -> None:
    """One tenant, team and technician in the first tables."""
    insert(
        connection, "tenant", id="acme", display_name="", tags="[]", revision=1, calendar_revision=1
    )
    named = {"tenant": "acme", "display_name": "", "zone": "Europe/Paris", "revision": 1}
    insert(connection, "team", id="north", **named)
    places = dict.fromkeys(("start_lat_e6", "start_lon_e6", "end_lat_e6", "end_lon_e6"), 0)
    week = {"week": "[]", "tags": "[]"}
    insert(connection, "technician", id="ana", team="north", **named, **places, **week)


def old_visit(connection: Connection, id: str, placement: str) -> None:
    insert(
        connection,
        "visit",
        tenant="acme",
        id=id,
        lat_e6=43_738_400,
        lon_e6=7_424_600,
        service_s=3600,
        requires='["gas"]',
        site="flat",
        activity_type="boiler",
        client="client-1",
        external_ref="",
        note="",
        placement=placement,
        revision=7,
        created=to_epoch(NOW),
        updated=to_epoch(NOW + HOUR),
    )


def old_placement(connection: Connection, id: str, of: str, window: TimeWindow, **columns) -> None:
    start, end = to_epoch(window.start), to_epoch(window.end)
    row = {
        "tenant": "acme",
        "id": id,
        "visit": of,
        "technician": "ana",
        "day": window.start.date().isoformat(),
        "position": 0,
        "state": "BOOKED",
        "promise_start": start,
        "promise_end": end,
        "promised_at": None,
        "start_from": start + 60,
        "start_until": end - 60,
        "pin": "NONE",
        "provenance": "LIVE",
        "extended": False,
    }
    insert(connection, "placement", **(row | columns))


def old_rows(connection: Connection) -> None:
    """A visit that was booked and moved, one on hold, their routes, an event."""
    company(connection)
    old_visit(connection, "v1", "p2")
    old_visit(connection, "v2", "p3")
    told, again = to_epoch(NOW), to_epoch(NOW + HOUR)
    old_placement(connection, "p1", "v1", MORNING, state="MOVED", position=-1, promised_at=told)
    old_placement(
        connection, "p2", "v1", NEXT_DAY, promised_at=again, pin="START", pinned_start=told
    )
    hold = {"state": "HELD", "expires": again, "held_since": told, "extended": True}
    old_placement(connection, "p3", "v2", MORNING, provenance="ESTIMATE", **hold)
    for key, version in ((ANA_MONDAY, 3), (ANA_TUESDAY, 2)):
        day = key.day.isoformat()
        travel = to_bytes(block())
        insert(
            connection,
            "route",
            tenant="acme",
            technician="ana",
            day=day,
            version=version,
            block=travel,
        )
    happened = {"tenant": "acme", "at": told, "kind": "BOOKED", "subject": "visits/v1"}
    where = {"technician": "ana", "day": MONDAY.isoformat(), "version": 3, "data": "{}"}
    insert(connection, "event", **happened, **where)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A database at revision 0001 with the rows above, brought to the newest revision."""
    path = tmp_path / "slotsvc.db"
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))
    engine = writer_engine(path)
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        old_rows(connection)
    engine.dispose()
    migrate.upgrade(sqlite_url(path))
    return path


async def read(path: Path, work):
    store = SqliteStore(path)
    try:
        return await store.read(work)
    finally:
        store.close()


async def test_no_visit_is_lost(path: Path) -> None:
    """Every column of before is read as it was; what is new is what it meant before."""
    seen = await read(path, lambda tx: [tx.placement("acme", id) for id in ("p1", "p2", "p3")])
    promises = (
        Promise((MORNING,), NOW, superseded=NOW + HOUR),
        Promise((NEXT_DAY,), NOW + HOUR),
    )
    work = visit("v1", promises=promises)
    start = TimeWindow(NEXT_DAY.start + timedelta(minutes=1), NEXT_DAY.end - timedelta(minutes=1))
    booked = Placement(
        "p2", ANA_TUESDAY, work, 0, PlacementState.BOOKED, NEXT_DAY, start, pin=Pin.START
    )
    now, later = NOW, NOW + HOUR
    provenance = seen[1].provenance
    assert seen[1] == StoredVisit("acme", work, booked, 7, provenance, now, later, later)
    assert seen[0].placed.state is PlacementState.MOVED
    assert seen[2].visit == visit("v2")
    assert (seen[2].placed.expires, seen[2].extended, seen[2].held_since) == (later, True, now)
    assert {s.standing for s in seen} == {Standing.PLACED}


async def test_no_route_and_no_event_is_lost(path: Path) -> None:
    """They are routes of the first shift, drafts, with their versions, blocks and placements."""
    routes = await read(path, lambda tx: tx.routes_by_key([ANA_MONDAY, ANA_TUESDAY]))
    (event,) = await read(path, lambda tx: tx.events_after("acme", "", 9))

    assert [route.version for route in routes.values()] == [3, 2]
    assert {route.state for route in routes.values()} == {RouteState.DRAFT}
    assert [[p.id for p in route.placements] for route in routes.values()] == [["p3"], ["p2"]]
    assert all(to_bytes(route.block) == to_bytes(block()) for route in routes.values())
    assert event.event.route == RouteKey("acme", "ana", MONDAY, 0)


def test_the_keys_hold_as_before(path: Path) -> None:
    """Foreign keys point to the new tables, the alarms are armed, and nothing is left aside."""
    engine = writer_engine(path)
    with engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA foreign_key_check").all() == []
        names = connection.exec_driver_sql("SELECT name FROM sqlite_master").scalars().all()
        assert [name for name in names if name.startswith("old_")] == []
        for broken in (
            "UPDATE placement SET visit = 'v9' WHERE id = 'p1'",
            "UPDATE placement SET state = 'DONE', position = -1 WHERE id = 'p1'",
            "UPDATE placement SET state = 'STARTED', position = 0 WHERE id = 'p1'",
            "DELETE FROM visit",
        ):
            with pytest.raises(IntegrityError):
                connection.exec_driver_sql(broken)
    engine.dispose()
