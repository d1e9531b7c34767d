"""``python -m benchmarks.torture_days``: random days against brute force and CP-SAT, a long dose.

Four doses, one line each; ``--times N`` makes all of them N times as large, ``--seed`` chooses
other days. What is wrong is made small and printed. Needs the developers' packages and ``tests/``.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from collections.abc import Callable

from slotsvc.solver.cell import NEVER
from slotsvc.solver.exact import best_order
from tests.solver.compiled_brute import cheapest
from tests.solver.cp_sat_day import best_by_cp_sat
from tests.solver.proven import assert_proven
from tests.solver.raw_cells import WEIGHTS, a_cell, a_long_day, in_plain_words
from tests.solver.volume import FAMILIES, LONG_FAMILIES, made, number, proven, smallest

BUDGET = 10_000_000
EFFORT = 30.0
"""Of CP-SAT for one day, about as many seconds. What it has not proven by then says nothing."""

type Seen = Counter[str]


def main() -> int:
    """0: nothing was wrong."""
    chosen = _arguments().parse_args()
    doses: dict[str, Callable[[int, int], Seen]] = {
        "questions": _questions,
        "long questions": _long_questions,
        "cells": _cells,
        "CP-SAT": _long_days,
    }
    wrong = 0
    for name, dose in doses.items():
        if not chosen.only or name in chosen.only:
            begun = time.monotonic()
            seen = dose(chosen.seed, chosen.times)
            wrong += seen["wrong"]
            print(f"{name}: {_words(seen)}, {time.monotonic() - begun:.0f} s", flush=True)
    return 1 if wrong else 0


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.torture_days")
    parser.add_argument("--times", type=int, default=1)
    parser.add_argument("--seed", type=int, default=1, help="0 is what `make test` looks at")
    parser.add_argument("--only", nargs="*", default=[])
    return parser


def _words(seen: Seen) -> str:
    return ", ".join(f"{count} {what}" for what, count in ({"wrong": 0} | seen).items())


def _questions(seed: int, times: int) -> Seen:
    """About 25,000 days of up to six stops, the checker looking at every offer."""
    return _families(list(FAMILIES), seed, 1_000 * times)


def _long_questions(seed: int, times: int) -> Seen:
    """Days of up to eight stops."""
    return _families(list(LONG_FAMILIES), seed, 400 * times)


def _families(names: list[str], seed: int, each: int) -> Seen:
    seen: Seen = Counter()
    for name in names:
        for n in range(seed * 1_000_000, seed * 1_000_000 + each):
            try:
                seen += proven(name, range(n, n + 1), referee=True)
            except AssertionError as error:
                seen["wrong"] += 1
                print(f"wrong: question {n} of {name!r}: {error}\n  small: {_small(name, n)!r}")
    return seen


def _small(name: str, n: int) -> bytes:
    """The question's bytes, as many zeros as it still fails with."""
    return smallest(number(name, n).seed, lambda seed: _fails(name, seed))


def _fails(name: str, seed: bytes) -> bool:
    try:
        assert_proven(made(name, seed))
    except AssertionError:
        return True
    except Exception:  # bytes that make no question
        return False
    return False


def _cells(seed: int, times: int) -> Seen:
    """Single cells of up to eight visits against brute force."""
    seen: Seen = Counter()
    for n in range(seed * 1_000_000, seed * 1_000_000 + 20_000 * times):
        cell, weights = a_cell(n, 8), WEIGHTS[n % len(WEIGHTS)]
        known = cheapest(in_plain_words(cell), weights)
        found = best_order(cell, NEVER - 1, weights, BUDGET)
        truth = NEVER if known is None else known.cost
        seen.update(cells=1, feasible=known is not None, unfinished=not found.finished)
        if found.floor > truth or truth > found.cost or (found.finished and found.cost != truth):
            seen["wrong"] += 1
            print(f"wrong: cell {n}: {found}, in truth {known}")
    return seen


def _long_days(seed: int, times: int) -> Seen:
    """Days of ten to fourteen visits, until 200 are proven by CP-SAT."""
    seen: Seen = Counter()
    n = seed * 1_000_000
    while seen["proven"] < 200 * times:
        cell, weights = a_long_day(n), WEIGHTS[n % 4]
        true = best_by_cp_sat(in_plain_words(cell), weights, EFFORT)
        found = best_order(cell, NEVER - 1, weights, BUDGET)
        truth = NEVER if true.cost is None else true.cost
        seen.update(days=1, proven=true.proven, unfinished=not found.finished)
        seen.update(infeasible=true.proven and true.cost is None)
        same = found.cost == truth if found.finished else found.floor <= truth <= found.cost
        if not (same if true.proven else true.cost is None or found.floor <= truth):
            seen["wrong"] += 1
            print(f"wrong: long day {n}: {found}, in truth {true}")
        n += 1
    return seen


if __name__ == "__main__":
    sys.exit(main())
