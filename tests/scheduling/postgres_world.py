"""The booking machine's world on PostgreSQL."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path

import psycopg
from psycopg import sql

from slotsvc.scheduling.ports import Clock, ReadTx, WriteTx
from slotsvc.scheduling.travel_port import TravelTimes
from slotsvc.store.postgres_store import PostgresStore
from slotsvc.store.shares import Share
from slotsvc.store.tables import METADATA
from tests.postgres_fixtures import PostgresServer
from tests.scheduling.booking_world import BookingWorld, KeepingStore, found_company


class NearPostgres(PostgresStore):
    """The store without its threads: one caller, who waits anyway."""

    def __init__(self, url: str, clock: Clock) -> None:
        super().__init__(url, clock, readers=1, writers=1)
        self._url = url

    async def read[T](self, work: Callable[[ReadTx], T]) -> T:
        return self._read(work)

    async def write[T](self, work: Callable[[WriteTx], T]) -> T:
        return await self._shares.run(lambda share: self._at_once(work, share))

    async def _at_once[T](self, work: Callable[[WriteTx], T], share: Share) -> T:
        return self._write(work, lambda: False, share)

    def keep(self, path: Path) -> None:
        """All that is in here, at ``path``."""
        with psycopg.connect(self._url) as connection:
            copied = {
                name: connection.execute(_all_of(name)).fetchall() for name in METADATA.tables
            }
        path.write_bytes(pickle.dumps(copied))

    def renew(self, path: Path) -> None:
        """All that was kept at ``path``, and nothing else."""
        self._memory.forget()
        PostgresServer.clear(self._url)
        with psycopg.connect(self._url) as connection, connection.cursor() as cursor:
            cursor.execute("SET session_replication_role = replica")  # no triggers, no keys
            for name, rows in pickle.loads(path.read_bytes()).items():
                if rows and name != "meta":
                    values = sql.SQL(", ").join(sql.Placeholder() for _ in rows[0])
                    into = sql.SQL("INSERT INTO {} VALUES ({})")
                    cursor.executemany(into.format(sql.Identifier(name), values), rows)


def _all_of(table: str) -> sql.Composed:
    return sql.SQL("SELECT * FROM {}").format(sql.Identifier(table))


class PostgresWorld(BookingWorld):
    """On an empty, migrated database."""

    def __init__(self, url: str, travel: TravelTimes | None = None) -> None:
        self._url = url
        super().__init__(Path(), travel)
        self.run(self.store.write(found_company))

    def _opened(self, _template: Path) -> KeepingStore:
        return NearPostgres(self._url, self.clock)
