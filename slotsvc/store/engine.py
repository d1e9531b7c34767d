"""SQLite through SQLAlchemy: a fixed library, WAL, and transactions that begin when we say so.

The driver is the ``pysqlite3`` wheel, because the system's library may still have the WAL-reset
bug, by which a checkpoint and a commit at the same moment can corrupt the file.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pysqlite3 import dbapi2
from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.engine import URL

from slotsvc.store.errors import LibraryTooOldError, StoreOpenError

FIXED_IN = (3, 51, 3)
"""First SQLite without the WAL-reset bug."""

_BUSY_MS = 500
_WAL_KEPT = 16 * 1024 * 1024
"""A log that grew while somebody read for long shrinks to so many bytes afterwards."""

_COMMON = (f"busy_timeout={_BUSY_MS}", "foreign_keys=ON", "synchronous=FULL")


def sqlite_url(path: Path) -> str:
    """The address of a file, as ``slotsvc.store.migrate`` takes it."""
    return URL.create("sqlite", database=str(path)).render_as_string()


def path_of(url: str) -> Path:
    """The file of a ``sqlite:///`` address. Raises ``StoreOpenError`` for any other address."""
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite" or parsed.database in (None, "", ":memory:"):
        raise StoreOpenError(
            "the database must be a SQLite file, sqlite:///path/to/slotsvc.db, "
            "or PostgreSQL, postgresql://user@host/database"
        )
    return Path(str(parsed.database))


def name_of(engine: Engine) -> str:
    """Such as "the database slotsvc.db"; without a name for another engine's."""
    file = engine.url.database if engine.name == "sqlite" else None
    return f"the database {Path(file).name}" if file else "the database"


def writer_engine(path: Path) -> Engine:
    """One connection; its transactions take the write lock at once (BEGIN IMMEDIATE)."""
    limit = f"journal_size_limit={_WAL_KEPT}"
    return _engine(path, "BEGIN IMMEDIATE", 1, "journal_mode=WAL", limit, *_COMMON)


def reader_engine(path: Path, connections: int) -> Engine:
    """Connections that cannot write; a transaction sees one snapshot, taken by its first read."""
    return _engine(path, "BEGIN", connections, *_COMMON, "query_only=ON")


def _engine(path: Path, begin: str, connections: int, *pragmas: str) -> Engine:
    require_fixed_library(dbapi2.sqlite_version_info)
    engine = create_engine(
        sqlite_url(path),
        module=dbapi2,
        pool_size=connections,
        max_overflow=0,
        hide_parameters=True,  # parameters are personal data, and errors are logged
    )

    @event.listens_for(engine, "connect")
    def set_up(connection: Any, _record: object) -> None:
        # The driver would begin transactions itself, late and deferred: a reader that then
        # writes is refused when somebody else wrote in between.
        connection.isolation_level = None
        for pragma in pragmas:
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def open_transaction(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine


def require_fixed_library(version: tuple[int, ...]) -> None:
    """Raises ``LibraryTooOldError`` for a SQLite that may lose commits."""
    if version < FIXED_IN:
        have, need = (".".join(map(str, numbers)) for numbers in (version, FIXED_IN))
        raise LibraryTooOldError(f"SQLite {have} can lose commits; {need} or newer is needed")


def still_open(connection: Connection) -> bool:
    """False when SQLite rolled the transaction back by itself, as it does on a full disk."""
    driver: Any = connection.connection.dbapi_connection
    return bool(driver.in_transaction)
