"""Does background work: takes what is due, and has it done.

Any number of workers, in any number of processes, share one database. A worker sleeps until the
next job is due, and looks twice a minute for what others left behind; work that this process puts
wakes it at once (``WakingStore``).
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Protocol

from slotsvc.domain.errors import StoreBusyError
from slotsvc.scheduling.job_attempt import Attempt, JobResult
from slotsvc.scheduling.job_kinds import JobKind
from slotsvc.scheduling.job_ports import Job
from slotsvc.scheduling.ports import ReadTx, Store, WriteTx

LOOK_EVERY_S = 30.0
"""How late, at most, a worker notices work that another process left behind."""

_PAUSE_S = 1.0
_TIME_TO_STOP_S = 10.0

type _Rooms = dict[str, int]


class Witness(Protocol):
    """Hears what the worker does."""

    def ended(self, job: Job, result: JobResult, error: Exception | None) -> None:
        """A try is over; ``error``: what it failed with."""
        ...

    def troubled(self, error: Exception) -> None:
        """The worker itself could not go on; it does in a moment."""
        ...


class JobWorker:
    """The worker of one process. Belongs to one event loop.

    ``at_once``: how many jobs it has in hand at most. ``new_token``: of a lease, never the same
    twice, in no process. ``chance``: in [0, 1), spreads retries.
    """

    def __init__(
        self,
        store: Store,
        kinds: Iterable[JobKind],
        witness: Witness,
        *,
        at_once: int,
        new_token: Callable[[], str],
        chance: Callable[[], float],
    ) -> None:
        self._store = store
        self._kinds = {kind.name: kind for kind in kinds}
        self._witness = witness
        self._at_once = at_once
        self._new_token = new_token
        self._chance = chance
        self._awake = asyncio.Event()
        self._in_hand: dict[asyncio.Task[None], Attempt] = {}

    def wake(self) -> None:
        """There may be something to do. From the event loop only."""
        self._awake.set()

    async def put_recurring(self) -> None:
        """Makes the jobs of recurring kinds, those that are not there yet."""
        await self._store.write(lambda tx: self._put(tx, self._kinds))

    def _put(self, tx: WriteTx, names: Iterable[str]) -> None:
        for kind in map(self._kinds.__getitem__, names):
            if kind.every is not None and tx.next_job(kind.name) is None:
                tx.put_job(kind.first(tx.now() + kind.every))

    async def run(self) -> None:
        """Works until it is cancelled; what it has in hand then is given back."""
        try:
            while True:
                self._awake.clear()
                await self._sleep(await self._begin())
        finally:
            await self._stop()

    async def _sleep(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._awake.wait()

    async def _begin(self) -> float:
        """Begins what is due; gives the seconds until there may be more."""
        rooms = self._rooms()
        try:
            due, wait = await self._store.read(partial(self._look, rooms=rooms))
            if not due:
                return wait
            jobs = await self._store.write(partial(self._claim, due=due, rooms=rooms))
        except StoreBusyError:
            return _PAUSE_S
        except Exception as error:
            self._witness.troubled(error)
            return LOOK_EVERY_S
        for job in jobs:
            self._start(job)
        # nothing: another worker is taking it at this moment
        return 0.0 if jobs else _PAUSE_S

    def _rooms(self) -> _Rooms:
        """By kind, how many more may be in hand; kinds without room are absent."""
        free = self._at_once - len(self._in_hand)
        busy = [attempt.kind.name for attempt in self._in_hand.values()]
        rooms = {
            name: min(free, kind.at_once - busy.count(name)) for name, kind in self._kinds.items()
        }
        return {name: room for name, room in rooms.items() if room > 0}

    def _look(self, tx: ReadTx, rooms: _Rooms) -> tuple[Sequence[str], float]:
        """Kinds that have something due, or miss the one job that recurs; and the seconds until
        the next of the others has."""
        due, wait = [], LOOK_EVERY_S
        for name in rooms:
            free = tx.next_job(name)
            missing = free is None and self._kinds[name].every is not None
            left = LOOK_EVERY_S if free is None else (free - tx.now()).total_seconds()
            if missing or left <= 0:
                due.append(name)
            wait = min(wait, left)
        return due, wait

    def _claim(self, tx: WriteTx, due: Sequence[str], rooms: _Rooms) -> Sequence[Job]:
        """As many as there is room for, the kinds in turn."""
        self._put(tx, due)
        free = self._at_once - len(self._in_hand)
        jobs: list[Job] = []
        for name in due:
            room = min(rooms[name], free - len(jobs))
            if room > 0:
                claim = self._kinds[name].claim(room)
                jobs += tx.claim_jobs(claim, self._new_token())
        return jobs

    def _start(self, job: Job) -> None:
        attempt = Attempt(self._store, self._kinds[job.kind], job, self._chance)
        task = asyncio.create_task(self._attend(attempt), name=f"job-{job.id}")
        self._in_hand[task] = attempt
        task.add_done_callback(self._let_go)

    async def _attend(self, attempt: Attempt) -> None:
        try:
            result, error = await attempt.result()
        except Exception as trouble:
            self._witness.troubled(trouble)
        else:
            self._witness.ended(attempt.job, result, error)

    def _let_go(self, task: asyncio.Task[None]) -> None:
        del self._in_hand[task]
        self.wake()

    async def _stop(self) -> None:
        for attempt in self._in_hand.values():
            attempt.stop()
        if self._in_hand:
            await asyncio.wait(tuple(self._in_hand), timeout=_TIME_TO_STOP_S)


class WakingStore:
    """A ``Store`` that wakes a worker behind every commit that made work for it."""

    def __init__(self, store: Store, wake: Callable[[], None]) -> None:
        self._store = store
        self._wake = wake

    async def read[T](self, work: Callable[[ReadTx], T]) -> T:
        """As the store below."""
        return await self._store.read(work)

    async def write[T](self, work: Callable[[WriteTx], T]) -> T:
        """As the store below; then the worker is woken if jobs were put."""
        put = False

        def watched(tx: WriteTx) -> T:
            nonlocal put
            result = work(tx)
            put = tx.jobs_put
            return result

        try:
            return await self._store.write(watched)
        finally:
            # also when the caller gave up: the commit may have begun
            if put:
                self._wake()
