"""One company on the roads of the packaged town for each file of journeys."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.portal.journeys.street import Street, running_street


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def street(town: Path, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Street]:
    """The company with its portal, real roads underneath."""
    async with running_street(tmp_path_factory.mktemp("street"), town) as made:
        yield made
