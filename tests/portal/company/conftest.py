"""What tests of the company's side start from: tables alone, or a whole portal."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.portal.company.books import Books, opened_books
from tests.portal.portal_fixtures import World, running_world


@pytest.fixture
def books(tmp_path: Path) -> Iterator[Books]:
    """Migrated tables with one unit "riviera", not active, and nothing else."""
    with opened_books(tmp_path) as books:
        yield books


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    """One portal for a whole file: unit "riviera", active, on an engine with one activity type."""
    async with running_world(tmp_path_factory.mktemp("portal")) as made:
        yield made
