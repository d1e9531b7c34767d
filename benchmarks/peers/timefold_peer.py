"""Timefold (Apache-2.0), Python build: asked slot by slot, through ``timefold_worker``."""

from __future__ import annotations

import json
import subprocess
import time
from pathlib import Path

from benchmarks.peers.days import Cell, Day

HERE = Path(__file__).resolve().parent


class Timefold:
    """``python``: an interpreter that has the ``timefold`` package. It keeps its JVM between
    slots, so only the first one pays for the start. Its compiler and collector have threads of
    their own, so its time is the wall clock's."""

    name = "Timefold, by slot, order kept"
    takes_pauses = True
    clock = staticmethod(time.perf_counter)

    def __init__(self, python: Path) -> None:
        self._worker = subprocess.Popen(
            [str(python), str(HERE / "timefold_worker.py")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def least_added(self, cells: list[Cell]) -> int | None:
        slot = {
            "without": sum(cell.without for cell in cells),
            "days": [
                {
                    "travel": cell.day.travel.ravel().tolist(),
                    "opens": cell.day.opens,
                    "closes": cell.day.closes,
                    "service": cell.day.service,
                    "end": cell.day.end,
                    "lunch": _lunch(cell.day),
                }
                for cell in cells
            ],
        }
        assert self._worker.stdin is not None
        assert self._worker.stdout is not None
        self._worker.stdin.write(json.dumps(slot) + "\n")
        self._worker.stdin.flush()
        answer = self._worker.stdout.readline()
        if not answer:
            raise SystemExit(f"Timefold's process ended with {self._worker.wait()}")
        added: int | None = json.loads(answer)
        return added


def _lunch(day: Day) -> tuple[int, int, int]:
    """Its one pause: first and last begin, seconds."""
    if not day.pauses:
        return 0, 0, 0
    (pause,) = day.pauses
    return pause.opens, pause.closes, pause.duration
