"""A real server on a free port, and a channel to it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from shutil import copyfile

import pytest
from grpc import aio

from slotsvc.server.app import GrpcServer, ServerOptions
from slotsvc.server.interceptors import DeadlineLimits, call_interceptor
from slotsvc.server.metrics import Metrics
from slotsvc.store.engine import sqlite_url
from slotsvc.store.migrate import upgrade
from slotsvc.store.sqlite_store import SqliteStore

type Serve = Callable[..., Awaitable[aio.Channel]]


@pytest.fixture
def metrics() -> Metrics:
    """Instruments on a registry of their own."""
    return Metrics()


@pytest.fixture
async def serve(metrics: Metrics) -> AsyncIterator[Serve]:
    """Starts a server with the given servicers; gives an open channel to it."""
    async with AsyncExitStack() as stack:

        async def start(
            *servicers: object,
            limits: DeadlineLimits | None = None,
            options: ServerOptions | None = None,
            client: str = "{}",
        ) -> aio.Channel:
            server = GrpcServer(
                servicers,
                [call_interceptor(metrics, limits)],
                options or ServerOptions(address="127.0.0.1:0"),
            )
            port = await server.start()
            stack.push_async_callback(server.drain, 0)
            asked = [("grpc.service_config", client)]
            return await stack.enter_async_context(aio.insecure_channel(f"127.0.0.1:{port}", asked))

        yield start


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with its tables, to be copied."""
    path = tmp_path_factory.mktemp("store") / "slotsvc.db"
    upgrade(sqlite_url(path))
    return path


@pytest.fixture
def store(empty_database: Path, tmp_path: Path) -> Iterator[SqliteStore]:
    """A store on an empty file."""
    store = SqliteStore(copyfile(empty_database, tmp_path / "slotsvc.db"))
    yield store
    store.close()
