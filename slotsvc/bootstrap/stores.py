"""Which database: one SQLite file of this process, or PostgreSQL shared with others."""

from __future__ import annotations

from typing import Protocol

from slotsvc.config import Settings
from slotsvc.scheduling.ports import Clock, Store
from slotsvc.store import migrate
from slotsvc.store.engine import sqlite_url
from slotsvc.store.postgres_engine import without_password
from slotsvc.store.postgres_store import PostgresStore
from slotsvc.store.sqlite_store import SqliteStore


class OpenStore(Store, Protocol):
    """A store as its engine hands it out."""

    async def answers(self) -> None:
        """Returns when the database has answered, however busy this process is. Raises."""
        ...

    def close(self) -> None:
        """Finishes what has begun, then lets go of the database."""
        ...


def open_store(settings: Settings, clock: Clock | None = None) -> OpenStore:
    """The store with its tables. ``clock`` None: the database's own.

    A file gets its tables here, for nobody else has it. PostgreSQL does not: others may run on the
    tables as they are. Raises ``StoreOpenError``.
    """
    if settings.database_url is not None:
        url, half = settings.database_url.get_secret_value(), settings.database_connections // 2
        readers = settings.database_connections - half - 1  # one asks whether it answers
        return PostgresStore(url, clock, readers=readers, writers=half)
    path = settings.database_file
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    migrate.upgrade(sqlite_url(path))
    return SqliteStore(path, clock)


def database_address(settings: Settings) -> str:
    """The address as ``slotsvc.store.migrate`` takes it, password and all: never shown."""
    if settings.database_url is not None:
        return settings.database_url.get_secret_value()
    return sqlite_url(settings.database_file)


def database_told(settings: Settings) -> str:
    """The file, or the address without its password."""
    if settings.database_url is not None:
        return without_password(settings.database_url.get_secret_value())
    return str(settings.database_file)
