"""Start a program that dies with us, even when we are killed by SIGKILL."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

SHIM = Path(__file__).with_name("die_with_parent.py")

# The child needs no secrets: nothing of our environment but what finds and runs a program.
_KEPT_ENVIRONMENT = ("PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "LANG", "LC_ALL", "TMPDIR")


def spawn_tied(
    command: Sequence[str],
    *,
    stdout: int = subprocess.DEVNULL,
    stderr: int = subprocess.DEVNULL,
    kernel_tie: bool = sys.platform == "linux",
) -> subprocess.Popen[bytes]:
    """Start ``command`` so that it is killed when this process dies.

    With ``kernel_tie`` the kernel sees to it; the tie is to the calling *thread*, which must live
    as long as the child. Without it a small watching process does, through a pipe we hold open.
    No code runs between fork and exec (no ``preexec_fn``), so this is safe beside gRPC's threads.
    The child gets a session of its own: Ctrl-C reaches us, and we stop it in order.
    """
    mode = "exec" if kernel_tie else "watch"
    shim = [sys.executable, "-I", "-S", str(SHIM), mode, str(os.getpid())]
    return subprocess.Popen(
        [*shim, *command],
        stdin=subprocess.DEVNULL if kernel_tie else subprocess.PIPE,
        stdout=stdout,
        stderr=stderr,
        env=child_environment(),
        start_new_session=True,
    )


def child_environment() -> dict[str, str]:
    """What of our environment a child gets: nothing secret."""
    ours = os.environ  # noqa: TID251 (no settings are read: it is handed on)
    return {name: ours[name] for name in _KEPT_ENVIRONMENT if name in ours}


def require_main_thread() -> None:
    """Raise ``RuntimeError`` off the main thread, whose end alone is the end of the process."""
    if threading.current_thread() is not threading.main_thread():
        raise RuntimeError("start this child from the main thread: it dies with its thread")


def stop_child(child: subprocess.Popen[bytes], grace_s: float) -> None:
    """SIGTERM, then SIGKILL after ``grace_s`` seconds; returns when the child is reaped."""
    if child.poll() is None:
        child.terminate()
    try:
        child.wait(grace_s)
    except subprocess.TimeoutExpired:
        _kill(child)
    if child.stdin is not None:
        child.stdin.close()


def _kill(child: subprocess.Popen[bytes]) -> None:
    if child.stdin is not None:
        # Killing the watcher alone would orphan the program: let it do the killing.
        child.stdin.close()
    else:
        child.kill()
    child.wait()
