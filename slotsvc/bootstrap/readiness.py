"""What the service depends on, and what each failure means."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from slotsvc.bootstrap.stores import OpenStore
from slotsvc.server.metrics import Metrics
from slotsvc.server.readiness import FINE, Dependency, Finding, ReadinessChecks, State

LONG_LOG = 64 * 1024 * 1024
LITTLE_ROOM = 64 * 1024 * 1024

_MB = 1024 * 1024


def readiness_checks(
    store: OpenStore,
    database: Path | None,
    words: Mapping[str, Callable[[], str]],
    *,
    long_log: int = LONG_LOG,
    little_room: int = LITTLE_ROOM,
) -> ReadinessChecks:
    """The checks behind ``/readyz``. ``database``: the SQLite file; None: the database is
    elsewhere, and so is its disk. ``words``: of what else the service uses; anything but "ok" is
    degraded.

    ``long_log``, ``little_room``: bytes of write-ahead log, and of free disk, at which the service
    counts as degraded.
    """

    async def answers() -> Finding:
        await store.answers()
        return FINE

    async def disk(file: Path) -> Finding:
        log, room = wal_bytes(file), free_bytes(file)
        if room < little_room:
            return Finding(State.DEGRADED, f"{room // _MB} MiB left on the disk of the database")
        if log > long_log:
            return Finding(State.DEGRADED, f"a write-ahead log of {log // _MB} MiB: a long reader")
        return FINE

    dependencies = {"database": Dependency(answers, State.BROKEN)}
    if database is not None:
        dependencies["disk"] = Dependency(partial(disk, database), State.DEGRADED)
    for name, word in words.items():
        dependencies[name] = Dependency(partial(_told, word), State.DEGRADED)
    return ReadinessChecks(dependencies)


async def _told(word: Callable[[], str]) -> Finding:
    said = word()
    return FINE if said == FINE.text else Finding(State.DEGRADED, said)


def measure_disk(metrics: Metrics, database: Path) -> None:
    """From now on there are two gauges, which say how it is when they are read."""
    metrics.measure_disk(partial(wal_bytes, database), partial(free_bytes, database))


def wal_bytes(database: Path) -> int:
    """Of the log beside a SQLite file; 0 where there is none."""
    try:
        return os.stat(database.with_name(database.name + "-wal")).st_size
    except FileNotFoundError:
        return 0


def free_bytes(database: Path) -> int:
    """That this user may still fill; 0 where the directory is gone."""
    try:
        return shutil.disk_usage(database.parent).free
    except OSError:
        return 0
