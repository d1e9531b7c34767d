"""The store on one SQLite file: readers with a snapshot each, and one writer behind a gate."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from slotsvc.domain.errors import StoreBusyError
from slotsvc.scheduling.ports import Clock, ReadTx, WriteTx
from slotsvc.store.calendar_memory import CalendarMemory
from slotsvc.store.database_clock import clock_or_database
from slotsvc.store.engine import reader_engine, still_open, writer_engine
from slotsvc.store.errors import CalledOffError, is_contention, meaning
from slotsvc.store.file_lock import FileLock
from slotsvc.store.gate import CalledOff, Gate
from slotsvc.store.migrate import require, revision_of
from slotsvc.store.read_tx import ReadTransaction
from slotsvc.store.write_tx import WriteTransaction

_TRIES = 5
_PROBES = 256


class SqliteStore:
    """``slotsvc.scheduling.ports.Store`` on the file ``path``, which must have its tables.

    ``clock``: None means the database's own. ``readers``: how many may read at the same time.
    ``queue``: how many writes may wait; ``patience``: seconds that one waits for its turn.
    Raises ``StoreOpenError`` when another process has the file, or the tables do not fit the code.
    """

    def __init__(
        self,
        path: Path,
        clock: Clock | None = None,
        *,
        readers: int = 3,
        queue: int = 256,
        patience: float = 5.0,
    ) -> None:
        self._memory = CalendarMemory()
        self._clock = clock_or_database(clock)
        self._lock = FileLock(path)
        try:
            self._writer = _fitting(writer_engine(path))
        except BaseException:
            self._lock.release()
            raise
        self._reader = reader_engine(path, readers)
        self._gate = Gate("slotsvc-writer", queue, patience)
        self._threads = ThreadPoolExecutor(readers, thread_name_prefix="slotsvc-reader")
        self._prober = reader_engine(path, 1)
        self._probes = Gate("slotsvc-probe", _PROBES, patience)

    async def read[T](self, work: Callable[[ReadTx], T]) -> T:
        """Runs ``work`` on one snapshot, in a thread of the pool."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, self._read, work)

    async def write[T](self, work: Callable[[WriteTx], T]) -> T:
        """Runs ``work`` in one transaction: committed when it returns, else rolled back.

        When the caller is cancelled before the commit began, nothing is written; a commit that
        has begun completes. Raises ``StoreBusyError`` when the turn does not come in time, the
        file stays locked, or the disk is full.
        """
        return await self._gate.run(lambda called_off: self._write(work, called_off))

    async def answers(self) -> None:
        """As ``PostgresStore.answers``."""
        await self._probes.run(lambda _called_off: self._probe())

    def close(self) -> None:
        """Finishes what has begun, then closes the file and lets other processes have it."""
        self._probes.close()
        self._prober.dispose()
        self._gate.close()
        self._threads.shutdown(wait=True)
        self._reader.dispose()
        # Last, because the last connection folds the write-ahead log into the file.
        self._writer.dispose()
        self._lock.release()

    def _probe(self) -> None:
        try:
            with self._prober.begin() as connection:
                connection.exec_driver_sql("SELECT count(*) FROM meta")
        except DBAPIError as error:
            raise meaning(error) from error

    def _read[T](self, work: Callable[[ReadTx], T]) -> T:
        try:
            with self._reader.begin() as connection:
                return work(ReadTransaction(connection, self._clock, memory=self._memory))
        except DBAPIError as error:
            raise meaning(error) from error

    def _write[T](self, work: Callable[[WriteTx], T], called_off: CalledOff) -> T:
        for tries_left in reversed(range(_TRIES)):
            try:
                return self._transaction(work, called_off)
            except DBAPIError as error:
                if not (tries_left and is_contention(error)):
                    raise meaning(error) from error
            time.sleep(random.uniform(0.005, 0.05))
        raise AssertionError("the last try returns or raises")

    def _transaction[T](self, work: Callable[[WriteTx], T], called_off: CalledOff) -> T:
        with self._writer.begin() as connection:
            tx = WriteTransaction(connection, self._clock, memory=self._memory)
            result = work(tx)
            tx.finish()
            if called_off():
                raise CalledOffError
            if not still_open(connection):
                raise StoreBusyError("the database rolled the transaction back by itself")
            return result


def _fitting(engine: Engine) -> Engine:
    try:
        with engine.connect() as connection:
            require(revision_of(connection))
    except BaseException:
        engine.dispose()
        raise
    return engine
