"""``python -m benchmarks.torture --minutes 10``: doses of torture until the time is over.

By itself it is kill -9 on one SQLite file; with ``--engine postgresql`` it is two replicas on one
PostgreSQL, of which either, their links and the database are harmed in an order that the seed
chooses. Each round prints its seed; ``--seed N`` repeats it (timing, and with it the interleaving,
differs).
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

from benchmarks.torture.campaign import A_FEW, Plan, Toll, campaign
from benchmarks.torture.crowd import Size
from benchmarks.torture.run import Dose, Report, torture
from tests.postgres_fixtures import PostgresServer, started

type Round = Callable[[int, Path], dict[str, Any]]
"""Figures of one round, by its seed and a directory of its own."""


def main() -> int:
    """0: nothing was ever wrong."""
    chosen = _arguments().parse_args()
    give_up = time.monotonic() + 60 * chosen.minutes
    rounds: list[dict[str, Any]] = []
    with _round(chosen) as run:
        for seed in count(chosen.seed):
            with tempfile.TemporaryDirectory(prefix="slotsvc-torture-") as data_dir:
                try:
                    rounds.append({"seed": seed, **run(seed, Path(data_dir))})
                except BaseException as error:
                    error.add_note(f"seed {seed}")
                    raise
            if not chosen.json:
                print(_line(rounds[-1]), flush=True)
            if rounds[-1]["wrong"] or time.monotonic() > give_up:
                break
    if chosen.json:
        print(json.dumps(_total(rounds), indent=2))
    return 1 if rounds[-1]["wrong"] else 0


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.torture")
    parser.add_argument("--engine", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--database-url", help="a PostgreSQL to use; else one is started")
    parser.add_argument("--minutes", type=float, default=0.0, help="rounds begin until then")
    parser.add_argument("--bookings", type=int, default=300, help="in each round, on SQLite")
    parser.add_argument("--clients", type=int, default=16)
    parser.add_argument("--readers", type=int, default=6, help="who look at days, on PostgreSQL")
    parser.add_argument("--kills", type=int, default=10, help="in each round, on SQLite")
    parser.add_argument("--times", type=int, default=1, help="faults of a round on PostgreSQL")
    parser.add_argument("--seed", type=int, default=0, help="of the first round")
    parser.add_argument("--map", type=Path, help="a compiled map; else driving is estimated")
    parser.add_argument("--json", action="store_true")
    return parser


@contextmanager
def _round(chosen: argparse.Namespace) -> Iterator[Round]:
    if chosen.engine == "sqlite" and not chosen.database_url:
        yield lambda seed, where: _killed(chosen, seed, where)
    elif chosen.database_url:
        yield lambda seed, where: _harmed(chosen, seed, where, PostgresServer(chosen.database_url))
    else:
        with started(durable=True) as server:
            yield lambda seed, where: _harmed(chosen, seed, where, server)


def _killed(chosen: argparse.Namespace, seed: int, where: Path) -> dict[str, Any]:
    dose = Dose(chosen.bookings, chosen.clients, chosen.kills, seed, chosen.map)
    return _figures(asyncio.run(torture(dose, where)))


def _harmed(
    chosen: argparse.Namespace, seed: int, where: Path, server: PostgresServer
) -> dict[str, Any]:
    faults = {fault: chosen.times * times for fault, times in A_FEW.items()}
    plan = Plan(
        faults,
        seed,
        Size(clients=chosen.clients, readers=chosen.readers, crew=6 + 3 * chosen.times),
    )
    return figures_of(asyncio.run(campaign(plan, where, server)))


def figures_of(toll: Toll) -> dict[str, Any]:
    """For people and for machines."""
    return {
        "faults": toll.faults.total(),
        **{fault.name.lower(): times for fault, times in toll.faults.items()},
        "acknowledged": toll.acknowledged,
        "unknown": toll.unknown,
        "lost": toll.lost,
        "doubled": toll.doubled,
        "checked": toll.checked,
        "repeated_calls": toll.repeats,
        **{
            f"recovery_{fault.name.lower()}_s": {
                "median": round(statistics.median(seconds), 2),
                "longest": round(max(seconds), 2),
            }
            for fault, seconds in toll.recovery_s.items()
        },
        "seconds": round(toll.seconds, 1),
        "wrong": toll.wrong,
    }


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
    numbers = [name for name, value in rounds[0].items() if isinstance(value, int)]
    return {
        "rounds": rounds,
        **{name: sum(one[name] for one in rounds) for name in numbers if name != "seed"},
        "wrong": sum(len(one["wrong"]) for one in rounds),
    }


def _line(figures: dict[str, Any]) -> str:
    told = "  ".join(f"{name} {value}" for name, value in figures.items() if name != "wrong")
    return "\n  WRONG: ".join([told, *figures["wrong"]])


if __name__ == "__main__":
    sys.exit(main())
