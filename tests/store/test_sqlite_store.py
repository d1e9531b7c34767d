"""The store on one SQLite file."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from pysqlite3 import dbapi2
from sqlalchemy import event as sqlalchemy_event
from sqlalchemy.exc import DBAPIError

from slotsvc.domain.errors import StoreBusyError
from slotsvc.scheduling.ports import Clock
from slotsvc.store.engine import sqlite_url
from slotsvc.store.errors import StoreLockedError
from slotsvc.store.migrate import upgrade
from slotsvc.store.sqlite_store import SqliteStore
from tests.chaos.small_disk import SmallDisk, small_disk
from tests.store.contract import StoreContract
from tests.store.samples import (
    ACME,
    ANA_MONDAY,
    BEN_MONDAY,
    FrozenClock,
    placed,
    put,
    set_up,
    visit,
)

ROOT = Path(__file__).resolve().parents[2]


@cache
def migrated() -> bytes:
    """A database with its tables and nothing in them; made once, since migrating takes a while."""
    with TemporaryDirectory() as where:
        path = Path(where) / "slotsvc.db"
        upgrade(sqlite_url(path))
        return path.read_bytes()


def new_store(where: Path, clock: Clock | None = None) -> SqliteStore:
    """A store with its tables in ``where``."""
    path = where / "slotsvc.db"
    path.write_bytes(migrated())
    return SqliteStore(path, clock)


class TestSqliteStore(StoreContract):
    """The contract, on a file."""

    def open(self, where: Path, clock: Clock | None) -> SqliteStore:
        return new_store(where, clock)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    store = new_store(tmp_path, FrozenClock())
    yield store
    store.close()


async def test_the_clock_is_the_databases(tmp_path: Path) -> None:
    """Without a clock handed in, SQLite's own decides, in whole seconds, for a transaction."""
    store = new_store(tmp_path)
    first, second = await store.write(lambda tx: (tx.now(), tx.now()))
    driver = dbapi2.connect(":memory:")
    (epoch,) = driver.execute("SELECT unixepoch()").fetchone()
    driver.close()
    store.close()

    assert first == second
    assert 0 <= epoch - first.timestamp() < 60


async def test_a_second_store_on_the_file_is_refused(store: SqliteStore, tmp_path: Path) -> None:
    """Only one process has the file, and it goes on working; closed, the next one may have it."""
    with pytest.raises(StoreLockedError):
        SqliteStore(tmp_path / "slotsvc.db")

    await store.write(lambda tx: tx.create("acme", ACME))
    store.close()
    again = SqliteStore(tmp_path / "slotsvc.db")
    assert await again.read(lambda tx: tx.tenant("acme")) == ACME
    again.close()


async def test_closing_folds_the_log_into_the_file(store: SqliteStore, tmp_path: Path) -> None:
    """After a clean end nothing is left beside the database but the empty lock."""
    await store.write(set_up)
    store.close()

    assert sorted(path.name for path in tmp_path.iterdir()) == ["slotsvc.db", "slotsvc.db.lock"]


async def test_a_commit_that_has_begun_completes(store: SqliteStore) -> None:
    """Called off during the commit, the mutation stands, and the store goes on."""
    await store.write(set_up)
    committing, go_on = threading.Event(), threading.Event()

    @sqlalchemy_event.listens_for(store._writer, "commit")
    def hesitate(_connection: object) -> None:
        committing.set()
        assert go_on.wait(10)

    writing = asyncio.create_task(store.write(lambda tx: put(tx, placed())))
    await asyncio.to_thread(committing.wait, 10)
    writing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await writing
    go_on.set()

    assert await store.write(lambda tx: tx.lock_routes([ANA_MONDAY])) == {ANA_MONDAY: 2}


async def test_somebody_elses_short_lock_is_waited_for(store: SqliteStore, tmp_path: Path) -> None:
    """Another program that locks the file for a moment delays a write, but does not fail it."""
    other = dbapi2.connect(str(tmp_path / "slotsvc.db"), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    writing = asyncio.create_task(store.write(set_up))
    await asyncio.sleep(0.8)
    other.execute("COMMIT")
    other.close()

    await writing
    assert await store.read(lambda tx: tx.tenant("acme")) == ACME


async def test_somebody_elses_long_lock_is_reported(store: SqliteStore, tmp_path: Path) -> None:
    """A file that stays locked is reported as busy, and the next write succeeds."""
    other = dbapi2.connect(str(tmp_path / "slotsvc.db"), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreBusyError):
        await store.write(set_up)
    other.execute("COMMIT")
    other.close()

    await store.write(set_up)


async def test_a_swallowed_failure_is_not_committed(store: SqliteStore) -> None:
    """When SQLite has rolled back by itself, work that carries on as if nothing happened fails."""
    await store.write(set_up)

    def carry_on(tx):
        tx.lock_routes([ANA_MONDAY])
        with suppress(DBAPIError):
            tx._connection.exec_driver_sql("INSERT OR ROLLBACK INTO tenant SELECT * FROM tenant")
        tx.lock_routes([BEN_MONDAY])

    with pytest.raises(StoreBusyError):
        await store.write(carry_on)

    assert await store.write(lambda tx: tx.lock_routes([ANA_MONDAY])) == {ANA_MONDAY: 1}


async def test_reads_go_on_while_somebody_writes(store: SqliteStore) -> None:
    """A transaction that takes its time keeps no reader waiting."""
    await store.write(set_up)
    begun, go_on = threading.Event(), threading.Event()

    def slow(tx):
        put(tx, placed())
        begun.set()
        assert go_on.wait(10)

    writing = asyncio.create_task(store.write(slow))
    await asyncio.to_thread(begun.wait, 10)
    seen = await store.read(lambda tx: (tx.tenant("acme"), tx.visit("acme", "v1")))
    go_on.set()
    await writing

    assert seen == (ACME, None)


def kill_after(acknowledgements: int, file: Path, prefix: str) -> dict[str, int]:
    """Books in another process, kills it with SIGKILL, gives what was acknowledged."""
    acknowledged: dict[str, int] = {}
    with subprocess.Popen(
        [sys.executable, "-m", "tests.store.booking_writer", str(file), prefix],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    ) as writer:
        assert writer.stdout is not None
        for line in writer.stdout:
            if line.endswith("\n"):
                id, version = line.split()
                acknowledged[id] = int(version)
            if len(acknowledged) == acknowledgements:
                writer.kill()
    return acknowledged


async def test_kill_9_loses_no_acknowledged_booking(tmp_path: Path) -> None:
    """Killed again and again in the middle of bookings: every acknowledged one is there, whole."""
    store = new_store(tmp_path)
    await store.write(set_up)
    store.close()
    acknowledged: dict[str, int] = {}
    for round, bookings in enumerate((3, 25, 40)):
        acknowledged |= kill_after(bookings, tmp_path / "slotsvc.db", f"r{round}")

    store = SqliteStore(tmp_path / "slotsvc.db")
    keys = [ANA_MONDAY, BEN_MONDAY]
    routes = await store.read(lambda tx: tx.routes_by_key(keys))
    events = await store.read(lambda tx: tx.events_after("acme", "", 10_000))
    audit = await store.read(lambda tx: tx.verify_audit("acme"))
    store.close()

    booked = [p.visit.id for route in routes.values() for p in route.placements]
    assert set(acknowledged) <= set(booked)
    assert max(Counter(booked).values()) == 1
    versions = {e.event.subject: e.event.version for e in events}
    assert acknowledged.items() <= versions.items()
    for key in keys:
        of_route = [e.event.version for e in events if e.event.route == key]
        assert of_route == list(range(1, routes[key].version + 1))
        positions = [p.position for p in routes[key].placements]
        assert positions == list(range(len(positions)))
    assert (audit.entries, audit.broken_at) == (len(events), None)
    assert integrity(tmp_path) == "ok"


def integrity(where: Path) -> str:
    """SQLite's own check of the file."""
    connection = dbapi2.connect(str(where / "slotsvc.db"))
    (answer,) = connection.execute("PRAGMA integrity_check").fetchone()
    connection.close()
    return str(answer)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    """A disk of 1 MiB."""
    with small_disk(tmp_path / "disk", 1024 * 1024) as found:
        yield found


async def test_a_full_disk_refuses_writes_and_loses_nothing(disk: SmallDisk) -> None:
    """Full: the caller is told, nothing is half written, reads go on; with room it works again."""
    store = new_store(disk.path, FrozenClock())
    await store.write(set_up)
    disk.fill(left=64 * 1024)
    done = 0

    async def book_until_full() -> None:
        nonlocal done
        while True:
            booking = placed(f"p{done}", work=visit(f"v{done}", note="x" * 2_000))
            await store.write(lambda tx, booking=booking: put(tx, booking))
            done += 1

    with pytest.raises(StoreBusyError) as refused:
        await book_until_full()
    assert refused.value.metadata["cause"] == disk.cause
    big = placed("big", BEN_MONDAY, work=visit("big", note="x" * 400_000))
    with pytest.raises(StoreBusyError):
        await store.write(lambda tx: put(tx, big))

    route = (await store.read(lambda tx: tx.routes_by_key([ANA_MONDAY])))[ANA_MONDAY]
    assert route.version == len(route.placements) == done > 0

    disk.empty()
    again = placed("again", work=visit("again"))
    assert await store.write(lambda tx: put(tx, again)) == done + 1
    store.close()
    assert integrity(disk.path) == "ok"
