"""A connection to PostgreSQL that does not wait for ever.

The limits of statements are kept by the server, so a server that is frozen, or behind a link that
swallows everything, keeps none of them. Nor does the kernel help while something acknowledges the
bytes. So the client has a limit of its own, a little longer; a connection on which it passed is
closed, for nobody knows what is still under way on it.

And it does nothing by which the server would forget a limit of its own.
"""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from typing import Any

from psycopg import Connection, OperationalError, Pipeline


class _Pipeline(Pipeline):
    """psycopg's, but that nothing is sent behind the Sync that ends it: psycopg asks there for a
    flush, which no answer ends, and on which the server stops its clock for transactions whose
    process sleeps (``idle_in_transaction_session_timeout``). Of psycopg's inner side, so pinned;
    ``tests/chaos/test_frozen_replica.py`` fails without it."""

    def _exit_gen(self) -> Any:
        try:
            self._enqueue_sync()
            yield from self._communicate_gen()
        finally:
            yield from self._fetch_gen(flush=False)


class BoundedConnection(Connection[Any]):
    """Raises ``OperationalError`` when an exchange takes longer than ``longest_wait_s`` seconds."""

    longest_wait_s = float("inf")

    @contextmanager
    def pipeline(self) -> Iterator[Pipeline]:
        """Several statements in one journey."""
        if self._pipeline is None:
            self._pipeline = _Pipeline(self)
        with super().pipeline() as journey:
            yield journey

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
                raise OperationalError("the server did not answer in time")
            heard = yield wanted
