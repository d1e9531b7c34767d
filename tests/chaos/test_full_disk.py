"""The disk of the database, or of a backup, is full (F13)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner
from grpc import aio

from benchmarks.calls import Told, fresh_id, told
from benchmarks.company import Company
from slotsvc.bootstrap.readiness import readiness_checks
from slotsvc.cli.main import main
from slotsvc.pb.v1 import visit_service_pb2 as visits
from slotsvc.store.archive import ArchiveError
from slotsvc.store.sqlite_copy import CopyError
from tests.chaos.drills import book_one, company_of, copied
from tests.chaos.small_disk import SmallDisk, small_disk
from tests.e2e.days import TOMORROW, WEDNESDAY
from tests.service_fixtures import (
    RunningService,
    booked,
    offered,
    running_service,
    settings_for,
    visit_now,
)

MB = 1024 * 1024
TRIES = 300


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    with small_disk(tmp_path / "disk", 6 * MB) as disk:
        yield disk


async def book_until_refused(
    service: RunningService, company: Company, acked: dict[str, str]
) -> Told:
    """Books and cancels, so that the calendar never fills; what was acknowledged goes to ``acked``:
    name to state."""
    for number in range(TRIES):
        slot = (await offered(service.calls, company.search(on=TOMORROW)))[0]
        try:
            visit = await booked(service.calls, slot, external_ref=f"full-{number}")
            acked[visit.name] = "VISIT_STATE_BOOKED"
            cancel = visits.CancelVisitRequest(name=visit.name, request_id=fresh_id())
            await service.calls.visits.CancelVisit(cancel)
            acked[visit.name] = "VISIT_STATE_CANCELLED"
        except aio.AioRpcError as error:
            return told(error)
    raise AssertionError("the disk never filled")


async def states_of(service: RunningService, acked: dict[str, str]) -> dict[str, str]:
    return {
        name: visits.VisitState.Name((await visit_now(service.calls, name)).state) for name in acked
    }


async def test_bookings_on_a_full_disk_are_refused_and_none_is_lost(disk: SmallDisk) -> None:
    """Writes are told to wait, reads go on; with room again bookings do, without a restart, and
    all that was acknowledged is there."""
    settings = settings_for(disk.path / "data")
    acked: dict[str, str] = {}
    async with running_service(settings) as service:
        company = await company_of(service)
        acked[(await book_one(service, company, "before", WEDNESDAY)).name] = "VISIT_STATE_BOOKED"
        disk.fill(left=64 * 1024)

        refusal = await book_until_refused(service, company, acked)

        assert (refusal.code, refusal.reason) == ("UNAVAILABLE", "STORE_BUSY")
        assert refusal.metadata["cause"] in ("DISK_FULL", "DISK_FAILED")
        assert await states_of(service, acked) == acked
        assert await offered(service.calls, company.search(on=WEDNESDAY))
        disk.empty()
        for number in range(3):
            visit = await book_one(service, company, f"after-{number}", WEDNESDAY)
            acked[visit.name] = "VISIT_STATE_BOOKED"
        assert await states_of(service, acked) == acked
    told = CliRunner().invoke(main, ["verify", "--data-dir", str(settings.data_dir)])
    assert told.exit_code == 0, told.output


async def test_little_room_is_degraded_not_broken(disk: SmallDisk) -> None:
    """Searches are answered: nobody should be sent away."""
    settings = settings_for(disk.path / "data")
    async with running_service(settings) as service:
        checks = readiness_checks(service.store, settings.database_file, {})
        told = (await checks()).as_json()
    assert (told["ready"], told["state"], told["degraded"]) == (True, "degraded", ["disk"])


async def test_a_backup_that_finds_no_room_leaves_nothing(tmp_path: Path, disk: SmallDisk) -> None:
    """Neither half a file nor a file in the making; and it says why."""
    settings = settings_for(tmp_path / "data")
    async with running_service(settings) as service:
        await company_of(service)
    for left in (0, 64 * 1024, 200 * 1024):
        disk.fill(left=left)
        before = sorted(disk.path.iterdir())
        with pytest.raises((CopyError, ArchiveError)) as refused:
            copied(settings, disk.path / "copy.tar.gz")
        assert any(word in str(refused.value) for word in ("full", "space", "too large", "I/O"))
        assert sorted(disk.path.iterdir()) == before
        disk.empty()
    assert copied(settings, disk.path / "copy.tar.gz").files
