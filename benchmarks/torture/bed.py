"""Replicas on one PostgreSQL that can be harmed: every link between them can be cut."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from benchmarks.torture.server_process import ServerProcess
from tests.chaos.cutting_proxy import CuttingProxy, cutting_proxy
from tests.cut_link import CutLink, cut_link
from tests.postgres_fixtures import PostgresServer

_END_OTHERS = """
SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()
"""
_DEADLOCKS = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
_LOCKS = """
SELECT count(*) FROM pg_locks JOIN pg_database ON pg_database.oid = pg_locks.database
WHERE datname = current_database() AND locktype = 'advisory'
"""


@dataclass(frozen=True, slots=True, eq=False)
class Replica:
    """``door``: what callers come through; ``link``: what leads to the database."""

    server: ServerProcess
    door: CuttingProxy
    link: CutLink

    @property
    def address(self) -> str:
        """For callers."""
        return self.door.address


@dataclass(frozen=True, slots=True)
class Bed:
    """``url``: of the database they share, past the links."""

    database: PostgresServer
    url: str
    replicas: tuple[Replica, ...]

    @property
    def can_crash(self) -> bool:
        """Whether the database was started here."""
        return self.database.embedded is not None

    def incidents(self) -> list[str]:
        """What the replicas logged as errors."""
        return [line for replica in self.replicas for line in replica.server.incidents()]

    def deadlocks(self) -> int:
        """That the database knows of; it forgets them when it crashes. Ends its connections, so
        that each of them has told."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(_END_OTHERS)
            row = connection.execute(_DEADLOCKS).fetchone()
        return int(row[0]) if row else 0

    def locks(self) -> int:
        """That mutations hold or wait for."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            row = connection.execute(_LOCKS).fetchone()
        return int(row[0]) if row else 0


@asynccontextmanager
async def bed(
    where: Path, database: PostgresServer, count: int = 2, **settings: Any
) -> AsyncIterator[Bed]:
    """``count`` replicas on a new database; ``settings``: further lines of their TOML file. Main
    thread only."""
    url = await asyncio.to_thread(database.migrated)
    async with AsyncExitStack() as stack:
        servers, links = list[ServerProcess](), list[CutLink]()
        for number in range(count):
            linked, link = stack.enter_context(cut_link(url))
            own = where / f"replica-{number}"
            own.mkdir()
            lines = {"database_url": linked, "key_ring_path": str(where / "keys.json"), **settings}
            config = own / "slotsvc.toml"
            config.write_text("".join(f"{key} = {json.dumps(to)}\n" for key, to in lines.items()))
            servers.append(ServerProcess(own, config=config, metrics=True))
            links.append(link)
        stack.push_async_callback(_stopped, servers)
        await asyncio.gather(*(server.start() for server in servers))
        doors = [
            await stack.enter_async_context(cutting_proxy(server.address)) for server in servers
        ]
        replicas = [Replica(*three) for three in zip(servers, doors, links, strict=True)]
        yield Bed(database, url, tuple(replicas))


async def _stopped(servers: Iterable[ServerProcess]) -> None:
    await asyncio.gather(*(server.stop() for server in servers))
