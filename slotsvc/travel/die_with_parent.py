"""Run a program that does not outlive the process that asked for it. A script, not an import.

Usage: ``python die_with_parent.py exec|watch PARENT_PID PROGRAM [ARG...]``, standard library only.

``exec`` (Linux): asks the kernel for SIGKILL when the parent dies (prctl(2), PR_SET_PDEATHSIG),
then becomes the program. The kernel ties the signal to the *thread* that started this process.

``watch`` (no prctl, e.g. macOS): stays between the two, kills the program when standard input,
a pipe the parent holds open, reaches its end or when it is told to terminate.
"""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import threading
from types import FrameType

PR_SET_PDEATHSIG = 1
PARENT_IS_GONE = 3


def die_with_parent(parent_pid: int) -> None:
    """Tie this process to ``parent_pid``; exits at once if that parent is already gone."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG) failed")
    # The parent may have died between fork and prctl: then nobody would send the signal.
    if os.getppid() != parent_pid:
        sys.exit(PARENT_IS_GONE)


def watch(command: list[str]) -> int:
    """Run ``command`` until it ends, standard input ends, or SIGTERM; returns its exit code."""
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL)

    def on_terminate(_signal: int, _frame: FrameType | None) -> None:
        child.terminate()

    def kill_when_parent_is_gone() -> None:
        while os.read(0, 4096):
            pass
        child.kill()

    signal.signal(signal.SIGTERM, on_terminate)
    threading.Thread(target=kill_when_parent_is_gone, daemon=True).start()
    return child.wait()


def main(arguments: list[str]) -> int:
    """Entry of the script; returns only in ``watch`` mode."""
    mode, parent_pid, *command = arguments
    if mode == "watch":
        return watch(command)
    die_with_parent(int(parent_pid))
    os.execv(command[0], command)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
