"""Making and changing the tables. Works from an installed package, without a configuration file."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine

from slotsvc.store.engine import path_of, reader_engine, writer_engine
from slotsvc.store.errors import SchemaTooNewError, SchemaTooOldError
from slotsvc.store.file_lock import FileLock

_SCRIPTS = Path(__file__).parent / "migrations"


def newest() -> str:
    """The revision that this code was written for."""
    return str(ScriptDirectory(str(_SCRIPTS)).get_current_head())


def current(url: str) -> str | None:
    """The revision of the tables; None for an empty or missing database. Changes nothing."""
    path = path_of(url)
    if not path.exists():
        return None
    engine = reader_engine(path, 1)
    try:
        return _revision(engine)
    finally:
        engine.dispose()


def check(url: str) -> None:
    """Raises ``SchemaTooOldError`` or ``SchemaTooNewError`` unless the tables fit the code."""
    require(current(url))


def upgrade(url: str) -> str:
    """Brings the tables to the newest revision, makes the file when there is none.

    All or nothing: an interrupted migration leaves the tables as they were. Gives the revision.
    Raises ``StoreLockedError`` while a service runs on it, ``SchemaTooNewError``.
    """
    path = path_of(url)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with FileLock(path):
        _make_private(path)
        engine = writer_engine(path)
        try:
            found = _revision(engine)
            if found is None or found != newest():
                require_known(found)
                _run(engine)
        finally:
            engine.dispose()
    return newest()


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
    scripts = ScriptDirectory(str(_SCRIPTS))
    if revision is not None and revision not in {s.revision for s in scripts.walk_revisions()}:
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


def _run(engine: Engine) -> None:
    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS).replace("%", "%%"))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
