"""The portal's tables: made, brought up, refused when they do not fit."""

from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, insert, inspect, text
from sqlalchemy.exc import IntegrityError, OperationalError

from slotsvc.portal.tables import migrate
from slotsvc.portal.tables.database import PortalDatabase, engine_on
from slotsvc.portal.tables.schema import AUDIT, METADATA


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A database with its tables."""
    made = tmp_path / "portal" / "portal.db"
    migrate.upgrade(made)
    return made


def read[T](path: Path, work: object) -> T:
    """What ``work`` gives on a connection that only reads."""
    engine = engine_on(path, "BEGIN", 1)
    with engine.begin() as connection:
        found = work(connection)  # type: ignore[operator]
    engine.dispose()
    return found


def test_the_tables_are_those_of_the_schema(path: Path) -> None:
    """Migrations give what the code was written for: every table, column, index and key."""

    def differences(connection: Connection) -> list[object]:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        return list(compare_metadata(context, METADATA))

    assert read(path, differences) == []


def test_the_tables_have_the_keys_and_defaults_of_the_schema(path: Path, tmp_path: Path) -> None:
    """What autogeneration does not compare: the very words of each table, sorted."""
    other = tmp_path / "other.db"
    engine = engine_on(other, "BEGIN IMMEDIATE", 1)
    METADATA.create_all(engine)
    engine.dispose()

    def words(connection: Connection) -> dict[str, list[str]]:
        asked = "SELECT name, sql FROM sqlite_master WHERE type = 'table'"
        rows = connection.execute(text(asked)).all()
        lines = {name: sql.replace("\n", "").replace("\t", "") for name, sql in rows}
        return {
            name: sorted(part.strip(" ,)(") for part in line.split(","))
            for name, line in lines.items()
            if name != "alembic_version"
        }

    assert read(path, words) == read(other, words)


def test_a_second_upgrade_changes_nothing(path: Path) -> None:
    """Started again, the portal finds its tables as they are."""
    before = read(path, lambda tx: sorted(inspect(tx).get_table_names()))

    assert migrate.upgrade(path) == migrate.newest() == migrate.current(path)
    assert read(path, lambda tx: sorted(inspect(tx).get_table_names())) == before
    migrate.require(path)


def test_two_upgrades_at_once_are_one(tmp_path: Path) -> None:
    """Who comes second waits, and finds it done."""
    path = tmp_path / "portal.db"

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: migrate.upgrade(path), range(4)))

    assert set(found) == {migrate.newest()}


def test_only_the_owner_reads_the_file(path: Path) -> None:
    """Mode 0600, and a directory of the owner's own."""
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_missing_tables_are_named_with_what_to_do(tmp_path: Path) -> None:
    """A database that nobody made is not made by a look at it."""
    path = tmp_path / "portal.db"

    with pytest.raises(migrate.PortalSchemaError, match=r"at revision none.*start the portal"):
        migrate.require(path)
    assert migrate.current(path) is None
    assert not path.exists()


def test_tables_of_a_newer_slotsvc_are_left_alone(path: Path) -> None:
    """An older slotsvc refuses them instead of guessing."""
    engine = engine_on(path, "BEGIN IMMEDIATE", 1)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    engine.dispose()

    for act in (migrate.upgrade, migrate.require):
        with pytest.raises(migrate.PortalSchemaError, match="run the newer slotsvc"):
            act(path)


async def test_the_audit_is_append_only(path: Path) -> None:
    """Entries are neither changed nor taken out, whoever asks."""
    database = PortalDatabase(path)
    row = {"at": 1, "actor": "cli", "what": "TRIED", "data": {}}
    await database.write(lambda tx: tx.execute(insert(AUDIT).values(row)))

    for change in (AUDIT.update().values(actor="nobody"), AUDIT.delete()):
        with pytest.raises(IntegrityError, match="append-only"):
            await database.write(lambda tx, change=change: tx.execute(change))
    kept = await database.read(lambda tx: tx.execute(AUDIT.select()).one().actor)
    database.close()

    assert kept == "cli"


async def test_readers_cannot_write(path: Path) -> None:
    """The database itself refuses a write through ``read``, and counts those through ``write``."""
    database = PortalDatabase(path)

    with pytest.raises(OperationalError, match="readonly"):
        await database.read(lambda tx: tx.execute(AUDIT.delete()))
    assert database.writes == 0
    database.close()
