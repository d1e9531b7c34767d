"""Making and changing the tables on PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection

from slotsvc.domain.errors import StoreBusyError
from slotsvc.store.errors import SchemaTooNewError, SchemaTooOldError
from slotsvc.store.migrate import check, current, newest, upgrade
from slotsvc.store.postgres_engine import schema_engine
from slotsvc.store.tables import METADATA

_INDEXES = """
SELECT i.relname, pg_get_expr(x.indpred, x.indrelid) FROM pg_index x
JOIN pg_class i ON i.oid = x.indexrelid WHERE x.indpred IS NOT NULL
"""
_OTHER_ORDER = """
SELECT table_name, column_name FROM information_schema.columns
WHERE table_schema = 'public' AND data_type = 'text' AND collation_name IS DISTINCT FROM 'C'
"""


@pytest.fixture
def connection(postgres_url: str) -> Iterator[Connection]:
    engine = schema_engine(postgres_url)
    with engine.connect() as connection:
        yield connection
    engine.dispose()


def keys(connection: Connection) -> set[tuple[object, ...]]:
    """Primary, unique and foreign keys, as PostgreSQL spells them."""
    statement = (
        "SELECT conrelid::regclass::text, contype, pg_get_constraintdef(oid) FROM pg_constraint "
        "WHERE connamespace = current_schema()::regnamespace AND contype IN ('p', 'u', 'f') "
        "AND conrelid <> coalesce(to_regclass('alembic_version'), 0)"
    )
    return {tuple(row) for row in connection.exec_driver_sql(statement)}


def test_the_migrations_make_the_tables_of_the_code(connection: Connection) -> None:
    """Tables, columns, types, defaults and indexes are those of ``tables.py``."""
    options = {"compare_type": True, "compare_server_default": True}
    assert compare_metadata(MigrationContext.configure(connection, opts=options), METADATA) == []

    partial = {name for name, _ in connection.exec_driver_sql(_INDEXES)}
    assert partial == {
        index.name
        for table in METADATA.tables.values()
        for index in table.indexes
        if index.dialect_options["postgresql"]["where"] is not None
    }


def test_the_migrations_make_the_keys_of_the_code(
    connection: Connection, empty_postgres_url: str
) -> None:
    """Primary and foreign keys too, which the comparison above does not look at."""
    engine = schema_engine(empty_postgres_url)
    with engine.begin() as made:
        METADATA.create_all(made)
        assert keys(connection) == keys(made)
    engine.dispose()


def test_text_is_compared_byte_by_byte(connection: Connection) -> None:
    """Whatever the language of the server: page tokens and sorted keys depend on it."""
    assert connection.exec_driver_sql(_OTHER_ORDER).all() == []


@pytest.mark.parametrize("change", ["UPDATE audit SET entry = ''", "DELETE FROM audit",
                                    "TRUNCATE audit"])  # fmt: skip
def test_the_audit_trail_is_append_only(connection: Connection, change: str) -> None:
    """Not even by hand, unless somebody means it."""
    with pytest.raises(Exception, match="append-only"):
        connection.exec_driver_sql(change)


def test_an_empty_database_gets_the_newest_tables(empty_postgres_url: str) -> None:
    """Before that there is no revision, and the message says to migrate; again changes nothing."""
    assert current(empty_postgres_url) is None
    with pytest.raises(SchemaTooOldError, match="slotsvc migrate"):
        check(empty_postgres_url)

    assert upgrade(empty_postgres_url) == current(empty_postgres_url) == newest()
    upgrade(empty_postgres_url)
    check(empty_postgres_url)


def test_two_migrations_at_once(empty_postgres_url: str) -> None:
    """One does it, the other waits and finds it done."""
    with ThreadPoolExecutor(4) as threads:
        done = list(threads.map(upgrade, [empty_postgres_url] * 4))

    assert done == [newest()] * 4


def test_a_migration_does_not_wait_for_ever(empty_postgres_url: str) -> None:
    """While somebody else holds the lock the migration is refused in seconds, not queued."""
    with psycopg.connect(empty_postgres_url) as other:
        other.execute("SELECT pg_advisory_xact_lock(5310291)")
        with pytest.raises(StoreBusyError):
            upgrade(empty_postgres_url)

    assert current(empty_postgres_url) is None


def test_a_broken_migration_leaves_nothing_behind(empty_postgres_url: str) -> None:
    """When a migration fails in the middle, the tables made before the failure are gone too."""
    with psycopg.connect(empty_postgres_url, autocommit=True) as other:
        other.execute("CREATE TABLE placement (in_the_way int)")

        with pytest.raises(Exception, match="placement"):
            upgrade(empty_postgres_url)

        found = other.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        assert found.fetchall() == [("placement",)]
    assert current(empty_postgres_url) is None


def test_a_newer_database_is_refused(empty_postgres_url: str) -> None:
    """Tables of a revision that the code has never heard of are neither used nor changed."""
    upgrade(empty_postgres_url)
    with psycopg.connect(empty_postgres_url, autocommit=True) as other:
        other.execute("UPDATE alembic_version SET version_num = '9999'")

    for refused in (check, upgrade):
        with pytest.raises(SchemaTooNewError, match="9999"):
            refused(empty_postgres_url)
