"""The store on PostgreSQL."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import closing
from datetime import datetime
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import text

from slotsvc.domain.errors import InvariantError, StoreBusyError
from slotsvc.scheduling.ports import Clock, ReadTx, Store, WriteTx
from slotsvc.store import postgres_store
from slotsvc.store.errors import SchemaTooOldError, StoreOpenError
from slotsvc.store.postgres_store import PostgresStore
from slotsvc.store.turns import OnlyWriter
from tests.cut_link import Cut, cut_link
from tests.postgres_fixtures import PostgresServer, session_server, started
from tests.store.contract import StoreContract
from tests.store.many_writers import check, found_companies, write_and_poll
from tests.store.record_contract import call
from tests.store.samples import (
    ANA_MONDAY,
    FrozenClock,
    event,
    placed,
    put,
    set_up,
)


class LentClock:
    """Each test has a clock of its own; the store is the same."""

    def __init__(self) -> None:
        self.lent: Clock = FrozenClock()

    def now(self) -> datetime:
        """What the test's clock says."""
        return self.lent.now()


type Kept = tuple[str, LentClock, PostgresStore]


@pytest.fixture(scope="module")
def kept(postgres: PostgresServer) -> Iterator[Kept]:
    """A store for many tests: one that is opened anew has every statement to compile."""
    url, clock = postgres.migrated(), LentClock()
    store = PostgresStore(url, clock, patience=30)
    yield url, clock, store
    store.close()
    postgres.give_back(url)


class TestPostgresStore(StoreContract):
    """The contract, on a database."""

    writers = 8

    def open(self, _where: Path, clock: Clock | None) -> PostgresStore:
        return PostgresStore(session_server().migrated(), clock)

    @pytest.fixture
    def store(self, kept: Kept, clock: FrozenClock) -> Iterator[PostgresStore]:
        url, lent, store = kept
        lent.lent = clock
        yield store
        PostgresServer.clear(url)


@pytest.fixture
def store(kept: Kept) -> Iterator[PostgresStore]:
    url, lent, store = kept
    lent.lent = FrozenClock()
    yield store
    PostgresServer.clear(url)


def rows(url: str, statement: str) -> list[tuple[object, ...]]:
    """What the database says, asked past the store."""
    with psycopg.connect(url, autocommit=True) as connection:
        return connection.execute(sql.SQL(statement)).fetchall()  # type: ignore[arg-type]


async def test_two_stores_on_one_database(postgres_url: str, postgres: PostgresServer) -> None:
    """Two replicas, sixteen clients, pollers: nothing lost, nothing skipped, and no deadlock."""
    one, two = (PostgresStore(postgres_url, patience=30) for _ in range(2))
    with closing(one), closing(two):
        await one.write(found_companies)

        await check(two, await write_and_poll([one, two], each=8, seed=2))

    of_all = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
    assert rows(postgres_url, of_all) == [(0,)]


async def test_without_turns_the_checker_finds_something(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The check above can fail: without turns the numbers of a tenant collide or are skipped."""
    monkeypatch.setattr(postgres_store, "_LOCKS", OnlyWriter())
    with closing(PostgresStore(postgres_url)) as store:
        await store.write(found_companies)

        with pytest.raises((AssertionError, InvariantError, StoreBusyError)):
            await check(store, await write_and_poll([store], each=8, seed=2))


async def test_tenants_do_not_wait_for_each_other(store: PostgresStore) -> None:
    """While a mutation of one tenant takes its time, another tenant's goes through."""
    await store.write(found_companies)
    begun, go_on = threading.Event(), threading.Event()

    def slow(tx: WriteTx) -> None:
        tx.take_turn("acme")
        begun.set()
        assert go_on.wait(10)

    writing = asyncio.create_task(store.write(slow))
    await asyncio.to_thread(begun.wait, 10)
    await store.write(lambda tx: tx.record("rival", event("BOOKED", ANA_MONDAY, 1), "clerk"))
    assert not writing.done()
    go_on.set()
    await writing


async def test_now_is_read_after_the_wait(postgres_url: str) -> None:
    """The clock is the database's, of the moment after the turn came; not of the transaction's
    beginning, when holds were still alive that are not any more."""
    waited = "SELECT pg_advisory_xact_lock(5310291, 0), pg_sleep(1.1)"

    def work(tx: WriteTx) -> tuple[datetime, datetime]:
        before = tx.now()
        tx._connection.execute(text(waited))  # type: ignore[attr-defined]
        tx.take_turn("acme")
        return before, tx.now()

    with closing(PostgresStore(postgres_url)) as store:
        before, after = await store.write(work)
    ((epoch,),) = rows(postgres_url, "SELECT extract(epoch FROM now())::float8")

    assert (after - before).total_seconds() in (1, 2)
    assert after.microsecond == 0
    assert abs(float(str(epoch)) - after.timestamp()) < 60


async def test_a_turn_that_does_not_come_is_reported(store: PostgresStore, kept: Kept) -> None:
    """Somebody was stopped in the middle of a mutation: others are told in about two seconds, and
    readers never wait."""
    await store.write(set_up)
    with psycopg.connect(kept[0]) as frozen:
        frozen.execute("SELECT pg_advisory_xact_lock(5310291, hashtext('acme'))")
        frozen.execute("UPDATE tenant SET display_name = 'frozen'")
        began = time.monotonic()
        reading = asyncio.create_task(store.read(lambda tx: tx.tenant("acme")))
        with pytest.raises(StoreBusyError):
            await store.write(lambda tx: tx.lock_routes([ANA_MONDAY]))
        took = time.monotonic() - began
        assert reading.done()

    assert 1.5 < took < 6
    assert await store.write(lambda tx: tx.lock_routes([ANA_MONDAY])) == {ANA_MONDAY: 1}


async def test_a_used_up_pool_is_reported_at_once(postgres_url: str) -> None:
    """With every connection busy, whoever comes next is told within a second, and later served."""
    store = PostgresStore(postgres_url, FrozenClock(), readers=1, writers=1, patience=0.3)
    begun, go_on = threading.Event(), threading.Event()

    def slow(tx: object) -> None:
        begun.set()
        assert go_on.wait(10)

    for busy, quick in (
        (store.write, store.write(lambda tx: tx.tenant("acme"))),
        (store.read, store.read(lambda tx: tx.tenant("acme"))),
    ):
        begun.clear()
        go_on.clear()
        first = asyncio.create_task(busy(slow))
        await asyncio.to_thread(begun.wait, 10)
        began = time.monotonic()
        with pytest.raises(StoreBusyError):
            await quick
        assert time.monotonic() - began < 1.3
        go_on.set()
        await first
    assert await store.read(lambda tx: tx.tenant("acme")) is None
    store.close()


async def test_connections_that_were_ended_are_made_anew(store: PostgresStore, kept: Kept) -> None:
    """The server ended every connection, as a restart does: the next calls do not notice."""
    await store.write(set_up)
    await store.read(lambda tx: tx.tenant("acme"))
    ended = rows(
        kept[0],
        "SELECT count(pg_terminate_backend(pid, 5000)) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid()",
    )
    assert ended[0][0] >= 2  # type: ignore[operator]

    assert await store.read(lambda tx: tx.tenant("acme")) is not None
    assert await store.write(lambda tx: put(tx, placed())) == 1


class Insisting:
    """A client of a store that repeats what was refused for the moment."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.refused = 0

    async def read[T](self, work: Callable[[ReadTx], T]) -> T:
        """Until it is answered."""
        return await self._insist(lambda: self._store.read(work))

    async def write[T](self, work: Callable[[WriteTx], T]) -> T:
        """Until it is answered; the work keeps its answer."""
        return await self._insist(lambda: self._store.write(work))

    async def _insist[T](self, call: Callable[[], Awaitable[T]]) -> T:
        for _ in range(600):
            try:
                return await call()
            except StoreBusyError:
                self.refused += 1
                await asyncio.sleep(0.05)
        raise AssertionError("the database did not come back")


async def test_a_server_that_crashes_loses_nothing() -> None:
    """Its processes are ended at once, under sixteen writers, and started again: everything that
    was acknowledged is there, once; the store goes on by itself."""
    with (
        started(durable=True) as server,
        closing(PostgresStore(server.migrated(), patience=30)) as store,
    ):
        client = Insisting(store)
        await client.write(found_companies)
        writing = asyncio.create_task(write_and_poll([client], each=8, seed=3))
        await asyncio.sleep(0.3)
        assert not writing.done()
        await asyncio.to_thread(server.crash)
        await check(client, await writing)
        assert client.refused


@pytest.mark.parametrize("cut", Cut)
async def test_a_commit_that_was_cut_has_one_effect(postgres_url: str, cut: Cut) -> None:
    """Whether or not the server got it: work that keeps its answer runs again, and the caller gets
    the answer of the one effect."""
    with cut_link(postgres_url) as (url, link), closing(PostgresStore(url, FrozenClock())) as store:
        await store.write(set_up)
        link.cut_next(cut)

        assert await store.write(call) == b"booked 1"
        assert await store.write(lambda tx: call(tx, "2")) == b"booked 1"

        assert link.cuts == 1
        route = (await store.read(lambda tx: tx.routes_by_key([ANA_MONDAY])))[ANA_MONDAY]
        assert (route.version, len(route.placements)) == (1, 1)


@pytest.mark.parametrize("cut", Cut)
async def test_work_without_a_key_is_not_guessed_at(postgres_url: str, cut: Cut) -> None:
    """A commit that was cut, of work that keeps no answer: nobody can tell, and nobody runs it
    again on a guess."""
    with cut_link(postgres_url) as (url, link), closing(PostgresStore(url, FrozenClock())) as store:
        await store.write(set_up)
        link.cut_next(cut)

        with pytest.raises(StoreBusyError) as refused:
            await store.write(lambda tx: call(tx, key=""))

        assert refused.value.metadata["cause"] == "COMMIT_UNKNOWN"
        version = await store.write(lambda tx: tx.lock_routes([ANA_MONDAY])[ANA_MONDAY])
        assert version == (1 if cut is Cut.BEFORE else 2)


async def test_an_alarm_names_the_constraint_and_no_values(store: PostgresStore) -> None:
    """A visit booked twice at once would be a defect of ours: it is refused, and what is said of it
    holds no data."""
    await store.write(set_up)
    await store.write(lambda tx: put(tx, placed()))

    def twice(tx: WriteTx) -> None:
        tx.lock_routes([ANA_MONDAY])
        again = text(
            "INSERT INTO placement "
            "SELECT (jsonb_populate_record(p, CAST(:new AS jsonb))).* FROM placement p"
        )
        tx._connection.execute(again, {"new": '{"id": "p9", "position": 7}'})  # type: ignore[attr-defined]

    with pytest.raises(InvariantError) as refused:
        await store.write(twice)

    assert "alarm_booked_once" in refused.value.message
    assert "v1" not in refused.value.message


async def test_waits_are_bounded_on_every_connection(store: PostgresStore) -> None:
    """Locks, statements and sleeping transactions have limits; commits are durable; readers cannot
    write, and see one snapshot."""

    def told(tx: object, name: str) -> str:
        return str(tx._connection.exec_driver_sql(f"SHOW {name}").scalar_one())  # type: ignore[attr-defined]

    names = (
        "lock_timeout", "statement_timeout", "idle_in_transaction_session_timeout",
        "synchronous_commit", "transaction_isolation", "transaction_read_only", "timezone",
    )  # fmt: skip
    writing = await store.write(lambda tx: [told(tx, name) for name in names])
    reading = await store.read(lambda tx: [told(tx, name) for name in names])

    waits = ["2s", "5s", "10s", "on"]
    assert writing == [*waits, "read committed", "off", "UTC"]
    assert reading == [*waits, "repeatable read", "on", "UTC"]


def test_a_database_without_tables_is_not_opened(empty_postgres_url: str) -> None:
    """The store does not make them: others may run on the tables as they are."""
    with pytest.raises(SchemaTooOldError, match="slotsvc migrate"):
        PostgresStore(empty_postgres_url)


def test_a_server_that_is_not_there_is_reported(tmp_path: Path) -> None:
    """In words, without waiting, and without the password."""
    with pytest.raises(StoreOpenError, match="cannot be opened") as refused:
        PostgresStore(f"postgresql://postgres:not-to-be-told@/nowhere?host={tmp_path}")

    assert "not-to-be-told" not in str(refused.value)
