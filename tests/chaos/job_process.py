"""A process that does jobs, writes down each effect, and gets killed.

Usage: python -m tests.chaos.job_process DATABASE EFFECTS SECONDS
DATABASE is a file of SQLite, or the address of a PostgreSQL database.
Each job's effect is a line in EFFECTS; then the task sleeps SECONDS before it is done.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import sys
from datetime import timedelta
from pathlib import Path

from slotsvc.scheduling.job_attempt import JobResult
from slotsvc.scheduling.job_kinds import JobKind
from slotsvc.scheduling.job_ports import Job
from slotsvc.scheduling.job_worker import JobWorker
from slotsvc.scheduling.ports import Store
from slotsvc.store.postgres_store import PostgresStore
from slotsvc.store.sqlite_store import SqliteStore

LEASE = timedelta(seconds=2)


class Witness:
    """Says nothing: the effects do."""

    def ended(self, job: Job, result: JobResult, error: Exception | None) -> None:
        """A try is over."""

    def troubled(self, error: Exception) -> None:
        """Ends the process: nothing may trouble it."""
        raise error


def worker(store: Store, effects: Path, seconds: float, witness: Witness) -> JobWorker:
    """One that does letters."""
    numbers = itertools.count()

    async def send(job: Job) -> None:
        with effects.open("a") as file:
            file.write(f"{job.id}\n")
        await asyncio.sleep(seconds)

    return JobWorker(
        store, [JobKind("letter", send, lease=LEASE)], witness, at_once=2,
        new_token=lambda: f"{os.getpid()}-{next(numbers)}", chance=lambda: 0.5,
    )  # fmt: skip


async def main(database: str, effects: str, seconds: str) -> None:
    """Until it is killed."""
    store = PostgresStore(database) if "://" in database else SqliteStore(Path(database))
    await worker(store, Path(effects), float(seconds), Witness()).run()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
