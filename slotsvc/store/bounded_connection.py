"""A connection to PostgreSQL that does not wait for ever.

The limits of statements are kept by the server, so a server that is frozen, or behind a link that
swallows everything, keeps none of them. Nor does the kernel help while something acknowledges the
bytes. So the client has a limit of its own, a little longer; a connection on which it passed is
closed, for nobody knows what is still under way on it.
"""

from __future__ import annotations

import time
from collections.abc import Generator
from typing import Any

from psycopg import Connection, OperationalError


class BoundedConnection(Connection[Any]):
    """Raises ``OperationalError`` when an exchange takes longer than ``longest_wait_s`` seconds."""

    longest_wait_s = float("inf")

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
