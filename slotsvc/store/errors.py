"""What can go wrong with the store itself, and what a database error means to the caller."""

from __future__ import annotations

from sqlalchemy.exc import DBAPIError, IntegrityError

from slotsvc.domain.errors import InvariantError, SlotsvcError, StoreBusyError
from slotsvc.store import sql_states

# Primary result codes of SQLite (https://sqlite.org/rescode.html). The driver does not turn on the
# extended ones, so which constraint was broken is read from the text.
_BUSY, _LOCKED, _IOERR, _FULL = 5, 6, 10, 13
_PERM, _READONLY, _CANTOPEN, _AUTH = 3, 8, 14, 23
_CORRUPT, _NOTADB = 11, 26
_NO_ACCESS = (_PERM, _READONLY, _CANTOPEN, _AUTH)
_NO_WORD = (*_NO_ACCESS, _BUSY, _LOCKED, _FULL)
"""They say nothing of what stands in the file."""
_DUPLICATE, _ORPHAN = "UNIQUE constraint failed: ", "FOREIGN KEY constraint failed"


class StoreOpenError(SlotsvcError):
    """The database cannot be opened. The message says what to do."""

    reason = "STORE_NOT_OPEN"


class StoreLockedError(StoreOpenError):
    """Another process has this file open: one process, one file."""

    reason = "STORE_LOCKED"


class SchemaTooOldError(StoreOpenError):
    """The tables are older than the code: migrate first."""

    reason = "SCHEMA_TOO_OLD"


class SchemaTooNewError(StoreOpenError):
    """The tables were made by a newer version of the code; it must not touch them."""

    reason = "SCHEMA_TOO_NEW"


class LibraryTooOldError(StoreOpenError):
    """The SQLite library has the WAL-reset bug, which can lose commits."""

    reason = "SQLITE_TOO_OLD"


class DamagedError(StoreOpenError):
    """What is there is not what was written: a broken disk, or somebody else's bytes."""

    reason = "STORE_DAMAGED"


class CalledOffError(Exception):
    """Nobody waits for this work any more; it was rolled back."""


def code_of(error: DBAPIError) -> int:
    """SQLite's primary result code; 0 when the error carries none."""
    return _code(error.orig)


def _code(error: object) -> int:
    return int(getattr(error, "sqlite_errorcode", 0) or 0) & 0xFF


def is_without_word(error: Exception) -> bool:
    """Whether an error of SQLite's driver says nothing of the file's pages: it could not be
    looked at."""
    return _code(error) in _NO_WORD


def is_contention(error: DBAPIError) -> bool:
    """True when the same work may succeed a moment later."""
    if (state := sql_states.state_of(error)) is not None:
        return state in sql_states.CONTENTION
    return code_of(error) in (_BUSY, _LOCKED)


def is_duplicate(error: IntegrityError) -> bool:
    """True when a row with this key exists already."""
    if (state := sql_states.state_of(error)) is not None:
        return state == sql_states.DUPLICATE
    return str(error.orig).startswith(_DUPLICATE)


def is_taken_id(error: IntegrityError) -> bool:
    """True when it is the row's own id that exists already, not some other unique value."""
    if sql_states.state_of(error) is not None:
        return is_duplicate(error) and sql_states.constraint_of(error).startswith("pk_")
    return is_duplicate(error) and str(error.orig).endswith(".id")


def is_orphan(error: IntegrityError) -> bool:
    """True when the row that the new one belongs to does not exist."""
    if (state := sql_states.state_of(error)) is not None:
        return state == sql_states.ORPHAN
    return str(error.orig) == _ORPHAN


def meaning(error: DBAPIError) -> Exception:
    """The error of the field for a database error; the error itself when there is none.

    A broken constraint that nobody expected is a defect of ours, hence ``InvariantError``.
    """
    if sql_states.is_postgres(error):
        return sql_states.meaning(error)
    code = code_of(error)
    if is_contention(error):
        return StoreBusyError("the database is locked by another connection")
    if code == _FULL:
        return StoreBusyError("the disk of the database is full", {"cause": "DISK_FULL"})
    if code == _IOERR:
        return StoreBusyError("the disk of the database fails", {"cause": "DISK_FAILED"})
    if isinstance(error, IntegrityError):
        # The driver's text names tables and columns, never values.
        return InvariantError(f"the store refused an inconsistent write: {error.orig}")
    return error


def not_opened(error: DBAPIError, database: str = "the database") -> Exception:
    """The same while a database is being opened: what the driver says then helps, and holds no
    password. ``database``: its name."""
    reason = str(error.orig).partition("\n")[0]
    if _is_damage(error):
        return DamagedError(
            f"{database} is damaged ({reason}): keep it, and restore a backup "
            "(docs/operations.md#restore)"
        )
    if sql_states.is_lost(error) or code_of(error) in _NO_ACCESS:
        return StoreOpenError(f"{database} cannot be opened: {reason}")
    return meaning(error)


def _is_damage(error: DBAPIError) -> bool:
    if sql_states.is_postgres(error):
        return sql_states.state_of(error) in sql_states.DAMAGED
    return code_of(error) in (_CORRUPT, _NOTADB)


def not_read(error: DBAPIError, database: str) -> Exception:
    """The same while all of it is looked over, where every error means something: that it is
    damaged, or that it could not be looked at."""
    told = not_opened(error, database)
    if told is not error:
        return told
    reason = str(error.orig).partition("\n")[0]
    if sql_states.state_of(error) == sql_states.NOT_ALLOWED:
        return StoreOpenError(f"{database} cannot be read: {reason}")
    return DamagedError(f"{database} is damaged: its tables cannot be read ({reason})")
