"""Machine code that is kept on disk: a help, never a condition."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from slotsvc.solver import compiled

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
    environment = {"PATH": os.environ["PATH"], "HOME": str(directory), "TMPDIR": str(directory)}
    command = [sys.executable, "-c", PROGRAM, str(sources)]
    done = subprocess.run(
        command, capture_output=True, text=True, env=environment, cwd=directory, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.mark.parametrize("ending", [".nbi", ".nbc"])
def test_damaged_machine_code_is_made_anew(tmp_path: Path, ending: str) -> None:
    """Cut short: the answer is right, and the next start finds it whole."""
    assert answer(tmp_path) == "5 0"
    (kept,) = (tmp_path / ".cache").rglob(f"*{ending}")
    kept.write_bytes(kept.read_bytes()[:60])
    assert answer(tmp_path) == "5 0"
    assert answer(tmp_path) == "5 1"


def test_without_a_home_it_is_kept_with_temporary_files(tmp_path: Path) -> None:
    """Where neither the sources' directory nor the user's can be written."""
    (tmp_path / ".cache").touch()
    assert answer(tmp_path) == "5 0"
    assert list(tmp_path.glob("slotsvc-compiled-*/*/*.nbc"))


def test_what_older_sources_left_goes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is used stays, and so does what is not ours."""
    for name in ("compiled-old", "compiled-now", "something"):
        (tmp_path / name).mkdir()
    monkeypatch.setattr(compiled, "_BESIDE", tmp_path)
    monkeypatch.setattr(compiled, "KEPT_IN", tmp_path / "compiled-now")
    compiled.forget_older()
    assert {path.name for path in tmp_path.iterdir()} == {"compiled-now", "something"}
