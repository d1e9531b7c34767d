"""Time that jumps to the next thing that happens, threads that are none, and dice that repeat.

Inside ``virtual_machine`` nothing is real but the code: the monotonic clock is a number, an
executor runs its work on the event loop after a moment that the dice choose, and what is random is
read off the seed. Everything that is ready at once is done in an order that the dice choose too:
asyncio promises first come, first served, but a machine with threads does not.
"""

from __future__ import annotations

import asyncio
import contextvars
import random
import selectors
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any
from unittest import mock
from weakref import WeakKeyDictionary

from sqlalchemy import Connection, Engine, event
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.util import LRUCache

START_S = 1_000.0
"""Where the monotonic clock begins; its zero means nothing."""


class StuckError(Exception):
    """Everybody waits, and nothing will ever happen."""


@dataclass
class VirtualTime:
    """Seconds of the monotonic clock. ``host``: how far the clock on the wall of the application's
    host is off; nobody may care."""

    seconds: float = START_S
    host: float = 0.0

    def monotonic(self) -> float:
        return self.seconds

    def wall(self) -> float:
        return 1.9e9 + self.seconds + self.host

    def pass_(self, seconds: float) -> None:
        self.seconds += max(seconds, 0.0)


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop that waits for nothing. ``tasks``: all that live, the oldest first."""

    def __init__(self, clock: VirtualTime, chance: random.Random) -> None:
        super().__init__(_Waiting(self, clock, chance))
        self.tasks: WeakKeyDictionary[asyncio.Task[Any], None] = WeakKeyDictionary()
        self.set_task_factory(self._task)

    def _task(self, _loop: asyncio.AbstractEventLoop, work: Any, **more: Any) -> Any:
        task = asyncio.Task(work, loop=self, **more)
        self.tasks[task] = None
        return task

    def _write_to_self(self) -> None:
        """There is nobody to wake."""


class _Waiting(selectors.SelectSelector):
    """Instead of waiting for a file, the clock is put forward."""

    def __init__(self, loop: VirtualLoop, clock: VirtualTime, chance: random.Random) -> None:
        super().__init__()
        self._loop, self._clock, self._chance = loop, clock, chance

    def select(self, timeout: float | None = None) -> list[Any]:
        ready: deque[Any] = self._loop._ready  # type: ignore[attr-defined]
        if len(ready) > 1:
            shuffled = list(ready)
            self._chance.shuffle(shuffled)
            ready.clear()
            ready.extend(shuffled)
        if timeout is None:
            raise StuckError("everybody waits, and nothing will ever happen")
        self._clock.pass_(timeout)
        return []


@dataclass
class _Work:
    future: Future[Any]
    call: Callable[[], Any]
    state: str = "waits"
    outcome: Callable[[], None] = lambda: None


@dataclass
class _Pool:
    places: int
    waiting: deque[_Work] = field(default_factory=deque)
    running: list[_Work] = field(default_factory=list)


class VirtualThreads:
    """Stand for the threads of every executor. ``after``: called when a piece of work was done,
    before anybody is told."""

    def __init__(self, loop: VirtualLoop, chance: random.Random) -> None:
        self._loop, self._chance = loop, chance
        self._pools: WeakKeyDictionary[ThreadPoolExecutor, _Pool] = WeakKeyDictionary()
        self.after: Callable[[], None] = lambda: None

    def submit(
        self, executor: ThreadPoolExecutor, call: Callable[..., Any], /, *args: Any, **more: Any
    ) -> Future[Any]:
        """As ``Executor.submit``."""
        if executor._shutdown:
            raise RuntimeError("cannot schedule new futures after shutdown")
        pool = self._pools.setdefault(executor, _Pool(executor._max_workers))
        work = _Work(Future(), lambda: call(*args, **more))
        pool.waiting.append(work)
        self._next(pool)
        return work.future

    def shutdown(self, executor: ThreadPoolExecutor, wait: bool = True, **_: Any) -> None:
        """As ``Executor.shutdown``: what was taken in is done."""
        executor._shutdown = True
        pool = self._pools.get(executor)
        while wait and pool is not None and (pool.running or pool.waiting):
            if not pool.running:
                pool.running.append(pool.waiting.popleft())
            work = pool.running[0]
            self._do(work)
            self._tell(pool, work)

    def _next(self, pool: _Pool) -> None:
        while pool.waiting and len(pool.running) < pool.places:
            work = pool.waiting.popleft()
            pool.running.append(work)
            self._later(self._begin, pool, work)

    def _later(self, what: Callable[..., None], *args: Any) -> None:
        # a thread knows nothing of who gave it work
        nothing = contextvars.Context()
        self._loop.call_later(self._moment(), what, *args, context=nothing)

    def _moment(self) -> float:
        """Mostly a millisecond; now and then a thread is out of luck."""
        longest = 0.25 if self._chance.random() < 0.05 else 0.002
        return self._chance.uniform(0.0, longest)

    def _begin(self, pool: _Pool, work: _Work) -> None:
        self._do(work)
        self._later(self._tell, pool, work)

    def _do(self, work: _Work) -> None:
        if work.state != "waits":
            return
        work.state = "done"
        if not work.future.set_running_or_notify_cancel():
            return
        try:
            result = work.call()
            work.outcome = lambda: work.future.set_result(result)
        except BaseException as error:
            failure = error
            work.outcome = lambda: work.future.set_exception(failure)
        self.after()

    def _tell(self, pool: _Pool, work: _Work) -> None:
        if work.state != "done":
            return
        work.state = "told"
        pool.running.remove(work)
        work.outcome()
        self._next(pool)


@dataclass(frozen=True)
class VirtualMachine:
    """What runs in ``virtual_machine``."""

    clock: VirtualTime
    loop: VirtualLoop
    threads: VirtualThreads


@contextmanager
def virtual_machine(seed: int) -> Iterator[VirtualMachine]:
    """A machine whose every turn follows from ``seed``."""
    clock, dice = VirtualTime(), random.Random(f"{seed}/bytes")
    before = random.getstate()
    with _instead({"time.monotonic": clock.monotonic, "time.perf_counter": clock.monotonic}):
        loop = VirtualLoop(clock, random.Random(f"{seed}/order"))
        threads = VirtualThreads(loop, random.Random(f"{seed}/threads"))
        with _instead(_no_chance(dice) | _no_threads(threads) | _no_wall(clock)):
            random.seed(f"{seed}/shared")
            try:
                yield VirtualMachine(clock, loop, threads)
            finally:
                loop.close()
                random.setstate(before)


def _no_chance(dice: random.Random) -> Mapping[str, Any]:
    return {"os.urandom": dice.randbytes, "random._urandom": dice.randbytes}


def _no_threads(threads: VirtualThreads) -> Mapping[str, Any]:
    executor = "concurrent.futures.ThreadPoolExecutor"
    return {
        f"{executor}.submit": lambda *args, **more: threads.submit(*args, **more),
        f"{executor}.shutdown": lambda *args, **more: threads.shutdown(*args, **more),
    }


def _no_wall(clock: VirtualTime) -> Mapping[str, Any]:
    return {"time.time": clock.wall, "time.sleep": clock.pass_}


@contextmanager
def _instead(names: Mapping[str, Any]) -> Iterator[None]:
    patches = [mock.patch(name, put) for name, put in names.items()]
    with ExitStack() as stack:
        for one in patches:
            stack.enter_context(one)
        yield


@contextmanager
def compiled_once() -> Iterator[None]:
    """Statements are compiled once for all engines that are opened inside: lives are short, and
    each would spend most of its time on that."""
    shared: LRUCache[Any, Any] = LRUCache(2_000)

    def share(connection: Connection) -> None:
        connection.engine._compiled_cache = shared

    alike = {"__eq__": lambda one, other: type(one) is type(other), "__hash__": lambda one: 1}
    event.listen(Engine, "engine_connect", share)
    try:
        with mock.patch.multiple(SQLiteDialect_pysqlite, create=True, **alike):
            yield
    finally:
        event.remove(Engine, "engine_connect", share)
