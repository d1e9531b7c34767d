"""Making and changing the tables."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Engine

from slotsvc.store.engine import sqlite_url, writer_engine
from slotsvc.store.errors import (
    SchemaTooNewError,
    SchemaTooOldError,
    StoreLockedError,
    StoreOpenError,
)
from slotsvc.store.file_lock import FileLock
from slotsvc.store.migrate import check, current, newest, upgrade
from slotsvc.store.sqlite_store import SqliteStore
from slotsvc.store.tables import METADATA
from tests.store.samples import ACME


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "slotsvc.db"


@pytest.fixture
def url(path: Path) -> str:
    return sqlite_url(path)


def execute(path: Path, *statements: str) -> None:
    engine = writer_engine(path)
    with engine.begin() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)
    engine.dispose()


def test_an_empty_place_gets_the_newest_tables(path: Path, url: str) -> None:
    """Directory, file and tables are made; before that there is no revision."""
    assert current(url) is None
    assert not path.exists()

    assert upgrade(url) == current(url) == newest()
    check(url)


def test_the_migrations_make_the_tables_of_the_code(path: Path, url: str) -> None:
    """Tables, columns, keys and indexes of the migrated database are those of ``tables.py``."""
    upgrade(url)
    engine = writer_engine(path)
    with engine.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "compare_server_default": True}
        )
        difference = compare_metadata(context, METADATA)
        indexes = connection.exec_driver_sql(
            "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql LIKE '% WHERE %'"
        )
        conditions = {name: sql.partition(" WHERE ")[2] for name, sql in indexes}
    engine.dispose()

    assert difference == []
    # The comparison above does not look at the conditions of partial indexes.
    assert conditions == {
        index.name: str(index.dialect_options["sqlite"]["where"])
        for table in METADATA.tables.values()
        for index in table.indexes
        if index.dialect_options["sqlite"]["where"] is not None
    }


def keys(engine: Engine) -> dict[str, object]:
    """By table: the columns with their place in the primary key, and the foreign keys."""
    found: dict[str, object] = {}
    with engine.connect() as connection:
        for table in METADATA.tables:
            columns = connection.exec_driver_sql(f"PRAGMA table_info({table})").all()
            foreign = connection.exec_driver_sql(f"PRAGMA foreign_key_list({table})").all()
            found[table] = (
                {column.name: (column.notnull, column.pk) for column in columns},
                sorted(tuple(row)[1:] for row in foreign),  # without its number
            )
    engine.dispose()
    return found


def test_the_migrations_make_the_keys_of_the_code(path: Path, url: str, tmp_path: Path) -> None:
    """Primary and foreign keys too, which the comparison above does not look at."""
    upgrade(url)
    made = writer_engine(tmp_path / "made.db")
    METADATA.create_all(made)

    assert keys(writer_engine(path)) == keys(made)


async def test_migrating_again_changes_nothing(path: Path, url: str) -> None:
    """A second run finds the newest tables and leaves what is in them."""
    upgrade(url)
    store = SqliteStore(path)
    await store.write(lambda tx: tx.create("acme", ACME))
    store.close()

    upgrade(url)

    store = SqliteStore(path)
    assert await store.read(lambda tx: tx.tenant("acme")) == ACME
    store.close()


def test_a_database_without_tables_is_not_opened(path: Path, url: str) -> None:
    """The message says to migrate, and the file can be opened once that was done."""
    path.parent.mkdir()
    with pytest.raises(SchemaTooOldError, match="slotsvc migrate"):
        SqliteStore(path)
    with pytest.raises(SchemaTooOldError):
        check(url)

    upgrade(url)
    SqliteStore(path).close()


def test_a_newer_database_is_refused(path: Path, url: str) -> None:
    """Tables of a revision that the code has never heard of are neither used nor changed."""
    upgrade(url)
    execute(path, "UPDATE alembic_version SET version_num = '9999'")

    for refused in (check, upgrade, lambda _url: SqliteStore(path)):
        with pytest.raises(SchemaTooNewError, match="9999"):
            refused(url)
    assert current(url) == "9999"


def test_a_broken_migration_leaves_nothing_behind(path: Path, url: str) -> None:
    """When a migration fails in the middle, the tables made before the failure are gone too."""
    path.parent.mkdir()
    execute(path, "CREATE TABLE placement (in_the_way)")

    with pytest.raises(Exception, match="placement"):
        upgrade(url)

    engine = writer_engine(path)
    with engine.connect() as connection:
        names = connection.exec_driver_sql("SELECT name FROM sqlite_master").scalars().all()
    engine.dispose()
    assert names == ["placement"]
    assert current(url) is None


def test_migrating_waits_for_nobody(path: Path, url: str) -> None:
    """While a service has the file, a migration is refused at once."""
    path.parent.mkdir()
    with FileLock(path), pytest.raises(StoreLockedError):
        upgrade(url)


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:", "mysql://host/db"])
def test_only_files_are_databases(url: str) -> None:
    """An address that is not a SQLite file is refused in words."""
    with pytest.raises(StoreOpenError, match="sqlite:///"):
        upgrade(url)


def test_migrating_works_from_anywhere(tmp_path: Path, url: str) -> None:
    """The scripts are found beside the code, whatever the working directory, and print nothing."""
    root = Path(__file__).resolve().parents[2]
    program = (
        f"import sys; sys.path.insert(0, {str(root)!r}); "
        f"from slotsvc.store.migrate import upgrade; upgrade({url!r})"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=True
    )

    assert (done.stdout, done.stderr) == ("", "")
    check(url)
