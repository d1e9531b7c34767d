"""A service in a process of its own, for tests that leave it as they found it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from benchmarks.torture.server_process import ServerProcess
from tests.chaos.pair import Pair, started, stopped
from tests.postgres_fixtures import PostgresServer


@pytest.fixture(scope="session")
def shared_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """Started once; every test founds its own companies."""
    server = ServerProcess(tmp_path_factory.mktemp("shared"))
    asyncio.run(server.start())
    yield server
    asyncio.run(server.stop())


@pytest.fixture(scope="session")
def pair(tmp_path_factory: pytest.TempPathFactory, postgres: PostgresServer) -> Iterator[Pair]:
    """Started once; every test founds its own companies and leaves both processes running."""
    url = postgres.migrated()
    both = asyncio.run(started(tmp_path_factory.mktemp("pair"), url))
    yield both
    asyncio.run(stopped(both))
    postgres.give_back(url)
