"""A service with a clock that the test sets, and a company to book with."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from benchmarks.company import Company
from tests.road_fixtures import compiled_demo_map
from tests.service_fixtures import RunningService, running_service, settings_for


@pytest.fixture
async def service(tmp_path: Path) -> AsyncIterator[RunningService]:
    """Without a map: driving is estimated."""
    async with running_service(settings_for(tmp_path)) as running:
        yield running


@pytest.fixture
async def company(service: RunningService) -> Company:
    """One technician, Ann, 08:00 to 18:00 every day; one activity of an hour; one site."""
    company = await Company(service.calls, "acme").found()
    await company.technician("ann")
    await company.activity("service")
    await company.site("casino")
    return company


@pytest.fixture(scope="session")
def demo_map(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Directory of the compiled demo town."""
    return compiled_demo_map(tmp_path_factory.mktemp("map")).files.roads.parent


@pytest.fixture
async def on_roads(tmp_path: Path, demo_map: Path) -> AsyncIterator[RunningService]:
    """On the demo town's roads."""
    async with running_service(settings_for(tmp_path, demo_map)) as running:
        yield running
