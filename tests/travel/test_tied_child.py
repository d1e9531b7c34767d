from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from slotsvc.travel.tied_child import spawn_tied, stop_child

SLEEPER = [sys.executable, "-c", "import os, time; print(os.getpid(), flush=True); time.sleep(600)"]
STUBBORN = [
    sys.executable,
    "-c",
    "import os, signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); "
    "print(os.getpid(), flush=True); time.sleep(600)",
]
PARENT = """
import subprocess, sys, time
from slotsvc.travel.tied_child import spawn_tied
child = spawn_tied(sys.argv[2:], stdout=subprocess.PIPE, kernel_tie=sys.argv[1] == "kernel")
print(child.stdout.readline().decode(), flush=True)
time.sleep(600)
"""
TIES = pytest.mark.parametrize("kernel_tie", [sys.platform == "linux", False])


def gone(pid: int) -> bool:
    state = subprocess.run(
        ["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False
    ).stdout.strip()
    return not state or state.startswith("Z")


def wait_until_gone(pid: int, seconds: float = 5.0) -> bool:
    give_up = time.monotonic() + seconds
    while not gone(pid) and time.monotonic() < give_up:
        time.sleep(0.02)
    return gone(pid)


@TIES
def test_a_child_dies_with_a_killed_parent(kernel_tie: bool) -> None:
    """With the kernel's tie and with the watching process: kill -9 the parent, it is gone."""
    mode = "kernel" if kernel_tie else "watch"
    command = [sys.executable, "-c", PARENT, mode, *SLEEPER]
    root = Path(__file__).parents[2]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=root) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        assert not gone(pid)
        parent.send_signal(signal.SIGKILL)
        parent.wait()
        assert wait_until_gone(pid)


@TIES
@pytest.mark.parametrize("program", [SLEEPER, STUBBORN], ids=["polite", "stubborn"])
def test_a_child_can_be_stopped(kernel_tie: bool, program: list[str]) -> None:
    """SIGTERM ends it; one that ignores SIGTERM is killed after the grace."""
    child = spawn_tied(program, stdout=subprocess.PIPE, kernel_tie=kernel_tie)
    assert child.stdout is not None
    with child.stdout:
        pid = int(child.stdout.readline())
    stop_child(child, grace_s=0.3)
    assert wait_until_gone(pid)


def test_a_child_whose_parent_is_already_gone_does_not_run() -> None:
    """The shim compares its parent with the one it was told: a stranger's child must not start."""
    shim = Path(sys.modules["slotsvc.travel.tied_child"].__file__ or "").with_name(
        "die_with_parent.py"
    )
    command = [sys.executable, "-I", "-S", str(shim), "exec", "1", sys.executable, "-c", "print(1)"]
    ended = subprocess.run(command, capture_output=True, check=False)
    assert ended.returncode == 3
    assert ended.stdout == b""
