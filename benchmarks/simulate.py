"""``python -m benchmarks.simulate --seeds N``: the whole service on virtual time, under faults.

Each seed is another company day with other callers, other faults and another order of everything
that may happen in any order. The same seed gives the same run, byte for byte; a seed that fails
prints the command that repeats it. Ends with 1 when one failed.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import Counter
from pathlib import Path

from slotsvc.bootstrap.loading import loaded
from tests.scheduling.booking_world import scratch
from tests.simulation.run import Report, founded, simulate
from tests.simulation.virtual_time import compiled_once

STEPS = 6


def main() -> int:
    """0: no seed failed."""
    chosen = _arguments().parse_args()
    loaded()
    begun, failed, total = time.monotonic(), list[int](), Counter[str]()
    seeds = range(chosen.seed, chosen.seed + chosen.seeds)
    with compiled_once(), scratch() as directory:
        start = founded(Path(directory))
        for seed in seeds:
            report = run(seed, start, chosen.steps)
            _add(total, report)
            if report.wrong:
                failed.append(seed)
                _tell(report, chosen.steps)
            if chosen.trace:
                chosen.trace.write_text("\n".join(report.trace))
            if failed and not chosen.keep_on:
                break
    told = dict(sorted(total.items())) | {"seconds": round(time.monotonic() - begun, 1)}
    print(json.dumps({"failed": failed, **told}, indent=2 if chosen.json else None))
    return 1 if failed else 0


def run(seed: int, start: Path, steps: int) -> Report:
    """One seed on a copy of ``start``, in a directory of its own."""
    with scratch() as data_dir:
        return simulate(seed, start, Path(data_dir), steps)


def replay(seed: int, steps: int) -> str:
    """The command that repeats a seed."""
    return f"python -m benchmarks.simulate --seed {seed} --seeds 1 --steps {steps} --trace FILE"


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.simulate")
    parser.add_argument("--seeds", type=int, default=100, help="how many")
    parser.add_argument("--seed", type=int, default=0, help="the first")
    parser.add_argument("--steps", type=int, default=STEPS, help="of each caller")
    parser.add_argument("--keep-on", action="store_true", help="after a seed that failed, too")
    parser.add_argument("--trace", type=Path, help="file for what happened in the last seed")
    parser.add_argument("--json", action="store_true", help="the figures on many lines")
    return parser


def _add(total: Counter[str], report: Report) -> None:
    counts = {
        "seeds": 1,
        "calls": report.calls,
        "operations": report.operations,
        "commits": report.commits,
        "restarts": report.lives - 1,
    }
    total.update(counts)
    total.update({f"fault {fault.name}": count for fault, count in report.faults.items()})


def _tell(report: Report, steps: int) -> None:
    print(f"seed {report.seed} FAILED; repeat it with\n  {replay(report.seed, steps)}")
    for wrong in report.wrong:
        print(f"  {wrong}")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
