"""The service in a process of its own, to be killed."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from slotsvc.travel.osrm_process import free_port
from slotsvc.travel.tied_child import spawn_tied

PROGRAM = (sys.executable, "-m", "slotsvc.cli.main")
READY_S = 60.0
STOP_S = 20.0


class ServerProcess:
    """``slotsvc serve`` on one data directory and one port. Dies with this process too.

    ``compiled``: directory of a compiled map; None: driving is estimated. ``config``: a TOML file
    of further settings, since nothing of the environment is handed on. ``metrics``: served at
    ``metrics_address``, else that is "". ``program``: what is run instead of ``slotsvc``. Log lines
    go to ``server.log`` in the data directory. Start it from the main thread.
    """

    def __init__(
        self,
        data_dir: Path,
        compiled: Path | None = None,
        *,
        metrics: bool = False,
        config: Path | None = None,
        program: Sequence[str] = PROGRAM,
    ) -> None:
        self.data_dir = data_dir
        self.metrics_address = ""
        self.address = f"127.0.0.1:{free_port()}"
        self._more = ["--map", str(compiled)] if compiled else []
        self._more += ["--config", str(config)] if config else []
        self._program = program
        self._http = "127.0.0.1:0" if metrics else "off"
        self._child: subprocess.Popen[bytes] | None = None

    @property
    def log(self) -> Path:
        """What the server logged, of all its lives."""
        return self.data_dir / "server.log"

    def incidents(self) -> list[str]:
        """Log lines of errors, of all its lives."""
        with self.log.open() as lines:
            return [line for line in lines if '"level": "error"' in line]

    @property
    def pid(self) -> int:
        """Of the running server."""
        assert self._child is not None, "the server does not run"
        return self._child.pid

    async def start(self) -> float:
        """Starts and waits until it answers; gives the seconds that took.

        Raises ``RuntimeError`` when it ends instead.
        """
        begun = time.monotonic()
        serve = [
            "serve",
            "--auth",
            "off",
            "--address",
            self.address,
            "--http",
            self._http,
            "--json",
        ]
        command = [*self._program, *serve, "--data-dir", str(self.data_dir), *self._more]
        with self.log.open("ab") as log:
            self._child = spawn_tied(command, stdout=subprocess.PIPE, stderr=log.fileno())
        ready = await asyncio.wait_for(asyncio.to_thread(_first_object, self._child), READY_S)
        if not ready.get("ready"):
            raise RuntimeError(f"the server did not start: {ready} {self.log.read_text()[-2000:]}")
        self.metrics_address = str(ready["metrics_address"])
        return time.monotonic() - begun

    async def kill(self) -> None:
        """kill -9: nothing of it gets another instruction."""
        child = self._taken()
        child.kill()
        await asyncio.to_thread(child.wait)

    async def stop(self) -> int:
        """SIGTERM; the exit code. Does nothing when it does not run."""
        if self._child is None:
            return 0
        child = self._taken()
        child.terminate()
        return await asyncio.to_thread(child.wait, STOP_S)

    def road_engines(self) -> dict[int, int]:
        """The ``osrm-routed`` children of the running server: port by pid."""
        ours = (p for p in processes() if p.parent == self.pid and "osrm-routed" in p.words[0])
        return {p.pid: int(p.words[p.words.index("-p") + 1]) for p in ours}

    def _taken(self) -> subprocess.Popen[bytes]:
        assert self._child is not None, "the server does not run"
        child, self._child = self._child, None
        if child.stdout is not None:
            child.stdout.close()
        return child


@dataclass(frozen=True, slots=True)
class Process:
    """A process of this machine."""

    pid: int
    parent: int
    words: tuple[str, ...]


def processes() -> list[Process]:
    """All that run; those that only wait to be buried do not."""
    columns = ["ps", "-ww", "-A", "-o", "pid=,ppid=,stat=,args="]
    told = subprocess.run(columns, capture_output=True, text=True, check=True).stdout
    rows = (line.split() for line in told.splitlines())
    return [
        Process(int(pid), int(parent), tuple(words))
        for pid, parent, state, *words in rows
        if words and state[0] not in "ZX"
    ]


def _first_object(child: subprocess.Popen[bytes]) -> dict[str, object]:
    """The first JSON object on standard output; empty when the program ends before."""
    assert child.stdout is not None
    text = ""
    for line in child.stdout:
        text += line.decode()
        if line.startswith(b"}"):
            return dict(json.loads(text))
    return {}
