"""The whole service on virtual time: many seeds, each a day with other callers and other faults.

After every commit the booking machine's judgement, at the end the history of every caller, the
audit chain, and what a watcher was told. Longer doses: ``python -m benchmarks.simulate``.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.simulate import replay, run
from slotsvc.bootstrap.loading import loaded
from tests.scheduling.booking_world import scratch
from tests.simulation.faults import Fault
from tests.simulation.run import founded
from tests.simulation.virtual_time import compiled_once

SEEDS, PARTS, STEPS = 100, 5, 3


@pytest.fixture(scope="module")
def start() -> Iterator[Path]:
    """A company, and nothing booked."""
    loaded()
    with compiled_once(), scratch() as directory:
        yield founded(Path(directory))


@pytest.mark.timeout(300)  # a few seconds on a quiet machine
@pytest.mark.parametrize("part", range(PARTS))
def test_no_seed_breaks_an_invariant(start: Path, part: int) -> None:
    """A hundred seeds of about fifty calls; and the faults really struck."""
    struck: Counter[Fault] = Counter()
    commits = 0
    for seed in range(part, SEEDS, PARTS):
        report = run(seed, start, STEPS)
        assert not report.wrong, "\n".join([replay(seed, STEPS), *report.wrong])
        struck.update(report.faults)
        commits += report.commits
    assert commits > SEEDS // PARTS * 5
    assert len(struck) > len(Fault) // 2


def test_the_same_seed_gives_the_same_bytes(start: Path) -> None:
    """Twice here and once in another process whose sets are in another order."""
    seed = 129  # restarts, kills and lost answers
    here = run(seed, start, STEPS)
    assert here.fingerprint == run(seed, start, STEPS).fingerprint
    assert here.fingerprint != run(seed + 1, start, STEPS).fingerprint
    with scratch() as directory:
        trace = Path(directory) / "trace"
        command = replay(seed, STEPS).replace("FILE", str(trace)).split()[1:]
        elsewhere = {**os.environ, "PYTHONHASHSEED": "7"}
        told = subprocess.run(
            [sys.executable, *command], env=elsewhere, capture_output=True, text=True, check=True
        )
        assert trace.read_text() == "\n".join(here.trace)
    assert json.loads(told.stdout)["operations"] == here.operations
