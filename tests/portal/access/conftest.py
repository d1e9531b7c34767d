"""One portal for a whole file of tests: what they write is their own."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.portal.portal_fixtures import World, running_world


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    """A portal with the unit "riviera", which has permanent links and text messages."""
    async with running_world(tmp_path_factory.mktemp("portal"), unit=False) as made:
        await made.unit(permanent_code=True, sms_connection=True, sms_credits=1000)
        yield made
