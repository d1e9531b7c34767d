"""The store on one PostgreSQL database, shared by any number of processes."""

from __future__ import annotations

import random
import time
from collections.abc import Callable

from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from slotsvc.domain.errors import COMMIT_UNKNOWN, StoreBusyError
from slotsvc.scheduling.ports import Clock, ReadTx, WriteTx
from slotsvc.store.calendar_memory import CalendarMemory
from slotsvc.store.database_clock import clock_or_database, postgres_now
from slotsvc.store.errors import CalledOffError, is_contention, meaning, not_opened
from slotsvc.store.gate import CalledOff, Gate
from slotsvc.store.migrate import require, revision_of
from slotsvc.store.postgres_engine import reader_engine, writer_engine
from slotsvc.store.prepared import send
from slotsvc.store.read_tx import ReadTransaction
from slotsvc.store.shares import Share, Shares
from slotsvc.store.sql_states import is_lost
from slotsvc.store.turns import PostgresLocks
from slotsvc.store.write_tx import WriteTransaction

_LOCKS = PostgresLocks()
_TRIES = 5
_PROBES = 256
_TRY_FOR_S = 2.0
"""No try begins later than this after the first: whoever waits has not got for ever."""


class PostgresStore:
    """``slotsvc.scheduling.ports.Store`` on the database ``url``, which must have its tables.

    ``clock``: None means the database's own. ``readers``, ``writers``: how many may read and write
    at the same time, with a connection each. ``queue``: how many more may wait; ``patience``:
    seconds that one waits for a connection. Raises ``StoreOpenError`` when the database cannot be
    reached, or its tables do not fit the code.
    """

    def __init__(
        self,
        url: str,
        clock: Clock | None = None,
        *,
        readers: int = 8,
        writers: int = 8,
        queue: int = 256,
        patience: float = 1.0,
    ) -> None:
        self._memory = CalendarMemory()
        self._clock = clock_or_database(clock, postgres_now)
        self._writer = _fitting(writer_engine(url, writers))
        self._reader = reader_engine(url, readers)
        self._readers = Gate("slotsvc-reader", queue, patience, readers)
        self._writers = Gate("slotsvc-writer", queue, patience, writers)
        self._shares = Shares(writers, patience)
        self._prober = reader_engine(url, 1)
        self._probes = Gate("slotsvc-probe", _PROBES, patience)

    async def read[T](self, work: Callable[[ReadTx], T]) -> T:
        """Runs ``work`` on one snapshot, in a thread. Raises ``StoreBusyError``."""
        return await self._readers.run(lambda _called_off: self._read(work))

    async def write[T](self, work: Callable[[WriteTx], T]) -> T:
        """Runs ``work`` in one transaction: committed when it returns, else rolled back.

        When the caller is cancelled before the commit began, nothing is written; a commit that
        has begun completes. A tenant never has all writers (``slotsvc.store.shares``). Raises
        ``StoreBusyError`` when there is no turn in time, or the database does not answer; with the
        cause COMMIT_UNKNOWN the work may have been written.
        """
        return await self._shares.run(
            lambda share: self._writers.run(lambda called_off: self._write(work, called_off, share))
        )

    async def answers(self) -> None:
        """Returns when the database has answered, asked through a connection of its own: one that
        is well must not seem dead because all others are in use. Raises ``StoreBusyError``."""
        await self._probes.run(lambda _called_off: self._tried(self._probe))

    def close(self) -> None:
        """Finishes what has begun, then closes the connections."""
        self._probes.close()
        self._prober.dispose()
        self._writers.close()
        self._readers.close()
        self._reader.dispose()
        self._writer.dispose()

    def _probe(self) -> None:
        with self._prober.begin() as connection:
            connection.exec_driver_sql("SELECT 1")

    def _read[T](self, work: Callable[[ReadTx], T]) -> T:
        return self._tried(lambda: self._snapshot(work))

    def _write[T](self, work: Callable[[WriteTx], T], called_off: CalledOff, share: Share) -> T:
        with share.at_work():
            return self._tried(lambda: self._transaction(work, called_off, share))

    def _tried[T](self, transaction: Callable[[], T]) -> T:
        """Runs it anew while it may succeed a moment later."""
        until = time.monotonic() + _TRY_FOR_S
        for tries_left in reversed(range(_TRIES)):
            try:
                return transaction()
            except PoolTimeoutError as error:
                raise StoreBusyError("every connection to the database is in use") from error
            except DBAPIError as error:
                if lost := is_lost(error):
                    self._memory.forget()  # who knows what was brought back before we are
                again = lost or is_contention(error)
                if not (tries_left and again and time.monotonic() < until):
                    raise meaning(error) from error
            time.sleep(random.uniform(0.005, 0.05))
        raise AssertionError("the last try returns or raises")

    def _snapshot[T](self, work: Callable[[ReadTx], T]) -> T:
        with self._reader.begin() as connection:
            return work(ReadTransaction(connection, self._clock, memory=self._memory))

    def _transaction[T](
        self, work: Callable[[WriteTx], T], called_off: CalledOff, share: Share
    ) -> T:
        with self._writer.connect() as connection, connection.begin() as begun:
            tx = _Sharing(connection, self._clock, _LOCKS, memory=self._memory)
            tx.share = share
            result = work(tx)
            tx.finish()
            if not tx.repeatable:  # nothing may be lost together with the commit
                send(connection)
            if called_off():
                raise CalledOffError
            try:
                send(connection, commit=tx.repeatable)
                begun.commit()
            except DBAPIError as error:
                # Nobody knows whether the server committed. Work that keeps its answer is run
                # again: it waits until the lost transaction has ended, and finds out.
                if is_lost(error) and not tx.repeatable:
                    raise _unknown() from error
                raise
            return result


class _Sharing(WriteTransaction):
    """A part of the tenant's ``share`` of the writers comes before the tenant's turn."""

    share: Share

    def take_turn(self, tenant: str, *, beside: bool = False) -> None:
        """As ``WriteTx`` has it."""
        self.share.take(tenant)
        super().take_turn(tenant, beside=beside)


def _unknown() -> StoreBusyError:
    text = "the connection was lost during the commit; look whether it was written"
    return StoreBusyError(text, {"cause": COMMIT_UNKNOWN})


def _fitting(engine: Engine) -> Engine:
    try:
        with engine.connect() as connection:
            require(revision_of(connection))
    except DBAPIError as error:
        engine.dispose()
        raise not_opened(error) from error
    except BaseException:
        engine.dispose()
        raise
    return engine
