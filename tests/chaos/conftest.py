"""A service in a process of its own, for tests that leave it as they found it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from benchmarks.torture.server_process import ServerProcess


@pytest.fixture(scope="session")
def shared_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """Started once; every test founds its own companies."""
    server = ServerProcess(tmp_path_factory.mktemp("shared"))
    asyncio.run(server.start())
    yield server
    asyncio.run(server.stop())
