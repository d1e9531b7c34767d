"""Which database is opened, and what is said of it."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import SecretStr, ValidationError
from sqlalchemy import make_url

from slotsvc.bootstrap.stores import database_address, database_told, open_store
from slotsvc.cli.checks import shared_store_check
from slotsvc.config import Settings
from slotsvc.domain.errors import AlreadyExistsError
from slotsvc.scheduling.api_keys import ApiKeys
from slotsvc.store.errors import SchemaTooOldError
from slotsvc.store.migrate import upgrade
from slotsvc.store.postgres_store import PostgresStore
from slotsvc.store.sqlite_store import SqliteStore
from tests.service_fixtures import settings_for


def shared(where: Path, url: str) -> Settings:
    """Settings that name a PostgreSQL, with a password."""
    named = make_url(url).set(password="not-to-be-told").render_as_string(hide_password=False)
    return settings_for(where, database_url=SecretStr(named), database_connections=4)


def test_a_file_is_made_and_opened(tmp_path: Path) -> None:
    """Without an address the database is a file in the data directory; it gets its tables."""
    settings = settings_for(tmp_path)
    store = open_store(settings)
    store.close()

    assert isinstance(store, SqliteStore)
    assert database_told(settings) == str(tmp_path / "slotsvc.db")
    assert Path(database_told(settings)).is_file()


async def test_postgresql_is_opened_when_it_has_its_tables(
    tmp_path: Path, empty_postgres_url: str
) -> None:
    """It is not migrated on the way; its address is told without the password. The first key is
    made in it, once."""
    settings = shared(tmp_path, empty_postgres_url)
    with pytest.raises(SchemaTooOldError):
        open_store(settings)
    assert shared_store_check(settings).state == "fail"

    upgrade(database_address(settings))
    store = open_store(settings)
    key = await ApiKeys(store).first("first")
    with pytest.raises(AlreadyExistsError):
        await ApiKeys(store).first("first")
    store.close()

    assert isinstance(store, PostgresStore)
    assert key.startswith("slk_")
    assert "not-to-be-told" not in database_told(settings) + repr(settings)
    assert "not-to-be-told" not in str(settings.printable()) + str(shared_store_check(settings))
    assert shared_store_check(settings).state == "ok"
    assert not (tmp_path / "slotsvc.db").exists()


def test_an_address_of_something_else_is_refused_without_telling_it() -> None:
    """A file is named by ``database_path``; other databases are not supported."""
    with pytest.raises(ValidationError, match="database_path") as refused:
        Settings(database_url=SecretStr("mysql://user:not-to-be-told@host/db"))
    assert "not-to-be-told" not in str(refused.value)
