"""What background work costs: jobs put, done and marked per second, and how soon one begins.

    python -m benchmarks.jobs [--jobs 2000]

One SQLite file in the temporary directory, with the service's own worker; tasks do nothing. Beside
it, what one empty transaction of the same store takes: that is mostly the disk.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import statistics
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

import click

from slotsvc.scheduling.job_attempt import JobResult
from slotsvc.scheduling.job_kinds import JobKind
from slotsvc.scheduling.job_ports import Job, NewJob
from slotsvc.scheduling.job_worker import JobWorker, WakingStore
from slotsvc.scheduling.ports import Store
from slotsvc.store.engine import sqlite_url
from slotsvc.store.migrate import upgrade
from slotsvc.store.sqlite_store import SqliteStore

ONE_BY_ONE = 100


@dataclass
class Diary:
    """When each job began, by its version, and how many ended."""

    began: dict[int, float] = field(default_factory=dict)
    ended_jobs: int = 0
    quiet: asyncio.Event = field(default_factory=asyncio.Event)
    expected: int = 0

    async def task(self, job: Job) -> None:
        """Does nothing."""
        self.began[job.version] = time.perf_counter()

    def ended(self, job: Job, result: JobResult, error: Exception | None) -> None:
        """A try is over."""
        self.ended_jobs += result is JobResult.DONE
        if self.ended_jobs == self.expected:
            self.quiet.set()

    def troubled(self, error: Exception) -> None:
        """Nothing may go wrong here."""
        raise error

    def expect(self, count: int) -> asyncio.Event:
        """Set when so many more jobs are done."""
        self.expected = self.ended_jobs + count
        self.quiet.clear()
        return self.quiet


async def measure(database: Path, jobs: int) -> list[str]:
    """Lines to print."""
    upgrade(sqlite_url(database))
    store = SqliteStore(database)
    diary, tokens = Diary(), itertools.count()
    kind = JobKind("nothing", diary.task, at_once=20)
    worker = JobWorker(
        store, [kind], diary, at_once=20, new_token=lambda: f"{next(tokens)}", chance=lambda: 0.5
    )  # fmt: skip
    running = asyncio.create_task(worker.run())
    waking = WakingStore(store, worker.wake)
    try:
        return [
            await _write_cost(store),
            await _all_at_once(waking, diary, jobs),
            await _one_by_one(waking, diary, jobs),
        ]
    finally:
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running
        store.close()


async def put(store: Store, *jobs: NewJob) -> None:
    """All of them in one transaction."""
    await store.write(lambda tx: [tx.put_job(job) for job in jobs])


async def _write_cost(store: SqliteStore) -> str:
    """A transaction that writes one row."""
    took = []
    for n in range(ONE_BY_ONE):
        began = time.perf_counter()
        await put(store, NewJob("probe", f"{n}"))
        took.append(time.perf_counter() - began)
    return f"one transaction       {statistics.median(took) * 1000:8.2f} ms median"


async def _all_at_once(store: WakingStore, diary: Diary, jobs: int) -> str:
    quiet = diary.expect(jobs)
    began = time.perf_counter()
    await put(store, *(NewJob("nothing", f"{n}", n) for n in range(jobs)))
    written = time.perf_counter()
    await quiet.wait()
    done = time.perf_counter()
    return (
        f"put in one change     {jobs / (written - began):8.0f} jobs/s\n"
        f"done and marked       {jobs / (done - written):8.0f} jobs/s, one mark a transaction"
    )


async def _one_by_one(store: WakingStore, diary: Diary, jobs: int) -> str:
    waits = []
    for n in range(jobs, jobs + ONE_BY_ONE):
        quiet = diary.expect(1)
        await put(store, NewJob("nothing", f"{n}", n))
        committed = time.perf_counter()
        await quiet.wait()
        waits.append(diary.began[n] - committed)
    waits.sort()
    return (
        f"from commit to begin  {statistics.median(waits) * 1000:8.2f} ms median, "
        f"{waits[int(len(waits) * 0.95)] * 1000:.2f} ms p95"
    )


@click.command()
@click.option("--jobs", default=2000, show_default=True, help="Put in one transaction.")
def main(jobs: int) -> None:
    """What background work costs on SQLite."""
    with tempfile.TemporaryDirectory() as where:
        lines = asyncio.run(measure(Path(where) / "slotsvc.db", jobs))
    click.echo("\n".join(lines))


if __name__ == "__main__":
    main()
