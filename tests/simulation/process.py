"""A life of the service, and the link that carries calls to whichever life answers."""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import grpc

from slotsvc import bootstrap
from slotsvc.config import Settings
from slotsvc.domain.errors import StoreBusyError
from tests.service_fixtures import MONDAY_MORNING
from tests.simulation.faults import (
    Fault,
    Faults,
    KilledError,
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

RUNNING: contextvars.ContextVar[Process] = contextvars.ContextVar("process")
"""The life of the service to which the running code belongs."""
CALL: contextvars.ContextVar[tuple[str, bytes]] = contextvars.ContextVar("call")
"""Method and bytes of the call that is answered."""


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
        self._context.run(RUNNING.set, self)
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
        if error is not None and not isinstance(error, KilledError | StoreBusyError):
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
        return [task for task in every if task.get_context().get(RUNNING) is self]

    def call(self, work: Callable[[Any], Any], method: str, raw: bytes) -> asyncio.Task[Any]:
        """A call of this process, running."""
        context = self._context.copy()
        context.run(CALL.set, (method, raw))

        async def called() -> Any:
            assert self.server is not None
            return await work(await self.server.handler(method))

        call = asyncio.get_running_loop().create_task(called(), context=context)
        if self.server is not None:
            self.server.runs(call)
        return call


class ServiceLink:
    """Carries calls to the process that serves, if there is one. ``inRUNNING.Link``."""

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
