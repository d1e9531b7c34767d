"""A connection to PostgreSQL that does not wait for ever, and lets nobody else wait for ever.

The limits of statements are kept by the server, so a server that is frozen, or behind a link that
swallows everything, keeps none of them. Nor does the kernel help while something acknowledges the
bytes. So the client has a limit of its own, a little longer; a connection on which it passed is
closed, for nobody knows what is still under way on it.

Several statements in one journey end with a Sync, at which the server sends everything and begins
to watch for silence in the transaction. psycopg 3.3 sends a Flush behind it (its
``BasePipeline._exit_gen``), and with that, seen on PostgreSQL 18, the watch ends: a process that is
frozen then would keep its locks. So the Flush is left out.
"""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from typing import Any

from psycopg import Connection, OperationalError, Pipeline, pq

from slotsvc.store.exchange import TOO_LATE, Line

_IDLE = pq.TransactionStatus.IDLE


class BoundedConnection(Connection[Any]):
    """Raises ``OperationalError`` when an exchange takes longer than ``longest_wait_s`` seconds."""

    longest_wait_s = float("inf")
    line: Line
    """For statements that are run often; whoever opens the connection gives it one."""

    def commit(self) -> None:
        """As psycopg's; at once when the transaction has ended already."""
        if self.pgconn.transaction_status != _IDLE:
            self.line.travel([], commit=True)

    def rollback(self) -> None:
        """As psycopg's, but the server goes on knowing the statements that it was told: nothing
        here makes a table in a transaction that is then undone."""
        self.line.undo()

    @contextmanager
    def pipeline(self) -> Iterator[Pipeline]:
        """As psycopg's."""
        with super().pipeline() as pipeline:
            yield _without_flush(pipeline)

    @contextmanager
    def _pipeline_nolock(self) -> Iterator[Pipeline]:
        """Of ``executemany``."""
        with super()._pipeline_nolock() as pipeline:
            yield _without_flush(pipeline)

    def wait(self, gen: Generator[Any, Any, Any], *args: Any, **options: Any) -> Any:
        """Every exchange with the server comes through here; psycopg resumes ``gen`` ten times a
        second even when nothing was heard."""
        return super().wait(
            self._until(gen, time.monotonic() + self.longest_wait_s), *args, **options
        )

    def _until(
        self, exchange: Generator[Any, Any, Any], give_up: float
    ) -> Generator[Any, Any, Any]:
        heard = None
        while True:
            try:
                wanted = exchange.send(heard)
            except StopIteration as over:
                return over.value
            if time.monotonic() > give_up:
                self.pgconn.finish()
                raise OperationalError(TOO_LATE)
            heard = yield wanted


def _without_flush(pipeline: Pipeline) -> Pipeline:
    def leave() -> Generator[Any, Any, None]:
        try:
            pipeline._enqueue_sync()
            yield from pipeline._communicate_gen()
        finally:
            yield from pipeline._fetch_gen(flush=False)

    pipeline._exit_gen = leave  # type: ignore[method-assign]
    return pipeline
