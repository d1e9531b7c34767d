"""One try of one job: the task runs, its lease is renewed, and what became of it is written."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from enum import Enum

from slotsvc.domain.errors import StoreBusyError
from slotsvc.scheduling.job_kinds import JobKind, TaskError, reason_of
from slotsvc.scheduling.job_ports import Job
from slotsvc.scheduling.ports import Store, WriteTx

_PAUSE_S = 0.5
_TRIES_TO_TELL = 6
_TIME_TO_STOP_S = 5.0


class JobResult(Enum):
    """What became of a try. LOST: its lease ended before it did, so somebody else does the job
    (again). GIVEN_BACK: the worker was told to stop."""

    DONE = "done"
    FAILED = "failed"
    DEAD = "dead"
    LOST = "lost"
    GIVEN_BACK = "given_back"


class Attempt:
    """A claimed ``job`` of a ``kind``. ``chance``: in [0, 1), spreads retries."""

    def __init__(self, store: Store, kind: JobKind, job: Job, chance: Callable[[], float]) -> None:
        self.kind = kind
        self.job = job
        self._store = store
        self._chance = chance
        self._work = asyncio.ensure_future(kind.task(job))
        self._stopping = False

    def stop(self) -> None:
        """Ends the task now, unless it has ended; the job is given back."""
        self._stopping = True
        self._work.cancel()

    async def result(self) -> tuple[JobResult, Exception | None]:
        """What became of it, and the error it failed with. Never raises what the task raises."""
        error = await self._attended()
        if self._stopping and self._work.cancelled():
            return await self._tell(JobResult.GIVEN_BACK, lambda tx: tx.give_back_job(self.job))
        if isinstance(error, _LostError):
            return JobResult.LOST, None
        if error is None:
            return await self._tell(JobResult.DONE, self._finish)
        wait = self.kind.wait(self.job, error, self._chance())
        reason = reason_of(error)
        told, _ = await self._tell(
            JobResult.DEAD if wait is None else JobResult.FAILED,
            lambda tx: tx.fail_job(self.job, reason, None if wait is None else tx.now() + wait),
        )
        return told, error

    def _finish(self, tx: WriteTx) -> bool:
        every = self.kind.every
        return tx.finish_job(self.job, None if every is None else tx.now() + every)

    async def _attended(self) -> Exception | None:
        """Waits for the task while the lease is renewed; gives what it failed with."""
        clock = asyncio.get_running_loop()
        give_up = clock.time() + self.kind.longest.total_seconds()
        step = self.kind.lease.total_seconds() / 3
        while not self._work.done():
            left = give_up - clock.time()
            await asyncio.wait({self._work}, timeout=max(0.0, min(left, step)))
            if self._work.done():
                break
            if left <= step:
                return await self._ended_by_us(TimeoutError())
            if not await self._renewed():
                return await self._ended_by_us(_LostError())
        return _error_of(self._work)

    async def _renewed(self) -> bool:
        try:
            return await self._store.write(lambda tx: tx.renew_job(self.job, self.kind.lease))
        except StoreBusyError:
            return True  # there are two more times to try before the lease ends

    async def _ended_by_us(self, error: Exception) -> Exception:
        self._work.cancel()
        await asyncio.wait({self._work}, timeout=_TIME_TO_STOP_S)
        if self._work.done():
            _error_of(self._work)  # else the event loop complains that nobody looked
        return error

    async def _tell(
        self, result: JobResult, work: Callable[[WriteTx], bool]
    ) -> tuple[JobResult, None]:
        """A store that stays busy is told nothing: the lease ends, and the job is done again."""
        for _ in range(_TRIES_TO_TELL):
            try:
                mine = await self._store.write(work)
            except StoreBusyError:
                await asyncio.sleep(_PAUSE_S)
            else:
                return result if mine else JobResult.LOST, None
        return JobResult.LOST, None


class _LostError(Exception):
    """The lease is somebody else's."""


def _error_of(work: asyncio.Future[None]) -> Exception | None:
    if work.cancelled():
        return TaskError("CANCELLED")
    error = work.exception()
    if error is not None and not isinstance(error, Exception):
        raise error
    return error
