"""So many threads at once, counted by the threads and not by who waits for them."""

from __future__ import annotations

import asyncio
import contextvars
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import BoundedSemaphore, Event, Lock

BRIEFLY_S = 0.05
"""Work that has taken longer is long; hardly any does."""
MOST_LONG = 8
"""Long works that wait for one another; the next ones end with what they have."""
THREADS = 32
"""More than ever work and wait."""


class ThreadPlaces:
    """At most ``count`` works at once, and one long one beside them. Who gives up waiting does not
    free the place of a thread that still works: callers who hang up would else start as many as
    they like.

    Work that turns out to be long leaves its place to others, and goes on when no other long work
    is under way: however many there are, short work never waits for it.
    """

    def __init__(self, count: int) -> None:
        self._free = asyncio.Semaphore(count)
        self._long = _LongWork()
        self._last_moment = float("inf")
        self._threads = ThreadPoolExecutor(THREADS, "search")

    async def run[T](
        self, work: Callable[[Callable[[], bool]], T], until: float | None = None
    ) -> T:
        """What ``work`` gives, done in a thread. It is handed what to ask every millisecond or so:
        whether to end early, since its caller has left, or there is too much long work.

        ``until``: monotonic seconds after which it waits for no place: by then the work knows that
        its time is over, and does next to nothing. None: it waits as long as it takes.
        """
        placed = await self._place(until)
        loop = asyncio.get_running_loop()
        give_back = self._give_back(loop) if placed else None
        turn = _Turn(self._long, give_back, until, lambda: time.monotonic() >= self._last_moment)
        running = loop.run_in_executor(
            self._threads, contextvars.copy_context().run, turn.work, work
        )
        try:
            return await asyncio.shield(running)
        except asyncio.CancelledError:
            turn.left.set()
            raise

    def end_soon(self, seconds: float) -> None:
        """All work, of now and later, ends early after so many seconds."""
        self._last_moment = time.monotonic() + seconds

    @property
    def ending(self) -> bool:
        """Whether ``end_soon`` was called."""
        return self._last_moment < float("inf")

    def _give_back(self, loop: asyncio.AbstractEventLoop) -> Callable[[], None]:
        return lambda: _told(loop, self._free.release)

    async def _place(self, until: float | None) -> bool:
        """Waits for a free place; False: there was none in time."""
        if until is None or not self._free.locked():
            return await self._free.acquire()
        try:
            async with asyncio.timeout(max(until - time.monotonic(), 0)):
                return await self._free.acquire()
        except TimeoutError:
            return False


def _told(loop: asyncio.AbstractEventLoop, what: Callable[[], None]) -> None:
    """Has the loop do it, if it still runs."""
    if not loop.is_closed():
        loop.call_soon_threadsafe(what)


class _LongWork:
    """The one place for long work, and how many wait for it."""

    def __init__(self) -> None:
        self._place, self._lock, self._waiting = BoundedSemaphore(1), Lock(), 0

    def begin(self, gives_up: Callable[[], bool]) -> bool:
        """Waits for the place; False: there is no time for it, or too many wait."""
        with self._lock:
            if self._waiting >= MOST_LONG:
                return False
            self._waiting += 1
        try:
            while not self._place.acquire(timeout=BRIEFLY_S):
                if gives_up():
                    return False
            return True
        finally:
            with self._lock:
                self._waiting -= 1

    def end(self) -> None:
        """Leaves it to the next."""
        self._place.release()


class _Turn:
    """One work in its thread. ``give_back``: its place; None: it has none. ``over``: whether all
    work must end."""

    def __init__(
        self,
        long: _LongWork,
        give_back: Callable[[], None] | None,
        until: float | None,
        over: Callable[[], bool],
    ) -> None:
        self.left = Event()
        self._long, self._give_back, self._until, self._over = long, give_back, until, over
        self._begun, self._is_long, self._no_place = 0.0, False, False

    def work[T](self, work: Callable[[Callable[[], bool]], T]) -> T:
        """Does it, and leaves whatever place it then has."""
        self._begun = time.monotonic()
        try:
            return work(self._should_end)
        finally:
            if self._is_long:
                self._long.end()
            elif self._give_back is not None:
                self._give_back()

    def _should_end(self) -> bool:
        brief = time.monotonic() - self._begun < BRIEFLY_S
        if not brief and not self._is_long and self._give_back is not None:
            self._give_back()
            self._give_back = None
            self._is_long = self._long.begin(self._gives_up)
            self._no_place = not self._is_long
        return self._no_place or self.left.is_set() or self._over()

    def _gives_up(self) -> bool:
        late = self._until is not None and time.monotonic() >= self._until
        return late or self.left.is_set() or self._over()
