"""``python -m benchmarks.mutants``: the solver broken in one way at a time; all must be noticed.

A test that cannot fail says nothing. Each mutant is one changed place in a copy of the repository;
it is killed when the proof's tests fail on it. First they must pass on the copy as it is. Code that
calls what was changed is compiled anew, so a mutant takes up to a minute. ``--only`` chooses by
number.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
COPIED = ("slotsvc", "tests", "benchmarks", "pyproject.toml")
SUITE = tuple(
    f"tests/solver/test_{name}.py" for name in ("cells_at_volume", "proof", "anytime", "oracle")
)
PATIENCE_S = 900.0


@dataclass(frozen=True)
class Mutant:
    """``old`` stands exactly once in ``file``, a module of the solver."""

    what: str
    file: str
    old: str
    new: str

    @property
    def path(self) -> Path:
        """Where it is, from the repository's root."""
        return Path("slotsvc", "solver", self.file)


MUTANTS = (
    Mutant(
        "a pause may not begin at the last second of its window",
        "recurrence.py", "if free > pauses[k, 1]:", "if free >= pauses[k, 1]:",
    ),
    Mutant(
        "nobody drives on while waiting for a pause",
        "recurrence.py",
        "arrival = max(arrival, pauses[k, 0]) + pauses[k, 2]",
        "arrival = max(arrival, pauses[k, 0] + leg) + pauses[k, 2]",
    ),
    Mutant(
        "service may not start at the last second of its window",
        "recurrence.py", "start if start <= closes else", "start if start < closes else",
    ),
    Mutant(
        "pauses inside pausable visits are forgotten after the first visit",
        "recurrence.py", "        if pausable:\n", "        if pausable and before > taken:\n",
    ),
    Mutant(
        "access is charged again at the same place",
        "instance.py", "place[:, None] == place[None, :], 0", "place[:, None] < 0, 0",
    ),
    Mutant(
        "an unpaid last drive takes time", "instance.py", "driving[:, END] = 0", "pass",
    ),
    Mutant(
        "driving is taken for a metric",
        "legs.py",
        "if here != node and direct > there + legs[OUT_TIME, node]:\n                return False",
        "if here != node and direct > there + legs[OUT_TIME, node]:\n                return True",
    ),
    Mutant(
        "that filling a gap can pay is forgotten, gap by gap",
        "floors.py", "own.cost - weights[1] * gaps[gap, t.SLACK]", "own.cost",
    ),
    Mutant(
        "that filling a gap can pay is forgotten, where orders are not known",
        "bound.py", " - weights[1] * max(longer, 0)", "",
    ),
    Mutant(
        "windows that force waiting after the visit are forgotten",
        "insertion.py", "max(spot.last - onward - spot.rest - to_come, 0)", "0",
    ),
    Mutant(
        "the limit on driving is not applied to searched orders",
        "ending.py", "if driven > cell.max_travel:", "if driven > cell.max_travel + INF:",
    ),
    Mutant(
        "the search drops what costs just its limit",
        "depth_first.py", "if least > cut or", "if least >= cut or",
    ),
    Mutant(
        "no visit is reached sooner by way of another",
        "outlook.py",
        "path = cell.legs.copy()\n    for via in range(FIRST_VISIT, size):",
        "path = cell.legs.copy()\n    for via in range(size, size):",
    ),
    Mutant(
        "dominance forgets what was driven",
        "label_layers.py",
        "return search.cell.max_travel >= INF or search.labels.travel[other] <= travel",
        "return True",
    ),
    Mutant(
        "dominance forgets what was spent",
        "label_layers.py",
        "if labels.behind[other] <= label.behind and _drove_less",
        "if _drove_less",
    ),
    Mutant(
        "a search that was not finished says it was",
        "exact.py", "floor >= found.price.cost, floor, labels", "True, floor, labels",
    ),
    Mutant(
        "the first orders found are taken for all",
        "orders.py",
        "            if count > most:\n                return count, False",
        "            if count > most:\n                return most, True",
    ),
    Mutant(
        "costs are added to today's order, not to the best",
        "floors.py", "if order == 0 or cost < best.cost[row]:", "if order == 0:",
    ),
    Mutant(
        "pruned against the best place of the list, not the last",
        "board.py", "tally[CUT] = listed[filled - 1]", "tally[CUT] = listed[0]",
    ),
    Mutant(
        "of equal costs the last technician's is kept",
        "board.py", "holder[slot, 0] < row or", "holder[slot, 0] > row or",
    ),
    Mutant(
        "one offer a day too many",
        "ranking.py", "if here < self.params.max_per_day", "if here <= self.params.max_per_day",
    ),
    Mutant(
        "what was skipped is called pruned",
        "ranking.py", "self.skipped + searched.skipped", "searched.skipped",
    ),
    Mutant(
        "pauses are forgotten before closing time",
        "cells.py", "            if pausable:\n", "            if pausable and not len(pauses):\n",
    ),
    Mutant(
        "a window that closes too late hides those behind it",
        "scan.py", "            if opens > latest:\n", "            if closes > latest:\n",
    ),
)  # fmt: skip


def main() -> int:
    """0: the tests pass, and every mutant is killed."""
    chosen = _arguments().parse_args()
    numbers = range(len(MUTANTS)) if chosen.only is None else chosen.only
    with tempfile.TemporaryDirectory(prefix="slotsvc-mutants-") as scratch:
        copy = Path(scratch)
        _copy(copy)
        if not _passes(copy):
            print("the tests do not pass on the repository as it is")
            return 1
        whole = _kept_in(copy)
        alive = [number for number in numbers if not _is_killed(number, copy, whole)]
    print(f"{len(alive)} alive of {len(numbers)}")
    return 1 if alive else 0


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.mutants")
    parser.add_argument("--only", type=int, nargs="+", help="numbers of mutants, from 0")
    return parser


def _copy(to: Path) -> None:
    # what is compiled there stays there, and what was compiled here is not taken for it
    ignored = shutil.ignore_patterns("__pycache__", ".*")
    for name in COPIED:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, to / name, ignore=ignored)
        else:
            shutil.copy(ROOT / name, to / name)


def mutated(source: str, mutant: Mutant) -> str:
    """The source with its one changed place. Raises ``ValueError`` where that is not one place."""
    if source.count(mutant.old) != 1:
        raise ValueError(f"{mutant.path}: {mutant.old!r} stands {source.count(mutant.old)} times")
    return source.replace(mutant.old, mutant.new)


def _is_killed(number: int, copy: Path, whole: Path) -> bool:
    """``whole``: where the machine code of the unchanged copy is kept."""
    mutant, begun = MUTANTS[number], time.monotonic()
    path = copy / mutant.path
    source, written = path.read_text(), path.stat()
    path.write_text(mutated(source, mutant))
    kept = _kept_in(copy)
    if kept != whole:
        _keep_what_is_unchanged(copy, path.stem, whole, kept)
    killed = not _passes(copy)
    path.write_text(source)
    # the compiler knows a source by when it was written
    os.utime(path, ns=(written.st_atime_ns, written.st_mtime_ns))
    verdict = "killed" if killed else "ALIVE "
    print(f"{number:2} {verdict} {time.monotonic() - begun:4.0f} s  {mutant.what}", flush=True)
    return killed


def _kept_in(copy: Path) -> Path:
    """Where the copy keeps its machine code: another place for every change of a source."""
    script = "from slotsvc.solver.compiled import KEPT_IN; print(KEPT_IN)"
    command = [sys.executable, "-c", script]
    return Path(subprocess.check_output(command, cwd=copy, text=True).strip())


def _keep_what_is_unchanged(copy: Path, module: str, whole: Path, kept: Path) -> None:
    """Takes over the machine code of all that does not call the module, however indirectly."""
    sources = {path.stem: path.read_text() for path in (copy / "slotsvc" / "solver").glob("*.py")}
    changed, found = {module}, {module}
    while found:
        names = "|".join(found)
        imports = re.compile(rf"slotsvc\.solver(\.({names}) import| import [\w, ]*\b({names})\b)")
        found = {name for name, source in sources.items() if imports.search(source)} - changed
        changed |= found
    shutil.copytree(whole, kept, dirs_exist_ok=True)
    for path in kept.rglob("*.nb?"):
        if path.name.split(".")[0] in changed:
            path.unlink()


def _passes(copy: Path) -> bool:
    """Whether the suite passes there; a search that has no end does not."""
    options = ["-x", "-q", "-p", "no:cacheprovider", f"--timeout={PATIENCE_S}"]
    command = [sys.executable, "-m", "pytest", *options, *SUITE]
    try:
        ended = subprocess.run(command, cwd=copy, timeout=PATIENCE_S, capture_output=True)
        return ended.returncode == 0
    except subprocess.TimeoutExpired:
        return False


if __name__ == "__main__":
    sys.exit(main())
