"""One process, one database file: an advisory lock on a file beside it.

The lock ends with the process, however it ends; the file stays and means nothing by itself.
"""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from types import TracebackType

from slotsvc.store.errors import StoreLockedError


class FileLock:
    """Holds ``<file>.lock`` until ``release``. Raises ``StoreLockedError`` when it is held."""

    def __init__(self, database: Path) -> None:
        self.path = database.with_name(database.name + ".lock")
        self._file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = os.pread(self._file, 32, 0).decode(errors="replace").strip()
            os.close(self._file)
            raise StoreLockedError(
                f"another process (pid {holder or 'unknown'}) has {database} open; "
                "stop it first, or give this one a file of its own"
            ) from error
        os.ftruncate(self._file, 0)
        os.pwrite(self._file, f"{os.getpid()}\n".encode(), 0)

    def release(self) -> None:
        """Lets the next process in. May be called twice."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def __enter__(self) -> FileLock:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.release()
