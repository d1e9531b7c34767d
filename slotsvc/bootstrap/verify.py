"""Looking over the books of a running service, of one that stands, or of a backup."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine

from slotsvc.bootstrap.backup import Told
from slotsvc.config import Settings
from slotsvc.store.archive import ArchiveError, unpack_archive
from slotsvc.store.database_clock import sqlite_now
from slotsvc.store.engine import reader_engine
from slotsvc.store.examination import Examination, Trouble, examine
from slotsvc.store.heads import Heads
from slotsvc.store.migrate import require, revision_of
from slotsvc.store.read_tx import ReadTransaction
from slotsvc.store.sqlite_copy import unsound
from slotsvc.store.transaction import DatabaseClock


@dataclass(frozen=True, slots=True)
class Books:
    """SQLite files to be looked over. ``portal`` None: there is none. ``heads``: those that its
    manifest has; empty for what is no backup."""

    database: Path
    portal: Path | None
    heads: Heads


@contextmanager
def opened_books(settings: Settings, archive: Path | None) -> Iterator[Books]:
    """Those of the settings, or those in a backup, which is unpacked while the block runs. Raises
    ``StoreOpenError``."""
    if archive is None:
        database, portal = settings.database_file, settings.portal_database_file
        if not database.is_file():
            raise ArchiveError(f"there is no database {database}")
        yield Books(database, portal if portal.is_file() else None, {})
        return
    with tempfile.TemporaryDirectory(prefix=".slotsvc-verify-", dir=archive.parent) as directory:
        manifest = unpack_archive(archive, Path(directory))
        files = {name: Path(directory) / name for name in manifest.files}
        if "slotsvc.db" not in files:
            raise ArchiveError(f"this backup holds no database: it is of {manifest.engine}")
        yield Books(files["slotsvc.db"], files.get("portal.db"), manifest.heads)


def verify(books: Books, kept: Heads, told: Told) -> Examination:
    """Everything that can be wrong with the files, on one snapshot; nothing is changed.

    ``kept``: heads of audit chains from elsewhere. Raises ``StoreOpenError`` when the tables are
    not those of this slotsvc.
    """
    told("pages", 0.0)
    troubles = [
        Trouble("pages", file.name, line)
        for file in (books.database, books.portal)
        if file is not None
        for line in unsound(file)
    ]
    engine = reader_engine(books.database, 1)
    found = examine_on(engine, sqlite_now, {**books.heads, **kept}, told)
    found.troubles[:0] = troubles
    return found


def examine_on(engine: Engine, clock: DatabaseClock, kept: Heads, told: Told) -> Examination:
    """What every database has, through an engine whose transactions are one snapshot each; the
    engine is closed. Raises ``StoreOpenError``."""
    try:
        with engine.begin() as connection:
            require(revision_of(connection))
            return examine(ReadTransaction(connection, clock), kept, told)
    finally:
        engine.dispose()
