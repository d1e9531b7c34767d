"""A local ``osrm-routed`` that we start, watch, restart and stop."""

from __future__ import annotations

import asyncio
import http.client
import json
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import structlog

from slotsvc.scheduling.travel_port import TravelUnavailableError
from slotsvc.travel.osrm_wheel import osrm_program
from slotsvc.travel.tied_child import require_main_thread, spawn_tied, stop_child

_log = structlog.get_logger(__name__)

LOOPBACK = "127.0.0.1"
FIRST_BACKOFF_S = 0.1
LONGEST_BACKOFF_S = 10.0
HEALTHY_AFTER_S = 30.0
"""A child that lived this long starts its next backoff from the beginning."""


def free_port() -> int:
    """A TCP port of the loopback interface that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


class OsrmProcess:
    """One supervised ``osrm-routed`` on the loopback interface, on a port that never changes.

    ``roads``: base path of the compiled map (``…/roads.osrm``).
    ``map_id``: what the map says of itself in each reply (its data version); another answer means
    that somebody else listens there. None accepts any map.
    ``max_table_size``: largest table the engine accepts is this many places squared.

    The child's output is thrown away: the engine writes request addresses, which hold coordinates.
    """

    def __init__(
        self,
        roads: Path,
        *,
        map_id: str | None = None,
        threads: int = 2,
        max_table_size: int = 8000,
    ) -> None:
        self._roads = roads
        self._map_id = map_id
        self._port = free_port()
        self._options = ["-t", str(threads), "--max-table-size", str(max_table_size)]
        self._child: subprocess.Popen[bytes] | None = None
        self.restarts = 0

    @property
    def base_url(self) -> str:
        """Where the engine answers, without a trailing slash."""
        return f"http://{LOOPBACK}:{self._port}"

    @property
    def port(self) -> int:
        """The TCP port of ``base_url``."""
        return self._port

    @property
    def pid(self) -> int | None:
        """Process id of the running child; None when there is none."""
        return self._child.pid if self._child and self._child.poll() is None else None

    def start(self, timeout_s: float = 30.0) -> None:
        """Start the child and block until it answers.

        Raises ``RuntimeError`` off the main thread and ``TravelUnavailableError``, with what the
        engine said, when it does not answer in ``timeout_s`` seconds. Starting twice does nothing.
        """
        require_main_thread()
        self.start_for_this_thread(timeout_s)

    def start_for_this_thread(self, timeout_s: float = 30.0) -> None:
        """``start`` from any thread; the child dies when that thread ends. For measurements."""
        if self.pid is None:
            self._spawn()
            self._wait_until_ready(timeout_s)

    async def start_in_loop(self, timeout_s: float = 30.0) -> None:
        """``start`` without blocking the event loop, which must run on the main thread."""
        require_main_thread()
        if self.pid is None:
            self._spawn()
            await asyncio.to_thread(self._wait_until_ready, timeout_s)

    async def supervise(
        self, poll_s: float = 0.1, *, suspected: Callable[[], bool] = lambda: False
    ) -> None:
        """Restart the child whenever it ends, with growing pauses. Runs until cancelled.

        ``suspected``: whether its callers have got no answer for a while. Then it is asked once
        more, and one that is alive and does not answer is killed and started again too.
        """
        backoff_s = FIRST_BACKOFF_S
        while True:
            started = time.monotonic()
            while self.pid is not None and not (suspected() and await self._hangs()):
                await asyncio.sleep(poll_s)
            if time.monotonic() - started > HEALTHY_AFTER_S:
                backoff_s = FIRST_BACKOFF_S
            await asyncio.sleep(backoff_s)
            backoff_s = min(2 * backoff_s, LONGEST_BACKOFF_S)
            await self._restart()

    def stop(self, grace_s: float = 3.0) -> None:
        """Stop the child: SIGTERM, SIGKILL after ``grace_s``. Safe to call twice.

        Cancel ``supervise`` first, or it starts the child again.
        """
        if self._child is not None:
            stop_child(self._child, grace_s)
            self._child = None

    async def _hangs(self) -> bool:
        if await asyncio.to_thread(self._answers) or self.pid is None:
            return False
        _log.warning("the road engine hangs and is started again", pid=self.pid)
        return True

    async def _restart(self) -> None:
        self.stop(grace_s=0.0)  # one that is stopped hears no SIGTERM, and the loop must not wait
        self.restarts += 1
        try:
            await self.start_in_loop()
        except TravelUnavailableError:
            # Callers live on the estimate until a later attempt succeeds.
            self.stop()

    def _command(self, *more: str) -> list[str]:
        fixed = ["-a", "CH", "-l", "WARNING", "-i", LOOPBACK, "-p", str(self._port)]
        program = str(osrm_program("osrm-routed"))
        return [program, *fixed, *self._options, *more, str(self._roads)]

    def _spawn(self) -> None:
        self._child = spawn_tied(self._command())

    def _wait_until_ready(self, timeout_s: float) -> None:
        give_up = time.monotonic() + timeout_s
        while not self._answers():
            if self.pid is None or time.monotonic() > give_up:
                self.stop()
                raise TravelUnavailableError(f"osrm-routed did not start: {self._why()}")
            time.sleep(0.01)

    def _answers(self) -> bool:
        """Whether our map answers. The place asked about, 0,0, is nobody's; any road will do."""
        connection = http.client.HTTPConnection(LOOPBACK, self._port, timeout=1.0)
        try:
            connection.request("GET", "/nearest/v1/driving/0,0?generate_hints=false")
            reply = json.loads(connection.getresponse().read())
        except (OSError, ValueError, http.client.HTTPException):
            return False
        finally:
            connection.close()
        named = reply.get("data_version") if isinstance(reply, dict) else None
        return self.pid is not None and (self._map_id is None or named == self._map_id)

    def _why(self) -> str:
        """What the engine says when it only loads the map and ends: no request, no coordinates."""
        try:
            trial = subprocess.run(
                self._command("--trial=1"),
                capture_output=True,
                text=True,
                timeout=30.0,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            return type(error).__name__
        lines = (trial.stderr + trial.stdout).strip().splitlines()
        return lines[-1].rpartition("] ")[2] if lines and trial.returncode else "no answer in time"
