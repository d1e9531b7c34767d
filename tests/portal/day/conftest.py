"""The company whose day is looked at, on the demo town's roads."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.portal.portal_fixtures import World, running_world
from tests.road_fixtures import compiled_demo_map


@pytest.fixture(scope="session")
def roads(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo town's compiled map."""
    return compiled_demo_map(tmp_path_factory.mktemp("map")).files.roads.parent


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def world(roads: Path, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    """One portal for a file. Monday 3 June 2030, 08:00 in Monaco."""
    async with running_world(tmp_path_factory.mktemp("portal"), map_path=roads) as made:
        yield made
