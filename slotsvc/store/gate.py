"""The gate in front of the writers: first come, first served, and nobody waits for ever."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from functools import partial

from slotsvc.domain.errors import StoreBusyError

type CalledOff = Callable[[], bool]
"""True once nobody waits for the result any more."""


class Gate:
    """Runs ``workers`` pieces of work at a time, in threads of its own, in order of arrival.

    ``limit``: how many may wait. ``patience``: seconds that one waits for its turn; work that has
    begun is never cut short.
    """

    def __init__(self, name: str, limit: int, patience: float, workers: int = 1) -> None:
        self._threads = ThreadPoolExecutor(workers, thread_name_prefix=name)
        self._limit = limit
        self._workers = workers
        self._patience = patience
        self._inside = 0
        self._counter = threading.Lock()

    async def run[T](self, work: Callable[[CalledOff], T]) -> T:
        """The result of ``work``. Raises ``StoreBusyError`` when its turn did not come.

        When the waiting task is cancelled, work that has not begun never will, and work that has
        is told so through its argument.
        """
        nobody_waits, loop = threading.Event(), asyncio.get_running_loop()
        job = self._enter(work, nobody_waits.is_set)
        over = loop.create_future()
        job.add_done_callback(partial(_tell, loop, over))
        patience = loop.call_later(self._patience, job.cancel)  # in vain when it has begun
        try:
            await over
        except asyncio.CancelledError:
            nobody_waits.set()
            job.cancel()
            raise
        finally:
            patience.cancel()
        if job.cancelled():
            raise StoreBusyError(f"the store had no time within {self._patience:g} s")
        return job.result()

    def close(self) -> None:
        """Lets everybody inside finish, and nobody else in."""
        self._threads.shutdown(wait=True)

    def _enter[T](self, work: Callable[[CalledOff], T], called_off: CalledOff) -> Future[T]:
        with self._counter:
            if self._inside >= self._limit + self._workers:
                raise StoreBusyError(f"{self._limit} calls wait already")
            try:
                job = self._threads.submit(work, called_off)
            except RuntimeError as error:
                raise StoreBusyError("the store is closed") from error
            self._inside += 1
        job.add_done_callback(self._leave)
        return job

    def _leave(self, _job: object) -> None:
        with self._counter:
            self._inside -= 1


def _tell(loop: asyncio.AbstractEventLoop, over: asyncio.Future[None], _job: object) -> None:
    """Called by the thread that did the work, or by who took it out."""
    with suppress(RuntimeError):  # the loop is closed: nobody waits
        loop.call_soon_threadsafe(_end, over)


def _end(over: asyncio.Future[None]) -> None:
    if not over.done():
        over.set_result(None)
