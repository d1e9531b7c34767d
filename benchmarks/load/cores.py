"""How much of the machine the service and the generator take, and each on cores of its own.

Both share a machine, so less gets done than either could do: a share of the peak says something of
the service only where its event loop, or all of its threads together (one interpreter), are full.
"""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.load.arrivals import Outcomes
from benchmarks.load.overload import Run


def watched(run: Run, pids: Sequence[int]) -> Run:
    """``run``, and its outcomes say how many cores the service's processes took meanwhile, and how
    much processor time each thing that was done."""

    async def measured(rate: float, seconds: float, seed: int) -> Outcomes:
        begun, before = time.monotonic(), _spent(pids)
        outcomes = await run(rate, seconds, seed)
        lasted, done = time.monotonic() - begun, len(outcomes.ok_ms)
        spent = {name: until - before[name] for name, until in _spent(pids).items()}
        outcomes.cores = {name: round(s / lasted, 2) for name, s in spent.items()}
        if done:
            outcomes.cpu_ms = {name: round(1000 * s / done, 1) for name, s in spent.items()}
        return outcomes

    return measured


def set_apart(pids: Sequence[int]) -> None:
    """The service on the first core of this process, this process on the others. Linux only;
    raises ``RuntimeError`` where there is one core."""
    first, *others = sorted(os.sched_getaffinity(0))
    if not others:
        raise RuntimeError("the service and the generator need a core each")
    for thread in (thread for pid in pids for thread in _threads(pid)):
        os.sched_setaffinity(int(thread.name), {first})
    for thread in _threads(os.getpid()):
        os.sched_setaffinity(int(thread.name), others)


def _spent(pids: Sequence[int]) -> dict[str, float]:
    """Seconds of processor time until now."""
    return {
        "service": sum(_seconds(thread) for pid in pids for thread in _threads(pid)),
        "service_event_loop": sum(_seconds(Path(f"/proc/{pid}/task/{pid}")) for pid in pids),
        "generator": time.process_time(),
    }


def _threads(pid: int) -> list[Path]:
    return list(Path(f"/proc/{pid}/task").iterdir())


def _seconds(thread: Path) -> float:
    try:
        return int((thread / "schedstat").read_text().split()[0]) / 1e9
    except FileNotFoundError:  # it has just ended
        return 0.0
