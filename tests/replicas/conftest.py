from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio
from redis.asyncio import Redis

from slotsvc.replicas.link import redis_client
from tests.replicas.valkey import Valkey, own_prefix, redis_to_use, running_valkey


@pytest.fixture(scope="session")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with redis_to_use(tmp_path_factory.mktemp("valkey")) as url:
        yield url


@pytest.fixture
def valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Valkey]:
    """One to harm."""
    with running_valkey(tmp_path_factory.mktemp("valkey")) as server:
        yield server


@pytest.fixture
def prefix() -> str:
    return own_prefix()


@pytest_asyncio.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    """To look, and to meddle, beside the service."""
    client = redis_client(redis_url)
    yield client
    await client.aclose()
