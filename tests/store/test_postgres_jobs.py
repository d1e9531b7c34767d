"""Any interleaving of two workers, kills and lapsing leases ends each job once, on PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import settings

from slotsvc.store.database_clock import clock_or_database
from slotsvc.store.postgres_engine import writer_engine
from slotsvc.store.write_tx import WriteTransaction
from tests.examples import examples
from tests.postgres_fixtures import session_server
from tests.store.job_machine import JobMachine


class PostgresJobs(JobMachine):
    """On a database of its own."""

    def __init__(self) -> None:
        super().__init__()
        self._url = session_server().migrated()
        self._engine = writer_engine(self._url, 1)
        self._now = clock_or_database(self.clock)

    def write(self, work: Callable[[Any], Any]) -> Any:
        """One transaction."""
        with self._engine.begin() as connection:
            return work(WriteTransaction(connection, self._now))

    def teardown(self) -> None:
        """Then the database is the next one's."""
        try:
            super().teardown()
        finally:
            self._engine.dispose()
            session_server().give_back(self._url)


TestPostgresJobs = PostgresJobs.TestCase
TestPostgresJobs.settings = settings(max_examples=examples(15), stateful_step_count=40)
TestPostgresJobs.__doc__ = "Every job is done once, or dead, or dropped; never two workers at once."
