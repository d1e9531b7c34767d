"""The portal's SQLite file: readers that cannot write, one writer, both outside the event loop.

The library comes with the ``pysqlite3`` wheel: the system's may lose commits (the WAL-reset bug).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from pysqlite3 import dbapi2
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL

_BUSY_MS = 10_000  # a backup or a tool writes: longer than either takes
_COMMON = (
    f"busy_timeout={_BUSY_MS}",
    "foreign_keys=ON",
    "synchronous=FULL",
    "recursive_triggers=ON",  # else REPLACE would delete from the audit unseen
)


class PortalDatabase:
    """The tables of ``slotsvc.portal.tables.schema`` in the file ``path``, already migrated.

    ``writes``: transactions begun for writing so far. Pages that are asked for by GET leave it as
    it is; a test holds them to it.
    """

    def __init__(self, path: Path, readers: int = 3) -> None:
        self._writer = engine_on(path, "BEGIN IMMEDIATE", 1)
        self._reader = engine_on(path, "BEGIN", readers, "query_only=ON")
        self._reading = ThreadPoolExecutor(readers, thread_name_prefix="portal-reader")
        self._writing = ThreadPoolExecutor(1, thread_name_prefix="portal-writer")
        self.writes = 0

    async def read[T](self, work: Callable[[Connection], T]) -> T:
        """Runs ``work`` on one snapshot, in a thread. Writing is refused by the database."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._reading, self._run, self._reader, work)

    async def write[T](self, work: Callable[[Connection], T]) -> T:
        """Runs ``work`` in one transaction: committed when it returns, else rolled back."""
        self.writes += 1
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._writing, self._run, self._writer, work)

    def close(self) -> None:
        """Finishes what has begun and closes the file."""
        self._reading.shutdown(wait=True)
        self._writing.shutdown(wait=True)
        self._reader.dispose()
        self._writer.dispose()

    @staticmethod
    def _run[T](engine: Engine, work: Callable[[Connection], T]) -> T:
        with engine.begin() as connection:
            return work(connection)


def engine_on(path: Path, begin: str, connections: int, *pragmas: str) -> Engine:
    """An engine whose transactions open with ``begin``, each connection with ``pragmas``."""
    engine = create_engine(
        URL.create("sqlite", database=str(path)),
        module=dbapi2,
        pool_size=connections,
        max_overflow=0,
        hide_parameters=True,  # parameters are personal data, and errors are logged
    )

    @event.listens_for(engine, "connect")
    def set_up(connection: Any, _record: object) -> None:
        # the driver would begin transactions itself, late and deferred
        connection.isolation_level = None
        for pragma in ("journal_mode=WAL", *_COMMON, *pragmas):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def open_transaction(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine
