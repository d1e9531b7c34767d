"""From the tables of before to layered calendars: everybody keeps the calendar they had."""

from __future__ import annotations

from datetime import time
from pathlib import Path

from alembic import command
from alembic.config import Config

import slotsvc.store.migrate
from slotsvc.domain.technician import ALL_SECTORS
from slotsvc.domain.working_time import DayHours, LocalInterval, ShiftException
from slotsvc.store.engine import sqlite_url, writer_engine
from slotsvc.store.migrate import upgrade
from slotsvc.store.sqlite_store import SqliteStore

SCRIPTS = Path(slotsvc.store.migrate.__file__).parent / "migrations"
DAY = '{"hours":["08:00:00","17:00:00"],"breaks":[]}'
OFF = '{"hours":null,"breaks":[]}'
ROWS = (
    """INSERT INTO tenant (id, display_name, tags, revision, calendar_revision)
       VALUES ('acme', 'Acme', '["gas"]', 1, 4)""",
    """INSERT INTO team (tenant, id, display_name, zone, revision)
       VALUES ('acme', 'north', 'North', 'Europe/Paris', 2)""",
    f"""INSERT INTO technician (tenant, id, display_name, team, zone, start_lat_e6, start_lon_e6,
         end_lat_e6, end_lon_e6, week, tags, revision)
       VALUES ('acme', 'ana', 'Ana', 'north', 'Europe/Paris', 1, 2, 3, 4,
         '[{DAY},{OFF},{OFF},{OFF},{OFF},{OFF},{OFF}]', '["gas"]', 3)""",
    f"""INSERT INTO shift_exception (tenant, technician, id, day, hours, note, revision)
       VALUES ('acme', 'ana', 'x', '2026-03-02', '{OFF}', '', 4)""",
    """INSERT INTO site (tenant, id, display_name, lat_e6, lon_e6, zone, client, address, revision)
       VALUES ('acme', 'flat', 'Flat', 1, 2, '', '', '', 4)""",
)


def at_revision(path: Path, revision: str, *rows: str) -> None:
    """A database of an earlier version with some rows in it."""
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))
    engine = writer_engine(path)
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
        for row in rows:
            connection.exec_driver_sql(row)
    engine.dispose()


async def test_what_was_set_up_before_reads_the_same(tmp_path: Path) -> None:
    """Weeks, exceptions and tags are what they were; what is new is at its default."""
    path = tmp_path / "slotsvc.db"
    at_revision(path, "0002", *ROWS)

    upgrade(sqlite_url(path))

    store = SqliteStore(path)
    ana = await store.read(lambda tx: tx.technician("acme", "ana"))
    exceptions = await store.read(lambda tx: tx.page("acme", ShiftException, "", 9, "ana"))
    site = await store.read(lambda tx: tx.site("acme", "flat"))
    company = await store.read(lambda tx: tx.tenant("acme"))
    store.close()
    assert ana is not None
    assert site is not None
    assert company is not None
    assert ana.working_time.week[0] == DayHours(LocalInterval(time(8), time(17)))
    assert ana.working_time.week[1:] == (DayHours(None),) * 6
    assert (ana.tags, ana.certificates, ana.van) == ({"gas"}, (), "")
    assert (ana.sectors, ana.max_travel, ana.max_visits, ana.pace) == (ALL_SECTORS, None, None, 100)
    assert [exception.hours for exception, _ in exceptions] == [DayHours(None)]
    assert (site.sector, site.access.total_seconds()) == ("", 0)
    assert (company.sectors, company.public_holidays) == (frozenset(), "")
