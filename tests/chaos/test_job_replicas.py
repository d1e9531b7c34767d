"""Several processes do jobs of one PostgreSQL database; some are killed."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from slotsvc.scheduling.job_ports import Job, JobState, NewJob
from slotsvc.store.postgres_store import PostgresStore
from tests.chaos.test_job_kill9 import PATIENCE_S, ROOT, done_by_us, lines


@contextmanager
def process(url: str, effects: Path, seconds: float) -> Iterator[subprocess.Popen[bytes]]:
    """A process that does jobs until the block ends."""
    command = [sys.executable, "-m", "tests.chaos.job_process", url, str(effects), f"{seconds}"]
    with subprocess.Popen(command, cwd=ROOT) as running:
        try:
            yield running
        finally:
            running.kill()


async def jobs(store: PostgresStore) -> list[Job]:
    return list(await store.read(lambda tx: tx.jobs(set(JobState), "", 0, 999)))


def until(count: int, effects: Path) -> None:
    """Waits for so many effects."""
    give_up = time.monotonic() + PATIENCE_S
    while len(lines(effects)) < count:
        assert time.monotonic() < give_up
        time.sleep(0.01)


async def test_replicas_share_the_work(postgres_url: str, tmp_path: Path) -> None:
    """Three at once, nobody dies: every job has its effect exactly once."""
    store, effects = PostgresStore(postgres_url), tmp_path / "effects"
    new = [NewJob("letter", f"visit-{n % 40}", n) for n in range(120)]
    await store.write(lambda tx: [tx.put_job(job) for job in new])
    with process(postgres_url, effects, 0), process(postgres_url, effects, 0):
        await asyncio.to_thread(until, 1, effects)
        await done_by_us(store, tmp_path)
    ended = await jobs(store)
    store.close()

    assert {(job.state, job.tries) for job in ended} == {(JobState.DONE, 1)}
    assert Counter(lines(effects)) == Counter(job.id for job in ended)


async def test_what_a_killed_replica_had_is_done_by_the_living(
    postgres_url: str, tmp_path: Path
) -> None:
    """One is killed with jobs in hand, while another works: all end, and are marked once."""
    store, effects = PostgresStore(postgres_url), tmp_path / "effects"
    new = [NewJob("letter", f"visit-{n}", 1) for n in range(12)]
    await store.write(lambda tx: [tx.put_job(job) for job in new])
    with process(postgres_url, effects, 3600):
        await asyncio.to_thread(until, 2, effects)
    killed = set(lines(effects))
    await done_by_us(store, tmp_path)
    ended = {job.id: job for job in await jobs(store)}
    store.close()

    assert {job.state for job in ended.values()} == {JobState.DONE}
    assert Counter(lines(effects)) == Counter([*ended, *killed])
    assert {id for id, job in ended.items() if job.tries == 2} >= killed
