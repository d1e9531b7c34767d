"""So many threads at once, counted by the threads and not by who waits for them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from threading import Event


class ThreadPlaces:
    """At most ``count`` works at once. Who gives up waiting does not free the place of a thread
    that still works: callers who hang up would else start as many as they like."""

    def __init__(self, count: int) -> None:
        self._free = asyncio.Semaphore(count)

    async def run[T](self, work: Callable[[Callable[[], bool]], T]) -> T:
        """What ``work`` gives, done in a thread. It is handed whether its caller has left, and
        may end early then."""
        await self._free.acquire()
        left = Event()
        running = asyncio.ensure_future(asyncio.to_thread(work, left.is_set))
        running.add_done_callback(lambda _: self._free.release())
        try:
            return await asyncio.shield(running)
        except asyncio.CancelledError:
            left.set()
            raise
