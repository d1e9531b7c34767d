"""The whole service on a virtual machine: bootstrap, server layer, use cases, SQLite; and its link.

What is replaced stands outside of it: the listening socket, the road engine, the proving process
(which is away), and time. The database is a real file, which outlives the processes that open it.
"""

from __future__ import annotations

import asyncio
import contextvars
import secrets
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from unittest import mock

import grpc
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from slotsvc import bootstrap
from slotsvc.bootstrap import service as wiring
from slotsvc.bootstrap.roads import Roads
from slotsvc.config import Settings
from slotsvc.server import key_ring
from slotsvc.server.map_backends import NoMap
from slotsvc.store.sqlite_store import SqliteStore
from slotsvc.travel.cache import CachedTravelTimes
from slotsvc.travel.estimate import EstimatedTravelTimes
from slotsvc.travel.fallback import FailFastTravelTimes, FallbackTravelTimes
from tests.service_fixtures import MONDAY_MORNING, settings_for
from tests.simulation.faults import (
    Fault,
    Faults,
    FaultyRoads,
    KilledError,
    Point,
    PointedTx,
    busy,
    disk_full,
)
from tests.simulation.in_process import (
    CallEndedError,
    Context,
    InProcessServer,
    answered,
    streamed,
)
from tests.simulation.virtual_time import START_S, VirtualMachine, VirtualTime

SHORTEST_S, LONGEST_S = 0.0005, 0.02
"""Of the way there, and of the way back."""

_process: contextvars.ContextVar[Process] = contextvars.ContextVar("process")
_call: contextvars.ContextVar[tuple[str, bytes]] = contextvars.ContextVar("call")


@dataclass
class DatabaseClock:
    """The database's own: goes with the machine, and on while nobody looks."""

    machine: VirtualTime
    ahead: timedelta = timedelta(0)

    def now(self) -> datetime:
        """Whole seconds, as every database clock of ours."""
        gone = int(self.machine.seconds - START_S)
        return MONDAY_MORNING + timedelta(seconds=gone) + self.ahead


@dataclass
class Trace:
    """What happened, line by line: the same seed gives the same bytes."""

    machine: VirtualTime
    lines: list[str] = field(default_factory=list)

    def note(self, text: str) -> None:
        """With the time of the virtual machine."""
        self.lines.append(f"{self.machine.seconds - START_S:12.6f} {text}")


class Process:
    """One life of the service. ``dead``: nothing of it may reach the database any more."""

    def __init__(self, settings: Settings, clock: DatabaseClock, link: ServiceLink) -> None:
        self._settings, self._clock, self._link = settings, clock, link
        self.server: InProcessServer | None = None
        self.dead = False
        self._ready = asyncio.Event()
        self._leave = asyncio.Event()
        self.gone = asyncio.Event()
        self._context = contextvars.copy_context()
        self._context.run(_process.set, self)
        loop = asyncio.get_running_loop()
        self._life = loop.create_task(self._live(), name="life", context=self._context)

    async def _live(self) -> None:
        async with bootstrap.running(self._settings, clock=self._clock):
            self._ready.set()
            await self._leave.wait()

    async def ready(self) -> None:
        """Raises what stands in the way of starting."""
        started = asyncio.ensure_future(self._ready.wait())
        await asyncio.wait({started, self._life}, return_when=asyncio.FIRST_COMPLETED)
        if self._life.done():
            started.cancel()
            self._life.result()

    async def stop(self) -> None:
        """As on SIGTERM."""
        self._leave.set()
        await self._end()

    async def kill(self) -> None:
        """As on SIGKILL: no more writes, no more answers, memory lost."""
        self.dead = True
        self.gone.set()
        for task in self._tasks():
            task.cancel()
        self._life.cancel()
        await self._end()

    async def _end(self) -> None:
        with suppress(asyncio.CancelledError, KilledError):
            await asyncio.shield(asyncio.wait({self._life}))
        error = None if self._life.cancelled() else self._life.exception()
        if error is not None and not isinstance(error, KilledError):
            raise error
        self.gone.set()
        left = [task for task in self._tasks() if task is not asyncio.current_task()]
        for task in left:
            task.cancel()
        if left:
            await asyncio.wait(left)
            for task in left:
                if not task.cancelled():
                    task.exception()

    def _tasks(self) -> list[asyncio.Task[Any]]:
        """All that run in this life, the oldest first."""
        loop: Any = asyncio.get_running_loop()
        every = [task for task in loop.tasks if not task.done() and task is not self._life]
        return [task for task in every if task.get_context().get(_process) is self]

    def call(self, work: Callable[[Any], Any], method: str, raw: bytes) -> asyncio.Task[Any]:
        """A call of this process, running."""
        context = self._context.copy()
        context.run(_call.set, (method, raw))

        async def called() -> Any:
            assert self.server is not None
            return await work(await self.server.handler(method))

        return asyncio.get_running_loop().create_task(called(), context=context)


class ServiceLink:
    """Carries calls to the process that serves, if there is one. ``in_process.Link``."""

    def __init__(self, machine: VirtualMachine, faults: Faults, trace: Trace) -> None:
        self._loop, self._faults, self._trace = machine.loop, faults, trace
        self.process: Process | None = None
        self.answered = 0

    async def ask(self, method: str, raw: bytes, timeout: float | None) -> bytes:
        """One call. Raises ``CallEndedError``."""
        try:
            told = await self._asked(method, raw, timeout)
        except CallEndedError as ended:
            self._trace.note(f"{method} {ended.code.name} {ended.details}")
            raise
        self.answered += 1
        self._trace.note(f"{method} OK {told.hex()}")
        return told

    async def _asked(self, method: str, raw: bytes, timeout: float | None) -> bytes:
        ends = None if timeout is None else self._loop.time() + timeout
        await self._way()
        process = self._serving()
        if self._faults.strikes(Fault.REQUEST_LOST):
            raise _unavailable("the request was lost")
        context = Context(ends)
        task = process.call(lambda handler: answered(handler, raw, context), method, raw)
        hangs_up = None
        if self._faults.strikes(Fault.CANCELLED):
            hangs_up = self._faults.chance.uniform(0.0, 0.02)
        told: bytes = await self._outcome(process, task, ends, hangs_up)
        await self._way()
        if self._faults.strikes(Fault.ANSWER_LOST) or process.dead:
            raise _unavailable("the answer was lost")
        return told

    async def _outcome(
        self, process: Process, task: asyncio.Task[Any], ends: float | None, hangs_up: float | None
    ) -> Any:
        left = None if ends is None else max(ends - self._loop.time(), 0.0)
        patience = left if hangs_up is None else hangs_up
        gone = asyncio.ensure_future(process.gone.wait())
        try:
            await asyncio.wait({task, gone}, timeout=patience, return_when=asyncio.FIRST_COMPLETED)
        finally:
            gone.cancel()
        if not task.done():
            task.cancel()
            await asyncio.wait({task})
            if process.gone.is_set():
                raise _unavailable("the process is gone")
            code = grpc.StatusCode.DEADLINE_EXCEEDED if hangs_up is None else None
            raise CallEndedError(code or grpc.StatusCode.CANCELLED, "the caller left")
        if task.cancelled() or isinstance(task.exception(), KilledError):
            raise _unavailable("the process is gone")
        return task.result()

    async def watch(self, method: str, raw: bytes, timeout: float | None) -> AsyncIterator[bytes]:
        """Answers until the process is gone. Raises ``CallEndedError``."""
        await self._way()
        process = self._serving()
        context = Context(None if timeout is None else self._loop.time() + timeout)
        serializer: list[Any] = []

        async def stream(handler: Any) -> None:
            serializer.append(handler.response_serializer)
            await streamed(handler, raw, context)

        task = process.call(stream, method, raw)
        answer = gone = task
        try:
            while True:
                answer = asyncio.ensure_future(context.answers.get())
                gone = asyncio.ensure_future(process.gone.wait())
                await asyncio.wait({answer, gone, task}, return_when=asyncio.FIRST_COMPLETED)
                gone.cancel()
                if not answer.done():
                    break
                yield serializer[0](answer.result())
        finally:
            for one in (task, answer, gone):
                one.cancel()
            await asyncio.wait({task, answer, gone})
        if not task.cancelled() and isinstance(task.exception(), CallEndedError):
            raise task.exception()  # type: ignore[misc]
        raise _unavailable("the process is gone")

    async def _way(self) -> None:
        slow = self._faults.strikes(Fault.SLOW_LINK)
        longest = 5.0 if slow else LONGEST_S
        await asyncio.sleep(self._faults.chance.uniform(SHORTEST_S, longest))

    def _serving(self) -> Process:
        if self.process is None or self.process.dead or self.process.gone.is_set():
            raise _unavailable("nobody listens")
        return self.process


def _unavailable(why: str) -> CallEndedError:
    return CallEndedError(grpc.StatusCode.UNAVAILABLE, why)


class SimulatedService:
    """The service that is up, mostly. ``committed``: told after each piece of work on the store
    with the call behind it ("" for the service's own)."""

    def __init__(
        self, machine: VirtualMachine, faults: Faults, data_dir: Path, trace: Trace
    ) -> None:
        self._faults, self._trace = faults, trace
        self.clock = DatabaseClock(machine.clock)
        self._machine = machine
        self.settings = settings_for(data_dir)
        self.link = ServiceLink(machine, faults, trace)
        self.committed: Callable[[str, bytes], None] = lambda method, raw: None
        self._written: tuple[str, bytes] | None = None
        self._kills = asyncio.Event()
        self._keeper: asyncio.Task[None] | None = None
        self.lives = 0
        machine.threads.after = self._after_work

    async def start(self) -> None:
        """Up, and kept up."""
        await self._begin()
        self._keeper = asyncio.create_task(self._keep_up())

    async def close(self) -> None:
        """Drained and stopped."""
        if self._keeper is not None:
            self._keeper.cancel()
            await asyncio.wait({self._keeper})
            if not self._keeper.cancelled():
                self._keeper.result()
        if self.link.process is not None:
            await self.link.process.stop()

    async def restart(self) -> None:
        """As an operator does it."""
        process, self.link.process = self.link.process, None
        if process is not None:
            await process.stop()
            await self._begin()

    async def _begin(self) -> None:
        self.lives += 1
        process = Process(self.settings, self.clock, self.link)
        await process.ready()
        self.link.process = process
        self._trace.note(f"life {self.lives} begins")

    async def _keep_up(self) -> None:
        """Starts the service again wherever it was killed."""
        while True:
            await self._kills.wait()
            self._kills.clear()
            process, self.link.process = self.link.process, None
            if process is None:
                continue
            await process.kill()
            await asyncio.sleep(self._faults.chance.uniform(0.1, 3.0))
            await self._begin()

    # --- points ---------------------------------------------------------------------------------

    @contextmanager
    def wired(self) -> Iterator[None]:
        """While the block runs, ``bootstrap`` builds what the simulation needs."""
        write = SqliteStore.write

        async def pointed(store: SqliteStore, work: Any) -> Any:
            process = _process.get()
            done = await write(store, self._pointed(process, work))
            self._point(process, Point.AFTER_COMMIT)
            return done

        read = SqliteStore.read

        async def living(store: SqliteStore, work: Any) -> Any:
            process = _process.get()
            if process.dead:
                raise KilledError
            return await read(store, work)

        replaced = {
            "GrpcServer": self._server,
            "open_roads": self._roads,
            "ProverProcess": _AbsentProver,
        }
        with (
            mock.patch.multiple(wiring, **replaced),
            mock.patch.multiple(SqliteStore, write=pointed, read=living),
            mock.patch.object(key_ring, "_new_key", _seeded_key),
        ):
            yield

    def _server(self, *args: Any, **more: Any) -> InProcessServer:
        server = InProcessServer(*args, **more)
        _process.get().server = server
        return server

    async def _roads(self, _settings: Settings, _stack: AsyncExitStack) -> Roads:
        clock = self._machine.clock.monotonic
        quick = FailFastTravelTimes(FaultyRoads(self._faults), clock=clock)
        travel = FallbackTravelTimes(
            CachedTravelTimes(quick, max_places=256, max_entries=20_000), EstimatedTravelTimes()
        )
        return Roads(travel, NoMap(travel), None, None, ("simulated",))

    def _pointed(self, process: Process, work: Callable[[Any], Any]) -> Callable[[Any], Any]:
        behind = _call.get(("", b""))

        def pointed(tx: Any) -> Any:
            self._point(process, Point.BEGIN)
            self._written = behind
            result = work(PointedTx(tx, lambda point: self._point(process, point)))
            self._point(process, Point.BEFORE_COMMIT)
            return result

        return pointed

    def _point(self, process: Process, point: Point) -> None:
        """Raises what the dice say."""
        if process.dead:
            raise KilledError
        if self._faults.strikes(Fault.KILL):
            self._trace.note(f"killed {point.value}")
            process.dead = True
            self._kills.set()
            raise KilledError
        if point is Point.BEFORE_LOCK and self._faults.strikes(Fault.LOCK_WAITED):
            self.clock.ahead += timedelta(seconds=self._faults.chance.choice((1, 5, 30)))
        if point is not Point.AFTER_COMMIT:
            if self._faults.strikes(Fault.BUSY):
                raise busy()
            if self._faults.strikes(Fault.DISK_FULL):
                raise disk_full()

    def _after_work(self) -> None:
        written, self._written = self._written, None
        if written is not None:
            self.committed(*written)


def _seeded_key() -> key_ring.Key:
    """The cipher library has dice of its own, which know no seed."""
    secret = secrets.token_bytes(key_ring.KEY_BYTES)
    return key_ring.Key(secrets.token_bytes(key_ring.ID_BYTES), AESGCM(secret), secret)


class _AbsentProver:
    """Every search does without: it says PARTIAL where it must."""

    async def prove(self, *_: Any) -> None:
        return None

    async def aclose(self) -> None:
        return None
