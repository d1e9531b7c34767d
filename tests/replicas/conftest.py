"""Two services on one PostgreSQL, and a company to book with."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from pydantic import SecretStr

from benchmarks.company import Company
from tests.service_fixtures import RunningService, SetClock, running_service, settings_for


@dataclass(frozen=True, slots=True)
class Replicas:
    """Two of the same: one database, one key ring, one clock; nothing else in common."""

    first: RunningService
    second: RunningService


@pytest.fixture
async def replicas(tmp_path: Path, postgres_url: str) -> AsyncIterator[Replicas]:
    """Without a map: driving is estimated."""
    settings = settings_for(
        tmp_path, database_url=SecretStr(postgres_url), key_ring_path=tmp_path / "keys.json"
    )
    clock = SetClock()
    async with (
        running_service(settings, clock) as first,
        running_service(settings, clock) as second,
    ):
        yield Replicas(first, second)


@pytest.fixture
async def company(replicas: Replicas) -> Company:
    """One technician, Ann, 08:00 to 18:00 every day; one activity of an hour; one site."""
    company = await Company(replicas.first.calls, "acme").found()
    await company.technician("ann")
    await company.activity("service")
    await company.site("casino")
    return company
