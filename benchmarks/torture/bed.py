"""Replicas on one PostgreSQL that can be harmed: every link between them can be cut."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from benchmarks.torture.server_process import PROGRAM, ServerProcess
from tests.chaos.cutting_proxy import CuttingProxy, cutting_proxy
from tests.cut_link import CutLink, cut_link
from tests.postgres_fixtures import PostgresServer

NOW = "SELECT extract(epoch FROM clock_timestamp())::float8"
"""The time that counts."""

NO_JOBS: dict[str, Any] = {"jobs.at_once": 0}
"""Nobody does background work: it takes turns too."""

_END_OTHERS = """
SELECT count(pg_terminate_backend(pid, 5000)) FROM pg_stat_activity
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
        self.asked(_END_OTHERS)
        return int(self.asked(_DEADLOCKS))

    def locks(self) -> int:
        """That mutations hold or wait for."""
        return int(self.asked(_LOCKS))

    def asked(self, statement: str, *values: object) -> Any:
        """The only value of the only row, asked past the service."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            row = connection.execute(statement, values).fetchone()
            assert row is not None
            return row[0]


def settings_file(where: Path, url: str, **settings: Any) -> Path:
    """A TOML file in ``where`` for a replica on ``url``; those that share it share the keys."""
    where.mkdir(exist_ok=True)
    lines = {"database_url": url, "key_ring_path": str(where / "keys.json"), **settings}
    file = where / "slotsvc.toml"
    file.write_text("".join(f"{name} = {json.dumps(value)}\n" for name, value in lines.items()))
    return file


@asynccontextmanager
async def bed(
    where: Path,
    database: PostgresServer,
    count: int = 2,
    *,
    programs: Sequence[Sequence[str]] = (),
    **settings: Any,
) -> AsyncIterator[Bed]:
    """``count`` replicas on a new database. ``programs``: what is run as each of them, if it is not
    ``slotsvc``; ``settings``: further lines of their TOML file. Main thread only."""
    url = await asyncio.to_thread(database.migrated)
    async with AsyncExitStack() as stack:
        servers, links = list[ServerProcess](), list[CutLink]()
        for number in range(count):
            linked, link = stack.enter_context(cut_link(url))
            own = where / f"replica-{number}"
            config = settings_file(own, linked, key_ring_path=str(where / "keys.json"), **settings)
            program = programs[number] if programs else PROGRAM
            servers.append(ServerProcess(own, config=config, metrics=True, program=program))
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
