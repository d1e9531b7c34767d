"""Machine code that is kept on disk: a help, never a condition."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
import sys
sys.path[:0] = sys.argv[1:]
import little
print(little.add(2, 3), sum(little.add.stats.cache_hits.values()))
"""
LITTLE = """
from slotsvc.solver.compiled import compiled

@compiled
def add(one: int, other: int) -> int:
    return one + other
"""


def answer(directory: Path) -> str:
    """What a process says that keeps its machine code in ``directory``, and how often it was used:
    the sources stand where nothing can be written."""
    sources = directory / "sources"
    if not sources.exists():
        package = Path(__file__).parents[2] / "slotsvc"
        (sources / "slotsvc" / "solver").mkdir(parents=True)
        for name in ("__init__.py", "solver/compiled.py"):
            (sources / "slotsvc" / name).write_bytes((package / name).read_bytes())
        (sources / "slotsvc" / "solver" / "__pycache__").touch()  # a file: nothing is kept there
        (sources / "little.py").write_text(LITTLE)
    environment = {"PATH": os.environ["PATH"], "HOME": str(directory)}
    command = [sys.executable, "-c", PROGRAM, str(sources)]
    done = subprocess.run(
        command, capture_output=True, text=True, env=environment, cwd=directory, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.mark.parametrize("ending", [".nbi", ".nbc"])
def test_damaged_machine_code_is_made_anew(tmp_path: Path, ending: str) -> None:
    """Cut short or empty: the answer is right, and the next start finds it whole."""
    assert answer(tmp_path) == "5 0"
    assert answer(tmp_path) == "5 1"
    (kept,) = (tmp_path / ".cache").rglob(f"*{ending}")
    for left in (kept.read_bytes()[:60], b""):
        kept.write_bytes(left)
        assert answer(tmp_path) == "5 0"
        assert answer(tmp_path) == "5 1"


def test_nothing_need_be_writable(tmp_path: Path) -> None:
    """Without a place for it the code is compiled at each start."""
    (tmp_path / ".cache").touch()
    assert answer(tmp_path) == answer(tmp_path)
