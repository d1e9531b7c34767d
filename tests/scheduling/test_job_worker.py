"""The worker, on a real store: what is due is done, whatever happens to tasks and leases."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from slotsvc.domain.errors import StoreBusyError
from slotsvc.scheduling.job_attempt import JobResult
from slotsvc.scheduling.job_kinds import JobKind, Retries, Task, TaskError
from slotsvc.scheduling.job_ports import Job, JobState, NewJob
from slotsvc.scheduling.job_worker import JobWorker, WakingStore
from slotsvc.scheduling.ports import Store
from slotsvc.store.sqlite_store import SqliteStore
from tests.store.samples import HOUR, MINUTE, NOW, FrozenClock
from tests.store.test_sqlite_store import new_store

LETTER = NewJob("letter", "visit-1", 1)
TOKENS = itertools.count()

type MakeKind = Callable[[Task], JobKind]


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock()


@pytest.fixture
def store(tmp_path: Path, clock: FrozenClock) -> Iterator[SqliteStore]:
    store = new_store(tmp_path, clock)
    yield store
    store.close()


class Office:
    """A worker with one kind of work, called letter; its task ``send``; and what it told."""

    def __init__(self, store: Store, kind: MakeKind, at_once: int) -> None:
        self.worker = JobWorker(
            store, [kind(self.task)], self, at_once=at_once,
            new_token=lambda: f"token-{next(TOKENS)}", chance=lambda: 0.5,
        )  # fmt: skip
        self.store = WakingStore(store, self.worker.wake)
        self.told: asyncio.Queue[tuple[JobResult, str]] = asyncio.Queue()
        self.troubles: list[Exception] = []
        self.done: list[Job] = []
        self.send: Callable[[Job], Any] = lambda _job: None

    async def task(self, job: Job) -> None:
        self.done.append(job)
        answer = self.send(job)
        if answer is not None:
            await answer

    def ended(self, job: Job, result: JobResult, error: Exception | None) -> None:
        self.told.put_nowait((result, "" if error is None else type(error).__name__))

    def troubled(self, error: Exception) -> None:
        self.troubles.append(error)

    async def heard(self) -> tuple[JobResult, str]:
        """What became of the next try."""
        async with asyncio.timeout(20):
            return await self.told.get()


def letters(task: Task) -> JobKind:
    """The usual kind."""
    return JobKind("letter", task)


@asynccontextmanager
async def office(store: Store, kind: MakeKind = letters, at_once: int = 4) -> AsyncIterator[Office]:
    """Its worker runs."""
    here = Office(store, kind, at_once)
    await here.worker.put_recurring()
    running = asyncio.create_task(here.worker.run())
    try:
        yield here
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running


async def only_job(store: Store) -> Job:
    (job,) = await store.read(lambda tx: tx.jobs(set(JobState), "", 0, 9))
    return job


async def put(store: Store, *jobs: NewJob) -> None:
    await store.write(lambda tx: [tx.put_job(job) for job in jobs])


async def begun(office: Office, count: int = 1) -> None:
    """Waits until so many tasks have begun."""
    async with asyncio.timeout(20):
        while len(office.done) < count:
            await asyncio.sleep(0.005)


async def test_a_job_is_done_at_once(store: SqliteStore) -> None:
    """Putting it wakes the worker; it is done once, and says so."""
    async with office(store) as here:
        await put(here.store, replace(LETTER, data={"count": 3}))
        assert await here.heard() == (JobResult.DONE, "")

    assert [job.data for job in here.done] == [{"count": 3}]
    assert (await only_job(store)).state is JobState.DONE


async def test_a_mutation_without_jobs_wakes_nobody(store: SqliteStore) -> None:
    """Nor does one that fails."""
    woken: list[bool] = []
    waking = WakingStore(store, lambda: woken.append(True))

    await waking.write(lambda tx: tx.now())
    with pytest.raises(ZeroDivisionError):
        await waking.write(lambda tx: (tx.put_job(LETTER), 1 // 0))
    assert woken == []
    await put(waking, LETTER)
    assert woken == [True]


async def test_an_idle_worker_asks_nothing(store: SqliteStore, clock: FrozenClock) -> None:
    """It sleeps until it is woken, or until the next job is due."""
    reads = 0

    class Counted(WakingStore):
        async def read(self, work: Any) -> Any:
            nonlocal reads
            reads += 1
            return await super().read(work)

    await put(store, replace(LETTER, due=NOW + HOUR))
    async with office(Counted(store, lambda: None)) as here:
        await asyncio.sleep(0.5)
        assert reads == 1
        clock.advance(HOUR - timedelta(seconds=1))
        here.worker.wake()
        await asyncio.sleep(0.5)
        assert reads == 2
        clock.advance(MINUTE)
        assert await here.heard() == (JobResult.DONE, "")


async def test_a_failed_job_is_tried_until_it_is_dead(
    store: SqliteStore, clock: FrozenClock
) -> None:
    """The wait doubles; what is kept of the error is its kind, never its text."""
    waits = []

    def fail(_job: Job) -> None:
        raise ValueError("Mr Smith, 7 Hill Road")

    retries = Retries(first=MINUTE, longest=3 * MINUTE, most=4)
    async with office(store, lambda task: JobKind("letter", task, retries=retries)) as here:
        here.send = fail
        await put(here.store, LETTER)
        for _ in range(3):
            assert await here.heard() == (JobResult.FAILED, "ValueError")
            job = await only_job(store)
            waits.append(job.due - clock.now())
            clock.instant = job.due
            here.worker.wake()
        assert await here.heard() == (JobResult.DEAD, "ValueError")

    assert waits == [MINUTE, 2 * MINUTE, 3 * MINUTE]
    dead = await only_job(store)
    assert (dead.state, dead.error, dead.tries) == (JobState.DEAD, "ValueError", 4)


async def test_a_hopeless_job_is_dead_at_once(store: SqliteStore) -> None:
    """When the task says so, with the reason that it says."""

    def refuse(_job: Job) -> None:
        raise TaskError("MAILBOX_UNKNOWN", hopeless=True)

    async with office(store) as here:
        here.send = refuse
        await put(here.store, LETTER)
        assert await here.heard() == (JobResult.DEAD, "TaskError")

    assert (await only_job(store)).error == "MAILBOX_UNKNOWN"


async def test_a_receiver_may_ask_for_patience(store: SqliteStore, clock: FrozenClock) -> None:
    """The next try waits at least as long as the task says."""

    def later(_job: Job) -> None:
        raise TaskError("TOO_MANY", again=HOUR)

    async with office(store) as here:
        here.send = later
        await put(here.store, LETTER)
        await here.heard()

    assert (await only_job(store)).due == clock.now() + HOUR


async def test_a_recurring_job_is_done_once_for_all_workers(
    store: SqliteStore, clock: FrozenClock
) -> None:
    """Two workers, one row: each time is one worker's, and a failure is no end."""

    def recurring(task: Any) -> JobKind:
        return JobKind("letter", task, every=MINUTE, retries=Retries(most=1))

    async with office(store, recurring) as one, office(store, recurring) as other:
        for n in range(3):
            clock.advance(MINUTE)
            one.worker.wake()
            other.worker.wake()
            await begun_in_all(one, other, n + 1)
            await settled(store)
        assert len(one.done) + len(other.done) == 3

        one.send = other.send = lambda _job: 1 // 0
        clock.advance(MINUTE)
        one.worker.wake()
        await begun_in_all(one, other, 4)
        await settled(store)

    job = await only_job(store)
    assert (job.state, job.error) == (JobState.WAITING, "ZeroDivisionError")
    assert clock.now() < job.due <= clock.now() + MINUTE


async def test_a_missing_recurring_job_is_made(store: SqliteStore, clock: FrozenClock) -> None:
    """Whatever became of its row, a worker makes it anew, due after its interval."""
    every = lambda task: JobKind("letter", task, every=MINUTE)  # noqa: E731
    async with office(store, every) as here:
        first = await only_job(store)
        async with asyncio.timeout(20):
            await store.write(lambda tx: tx.drop_job(first.id))
            clock.advance(HOUR)
            await store.write(lambda tx: tx.forget_jobs(clock.now(), 9))
            here.worker.wake()
            while not await store.read(lambda tx: tx.jobs(set(JobState), "", first.id, 9)):
                await asyncio.sleep(0.005)

    assert (await only_job(store)).due == clock.now() + MINUTE


async def begun_in_all(one: Office, other: Office, count: int) -> None:
    async with asyncio.timeout(20):
        while len(one.done) + len(other.done) < count:
            await asyncio.sleep(0.005)


async def settled(store: Store) -> None:
    """Waits until nobody has the job in hand."""
    async with asyncio.timeout(20):
        while (await only_job(store)).token:
            await asyncio.sleep(0.005)


def short_lease(task: Any) -> JobKind:
    """Renewed ten times a second."""
    return JobKind("letter", task, lease=timedelta(seconds=0.3))


async def test_a_long_job_keeps_its_lease(store: SqliteStore, clock: FrozenClock) -> None:
    """While the task runs the lease moves on with the clock."""
    go_on = asyncio.Event()
    kind = lambda task: JobKind("letter", task, lease=timedelta(seconds=3))  # noqa: E731
    async with office(store, kind) as here:
        here.send = lambda _job: go_on.wait()
        await put(here.store, LETTER)
        await begun(here)
        clock.advance(timedelta(seconds=2))
        async with asyncio.timeout(20):
            while (await only_job(store)).free != NOW + timedelta(seconds=5):
                await asyncio.sleep(0.05)
        go_on.set()
        assert await here.heard() == (JobResult.DONE, "")


async def test_who_loses_the_lease_stops(store: SqliteStore, clock: FrozenClock) -> None:
    """Another worker took the job over: the task is ended, and its worker says nothing of it."""
    async with office(store, short_lease) as here:
        here.send = lambda _job: asyncio.sleep(3600)
        await put(here.store, LETTER)
        await begun(here)
        clock.advance(MINUTE)
        claim = JobKind("letter", here.task).claim(1)
        # the renewal that runs ten times a second may win the race a few times
        async with asyncio.timeout(20):
            while not (taken := await store.write(lambda tx: tx.claim_jobs(claim, "other"))):
                clock.advance(MINUTE)
        assert await here.heard() == (JobResult.LOST, "")

    assert await only_job(store) == taken[0]


async def test_a_task_that_takes_too_long_has_failed(store: SqliteStore) -> None:
    """It is ended, and tried again."""
    longest = timedelta(seconds=0.2)
    async with office(store, lambda task: JobKind("letter", task, longest=longest)) as here:
        here.send = lambda _job: asyncio.sleep(3600)
        await put(here.store, LETTER)
        assert await here.heard() == (JobResult.FAILED, "TimeoutError")

    assert (await only_job(store)).error == "TIMED_OUT"


async def test_a_worker_that_stops_gives_back_what_it_has(store: SqliteStore) -> None:
    """Another one may do it at once, and no try is lost."""
    async with office(store) as here:
        here.send = lambda _job: asyncio.sleep(3600)
        await put(here.store, LETTER)
        await begun(here)

    assert await here.heard() == (JobResult.GIVEN_BACK, "")
    job = await only_job(store)
    assert (job.state, job.token, job.free, job.tries) == (JobState.WAITING, "", NOW, 0)


async def test_a_process_has_only_so_many_in_hand(store: SqliteStore) -> None:
    """The others wait until one is done; all get done."""
    most = 0

    async with office(store, lambda task: JobKind("letter", task, at_once=3)) as here:

        async def slow(_job: Job) -> None:
            nonlocal most
            most = max(most, len(here.worker._in_hand))
            await asyncio.sleep(0.02)

        here.send = slow
        await put(here.store, *(replace(LETTER, subject=f"v{n}") for n in range(9)))
        assert [(await here.heard())[0] for _ in range(9)] == 9 * [JobResult.DONE]

    assert most == 3
    assert len({job.id for job in here.done}) == 9


async def test_the_jobs_of_a_subject_are_done_in_order(store: SqliteStore) -> None:
    """One after the other, though there is room for more at once."""
    async with office(store) as here:
        here.send = lambda job: asyncio.sleep(0.02 if job.version == 1 else 0)
        await put(here.store, *(replace(LETTER, version=n) for n in (3, 1, 2)))
        for _ in range(3):
            await here.heard()

    assert [job.version for job in here.done] == [1, 2, 3]


async def test_a_store_that_is_busy_is_asked_again(store: SqliteStore) -> None:
    """The job is done when the store is well again, and told when it can be."""
    busy = 2

    class Busy(WakingStore):
        async def write(self, work: Any) -> Any:
            nonlocal busy
            if busy:
                busy -= 1
                raise StoreBusyError("not now")
            return await super().write(work)

    await put(store, LETTER)
    flaky = Busy(store, lambda: None)
    async with office(store) as here:
        assert await here.heard() == (JobResult.DONE, "")
        here.worker._store = flaky
        busy = 2
        await put(here.store, replace(LETTER, version=2))
        assert await here.heard() == (JobResult.DONE, "")

    assert busy == 0


async def test_a_defect_of_the_store_does_not_end_the_worker(store: SqliteStore) -> None:
    """It is told, and the worker goes on when it is woken."""
    broken = True

    class Broken(WakingStore):
        async def read(self, work: Any) -> Any:
            if broken:
                raise ZeroDivisionError
            return await super().read(work)

    async with office(Broken(store, lambda: None)) as here:
        async with asyncio.timeout(20):
            while not here.troubles:
                await asyncio.sleep(0.005)
        broken = False
        await put(here.store, LETTER)
        assert await here.heard() == (JobResult.DONE, "")

    assert [type(error) for error in here.troubles] == [ZeroDivisionError]


def test_waits_double_and_are_spread() -> None:
    """30 seconds, then twice as long up to six hours, a fifth to either side."""
    retries = Retries()
    middle = [retries.wait(tries, 0.5).total_seconds() for tries in range(1, 13)]

    assert middle[:4] == [30, 60, 120, 240]
    assert middle[-1] == 6 * 3600
    assert retries.wait(1, 0).total_seconds() == 24
    assert retries.wait(1, 0.999).total_seconds() == pytest.approx(36, abs=0.1)
    assert retries.wait(10_000, 0.9) == timedelta(hours=6)
