"""A company whose service is copied and brought back, for drills."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from grpc import aio

from benchmarks.calls import Told, told
from benchmarks.company import Company
from slotsvc.bootstrap.backup import back_up
from slotsvc.bootstrap.restore import Restored, restore
from slotsvc.config import Settings
from slotsvc.pb.v1 import plan_service_pb2 as plan
from slotsvc.store.archive import Manifest
from tests.e2e.days import TOMORROW
from tests.service_fixtures import RunningService, booked, offered

NOW = datetime(2030, 6, 3, 7, 0, tzinfo=UTC)


def untold(_stage: str, _fraction: float) -> None:
    """Progress that nobody watches."""


def copied(settings: Settings, target: Path, **how: bool) -> Manifest:
    """A backup made now."""
    return back_up(settings, target, NOW, with_keys=how.get("with_keys", False), told=untold)


def brought_back(settings: Settings, archive: Path, *, force: bool = False) -> Restored:
    """A restore made now."""
    return restore(settings, archive, NOW, force=force, told=untold)


async def company_of(service: RunningService, technicians: int = 2) -> Company:
    """A crew and one kind of work of 50 minutes."""
    company = await Company(service.calls, "acme").found()
    for number in range(technicians):
        await company.technician(f"tech-{number}")
    await company.activity("service", minutes=50)
    return company


async def book_one(
    service: RunningService, company: Company, reference: str, on: date = TOMORROW
) -> Any:
    """The best slot of the day, booked."""
    slot = (await offered(service.calls, company.search(on=on)))[0]
    return await booked(service.calls, slot, external_ref=reference)


async def position_now(service: RunningService, company: Company) -> str:
    """Where a watch that begins now begins."""
    request = plan.WatchTeamRequest(team=company.team)
    call = service.calls.plan.WatchTeam(request)
    try:
        return str((await call.read()).position)
    finally:
        call.cancel()


async def events_behind(
    service: RunningService, company: Company, position: str, most: int
) -> list[plan.TeamEvent] | Told:
    """The next events of a watch that goes on, or why it may not."""
    request = plan.WatchTeamRequest(team=company.team, position=position)
    call = service.calls.plan.WatchTeam(request, timeout=10)
    found: list[plan.TeamEvent] = []
    try:
        while len(found) < most:
            answer = await call.read()
            if answer.HasField("event"):
                found.append(answer.event)
    except aio.AioRpcError as error:
        return told(error)
    finally:
        call.cancel()
    return found
