"""Verify, and the restore of a PostgreSQL database by its own tools."""

from __future__ import annotations

import asyncio
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
from pydantic import SecretStr

from benchmarks.calls import Told
from slotsvc.bootstrap.backup import back_up
from slotsvc.bootstrap.restore import begin_in_place
from slotsvc.bootstrap.verify import opened_books, verify
from slotsvc.config import Settings
from slotsvc.store import migrate, postgres_engine
from slotsvc.store.archive import ArchiveError
from slotsvc.store.errors import SchemaTooOldError, StoreLockedError
from slotsvc.store.examination import Examination
from slotsvc.store.postgres_store import PostgresStore
from tests.chaos.drills import NOW, book_one, company_of, events_behind, position_now, untold
from tests.service_fixtures import running_service, settings_for


@pytest.fixture
def settings(tmp_path: Path, postgres_url: str) -> Settings:
    return settings_for(tmp_path / "data", database_url=SecretStr(postgres_url))


def looked_over(settings: Settings) -> Examination:
    with opened_books(settings, None) as books:
        return verify(books, {}, untold)


def change(url: str, statement: str) -> None:
    engine = postgres_engine.schema_engine(url)
    with engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE audit DISABLE TRIGGER USER")
        connection.exec_driver_sql(statement)
    engine.dispose()


async def test_books_on_postgresql_are_looked_over(settings: Settings, postgres_url: str) -> None:
    """Right beside a running service; wrong when one entry of the trail was changed."""
    async with running_service(settings) as service:
        company = await company_of(service)
        for number in range(3):
            await book_one(service, company, f"order-{number}")
        found = looked_over(settings)
        assert (found.troubles, found.judged.routes > 0) == ([], True)
        assert found.events == found.entries > 3
    change(
        postgres_url,
        "UPDATE audit SET entry = replace(entry, 'BOOKED', 'BOOKEE') WHERE sequence = 6",
    )
    assert any(t.where == "acme, entry 6" for t in looked_over(settings).troubles)


async def test_a_postgresql_that_was_brought_back_begins_an_epoch(settings: Settings) -> None:
    """Not while anybody uses it. Then versions go on above, and old positions are told to read
    anew: there numbers are given before they are committed, so none of them is sure."""
    async with running_service(settings) as service:
        company = await company_of(service)
        await book_one(service, company, "before")
        position = await position_now(service, company)
        with pytest.raises(StoreLockedError):
            begin_in_place(settings)
    epoch = begin_in_place(settings)
    async with running_service(settings) as service:
        told = await events_behind(service, company, position, 1)
        assert isinstance(told, Told)
        assert told.reason == "RESYNC"
        await book_one(service, company, "after")
        assert await service.store.read(lambda tx: tx.epoch()) == epoch > 0
    assert looked_over(settings).troubles == []


async def test_nobody_joins_while_an_epoch_begins(settings: Settings, postgres_url: str) -> None:
    """Who starts after the others were counted waits until the epoch has begun, and is in it."""

    def joined() -> int:
        with closing(PostgresStore(postgres_url)) as store:
            return asyncio.run(store.read(lambda tx: tx.epoch()))

    with psycopg.connect(postgres_url) as gate:
        gate.execute("LOCK TABLE epoch IN SHARE MODE")
        beginning = asyncio.create_task(asyncio.to_thread(begin_in_place, settings))
        async with asyncio.timeout(10):
            while not one_waits_for(postgres_url, "epoch"):
                await asyncio.sleep(0.01)
        joining = asyncio.create_task(asyncio.to_thread(joined))
        await asyncio.wait({joining}, timeout=0.5)
        early = joining.done()
    epoch = await beginning
    assert not early
    assert await joining == epoch > 0


def one_waits_for(url: str, table: str) -> bool:
    """Whether somebody waits for a lock on the table, asked past the service."""
    waiting = "SELECT count(*) FROM pg_locks WHERE relation = %s::regclass AND NOT granted"
    with psycopg.connect(url, autocommit=True) as connection:
        row = connection.execute(waiting, [table]).fetchone()
    return row is not None and row[0] > 0


@pytest.mark.parametrize("where", ["address", "environment"])
def test_whoever_has_another_name_is_counted_too(
    settings: Settings, postgres_url: str, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    """An address or an environment that names the application hides no running service."""
    named = postgres_url + ("&" if "?" in postgres_url else "?") + "application_name=ours"
    if where == "environment":
        monkeypatch.setenv("PGAPPNAME", "ours")
    replica = PostgresStore(named if where == "address" else postgres_url)
    with closing(replica), pytest.raises(StoreLockedError):
        begin_in_place(settings)


def test_older_tables_are_left_as_they_are(tmp_path: Path, empty_postgres_url: str) -> None:
    """Whoever runs on them is told of first, and could be started again; then `migrate` is named,
    which alone changes tables there."""
    migrate.upgrade(empty_postgres_url)
    settings = settings_for(tmp_path / "data", database_url=SecretStr(empty_postgres_url))
    engine = postgres_engine.schema_engine(empty_postgres_url)
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0010'")
    with engine.connect(), pytest.raises(StoreLockedError):
        begin_in_place(settings)
    engine.dispose()

    with pytest.raises(SchemaTooOldError, match="slotsvc migrate"):
        begin_in_place(settings)
    assert migrate.current(empty_postgres_url) == "0010"


def test_a_database_without_tables_gets_none(tmp_path: Path, empty_postgres_url: str) -> None:
    """Its name may be mistyped."""
    settings = settings_for(tmp_path / "data", database_url=SecretStr(empty_postgres_url))
    with pytest.raises(SchemaTooOldError, match="slotsvc migrate"):
        begin_in_place(settings)
    assert migrate.current(empty_postgres_url) is None


def test_postgresql_is_copied_by_its_own_tools(settings: Settings, tmp_path: Path) -> None:
    """The command says by which."""
    with pytest.raises(ArchiveError, match="pg_dump"):
        back_up(settings, tmp_path / "copy.tar.gz", NOW, with_keys=False, told=untold)
