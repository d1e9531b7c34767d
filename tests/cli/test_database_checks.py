"""What ``slotsvc doctor`` says of the database, and what to do about it."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

from slotsvc.cli.checks import Check, shared_store_check, store_check
from slotsvc.config import Settings
from slotsvc.store.engine import sqlite_url
from slotsvc.store.migrate import upgrade
from tests.service_fixtures import settings_for


@pytest.fixture
def database(tmp_path: Path) -> Path:
    upgrade(sqlite_url(tmp_path / "slotsvc.db"))
    return tmp_path / "slotsvc.db"


def set_revision(url: str, number: str) -> None:
    engine = create_engine(make_url(url))
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = :n"), {"n": number})
    engine.dispose()


def test_tables_of_a_newer_version_are_told(database: Path) -> None:
    """Older ones are brought up to date by the next start, newer ones keep it from starting."""
    set_revision(sqlite_url(database), "0001")
    assert store_check(database).state == "ok"
    set_revision(sqlite_url(database), "0099")
    found = store_check(database)
    assert (found.state, found.action) == ("fail", "Run the newer slotsvc that made it.")
    assert "0099" in found.detail


def test_a_damaged_file_is_told(database: Path) -> None:
    """With what SQLite says, and what to do."""
    database.write_bytes(b"no database " * 4096)
    found = store_check(database)
    assert (found.state, "is damaged" in found.detail) == ("fail", True)
    assert found.action == "Keep it, and restore a backup (docs/operations.md#restore)"


def on_postgres(home: Path, url: str) -> Check:
    settings: Settings = settings_for(home, database_url=SecretStr(url))
    return shared_store_check(settings)


def test_postgresql_is_told_with_the_remedy_that_helps(
    tmp_path: Path, empty_postgres_url: str
) -> None:
    """``migrate`` makes and changes tables, and refuses those of a newer version; a server that
    does not answer is neither."""
    assert on_postgres(tmp_path, empty_postgres_url).action == "Run `slotsvc migrate`."
    upgrade(empty_postgres_url)
    assert on_postgres(tmp_path, empty_postgres_url).state == "ok"
    driver = make_url(empty_postgres_url).set(drivername="postgresql+psycopg")
    set_revision(driver.render_as_string(hide_password=False), "0099")
    newer = on_postgres(tmp_path, empty_postgres_url)
    assert (newer.state, newer.action) == ("fail", "Run the newer slotsvc that made it.")
    silent = on_postgres(tmp_path, "postgresql://nobody@127.0.0.1:1/slotsvc")
    assert (silent.state, silent.action) == ("fail", "Start it, or mend database_url.")
