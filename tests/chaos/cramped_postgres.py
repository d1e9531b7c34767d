"""A PostgreSQL whose tables lie on one small disk and whose write-ahead log on another.

Where no file system can be mounted, no file of the server may grow beyond a limit instead
(RLIMIT_FSIZE), which takes a restart of the server each time. The server says so in other words, as
it does of a disk with a quota.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import resource
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql

from slotsvc.store.migrate import upgrade
from tests.chaos.small_disk import SmallDisk, Tmpfs, small_disk
from tests.postgres_fixtures import PostgresServer, started

MB = 1024 * 1024
TABLES, LOG = 40 * MB, 80 * MB
SEGMENT = 16 * MB
"""A file of the log: made whole, and used again."""

END_S = 30.0

_LOG_SETTINGS = {"min_wal_size": "32MB", "max_wal_size": "32MB", "wal_keep_size": "0"}
_GROW = """
INSERT INTO idempotency (tenant, method, key, request_hash, answer, created)
SELECT 'large', 'Book', n, ''::bytea, decode(repeat('ab', 1500), 'hex'), 0
FROM generate_series(1, 12000) n
"""


class LimitedFiles:
    """No file of ``server`` may grow beyond ``most`` bytes while it is full."""

    def __init__(self, server: PostgresServer, path: Path, most: int) -> None:
        self.path = path
        self._server, self._most = server, most

    def fill(self, left: int = 0) -> None:
        """From now on."""
        usual = resource.getrlimit(resource.RLIMIT_FSIZE)
        _end_in_order(self._server)  # else it has to mend things first, for which it needs room
        resource.setrlimit(resource.RLIMIT_FSIZE, (self._most + left, usual[1]))
        try:
            self._server.rise()
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, usual)

    def empty(self) -> None:
        """Files may grow again."""
        with contextlib.suppress(subprocess.CalledProcessError):  # it may have ended itself
            self._server.fall()
        self._server.rise()


@dataclass(frozen=True, slots=True)
class CrampedPostgres:
    """``url``: of a database with the newest tables. ``tables``, ``log``: its disks."""

    server: PostgresServer
    url: str
    tables: SmallDisk
    log: SmallDisk


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
            if isinstance(tables, Tmpfs):
                _move_log(server, log.path)
                yield CrampedPostgres(server, _database(server, tables.path), tables, log)
            else:
                yield _limited(server, where)
    finally:
        shutil.rmtree(where)


def _limited(server: PostgresServer, where: Path) -> CrampedPostgres:
    """With a table that has grown so far already that its file may be the largest."""
    url = server.empty()
    upgrade(url)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(_GROW)
        found = connection.execute("SELECT pg_relation_filepath('idempotency')").fetchone()
        connection.execute("CHECKPOINT")
    assert found is not None
    most = (server.embedded.pgdata / found[0]).stat().st_size
    assert most > SEGMENT
    tables = LimitedFiles(server, where / "tables", most)
    return CrampedPostgres(server, url, tables, LimitedFiles(server, where / "log", SEGMENT - 1))


def _move_log(server: PostgresServer, disk: Path) -> None:
    for name, value in _LOG_SETTINGS.items():
        server.run(sql.SQL("ALTER SYSTEM SET {} = {}").format(sql.Identifier(name), value))
    _end_in_order(server)
    there, here = disk / "pg_wal", server.embedded.pgdata / "pg_wal"
    shutil.copytree(here, there)
    shutil.rmtree(here)
    here.symlink_to(there)
    _give(server, disk, there, *there.rglob("*"))
    server.rise()


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


def _end_in_order(server: PostgresServer) -> None:
    """Returns when it is over."""
    os.kill(server.embedded.get_pid(), signal.SIGINT)
    give_up = time.monotonic() + END_S
    while (server.embedded.pgdata / "postmaster.pid").exists():
        assert time.monotonic() < give_up, "PostgreSQL does not end"
        time.sleep(0.02)


def _give(server: PostgresServer, *files: Path) -> None:
    """To the user that the server runs as, where the tests run as root."""
    if server.embedded.system_user is not None:
        user = pwd.getpwnam(server.embedded.system_user)
        for file in files:
            os.chown(file, user.pw_uid, user.pw_gid)
