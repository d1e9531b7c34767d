"""Making and changing the portal's tables. Works from an installed package, without a file of
settings."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection
from sqlalchemy.exc import DatabaseError

from slotsvc.portal.tables.database import engine_on

_SCRIPTS = Path(__file__).parent / "migrations"


class PortalSchemaError(Exception):
    """The portal's tables do not fit this code; the message says what to do."""


def newest() -> str:
    """The revision that this code was written for."""
    return str(ScriptDirectory(str(_SCRIPTS)).get_current_head())


def upgrade(path: Path) -> str:
    """Brings the tables in ``path`` to the newest revision; makes the file where there is none,
    for its owner only. Gives the revision.

    All or nothing, and one at a time: whoever comes second finds it done. Raises
    ``PortalSchemaError`` for tables of a newer slotsvc, and for a file that cannot be used.
    """
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not path.exists():
        path.touch(0o600)  # SQLite gives its WAL the same mode
    engine = engine_on(path, "BEGIN IMMEDIATE", 1)
    try:
        with usable(path), engine.begin() as connection:
            _bring_up(connection)
    finally:
        engine.dispose()
    return newest()


def require_usable(path: Path) -> None:
    """Raises ``PortalSchemaError`` for what keeps the portal from starting: tables of a newer
    slotsvc, or a file that cannot be used."""
    _require_known(current(path))


@contextmanager
def usable(path: Path) -> Iterator[None]:
    """Raises ``PortalSchemaError`` for what SQLite has against the file ``path``."""
    try:
        yield
    except DatabaseError as error:
        raise PortalSchemaError(
            f"the portal's database {path} cannot be used ({error.orig}): where it is damaged keep "
            "it, and restore a backup (docs/operations.md#restore)"
        ) from error


def require(path: Path) -> None:
    """Raises ``PortalSchemaError`` unless the tables are there and of the newest revision."""
    found = current(path)
    _require_known(found)
    if found != newest():
        raise PortalSchemaError(
            f"the portal's database {path} is at revision {found or 'none'}, this slotsvc needs "
            f"{newest()}: start the portal once, it brings them up"
        )


def current(path: Path) -> str | None:
    """The revision of the tables; None: the file is missing or empty. Changes nothing. Raises
    ``PortalSchemaError`` for a file that cannot be used."""
    if not path.exists():
        return None
    with looking(path) as connection:
        return _revision(connection)


@contextmanager
def looking(path: Path) -> Iterator[Connection]:
    """A connection that changes nothing. Raises ``PortalSchemaError`` for a file that cannot be
    used."""
    engine = engine_on(path, "BEGIN", 1, "query_only=ON")
    try:
        with usable(path), engine.begin() as connection:
            yield connection
    finally:
        engine.dispose()


def _bring_up(connection: Connection) -> None:
    found = _revision(connection)
    _require_known(found)
    if found == newest():
        return
    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _revision(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _require_known(revision: str | None) -> None:
    scripts = ScriptDirectory(str(_SCRIPTS))
    if revision is not None and revision not in {s.revision for s in scripts.walk_revisions()}:
        raise PortalSchemaError(
            f"the portal's database is at revision {revision}, which this slotsvc does not know "
            f"(its newest is {newest()}): run the newer slotsvc that made it"
        )
