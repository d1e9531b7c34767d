"""What an error of PostgreSQL means, by its SQLSTATE.

Codes: https://www.postgresql.org/docs/current/errcodes-appendix.html.
"""

from __future__ import annotations

from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError

from slotsvc.domain.errors import AlreadyExistsError, InvariantError, StoreBusyError

DUPLICATE, ORPHAN = "23505", "23503"

NOT_ALLOWED = "42501"
DAMAGED = ("XX001", "XX002")
CONTENTION = frozenset({"40001", "40P01", "55P03"})
"""Serialisation failure, deadlock, lock not available: the same work may succeed a moment later."""

_NOT_THERE = {
    "25006": "the database is read-only: it is a standby",
    "25P03": "the transaction was idle for too long",
    "53300": "the database has no connection left",
    "57014": "the database took too long",
    "57P01": "the database is being stopped",
    "57P02": "the database is being restarted",
    "57P03": "the database is starting",
}
_NO_ROOM = ("too many clients", "too many connections", "remaining connection slots")
"""PostgreSQL's words when it lets nobody more in; with an attempt to connect comes no SQLSTATE."""

_IDS = ("pk_visit", "pk_placement")
"""Ids of rows that are sent with the next journey, so that a taken one is told then."""
_DISK = {"53100": ("full", "DISK_FULL"), "58030": ("fails", "DISK_FAILED")}
_INTERNAL, _STORAGE_MANAGER = "XX000", "md.c"
"""So it says that a file cannot grow because of a quota or a limit: they have no state."""
_CONNECTION = "08"
"""Class of states: connection exception."""


def is_postgres(error: DBAPIError) -> bool:
    """Whether the error comes from psycopg."""
    return type(error.orig).__module__.partition(".")[0] == "psycopg"


def state_of(error: DBAPIError) -> str | None:
    """The SQLSTATE; None for another engine, and when the server could not even answer."""
    state = getattr(error.orig, "sqlstate", None)
    return None if state is None else str(state)


def constraint_of(error: DBAPIError) -> str:
    """The name of the broken constraint; "" when none is told."""
    diagnosis = getattr(error.orig, "diag", None)
    return str(getattr(diagnosis, "constraint_name", None) or "")


def is_lost(error: DBAPIError) -> bool:
    """True when the connection is gone: what ran on it is rolled back, unless it was a COMMIT."""
    state = state_of(error) or ""
    ended = state.startswith(_CONNECTION) or state in ("25P03", "57P01", "57P02", "57P03")
    return is_postgres(error) and (error.connection_invalidated or ended or _unanswered(error))


def _is_of_files(error: DBAPIError) -> bool:
    source = getattr(getattr(error.orig, "diag", None), "source_file", None)
    return state_of(error) == _INTERNAL and source == _STORAGE_MANAGER


def _unanswered(error: DBAPIError) -> bool:
    """The driver's own word on a connection that broke or was never made, of any kind."""
    return state_of(error) is None and isinstance(error, OperationalError)


def _away(error: DBAPIError) -> StoreBusyError:
    if any(words in str(error.orig) for words in _NO_ROOM):
        return StoreBusyError(_NOT_THERE["53300"], {"cause": "NO_CONNECTION"})
    return StoreBusyError("the database does not answer")


def meaning(error: DBAPIError) -> Exception:
    """As ``slotsvc.store.errors.meaning``."""
    state = state_of(error)
    if state in CONTENTION:
        return StoreBusyError("the database is busy with other writes")
    if state in _DISK or _is_of_files(error):
        text, cause = _DISK.get(state or "", _DISK["58030"])
        return StoreBusyError(f"the disk of the database {text}", {"cause": cause})
    if state in _NOT_THERE:
        return StoreBusyError(_NOT_THERE[state])
    if is_lost(error):
        return _away(error)
    if isinstance(error, IntegrityError):
        # The server's details quote values; the constraint's name does not.
        broken = constraint_of(error) or state
        if broken in _IDS:
            return AlreadyExistsError("this id is taken")
        return InvariantError(f"the store refused an inconsistent write: {broken}")
    return error
