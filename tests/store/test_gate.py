"""The gate in front of the writer."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator

import pytest

from slotsvc.domain.errors import StoreBusyError
from slotsvc.store.gate import Gate


class Blocker:
    """Work that keeps the writer until it is let go."""

    def __init__(self) -> None:
        self.begun, self.let_go = threading.Event(), threading.Event()
        self.was_called_off: bool | None = None

    def __call__(self, called_off: Callable[[], bool]) -> str:
        self.begun.set()
        assert self.let_go.wait(10)
        self.was_called_off = called_off()
        return "done"


@pytest.fixture
def gate() -> Iterator[Gate]:
    gate = Gate("test-gate", limit=2, patience=0.2)
    yield gate
    gate.close()


async def begin(gate: Gate) -> tuple[Blocker, asyncio.Task[str]]:
    blocker = Blocker()
    task = asyncio.create_task(gate.run(blocker))
    await asyncio.to_thread(blocker.begun.wait, 10)
    return blocker, task


async def test_first_come_first_served(gate: Gate) -> None:
    """Work runs one at a time, in the order in which it came."""
    order: list[int] = []
    blocker, first = await begin(gate)
    rest = [asyncio.create_task(gate.run(lambda _, n=n: order.append(n))) for n in range(2)]
    await asyncio.sleep(0.01)
    blocker.let_go.set()
    await asyncio.gather(first, *rest)

    assert order == [0, 1]


async def test_who_waits_too_long_is_told(gate: Gate) -> None:
    """Patience is for the turn: work still waiting is taken out, work that runs is not cut."""
    blocker, running = await begin(gate)
    ran = threading.Event()
    with pytest.raises(StoreBusyError, match=r"0\.2 s"):
        await gate.run(lambda _: ran.set())

    blocker.let_go.set()
    assert await running == "done"
    await gate.run(lambda _: None)
    assert not ran.is_set()


async def test_a_full_queue_refuses_at_once(gate: Gate) -> None:
    """One more than the limit is told immediately; later there is room again."""
    blocker, running = await begin(gate)
    waiting = [asyncio.create_task(gate.run(lambda _: None)) for _ in range(2)]
    await asyncio.sleep(0.01)
    with pytest.raises(StoreBusyError, match="2 calls wait"):
        await gate.run(lambda _: None)

    blocker.let_go.set()
    await asyncio.gather(running, *waiting)
    await gate.run(lambda _: None)


async def test_running_work_learns_that_nobody_waits(gate: Gate) -> None:
    """The caller is released at once; the work sees that it was called off."""
    blocker, running = await begin(gate)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    blocker.let_go.set()
    await gate.run(lambda _: None)

    assert blocker.was_called_off is True


async def test_a_closed_gate_lets_nobody_in() -> None:
    """What was inside finishes, what comes later is told that the store is closed."""
    gate = Gate("test-gate", limit=2, patience=5)
    blocker, running = await begin(gate)
    closing = asyncio.create_task(asyncio.to_thread(gate.close))
    await asyncio.sleep(0.05)
    with pytest.raises(StoreBusyError, match="closed"):
        await gate.run(lambda _: None)
    blocker.let_go.set()

    assert await running == "done"
    await closing
