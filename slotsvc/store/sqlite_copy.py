"""A consistent copy of a SQLite file, made while others read and write it.

SQLite's online backup (https://sqlite.org/backup.html) in one step: it reads one snapshot, as any
reader does, so writers go on and nobody waits; the service's lock on the file is not needed. The
copy leaves WAL mode: one file is all of it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

from pysqlite3 import dbapi2

from slotsvc.store.errors import StoreOpenError, is_without_word

_BUSY_MS = 10_000
_MOST_TOLD = 20


class CopyError(StoreOpenError):
    """A copy could not be made, or is not sound. The message says why."""

    reason = "COPY_FAILED"


def copy_database(source: Path, target: Path) -> None:
    """Copies ``source`` as it is at one instant to ``target``, a new file of mode 0600, and looks
    whether the copy is sound. Raises ``CopyError``; the caller removes a half-made copy.
    """
    with _told(source, "copied"), closing(_opened(source)) as there:
        os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        with closing(dbapi2.connect(str(target), isolation_level=None)) as here:
            # made anew if anything happens to it, and synced once it is whole
            here.execute("PRAGMA synchronous=OFF")
            there.backup(here)
            here.execute("PRAGMA journal_mode=DELETE")
        sync(target)
    refuse_unsound(target)


def refuse_unsound(database: Path) -> None:
    """Raises ``CopyError`` for a file whose pages or references do not fit together."""
    if found := unsound(database):
        raise CopyError(f"{database.name} is damaged: {found[0]}")


def unsound(database: Path) -> list[str]:
    """What SQLite's own checks say against the file, at most twenty lines; empty: nothing. Raises
    ``StoreOpenError`` when they cannot be made."""
    found: list[str] = []
    try:
        with closing(_opened(database)) as connection:
            for line in _complaints(connection):
                found.append(line)
    except dbapi2.DatabaseError as error:
        if is_without_word(error):
            raise StoreOpenError(
                f"{database} cannot be opened: {error} (SQLite writes beside the file, also to "
                "read it)"
            ) from error
        found.append(str(error))
    return found[:_MOST_TOLD]


def _complaints(connection: Any) -> Iterator[str]:
    for (line,) in connection.execute(f"PRAGMA integrity_check({_MOST_TOLD})"):
        if line != "ok":
            yield str(line)
    for table, row, parent, _ in connection.execute("PRAGMA foreign_key_check"):
        yield f"row {row} of {table} refers to a {parent} that is not there"


def _opened(path: Path) -> Any:
    if not path.is_file():
        raise CopyError(f"there is no database {path}")
    connection = dbapi2.connect(f"file:{quote(str(path))}?mode=rw", uri=True, isolation_level=None)
    connection.execute(f"PRAGMA busy_timeout={_BUSY_MS}")
    connection.execute("PRAGMA query_only=ON")
    return connection


@contextmanager
def _told(source: Path, done: str) -> Iterator[None]:
    try:
        yield
    except dbapi2.Error as error:
        full = "full" in str(error)
        why = "the disk of the copy is full" if full else str(error)
        raise CopyError(f"{source.name} could not be {done}: {why}") from error


def sync(path: Path) -> None:
    """Returns once the file, or the entries of the directory, are on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
