"""The process that has jobs in hand is killed: another does them, and each is marked once."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path

from slotsvc.scheduling.job_attempt import JobResult
from slotsvc.scheduling.job_ports import Job, JobState, NewJob
from slotsvc.store.sqlite_store import SqliteStore
from tests.chaos.job_process import LEASE, Witness, worker
from tests.store.test_sqlite_store import new_store

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_S = 60.0


class Diary(Witness):
    """Remembers what became of each try."""

    def __init__(self) -> None:
        self.told: list[tuple[JobResult, int]] = []

    def ended(self, job: Job, result: JobResult, error: Exception | None) -> None:
        self.told.append((result, job.id))


def lines(file: Path) -> list[int]:
    return [int(line) for line in file.read_text().split()] if file.exists() else []


def killed_after(effects: int, where: Path, seconds: float) -> None:
    """Lets a process work until so many more effects are there, then kills it with SIGKILL."""
    file, database = where / "effects", where / "slotsvc.db"
    goal, until = len(lines(file)) + effects, time.monotonic() + PATIENCE_S
    with subprocess.Popen(
        [sys.executable, "-m", "tests.chaos.job_process", str(database), str(file), f"{seconds}"],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
    ) as process:
        while len(lines(file)) < goal:
            assert process.poll() is None
            assert time.monotonic() < until
            time.sleep(0.01)
        process.kill()


async def jobs(store: SqliteStore) -> list[Job]:
    return list(await store.read(lambda tx: tx.jobs(set(JobState), "", 0, 999)))


async def done_by_us(store: SqliteStore, where: Path) -> Diary:
    """A worker of this process does all that is left."""
    diary = Diary()
    running = asyncio.create_task(worker(store, where / "effects", 0, diary).run())
    async with asyncio.timeout(PATIENCE_S):
        while any(job.state is JobState.WAITING for job in await jobs(store)):
            await asyncio.sleep(0.05)
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running
    return diary


async def test_a_killed_workers_job_is_done_by_another(tmp_path: Path) -> None:
    """After the lease, not before; its effect is there twice, and it is marked as done once."""
    store = new_store(tmp_path)
    await store.write(lambda tx: tx.put_job(NewJob("letter", "visit-1", 1)))
    store.close()
    killed_after(1, tmp_path, seconds=3600)

    store = SqliteStore(tmp_path / "slotsvc.db")
    (left,) = await jobs(store)
    diary = await done_by_us(store, tmp_path)
    (done,) = await jobs(store)
    store.close()

    assert (left.state, left.tries) == (JobState.WAITING, 1)
    assert left.token
    assert lines(tmp_path / "effects") == [left.id, left.id]
    assert diary.told == [(JobResult.DONE, left.id)]
    assert (done.state, done.tries) == (JobState.DONE, 2)
    assert done.ended is not None
    assert done.ended >= left.free >= left.created + LEASE


async def test_killed_again_and_again_every_job_ends_once(tmp_path: Path) -> None:
    """Each has its effect at least once, those of one subject begin in order, and the tries tell
    how often each was begun."""
    store = new_store(tmp_path)
    new = [NewJob("letter", f"visit-{n % 4}", n) for n in range(12)]
    await store.write(lambda tx: [tx.put_job(job) for job in new])
    store.close()
    for _ in range(2):
        killed_after(4, tmp_path, seconds=0.05)

    store = SqliteStore(tmp_path / "slotsvc.db")
    await done_by_us(store, tmp_path)
    ended = {job.id: job for job in await jobs(store)}
    store.close()

    effects = lines(tmp_path / "effects")
    assert {job.state for job in ended.values()} == {JobState.DONE}
    assert set(effects) == set(ended)
    # one may have been taken and not begun when the process was killed
    assert all(ended[id].tries >= count for id, count in Counter(effects).items())
    for subject in {job.subject for job in ended.values()}:
        versions = [ended[id].version for id in effects if ended[id].subject == subject]
        assert versions == sorted(versions)
