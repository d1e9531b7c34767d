"""The demo in a process of its own: engine and portal in one, real roads, 12 technicians with ten
days filled. For benchmarks, and for pictures of the pages."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_LINE = 1 << 24
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class DemoProcess:
    """A demo that answers. ``told``: the JSON object it printed. ``data_dir``: its databases."""

    told: dict[str, Any]
    data_dir: Path
    pid: int

    @property
    def address(self) -> str:
        """host:port of the engine."""
        return str(self.told["address"])

    @property
    def portal(self) -> dict[str, Any]:
        """The ways in: ``url``, ``clients`` with ``link``, ``letters``, ``administrator``."""
        found: dict[str, Any] = self.told["portal"]
        return found

    def cpu_seconds(self) -> float:
        """Spent so far, by the process itself: the road engine's are not among them."""
        stat = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(stat[11]) + int(stat[12])) / _TICKS


@asynccontextmanager
async def running_demo(data_dir: Path) -> AsyncIterator[DemoProcess]:
    """The demo while the block runs; its data goes to ``data_dir``."""
    arguments = ("--json", "--port", "0", "--portal-port", "0", "--keep-data", str(data_dir))
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "slotsvc.cli.main", "demo", *arguments),
        stdout=asyncio.subprocess.PIPE,
        cwd=Path(__file__).resolve().parent.parent,
        limit=_LINE,
    )
    assert process.stdout is not None
    try:
        yield DemoProcess(await _told(process.stdout), data_dir, process.pid)
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


async def _told(stdout: asyncio.StreamReader) -> dict[str, Any]:
    """The one JSON object that the demo prints when it is ready."""
    text = ""
    while line := await stdout.readline():
        text += line.decode()
        if line.rstrip() != b"}":
            continue
        found: dict[str, Any] = json.loads(text)
        return found
    raise SystemExit("the demo ended before it was ready")
