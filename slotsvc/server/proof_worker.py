"""The process that proves orders: a question a line on standard input, an answer a line on output.

A program, started as ``python -m slotsvc.server.proof_worker``. It ends when standard input does,
in the middle of a search too: whoever asked is gone, however it ended.
"""

from __future__ import annotations

import json
import os
import queue
import sys
import threading

import numpy as np

from slotsvc.scheduling.prover_port import Question
from slotsvc.solver.cell import Cell
from slotsvc.solver.day_model import Proof, prove

READY = b"ready\n"
"""The first line of the answers: the worker reads questions now."""


def question_line(question: Question, seconds: float) -> bytes:
    """A question as a line; ``seconds``: of searching."""
    cell = {
        name: part.tolist() if isinstance(part, np.ndarray) else part
        for name, part in question.cell._asdict().items()
    }
    asked = [cell, question.limit, question.weights, seconds, list(question.hint)]
    return json.dumps(asked).encode() + b"\n"


def answer_of(line: bytes) -> Proof:
    """Raises ``ValueError`` for anything but an answer."""
    match json.loads(line):
        case [[*order], int(floor)] if all(isinstance(node, int) for node in order):
            return Proof(tuple(order), floor)
    raise ValueError("not an answer")


def main() -> int:
    """Answers until standard input ends."""
    lines: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    threading.Thread(target=_read, args=(lines,), daemon=True).start()
    _import_solver()
    _tell(READY)
    while True:
        cell, limit, weights, seconds, hint = json.loads(lines.get())
        proof = prove(_cell(cell), limit, tuple(weights), seconds, hint)
        _tell(json.dumps([proof.order, proof.floor]).encode() + b"\n")


def _read(lines: queue.SimpleQueue[bytes]) -> None:
    for line in sys.stdin.buffer:
        lines.put(line)
    os._exit(0)  # whatever is being searched, nobody waits for it


def _import_solver() -> None:
    """Now, not with the first question: it takes a second or two."""
    from ortools.sat.python import cp_model

    assert cp_model


def _tell(line: bytes) -> None:
    sys.stdout.buffer.write(line)
    sys.stdout.buffer.flush()


def _cell(parts: dict[str, object]) -> Cell:
    flags = {"pausable": np.bool_}
    arrays = {
        name: np.array(part, flags.get(name, np.int32))
        for name, part in parts.items()
        if isinstance(part, list)
    }
    arrays["pauses"] = arrays["pauses"].reshape(-1, 3)
    return Cell(**{**parts, **arrays})  # type: ignore[arg-type]


if __name__ == "__main__":
    sys.exit(main())
