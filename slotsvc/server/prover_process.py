"""The proving process, kept by us: started when first needed, killed when it overruns its time."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import structlog

import slotsvc
from slotsvc.scheduling.prover_port import Question
from slotsvc.server.proof_worker import READY, answer_of, question_line
from slotsvc.solver.day_model import Proof

_log = structlog.get_logger(__name__)

WORKER = (sys.executable, "-m", "slotsvc.server.proof_worker")
MOST_WAITING = 4
"""Questions that wait for their turn; the next ones are not taken."""
LEAST_S = 0.02
"""Less time than this is not worth a question."""
ANSWER_S = 0.05
"""Of the time there is, kept for building the model and for the answer's way back."""
GRACE_S = 0.25
"""A worker that is later than this is killed."""

_KEPT_ENVIRONMENT = ("PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "LANG", "LC_ALL", "TMPDIR")


class ProverProcess:
    """One worker at a time; ``Prover``. It needs no secrets and gets none.

    A worker that dies is started again with the next question. ``starts`` and ``kills``: so far.
    """

    def __init__(self, command: Sequence[str] = WORKER) -> None:
        self._command = command
        self._worker: _Worker | None = None
        self._turn = asyncio.Lock()
        self._waiting = 0
        self.starts = self.kills = 0

    async def prove(self, question: Question, until: float) -> Proof | None:
        """See ``Prover``."""
        if self._waiting >= MOST_WAITING:
            return None
        try:
            async with asyncio.timeout_at(until), self._in_turn():
                worker = await self._ready()
        except TimeoutError:
            return None
        except WorkerLostError as error:
            self._lose(str(error))
            return None
        ...
