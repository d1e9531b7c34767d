"""The store on PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from slotsvc.scheduling.ports import Clock
from slotsvc.store.postgres_store import PostgresStore
from tests.postgres_fixtures import session_server
from tests.store.contract import StoreContract
from tests.store.samples import FrozenClock


class TestPostgresStore(StoreContract):
    """The contract, on a database of one's own."""

    writers = 8

    def open(self, _where: Path, clock: Clock | None) -> PostgresStore:
        return PostgresStore(session_server().migrated(), clock)

    @pytest.fixture
    def store(self, postgres_url: str, clock: FrozenClock) -> Iterator[PostgresStore]:
        store = PostgresStore(postgres_url, clock)
        yield store
        store.close()
