"""One portal for a whole file of tests: what they write is their own."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.portal.portal_fixtures import World, running_world


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    """A running portal with the business unit "riviera"."""
    async with running_world(tmp_path_factory.mktemp("portal")) as made:
        yield made
