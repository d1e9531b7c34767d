"""Any interleaving of two workers, kills and lapsing leases ends each job once, on SQLite."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import settings

from slotsvc.store.database_clock import clock_or_database
from slotsvc.store.engine import writer_engine
from slotsvc.store.write_tx import WriteTransaction
from tests.examples import examples
from tests.store.job_machine import JobMachine
from tests.store.test_sqlite_store import migrated


class SqliteJobs(JobMachine):
    """On a file of its own, without the threads of the store."""

    def __init__(self) -> None:
        super().__init__()
        self._where = TemporaryDirectory()
        path = Path(self._where.name) / "slotsvc.db"
        path.write_bytes(migrated())
        self._engine = writer_engine(path)
        self._now = clock_or_database(self.clock)
        connection = self._engine.raw_connection()
        connection.driver_connection.execute("PRAGMA synchronous=OFF")  # nobody pulls the plug here
        connection.close()

    def write(self, work: Callable[[Any], Any]) -> Any:
        """One transaction."""
        with self._engine.begin() as connection:
            return work(WriteTransaction(connection, self._now))

    def teardown(self) -> None:
        """Then the file goes."""
        try:
            super().teardown()
        finally:
            self._engine.dispose()
            self._where.cleanup()


TestSqliteJobs = SqliteJobs.TestCase
TestSqliteJobs.settings = settings(max_examples=examples(25), stateful_step_count=40)
TestSqliteJobs.__doc__ = "Every job is done once, or dead, or dropped; never two workers at once."
