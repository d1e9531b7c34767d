"""A copy made under load is whole; an older copy that is brought back misleads nobody (F15, I8)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from benchmarks.calls import Told, fresh_id
from benchmarks.company import Company
from slotsvc.config import Settings
from slotsvc.pb.v1 import calendar_service_pb2 as calendar
from slotsvc.pb.v1 import slot_service_pb2 as slots
from slotsvc.pb.v1 import visit_service_pb2 as visits
from slotsvc.scheduling.epochs import changes_of
from tests.chaos.drills import (
    NOW,
    book_one,
    brought_back,
    company_of,
    copied,
    events_behind,
    position_now,
)
from tests.e2e.days import TOMORROW, WEDNESDAY
from tests.service_fixtures import (
    SetClock,
    held,
    offered,
    refused,
    running_service,
    settings_for,
    visit_now,
)


@dataclass(slots=True)
class LostTime:
    """What clients hold from before a restore: of the time that the copy knows, and of later."""

    settings: Settings
    company: Company
    clock: SetClock
    early: Any = None
    late: Any = None
    hold: Any = None
    early_position: str = ""
    late_position: str = ""
    slot: Any = None
    page: str = ""
    technician: Any = None
    seen: int = 0


@pytest.fixture
async def lost(tmp_path: Path) -> LostTime:
    """One visit, a copy, then more of everything, and the copy brought back."""
    settings = settings_for(tmp_path / "data")
    archive = tmp_path / "copy.tar.gz"
    async with running_service(settings) as service:
        company = await company_of(service)
        lost = LostTime(settings, company, service.clock)
        lost.early = await book_one(service, company, "early")
        lost.early_position = await position_now(service, company)
        copied(settings, archive)
        calls = service.calls
        lost.late = await book_one(service, company, "late")
        await book_one(service, company, "late-wednesday", WEDNESDAY)
        lost.slot, other = (await offered(calls, company.search(on=TOMORROW)))[:2]
        lost.hold = await held(calls, other)
        lost.late_position = await position_now(service, company)
        lost.technician = (await calls.calendar.ListTechnicians(
            calendar.ListTechniciansRequest(parent=company.tenant, page_size=1)
        )).technicians[0]  # fmt: skip
        lost.technician.display_name = "Changed"
        asked = calendar.UpdateTechnicianRequest(
            technician=lost.technician,
            request_id=fresh_id(),
            update_mask={"paths": ["display_name"]},
        )
        lost.technician = (await calls.calendar.UpdateTechnician(asked)).technician
        listed = visits.ListVisitsRequest(parent=company.tenant, page_size=1)
        lost.page = (await calls.visits.ListVisits(listed)).next_page_token
        lost.seen = max(await versions(service, company))
    brought_back(settings, archive, force=True)
    return lost


async def versions(service: Any, company: Company) -> list[int]:
    """Of every event of routes so far."""
    page = await events_behind(service, company, "", 0)
    assert page == []
    events = await service.store.read(lambda tx: tx.events_after("acme", "", 1000))
    return [one.event.version for one in events if one.event.route is not None]


async def test_what_the_copy_has_stands_and_later_things_are_gone(lost: LostTime) -> None:
    """The visit booked before the copy is booked, the one after it does not exist, nor its hold."""
    async with running_service(lost.settings, lost.clock) as service:
        assert (await visit_now(service.calls, lost.early.name)).external_ref == "early"
        gone = visits.GetVisitRequest(name=lost.late.name)
        assert (await refused(service.calls.visits.GetVisit(gone))).code == "NOT_FOUND"
        confirm = visits.BookVisitRequest(hold=lost.hold.name, request_id=fresh_id())
        assert (await refused(service.calls.visits.BookVisit(confirm))).code == "NOT_FOUND"
    assert (lost.settings.data_dir / f"replaced-{NOW:%Y%m%dT%H%M%SZ}" / "slotsvc.db").exists()


async def test_a_watcher_of_the_lost_time_is_told_to_read_anew(lost: LostTime) -> None:
    """Its position is refused with RESYNC, now and after as many new events as were lost."""
    async with running_service(lost.settings, lost.clock) as service:
        for number in range(2):
            told = await events_behind(service, lost.company, lost.late_position, 1)
            assert isinstance(told, Told)
            assert (told.reason, told.fields) == ("RESYNC", {"position"})
            for extra in range(3):
                await book_one(service, lost.company, f"new-{number}-{extra}")


async def test_an_older_watcher_goes_on_and_is_told_of_the_restore(lost: LostTime) -> None:
    """Its position is of the common past: first comes the restore, then what happens now."""
    async with running_service(lost.settings, lost.clock) as service:
        await book_one(service, lost.company, "new")
        found = await events_behind(service, lost.company, lost.early_position, 2)
        assert not isinstance(found, Told)
        assert [event.kind for event in found] == ["STORE_RESTORED", "VISIT_BOOKED"]


async def test_no_version_is_lower_than_one_that_was_seen(lost: LostTime) -> None:
    """Neither of the route that lost a change, nor of routes that nobody had touched before; and
    within the epoch they grow by one."""
    async with running_service(lost.settings, lost.clock) as service:
        old = await versions(service, lost.company)
        for number in range(3):
            await book_one(service, lost.company, f"new-{number}")
            await book_one(service, lost.company, f"wednesday-{number}", WEDNESDAY)
        new = (await versions(service, lost.company))[len(old) :]
    assert len(new) == 6
    assert min(new) > lost.seen
    assert {changes_of(version) for version in new} >= {1, 2}


async def test_tokens_of_the_lost_time_are_refused(lost: LostTime) -> None:
    """An offer, a page of a list, and an etag: none is applied to what is there now."""
    async with running_service(lost.settings, lost.clock) as service:
        calls = service.calls
        hold = slots.HoldSlotRequest(token=lost.slot.token, request_id=fresh_id())
        assert (await refused(calls.slots.HoldSlot(hold))).reason == "SLOT_TOKEN_INVALID"
        page = visits.ListVisitsRequest(
            parent=lost.company.tenant, page_size=1, page_token=lost.page
        )
        assert (await refused(calls.visits.ListVisits(page))).fields == {"page_token"}
        for number in range(3):
            # as many changes as were lost, so that plain numbers would meet again
            lost.technician.display_name = "Again"
            stale = calendar.UpdateTechnicianRequest(
                technician=lost.technician,
                request_id=fresh_id(),
                update_mask={"paths": ["display_name"]},
            )
            told = await refused(calls.calendar.UpdateTechnician(stale))
            assert told.reason == "ETAG_MISMATCH"
            await Company(calls, "acme").technician(f"new-{number}")


async def test_restored_twice_the_epochs_differ(lost: LostTime, tmp_path: Path) -> None:
    """The same copy brought back again begins a higher epoch than the first time."""
    first = await epoch_of(lost)
    brought_back(lost.settings, tmp_path / "copy.tar.gz", force=True)
    assert await epoch_of(lost) > first > 0


async def epoch_of(lost: LostTime) -> int:
    async with running_service(lost.settings, lost.clock) as service:
        return await service.store.read(lambda tx: tx.epoch())


async def test_a_hold_that_lapsed_stays_lapsed(tmp_path: Path) -> None:
    """Held before the copy, lapsed when it is brought back: its slot is free, and it cannot be
    confirmed."""
    settings, archive = settings_for(tmp_path / "data"), tmp_path / "copy.tar.gz"
    async with running_service(settings) as service:
        company = await company_of(service, technicians=1)
        hold = await held(
            service.calls, (await offered(service.calls, company.search(on=TOMORROW)))[0]
        )
        copied(settings, archive)
    brought_back(settings, archive, force=True)
    clock = service.clock
    clock.pass_(timedelta(hours=1))
    async with running_service(settings, clock) as service:
        confirm = visits.BookVisitRequest(hold=hold.name, request_id=fresh_id())
        assert (await refused(service.calls.visits.BookVisit(confirm))).reason == "HOLD_EXPIRED"
