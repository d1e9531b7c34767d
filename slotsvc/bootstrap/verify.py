"""Looking over the books of a running service, of one that stands, or of a backup."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from slotsvc.bootstrap.backup import Told
from slotsvc.config import Settings
from slotsvc.domain.errors import StoreBusyError
from slotsvc.store import postgres_engine
from slotsvc.store.archive import ArchiveError, unpack_archive
from slotsvc.store.database_clock import postgres_now, sqlite_now
from slotsvc.store.engine import name_of, reader_engine
from slotsvc.store.errors import DamagedError, StoreOpenError, not_read
from slotsvc.store.examination import Examination, Trouble, examine
from slotsvc.store.heads import Heads
from slotsvc.store.migrate import require, revision_of
from slotsvc.store.read_tx import ReadTransaction
from slotsvc.store.sqlite_copy import unsound
from slotsvc.store.transaction import DatabaseClock


@dataclass(frozen=True, slots=True)
class Books:
    """What is to be looked over. ``database``: a SQLite file; None: the PostgreSQL at ``url``.
    ``portal`` None: there is none. ``heads``: those that its manifest has; empty for what is no
    backup."""

    database: Path | None
    portal: Path | None
    heads: Heads
    url: str = field(default="", repr=False)


@contextmanager
def opened_books(settings: Settings, archive: Path | None) -> Iterator[Books]:
    """Those of the settings, or those in a backup, which is unpacked while the block runs. Raises
    ``StoreOpenError``."""
    if archive is None:
        yield _books_of(settings)
        return
    with tempfile.TemporaryDirectory(prefix=".slotsvc-verify-", dir=archive.parent) as directory:
        manifest = unpack_archive(archive, Path(directory))
        files = {name: Path(directory) / name for name in manifest.files}
        if "slotsvc.db" not in files:
            raise ArchiveError(f"this backup holds no database: it is of {manifest.engine}")
        yield Books(files["slotsvc.db"], files.get("portal.db"), manifest.heads)


def _books_of(settings: Settings) -> Books:
    portal = settings.portal_database_file
    there = portal if portal.is_file() else None
    if settings.database_url is not None:
        return Books(None, there, {}, settings.database_url.get_secret_value())
    if not settings.database_file.is_file():
        raise StoreOpenError(f"there is no database {settings.database_file}")
    return Books(settings.database_file, there, {})


def verify(books: Books, kept: Heads, told: Told) -> Examination:
    """Everything that can be wrong with the files, on one snapshot; nothing is changed.

    ``kept``: heads of audit chains from elsewhere. Raises ``StoreOpenError`` or ``StoreBusyError``
    when nothing can be said: the tables are not those of this slotsvc, or nobody answers.
    """
    told("pages", 0.0)
    troubles = [
        Trouble("pages", file.name, line)
        for file in (books.database, books.portal)
        if file is not None
        for line in unsound(file)
    ]
    try:
        found = _examined(books, {**books.heads, **kept}, told)
    except (StoreOpenError, StoreBusyError) as error:
        if not (troubles or isinstance(error, DamagedError)):
            raise
        found = Examination(troubles=[Trouble("tables", _name(books), error.message)])
    found.troubles[:0] = troubles
    return found


def _examined(books: Books, heads: Heads, told: Told) -> Examination:
    if books.database is not None:
        return examine_on(reader_engine(books.database, 1), sqlite_now, heads, told)
    return examine_on(postgres_engine.reader_engine(books.url, 1), postgres_now, heads, told)


def _name(books: Books) -> str:
    return "database" if books.database is None else books.database.name


def examine_on(engine: Engine, clock: DatabaseClock, kept: Heads, told: Told) -> Examination:
    """What every database has, through an engine whose transactions are one snapshot each; the
    engine is closed. Raises ``StoreOpenError`` (``DamagedError``) and ``StoreBusyError``."""
    try:
        with engine.begin() as connection:
            require(revision_of(connection))
            return examine(ReadTransaction(connection, clock), kept, told)
    except DBAPIError as error:
        raise not_read(error, name_of(engine)) from error
    finally:
        engine.dispose()
