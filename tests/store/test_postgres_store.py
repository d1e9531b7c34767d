"""The store on PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from slotsvc.scheduling.ports import Clock
from slotsvc.store.postgres_store import PostgresStore
from tests.postgres_fixtures import PostgresServer, session_server
from tests.store.contract import StoreContract
from tests.store.samples import FrozenClock


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
    store = PostgresStore(url, clock)
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
