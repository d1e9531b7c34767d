"""A PostgreSQL whose tables lie on one small disk and whose write-ahead log on another."""

from __future__ import annotations

import os
import pwd
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from psycopg import sql

from slotsvc.store.migrate import upgrade
from tests.chaos.small_disk import SmallDisk, small_disk
from tests.postgres_fixtures import PostgresServer, started

MB = 1024 * 1024
TABLES, LOG = 40 * MB, 80 * MB
_LOG_SETTINGS = {"min_wal_size": "32MB", "max_wal_size": "32MB", "wal_keep_size": "0"}


@dataclass(frozen=True, slots=True)
class CrampedPostgres:
    """``url``: of a database with the newest tables. ``tables``, ``log``: its disks."""

    server: PostgresServer
    url: str
    tables: SmallDisk
    log: SmallDisk

    def start_again(self) -> None:
        """As its operator would, once there is room."""
        self.server.embedded.ensure_postgres_running()


@contextmanager
def cramped_postgres() -> Iterator[CrampedPostgres]:
    """One that flushes to its disks; gone with all its files afterwards."""
    # not below the tests' own directory, which the server's user may not enter
    where = Path(tempfile.mkdtemp(prefix="slotsvc-cramped-"))
    where.chmod(0o755)
    try:
        with (
            small_disk(where / "tables", TABLES) as tables,
            small_disk(where / "log", LOG) as log,
            started(durable=True) as server,
        ):
            _move_log(server, log.path)
            yield CrampedPostgres(server, _database(server, tables.path), tables, log)
    finally:
        shutil.rmtree(where)


def _move_log(server: PostgresServer, disk: Path) -> None:
    for name, value in _LOG_SETTINGS.items():
        set_to = sql.SQL("ALTER SYSTEM SET {} = {}").format(sql.Identifier(name), value)
        server.run(set_to)
    server.stop()
    there, here = disk / "pg_wal", server.embedded.pgdata / "pg_wal"
    shutil.copytree(here, there)
    shutil.rmtree(here)
    here.symlink_to(there)
    _give(server, disk, there, *there.rglob("*"))
    server.embedded.ensure_postgres_running()


def _database(server: PostgresServer, disk: Path) -> str:
    space = disk / "space"
    space.mkdir(0o700)
    _give(server, disk, space)
    server.run(sql.SQL("CREATE TABLESPACE small LOCATION {}").format(str(space)))
    url = server.empty()
    name = sql.Identifier(url.partition("?")[0].rpartition("/")[2])
    server.run(sql.SQL("ALTER DATABASE {} SET TABLESPACE small").format(name))
    upgrade(url)
    return url


def _give(server: PostgresServer, *files: Path) -> None:
    """To the user that the server runs as, where the tests run as root."""
    if server.embedded.system_user is not None:
        user = pwd.getpwnam(server.embedded.system_user)
        for file in files:
            os.chown(file, user.pw_uid, user.pw_gid)
