"""``python -m benchmarks.torture --minutes 10``: doses of torture until the time is over.

Each round prints its seed; ``--seed N`` repeats it (timing, and with it the interleaving, differs).
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks.torture.run import Dose, Report, torture


def main() -> int:
    """0: nothing was ever wrong."""
    chosen = _arguments().parse_args()
    dose = Dose(chosen.bookings, chosen.clients, chosen.kills, chosen.seed, chosen.map)
    give_up = time.monotonic() + 60 * chosen.minutes
    rounds: list[dict[str, Any]] = []
    while not rounds or (time.monotonic() < give_up and not rounds[-1]["wrong"]):
        with tempfile.TemporaryDirectory(prefix="slotsvc-torture-") as data_dir:
            report = asyncio.run(torture(dose, Path(data_dir)))
        rounds.append({"seed": dose.seed, **_figures(report)})
        if not chosen.json:
            print(_line(rounds[-1]), flush=True)
        dose = replace(dose, seed=dose.seed + 1)
    if chosen.json:
        print(json.dumps(_total(rounds), indent=2))
    return 1 if rounds[-1]["wrong"] else 0


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.torture")
    parser.add_argument("--minutes", type=float, default=0.0, help="rounds begin until then")
    parser.add_argument("--bookings", type=int, default=300, help="in each round")
    parser.add_argument("--clients", type=int, default=16)
    parser.add_argument("--kills", type=int, default=10, help="in each round")
    parser.add_argument("--seed", type=int, default=0, help="of the first round")
    parser.add_argument("--map", type=Path, help="a compiled map; else driving is estimated")
    parser.add_argument("--json", action="store_true")
    return parser


def _figures(report: Report) -> dict[str, Any]:
    return {
        "bookings": report.bookings,
        "answers": report.answers,
        "kills": report.kills,
        "repeated_calls": report.repeats,
        "slots_gone": report.slots_gone,
        "alternatives_taken": report.alternatives_taken,
        "booking_median_ms": round(statistics.median(report.booking_ms), 1),
        "restart_median_s": round(statistics.median(report.restart_s), 2),
        "seconds": round(report.seconds, 1),
        "wrong": report.wrong,
    }


def _total(rounds: list[dict[str, Any]]) -> dict[str, Any]:
    summed = ("bookings", "answers", "kills", "repeated_calls", "slots_gone")
    return {
        "rounds": rounds,
        **{name: sum(one[name] for one in rounds) for name in summed},
        "wrong": sum(len(one["wrong"]) for one in rounds),
    }


def _line(figures: dict[str, Any]) -> str:
    told = "  ".join(f"{name} {value}" for name, value in figures.items() if name != "wrong")
    return "\n  WRONG: ".join([told, *figures["wrong"]])


if __name__ == "__main__":
    sys.exit(main())
