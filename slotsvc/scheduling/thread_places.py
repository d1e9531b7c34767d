"""So many threads at once, counted by the threads and not by who waits for them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from threading import Event


class ThreadPlaces:
    """At most ``count`` works at once. Who gives up waiting does not free the place of a thread
    that still works: callers who hang up would else start as many as they like."""

    def __init__(self, count: int) -> None:
        self._free = asyncio.Semaphore(count)

    async def run[T](
        self, work: Callable[[Callable[[], bool]], T], until: float | None = None
    ) -> T:
        """What ``work`` gives, done in a thread. It is handed whether its caller has left, and
        may end early then.

        ``until``: monotonic seconds after which it waits for no place: by then the work knows that
        its time is over, and does next to nothing. None: it waits as long as it takes.
        """
        placed = await self._place(until)
        left = Event()
        running = asyncio.ensure_future(asyncio.to_thread(work, left.is_set))
        if placed:
            running.add_done_callback(lambda _: self._free.release())
        try:
            return await asyncio.shield(running)
        except asyncio.CancelledError:
            left.set()
            raise

    async def _place(self, until: float | None) -> bool:
        """Waits for a free place; False: there was none in time."""
        if until is None or not self._free.locked():
            return await self._free.acquire()
        try:
            async with asyncio.timeout(max(until - time.monotonic(), 0)):
                return await self._free.acquire()
        except TimeoutError:
            return False
