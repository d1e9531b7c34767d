"""A process that is frozen in the middle of a transaction: the server ends it."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import closing
from typing import Any

import psycopg
import pytest
from psycopg import Connection

from slotsvc.store import postgres_engine
from slotsvc.store.bounded_connection import BoundedConnection
from slotsvc.store.exchange import NamedStatement, Sent
from slotsvc.store.postgres_engine import writer_engine

type Work = Callable[[Connection[Any]], None]


def one(connection: Connection[Any]) -> None:
    connection.execute("SELECT pg_advisory_xact_lock(1)")


def many(connection: Connection[Any]) -> None:
    """As many rows are inserted."""
    with connection.cursor() as cursor:
        cursor.executemany("SELECT pg_advisory_xact_lock(%s), pg_sleep(0.1)", [(1,), (2,)])


def together(connection: Connection[Any]) -> None:
    """In one journey."""
    with connection.pipeline():
        connection.execute("SELECT pg_advisory_xact_lock(1)")
        connection.execute("SELECT pg_sleep(0.1)")


def together_and_wrong(connection: Connection[Any]) -> None:
    """A journey of which something is refused, and the transaction goes on all the same."""
    connection.execute("SAVEPOINT before")
    with pytest.raises(psycopg.errors.DivisionByZero), connection.pipeline():
        connection.execute("SELECT pg_sleep(0.1), 1/0")
    connection.execute("ROLLBACK TO before")
    together(connection)


def on_its_line(connection: Connection[Any]) -> None:
    """As statements are run that are run often."""
    assert isinstance(connection, BoundedConnection)
    lock = NamedStatement("SELECT pg_advisory_xact_lock($1)")
    wait = NamedStatement("SELECT pg_sleep(0.1)")
    connection.line.travel([Sent(lock, [(1,)]), Sent(wait, [()])])


@pytest.mark.parametrize("work", [one, many, together, together_and_wrong, on_its_line])
def test_its_locks_are_free_however_it_talked(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch, work: Work
) -> None:
    """After the limit for silence in a transaction, also when several statements travelled in one
    journey: a Flush behind the last of them would stop PostgreSQL's watch."""
    monkeypatch.setattr(postgres_engine, "IDLE_IN_TRANSACTION_MS", 300)
    engine = writer_engine(postgres_url, 1)
    with closing(engine.raw_connection()) as raw, psycopg.connect(postgres_url) as other:
        work(raw.driver_connection)  # type: ignore[arg-type]
        begun = time.monotonic()

        other.execute("SET lock_timeout = 5000")
        other.execute("SELECT pg_advisory_xact_lock(1)")

        assert 0.1 < time.monotonic() - begun < 4
        raw.invalidate()
    engine.dispose()
