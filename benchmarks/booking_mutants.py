"""``python -m benchmarks.booking_mutants``: the booking core broken in one way at a time.

The solver has mutants of its own (``benchmarks.mutants``); these are of what keeps bookings apart:
locks, versions, keys, clocks, tenants. Each is a small change of a copy of its modules, held in
memory by a process of its own, in which an instrument then runs; the mutant is killed when the
instrument fails. First every instrument must pass on the code as it is. Ends with 1 when one
survives. ``--only`` chooses by number.

What can only be seen where several connections write at once (a deadlock, a clock that stood still
while a lock was waited for) is marked: on SQLite the rule itself is tested, PostgreSQL shows what
breaking it leads to.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PATIENCE_S = 900.0

INSTRUMENTS = {
    "simulation": ("benchmarks.simulate", "--seeds", "60", "--seed", "1000", "--steps", "4"),
    "model": ("pytest", "tests/scheduling/test_booking_machine.py"),
    "locks": ("pytest", "tests/store/test_lock_order.py"),
    "store": ("pytest", "tests/store/test_sqlite_store.py"),
    "judging": ("pytest", "tests/scheduling/test_placing.py"),
    "moving": ("pytest", "tests/scheduling/test_hand_moves.py"),
    "hours": ("pytest", "tests/domain/test_shifts.py"),
}
"""By name: the module that runs in the broken process, and what it is told."""
_PYTEST = ("-x", "-q", "-p", "no:cacheprovider")


@dataclass(frozen=True)
class Edit:
    """``old`` stands exactly once in ``file``, relative to the package."""

    file: str
    old: str
    new: str

    @property
    def path(self) -> Path:
        """Where the file is."""
        return ROOT / "slotsvc" / self.file

    @property
    def module(self) -> str:
        """Its name when imported."""
        return "slotsvc." + self.file.removesuffix(".py").replace("/", ".")


@dataclass(frozen=True)
class Mutant:
    """``instruments``: those that must kill it, each alone. ``on_postgres``: what it leads to only
    shows there."""

    what: str
    edits: tuple[Edit, ...]
    instruments: tuple[str, ...]
    on_postgres: bool = False


_ROUTES, _TAKING = "store/route_writes.py", "scheduling/put_on_route.py"
_CONFIRMING = "scheduling/book_visit.py"

MUTANTS = (
    Mutant(
        "a route is read where it should be locked, and keeps its version",
        (
            Edit(_ROUTES, "{FIRST_VERSION}, '", "{FIRST_VERSION} - 1, '"),
            Edit(_ROUTES, "SET version = route.version + 1 ", "SET version = route.version "),
            Edit(_ROUTES, '"RETURNING version"', '"RETURNING version + 1"'),
        ),
        ("simulation", "store"),
    ),
    Mutant(
        "what was read before the lock is taken for what stands after it",
        (Edit(_TAKING, "any(locked[k] != v + 1 for k, v in versions.items()) or", ""),),
        ("simulation",),
    ),
    Mutant(
        "the clock is read before the lock",
        (
            Edit(_ROUTES, "self._ask_with_now(*map(_bump, new))",
                 "self._ask_at_once(*map(_bump, new))"),
            Edit("store/turns.py", "            self._now = None  # what", "            # what"),
        ),
        ("simulation", "store"),
        on_postgres=True,
    ),
    Mutant(
        "the key is stored after the commit",
        (
            Edit(
                _TAKING,
                "return await desk.store.write("
                "once(mutation, work, beside=not taking.offer.work.id))",
                "told = await desk.store.write(work)\n"
                "            named = mutation.tenant, mutation.method, mutation.request_id\n"
                "            kept = (*named, mutation.request_hash, told)\n"
                "            await desk.store.write(lambda tx: tx.remember(*kept))\n"
                "            return told",
            ),
        ),
        ("simulation",),
    ),
    Mutant(
        "a hold that is over still takes its place",
        (
            Edit("domain/visit.py", "return self.expires is not None and now < self.expires",
                 "return self.expires is not None"),
        ),
        ("simulation", "store"),
    ),
    Mutant(
        "the event is written after the commit",
        (
            Edit(_CONFIRMING, "        _record_confirmed(tx, placement, old, versions, mutation)",
                 "        late[:] = [(placement, old, versions, mutation)]"),
            Edit(
                _CONFIRMING,
                "    return await desk.store.write(expected)\n\n\ndef _record_confirmed",
                "    late = []\n"
                "    told = await desk.store.write(expected)\n"
                "    for one in late:\n"
                "        await desk.store.write(lambda tx: _record_confirmed(tx, *one))\n"
                "    return told\n\n\ndef _record_confirmed",
            ),
        ),
        ("simulation",),
    ),
    Mutant(
        "a version grows by two",
        (Edit(_ROUTES, "SET version = route.version + 1 ", "SET version = route.version + 2 "),),
        ("simulation", "store"),
    ),
    Mutant(
        "locks are taken in the order in which routes were named",
        (Edit(_ROUTES, "wanted = sorted(set(keys))", "wanted = list(dict.fromkeys(keys))"),),
        ("locks",),
        on_postgres=True,
    ),
    Mutant(
        "driving takes no time for whoever judges a route",
        (
            Edit("scheduling/placing.py", "return driving(block, shift, order, end_last=True)",
                 "return driving(block, shift, order, end_last=True) * 0"),
        ),
        ("judging",),
    ),
    Mutant(
        "every day has 24 hours",
        (
            Edit(
                "domain/shifts.py",
                "start, end = instant(zone, day, interval.start), "
                "instant(zone, last_day, interval.end)",
                "start = instant(zone, day, interval.start)\n"
                "    wall = datetime.combine(last_day, interval.end)\n"
                "    end = start + (wall - datetime.combine(day, interval.start))",
            ),
        ),
        ("hours",),
    ),
    Mutant(
        "a visit is found whosever it is",
        (
            Edit("store/visit_reads.py",
                 '_VISITS = all_visits().where(VISIT.c.tenant == bindparam("tenant"))',
                 "_VISITS = all_visits().where(\n"
                 '    or_(VISIT.c.tenant == bindparam("tenant"), VISIT.c.tenant != "")\n)'),
        ),
        ("simulation",),
    ),
    Mutant(
        "a plan is written whatever became of the routes it was made for",
        (
            Edit(
                "scheduling/move_visit.py",
                "changed = any(locked[key] != version + 1 for key, version in versions.items())",
                "changed = False",
            ),
        ),
        ("moving",),
    ),
)  # fmt: skip


def main() -> int:
    """0: the instruments pass, and every mutant is killed by each of its own."""
    chosen = _arguments().parse_args()
    numbers = range(len(MUTANTS)) if chosen.only is None else chosen.only
    for name in sorted({i for number in numbers for i in MUTANTS[number].instruments}):
        if not chosen.trust and not _passes(name):
            print(f"{name} does not pass on the code as it is")
            return 1
    alive = [number for number in numbers if not _is_killed(number)]
    print(f"{len(alive)} alive of {len(numbers)}")
    return 1 if alive else 0


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.booking_mutants")
    parser.add_argument("--only", type=int, nargs="+", help="numbers of mutants, from 0")
    parser.add_argument(
        "--trust", action="store_true", help="instruments are known to pass on unbroken code"
    )
    return parser


def mutated(source: str, edits: Sequence[Edit]) -> str:
    """The source with its changed places. Raises ``ValueError`` where one is not one place."""
    for edit in edits:
        if source.count(edit.old) != 1:
            raise ValueError(f"{edit.file}: {edit.old!r} stands {source.count(edit.old)} times")
        source = source.replace(edit.old, edit.new)
    return source


def _is_killed(number: int) -> bool:
    mutant, killed = MUTANTS[number], True
    for name in mutant.instruments:
        begun = time.monotonic()
        survived = _passes(name, number)
        killed = killed and not survived
        verdict = "ALIVE " if survived else "killed"
        more = " (PostgreSQL shows more)" if mutant.on_postgres else ""
        took = f"{time.monotonic() - begun:4.0f} s"
        print(f"{number:2} {verdict} by {name:10} {took}  {mutant.what}{more}", flush=True)
    return killed


def _passes(name: str, number: int | None = None) -> bool:
    """Whether the instrument passes in a process with this mutant; None: with none. What has no
    end does not pass."""
    module, *told = INSTRUMENTS[name]
    told += _PYTEST if module == "pytest" else ()
    broken = [] if number is None else [str(number)]
    command = [sys.executable, "-m", "benchmarks.broken_process", ",".join(broken), module, *told]
    try:
        ended = subprocess.run(command, cwd=ROOT, timeout=PATIENCE_S, capture_output=True)
    except subprocess.TimeoutExpired:
        return False
    return ended.returncode == 0


if __name__ == "__main__":
    sys.exit(main())
