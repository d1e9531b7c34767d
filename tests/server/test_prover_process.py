"""The proving process: answers, and is killed, dies and overruns without anybody waiting for it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest

from slotsvc.scheduling.prover_port import Question
from slotsvc.server.proof_worker import answer_of
from slotsvc.server.prover_process import GRACE_S, MOST_WAITING, ProverProcess
from slotsvc.solver.cell import NEVER
from slotsvc.solver.depth_first import depth_first
from slotsvc.solver.ending import price
from tests.solver.ordered_cells import ANY, WEIGHTS, a_free_day

STARTS_S = 60.0
"""More than a worker ever needs to start."""
EASY = Question(a_free_day(7, 1, 1), ANY, WEIGHTS[0])
ENDLESS = Question(a_free_day(50, 1), ANY, (100, 2000, 50))
READY = "import sys, time; print('ready', flush=True); "


@pytest.fixture
async def prover() -> AsyncIterator[ProverProcess]:
    found = ProverProcess()
    yield found
    await found.aclose()


def in_seconds(seconds: float) -> float:
    return asyncio.get_running_loop().time() + seconds


def a_program(code: str) -> tuple[str, ...]:
    return sys.executable, "-c", code


async def gone(pid: int, within: float = 10.0) -> bool:
    """Whether the process ends; a zombie has ended."""
    until = time.monotonic() + within
    while time.monotonic() < until:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0]
        except OSError:
            return True
        if state == "Z":
            return True
        await asyncio.sleep(0.02)
    return False


async def test_a_proof_is_the_best_order(prover: ProverProcess) -> None:
    """What the search inside finds too, with the same floor; the worker serves the next as well."""
    cell, weights = EASY.cell, EASY.weights
    best = depth_first(cell, ANY, weights, 1 << 40).price.cost
    proof = await prover.prove(EASY, in_seconds(STARTS_S))
    assert proof is not None
    assert price(cell, weights, np.array(proof.order, np.int64)).cost == proof.floor == best

    below = Question(cell, best - 1, weights, proof.order)
    nothing = await prover.prove(below, in_seconds(STARTS_S))
    assert nothing is not None
    assert nothing.order == ()
    assert nothing.floor == NEVER
    assert (prover.starts, prover.kills) == (1, 0)


async def test_time_is_kept_and_told(prover: ProverProcess) -> None:
    """Fifty visits all day long: what is known in time is told, and the worker lives on."""
    assert await prover.prove(EASY, in_seconds(STARTS_S)) is not None
    begun = time.monotonic()
    proof = await prover.prove(ENDLESS, in_seconds(1.0))
    assert time.monotonic() - begun < 1.0 + GRACE_S
    if proof is not None and proof.order:
        cell, weights = ENDLESS.cell, ENDLESS.weights
        assert proof.floor < price(cell, weights, np.array(proof.order, np.int64)).cost
    assert await prover.prove(EASY, in_seconds(STARTS_S)) is not None


@pytest.mark.parametrize(
    "code",
    [
        READY + "time.sleep(600)",
        READY + "sys.stdin.readline(); print('nonsense', flush=True); time.sleep(600)",
        READY + "sys.stdin.readline()",
        "print('a stranger', flush=True); import time; time.sleep(600)",
        "raise SystemExit(3)",
    ],
    ids=["ignores its limit", "answers nonsense", "dies asked", "is a stranger", "dies at once"],
)
async def test_a_worker_that_fails_is_ended(code: str) -> None:
    """Nobody waits longer than asked; the process is gone, and another is started next time."""
    prover = ProverProcess(a_program(code))
    for _ in range(2):
        begun = time.monotonic()
        assert await prover.prove(EASY, in_seconds(0.4)) is None
        assert time.monotonic() - begun < 0.4 + 0.3
        pid = prover.pid
        assert pid is None or await gone(pid)
    assert prover.kills >= 1
    assert prover.starts >= prover.kills
    await prover.aclose()


async def test_a_program_that_is_not_there() -> None:
    """Nothing is proven, nothing is raised."""
    prover = ProverProcess(("/no/such/program",))
    assert await prover.prove(EASY, in_seconds(1.0)) is None


async def test_starting_takes_longer_than_the_question_waits() -> None:
    """The worker goes on starting, for the next question."""
    code = "import time; time.sleep(0.5); " + READY
    code += "sys.stdin.readline(); print('[[2], 7]', flush=True); sys.stdin.readline()"
    prover = ProverProcess(a_program(code))
    assert await prover.prove(EASY, in_seconds(0.2)) is None
    assert await prover.prove(EASY, in_seconds(STARTS_S)) == ((2,), 7)
    assert (prover.starts, prover.kills) == (1, 0)
    await prover.aclose()


async def test_a_worker_that_never_gets_ready_is_ended() -> None:
    """It hangs: another one is started."""
    prover = ProverProcess(a_program("import time; time.sleep(60)"), starts_s=0.2)
    for _ in range(3):
        assert await prover.prove(EASY, in_seconds(0.25)) is None
    await prover.aclose()
    assert prover.kills >= 1


@pytest.mark.parametrize("text", ["null", "{}", "[1, 2]", "[[1], null]", "[[null], 1]", "3", "x"])
def test_nonsense_is_no_answer(text: str) -> None:
    """Whatever the line says."""
    with pytest.raises(ValueError, match=r"answer|Expecting"):
        answer_of(text.encode())


async def test_only_a_few_wait() -> None:
    """Who comes when too many wait already is told at once that there is no proof."""
    prover = ProverProcess(a_program(READY + "time.sleep(600)"))
    asked = [
        asyncio.create_task(prover.prove(EASY, in_seconds(5.0))) for _ in range(MOST_WAITING + 1)
    ]
    await asyncio.sleep(0.1)
    begun = time.monotonic()
    assert await prover.prove(EASY, in_seconds(5.0)) is None
    assert time.monotonic() - begun < 0.2
    for task in asked:
        task.cancel()
    await asyncio.gather(*asked, return_exceptions=True)
    await prover.aclose()


def running(marker: str) -> list[str]:
    """Processes that have the marker in their command; none that has ended."""
    found = []
    for directory in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if marker.encode() in (directory / "cmdline").read_bytes():
                found.append(directory.name)
    return found


@pytest.mark.parametrize("after", [0.0, 0.002, 0.02, 0.2, 0.45, 0.9])
async def test_nothing_is_left_whenever_it_is_closed(after: float) -> None:
    """While a worker starts, answers, or is being killed; and none is started any more."""
    marker = f"closed after {after} by {os.getpid()}"
    prover = ProverProcess((*a_program(READY + "time.sleep(600)"), marker))
    asked = [asyncio.create_task(prover.prove(EASY, in_seconds(0.4))) for _ in range(2)]
    await asyncio.sleep(after)
    await prover.aclose()

    assert running(marker) == []
    assert await prover.prove(EASY, in_seconds(1.0)) is None
    assert running(marker) == []
    await asyncio.gather(*asked)


OWNER = """
import asyncio, sys
from slotsvc.scheduling.prover_port import Question
from slotsvc.server.prover_process import ProverProcess
from tests.solver.ordered_cells import a_free_day

async def main():
    prover = ProverProcess()
    now = asyncio.get_running_loop().time()
    await prover.prove(Question(a_free_day(4, 1), 1 << 60, (1000, 250, 2000)), now + 60)
    endless = prover.prove(Question(a_free_day(50, 1), 1 << 60, (100, 2000, 50)), now + 600)
    task = asyncio.create_task(endless)
    await asyncio.sleep(1.0)
    print(prover.pid, flush=True)
    await task

asyncio.run(main())
"""


async def test_the_worker_dies_with_its_owner() -> None:
    """Killed by SIGKILL in the middle of a search, the owner leaves nothing behind."""
    root = Path(__file__).parents[2]
    owner = subprocess.Popen(
        [sys.executable, "-c", OWNER], stdout=subprocess.PIPE, cwd=root, text=True
    )
    assert owner.stdout is not None
    with owner.stdout:
        pid = int(await asyncio.to_thread(owner.stdout.readline))
        assert not await gone(pid, within=0.1)
        os.kill(owner.pid, signal.SIGKILL)
        owner.wait()
    assert await gone(pid)


async def test_nothing_is_left_after_closing(prover: ProverProcess) -> None:
    """Closing ends the worker in the middle of a search."""
    assert await prover.prove(EASY, in_seconds(STARTS_S)) is not None
    asked = asyncio.create_task(prover.prove(ENDLESS, in_seconds(60.0)))
    await asyncio.sleep(0.3)
    pid = prover.pid
    assert pid is not None
    await prover.aclose()
    assert await gone(pid)
    assert await asyncio.wait_for(_outcome(asked), 5.0) is None


async def _outcome(asked: asyncio.Task[object]) -> object:
    try:
        return await asked
    except asyncio.CancelledError:
        return None
