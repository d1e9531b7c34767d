"""Processor time of the service beside what it did: what limits it where the cores are shared."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")


class ProcessorTime:
    """From now on, of processes by id, all their threads, and of this one."""

    def __init__(self, pids: Sequence[int]) -> None:
        self._pids = pids
        self._service, self._own = self._used(), time.process_time()

    def figures(self, done: int) -> dict[str, float]:
        """Milliseconds for each of the ``done``; empty when nothing was done."""
        if not done:
            return {}
        service, own = self._used() - self._service, time.process_time() - self._own
        return {
            "service_cpu_ms": round(1000 * service / done, 1),
            "generator_cpu_ms": round(1000 * own / done, 1),
        }

    def _used(self) -> float:
        return sum(used_s(pid) for pid in self._pids)


def used_s(pid: int) -> float:
    """Seconds that a process has had of a processor, in user mode and in the kernel."""
    # the name in parentheses may hold anything
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS
