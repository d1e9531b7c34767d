"""One running portal, one database file: an advisory lock on a file beside it.

A second portal would send letters and count limits a second time. Commands that read or change
the tables beside a running portal take no lock: SQLite keeps them apart. The lock ends with the
process, however it ends; the file stays and means nothing by itself.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class PortalInUseError(Exception):
    """Another portal runs on this database; the message says which process."""


@contextmanager
def sole_portal(database: Path) -> Iterator[None]:
    """Holds ``<file>.lock`` while the block runs. Raises ``PortalInUseError``; ``OSError``."""
    database.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = database.with_name(database.name + ".lock")
    file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        _lock(file, database)
        yield
    finally:
        os.close(file)


def _lock(file: int, database: Path) -> None:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        holder = os.pread(file, 32, 0).decode(errors="replace").strip()
        raise PortalInUseError(
            f"another portal (pid {holder or 'unknown'}) runs on {database}; stop it first, or "
            "give this one a data directory of its own"
        ) from error
    os.ftruncate(file, 0)
    os.pwrite(file, f"{os.getpid()}\n".encode(), 0)
