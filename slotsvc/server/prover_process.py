"""The proving process, kept by us: started when first needed, killed when it overruns its time."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Sequence
from pathlib import Path

import structlog

import slotsvc
from slotsvc.scheduling.prover_port import Question
from slotsvc.server.proof_worker import READY, answer_of, question_line
from slotsvc.solver.day_model import Proof
from slotsvc.travel.tied_child import child_environment

_log = structlog.get_logger(__name__)

WORKER = (sys.executable, "-m", "slotsvc.server.proof_worker")
MOST_WAITING = 4
"""Questions that wait for their turn; more are not taken."""
LEAST_S = 0.02
"""Less time than this is not worth a question."""
ANSWER_S = 0.05
"""Of the time there is, kept for building the model and for the answer's way back."""
GRACE_S = 0.5
"""A worker that is later than this is killed."""
STARTS_S = 120.0
"""Nor does one live that is not ready by then: it hangs."""


class ProverProcess:
    """One worker, one question at a time; a ``Prover``.

    The worker gets no secrets, and ends when its standard input does: at the latest with us. One
    that died or was killed is started again with the next question. ``starts``, ``kills``: so far.
    """

    def __init__(self, command: Sequence[str] = WORKER, starts_s: float = STARTS_S) -> None:
        self._command, self._starts_s = command, starts_s
        self._worker: _Worker | None = None
        self._alive: set[_Worker] = set()
        self._closed = False
        self._turn = asyncio.Lock()
        self._waiting = 0
        self._asked: set[asyncio.Task[Proof | None]] = set()
        self.starts = self.kills = 0

    @property
    def pid(self) -> int | None:
        """Of the worker; None: there is none."""
        return self._worker.process.pid if self._worker else None

    async def prove(self, question: Question, until: float) -> Proof | None:
        """See ``Prover``. Who gives up waiting leaves the question to its time."""
        if self._closed or self._waiting >= MOST_WAITING:
            return None
        asked = asyncio.create_task(self._in_turn(question, until), name="prove")
        self._asked.add(asked)
        asked.add_done_callback(self._asked.discard)
        left = until - asyncio.get_running_loop().time()
        done, _ = await asyncio.wait({asked}, timeout=max(left, 0.0))
        return asked.result() if done and not asked.cancelled() else None

    async def aclose(self) -> None:
        """Ends the worker, whatever it does, and whatever is being done to it."""
        self._closed = True
        asked = tuple(self._asked)
        for question in asked:
            question.cancel()
        await asyncio.gather(*asked, return_exceptions=True)
        for worker in tuple(self._alive):
            await self._end(worker)
        self._worker = None

    async def _in_turn(self, question: Question, until: float) -> Proof | None:
        self._waiting += 1
        try:
            await self._turn.acquire()
        finally:
            self._waiting -= 1
        try:
            return await self._put(question, until)
        except (OSError, EOFError, ValueError, TimeoutError) as error:
            await self._kill(type(error).__name__)
            return None
        finally:
            self._turn.release()

    async def _put(self, question: Question, until: float) -> Proof | None:
        clock = asyncio.get_running_loop().time
        if until - clock() < LEAST_S + ANSWER_S:
            return None
        if self._worker is None:
            self._worker = await _Worker.started(self._command)
            self._alive.add(self._worker)
            self.starts += 1
        if not await self._worker.is_ready(until - clock()):
            if clock() > self._worker.begun + self._starts_s:
                raise TimeoutError
            return None  # it goes on starting
        seconds = until - clock() - ANSWER_S
        if seconds < LEAST_S:
            return None
        async with asyncio.timeout_at(until + GRACE_S):
            return await self._worker.answer(question_line(question, seconds))

    async def _kill(self, why: str) -> None:
        if self._worker is not None:
            lost, self._worker = self._worker, None
            await self._end(lost)
            self.kills += 1
            _log.warning("the proving process was ended", why=why, code=lost.process.returncode)

    async def _end(self, worker: _Worker) -> None:
        await worker.end()
        self._alive.discard(worker)


class _Worker:
    """A process started at ``begun`` (of the loop's clock), and its first line to come."""

    def __init__(self, process: Process) -> None:
        self.process, self.begun = process, asyncio.get_running_loop().time()
        self._ready = asyncio.create_task(self._read(), name="prover starts")

    @classmethod
    async def started(cls, command: Sequence[str]) -> _Worker:
        """Raises ``OSError`` when it cannot be started. No code runs between fork and exec."""
        return cls(
            await asyncio.create_subprocess_exec(
                *command,
                stdin=PIPE,
                stdout=PIPE,
                stderr=DEVNULL,
                cwd=Path(slotsvc.__file__).parent.parent,
                env=child_environment(),
                start_new_session=True,
            )
        )

    async def is_ready(self, seconds: float) -> bool:
        """Waits so long. Raises ``EOFError`` when it died, ``ValueError`` for a stranger."""
        done, _ = await asyncio.wait({self._ready}, timeout=seconds)
        if done and self._ready.result() != READY:
            raise ValueError("not a worker of ours")
        return bool(done)

    async def answer(self, question: bytes) -> Proof:
        """Raises ``EOFError`` or ``OSError`` when it died, ``ValueError`` for nonsense."""
        assert self.process.stdin is not None
        self.process.stdin.write(question)
        await self.process.stdin.drain()
        return answer_of(await self._read())

    async def end(self) -> None:
        """Kills it, and waits until it is gone."""
        self._ready.cancel()
        with contextlib.suppress(ProcessLookupError):
            self.process.kill()
        await self.process.wait()

    async def _read(self) -> bytes:
        assert self.process.stdout is not None
        line = await self.process.stdout.readline()
        if not line:
            raise EOFError("the worker died")
        return line
