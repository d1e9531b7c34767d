"""Background work of one process: its kinds, its worker, and what is measured of both."""

from __future__ import annotations

import asyncio
import contextlib
import random
import secrets

import structlog

from slotsvc.domain.errors import StoreBusyError
from slotsvc.scheduling.job_attempt import JobResult
from slotsvc.scheduling.job_ports import Job
from slotsvc.scheduling.job_worker import JobWorker, WakingStore
from slotsvc.scheduling.jobs import Jobs
from slotsvc.scheduling.ports import Store
from slotsvc.scheduling.recurring import recurring_kinds
from slotsvc.server.metrics import Metrics

_log = structlog.get_logger(__name__)

COUNT_EVERY_S = 10.0


class Background:
    """``store``: to be written through, so that what it puts is begun at once.

    ``at_once`` 0: jobs are counted and can be looked at here, and done by other processes.
    """

    def __init__(self, store: Store, metrics: Metrics, at_once: int) -> None:
        self.store = WakingStore(store, self._wake)
        self._metrics = metrics
        self._at_once = at_once
        self._worker: JobWorker | None = None
        self._running: list[asyncio.Task[None]] = []

    async def begin(self, store: Store) -> Jobs:
        """Begins; tasks work on ``store``. Gives the use cases of who looks after it."""
        kinds = recurring_kinds(store)
        self._worker = JobWorker(
            self.store,
            kinds,
            _Observer(self._metrics),
            at_once=self._at_once,
            new_token=lambda: secrets.token_hex(16),
            chance=random.random,
        )
        with contextlib.suppress(StoreBusyError):  # the worker makes up for it
            await self._worker.put_recurring()
        if self._at_once:
            self._running.append(asyncio.create_task(self._worker.run(), name="jobs"))
        self._running.append(asyncio.create_task(self._count(), name="count-jobs"))
        return Jobs(store, [kind.name for kind in kinds])

    async def end(self) -> None:
        """What is in hand is given back."""
        for task in self._running:
            task.cancel()
        for task in self._running:
            with contextlib.suppress(asyncio.CancelledError):
                await task

    def _wake(self) -> None:
        if self._worker is not None:
            self._worker.wake()

    async def _count(self) -> None:
        while True:
            with contextlib.suppress(StoreBusyError):
                await count_jobs(self.store, self._metrics)
            await asyncio.sleep(COUNT_EVERY_S)


async def count_jobs(store: Store, metrics: Metrics) -> None:
    """Sets the gauges; a kind that has nothing left goes to zero."""
    counts, now = await store.read(lambda tx: (tx.job_counts(), tx.now()))
    for gauge in (metrics.jobs_due, metrics.jobs_dead, metrics.jobs_oldest_seconds):
        gauge.clear()
    for kind, count in counts.items():
        metrics.jobs_due.labels(kind).set(count.due)
        metrics.jobs_dead.labels(kind).set(count.dead)
        age = (now - (count.oldest or now)).total_seconds()
        metrics.jobs_oldest_seconds.labels(kind).set(max(0.0, age))


class _Observer:
    """``slotsvc.scheduling.job_worker.Witness``: counts, and writes down what failed."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    def ended(self, job: Job, result: JobResult, error: Exception | None) -> None:
        self._metrics.job_runs.labels(job.kind, result.value).inc()
        if error is not None or result is JobResult.LOST:
            level = _log.error if result is JobResult.DEAD else _log.warning
            told = {"job": job.id, "kind": job.kind, "tries": job.tries, "result": result.value}
            level("a job did not end well", **told, exc_info=error)

    def troubled(self, error: Exception) -> None:
        _log.error("background work is interrupted", error=type(error).__name__, exc_info=error)
