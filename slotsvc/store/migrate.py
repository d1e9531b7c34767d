"""Making and changing the tables. Works from an installed package, without a configuration file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DatabaseError

from slotsvc.store import postgres_engine
from slotsvc.store.engine import name_of, path_of, reader_engine, writer_engine
from slotsvc.store.errors import SchemaTooNewError, SchemaTooOldError, not_opened
from slotsvc.store.file_lock import FileLock
from slotsvc.store.postgres_engine import is_postgres

_SCRIPTS = Path(__file__).parent / "migrations"
# For the transaction. Of our part of the database's advisory locks, see ``slotsvc.store.turns``;
# one number instead of two can never be one of those.
_ONE_AT_A_TIME = "SELECT pg_advisory_xact_lock(5310291)"


@cache
def newest() -> str:
    """The revision that this code was written for."""
    return str(ScriptDirectory(str(_SCRIPTS)).get_current_head())


@cache
def _known() -> frozenset[str]:
    return frozenset(one.revision for one in ScriptDirectory(str(_SCRIPTS)).walk_revisions())


def current(url: str) -> str | None:
    """The revision of the tables; None for an empty or missing database. Changes nothing."""
    if is_postgres(url):
        with _answering(postgres_engine.reader_engine(url, 1)) as engine:
            return _revision(engine)
    path = path_of(url)
    if not path.exists():
        return None
    with _answering(reader_engine(path, 1)) as engine:
        return _revision(engine)


def check(url: str) -> None:
    """Raises ``SchemaTooOldError`` or ``SchemaTooNewError`` unless the tables fit the code."""
    require(current(url))


def upgrade(url: str) -> str:
    """Brings the tables to the newest revision, makes the file when there is none.

    All or nothing: an interrupted migration leaves the tables as they were. Gives the revision.
    Raises ``StoreLockedError`` while a service runs on a file, ``SchemaTooNewError``,
    ``StoreOpenError``, and ``StoreBusyError`` when PostgreSQL does not give the locks in time.
    """
    if is_postgres(url):
        with _answering(postgres_engine.schema_engine(url)) as engine:
            _upgrade(engine, _ONE_AT_A_TIME)
        return newest()
    path = path_of(url)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with FileLock(path):
        _make_private(path)
        with _answering(writer_engine(path)) as engine:
            _upgrade(engine)
    return newest()


@contextmanager
def _answering(engine: Engine) -> Iterator[Engine]:
    try:
        yield engine
    except DatabaseError as error:
        raise not_opened(error, name_of(engine)) from error
    finally:
        engine.dispose()


def _upgrade(engine: Engine, lock: str = "") -> None:
    """``lock``: the statement that keeps everybody else from doing the same."""
    with engine.begin() as connection:
        if lock:
            connection.exec_driver_sql(lock)
        found = revision_of(connection)
        if found != newest():
            require_known(found)
            _run(connection)


def _make_private(path: Path) -> None:
    """An empty file that only its owner reads; SQLite gives its WAL the same mode."""
    if not path.exists():
        path.touch(0o600)


def require(revision: str | None) -> None:
    """Raises unless ``revision`` is the newest one."""
    require_known(revision)
    if revision != newest():
        raise SchemaTooOldError(
            f"the database is at revision {revision or 'none'}, this slotsvc needs {newest()}: "
            "run `slotsvc migrate`"
        )


def require_known(revision: str | None) -> None:
    """Raises ``SchemaTooNewError`` for a revision that this code has never heard of."""
    if revision is not None and revision not in _known():
        raise SchemaTooNewError(
            f"the database is at revision {revision}, which this slotsvc does not know "
            f"(its newest is {newest()}): run the newer slotsvc that made it"
        )


def revision_of(connection: Connection) -> str | None:
    """The revision of the tables seen through ``connection``; None: empty."""
    return MigrationContext.configure(connection).get_current_revision()


def _revision(engine: Engine) -> str | None:
    with engine.connect() as connection:
        return revision_of(connection)


def _run(connection: Connection) -> None:
    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
