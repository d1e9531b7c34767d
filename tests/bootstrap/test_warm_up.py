"""What is compiled before anybody waits for it."""

from __future__ import annotations

import json
import subprocess
import sys

from tests.solver.golden_cases import CASES

PROGRAM = """
import gc, json
from numba.core.registry import CPUDispatcher
from slotsvc.bootstrap.loading import loaded
from tests.solver.golden_cases import CASES, answer_of, read

def versions():
    found = (o for o in gc.get_objects() if isinstance(o, CPUDispatcher))
    return {f.py_func.__qualname__: len(f.signatures) for f in found if f.signatures}

loaded()
before = versions()
answers = [len(answer_of(read(name)).offers) for name in CASES]
print(json.dumps({"before": before, "after": versions(), "answers": answers}))
"""


def test_no_search_waits_for_the_compiler() -> None:
    """After the warm-up there is nothing left to compile for searches of every kind."""
    ended = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True
    )
    told = json.loads(ended.stdout.splitlines()[-1])

    assert len(told["answers"]) == len(CASES)
    assert told["before"]
    assert told["after"] == told["before"]
