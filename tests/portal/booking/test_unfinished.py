"""Appointments that the engine made and whose portal stopped before it wrote them down."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from benchmarks.calls import fresh_id
from slotsvc.pb.v1 import visit_service_pb2 as visits
from slotsvc.portal.booking.kept_holds import HoldOutcome, sweep
from slotsvc.portal.booking.unfinished import finish
from slotsvc.portal.tables.audit import AuditEntry, newest
from slotsvc.portal.tables.schema import HOLDS, OUTBOX
from tests.portal.booking_fixtures import Household, running_household

LATER = timedelta(minutes=7)


@pytest.fixture
async def home(tmp_path: Path) -> AsyncIterator[Household]:
    async with running_household(tmp_path) as household:
        yield household


async def held(home: Household, visit: str, n: int = 9) -> str:
    """The name of a hold on the n-th offer."""
    page = await home.held(visit, n)
    return f"{home.world.company.tenant}/holds/{page.url.path.rpartition('/')[2]}"


async def told(home: Household) -> list[AuditEntry]:
    """What the audit has about visits, oldest first."""
    entries = await home.world.portal.database.read(lambda tx: newest(tx, 100))
    return [entry for entry in reversed(entries) if entry.what.startswith("VISIT_")]


async def kinds(home: Household) -> list[str]:
    """The letters that were written, oldest first."""
    query = select(OUTBOX.c.kind).order_by(OUTBOX.c.id)
    return await home.world.portal.database.read(
        lambda tx: [str(kind) for kind in tx.execute(query).scalars()]
    )


async def outcomes(home: Household) -> list[str | None]:
    """What became of the holds, in the order of their ends."""
    query = select(HOLDS.c.outcome).order_by(HOLDS.c.expires_at)
    return await home.world.portal.database.read(lambda tx: list(tx.execute(query).scalars()))


async def test_booked_and_not_written_down(home: Household) -> None:
    """The engine said yes and nobody came back: outcome, entry and letter are made up for, once."""
    portal, visit = home.world.portal, await home.visit()
    hold = await held(home, visit)
    await portal.service.for_client(home.ref).book(hold, "confirm-lost")
    await finish(portal)
    assert await kinds(home) == []  # its page may still be at it
    home.world.clock.pass_(LATER)
    for _ in range(2):
        await finish(portal)
        assert await kinds(home) == ["BOOKED"]
        assert await outcomes(home) == [HoldOutcome.CONFIRMED]
    (entry,) = await told(home)
    assert (entry.what, entry.subject) == ("VISIT_BOOKED", f"visits/{visit}")
    assert (entry.actor, entry.business_unit) == (f"contacts/{home.contact}", "riviera")
    assert entry.data["start"]


async def test_moved_and_not_written_down(home: Household) -> None:
    """The same for a visit that was moved."""
    portal, visit = home.world.portal, await home.visit()
    await home.booked(visit, n=9)
    hold = await held(home, visit, n=14)
    name = f"{home.world.company.tenant}/visits/{visit}"
    await portal.service.for_client(home.ref).reschedule(name, hold, "confirm-lost")
    home.world.clock.pass_(LATER)
    await finish(portal)
    assert await kinds(home) == ["BOOKED", "RESCHEDULED"]
    assert [entry.what for entry in await told(home)] == ["VISIT_BOOKED", "VISIT_RESCHEDULED"]


async def test_lapsed(home: Household) -> None:
    """A hold that lapsed is looked at once; that a planner books its window later is not its
    client's doing."""
    world, visit = home.world, await home.visit()
    await held(home, visit)
    (start, end) = await world.portal.database.read(
        lambda tx: tuple(tx.execute(select(HOLDS.c.starts_at, HOLDS.c.ends_at)).one())
    )
    world.clock.pass_(LATER)
    search = world.company.search(visit=f"{world.company.tenant}/visits/{visit}", max_slots=1)
    within = search.request.allowed_windows.add()
    within.start_time.seconds, within.end_time.seconds = start, end
    calls = world.service.calls
    offer = (await calls.slots.SuggestSlots(search)).slots[0]
    await calls.visits.BookVisit(visits.BookVisitRequest(token=offer.token, request_id=fresh_id()))
    booked = await home.engine_visit(visit)
    assert booked.promise.window.start_time.seconds == start
    await finish(world.portal)
    assert await kinds(home) == []
    assert await told(home) == []
    assert await outcomes(home) == [HoldOutcome.LAPSED]


async def test_what_was_not_looked_at_stays(home: Household) -> None:
    """The engine was away for weeks: its holds wait for it."""
    portal = home.world.portal
    await held(home, await home.visit())
    home.world.clock.pass_(timedelta(days=30))
    await portal.database.write(lambda tx: sweep(tx, portal.clock()))
    assert await outcomes(home) == [None]
    await finish(portal)
    assert await outcomes(home) == [HoldOutcome.LAPSED]
    await portal.database.write(lambda tx: sweep(tx, portal.clock()))
    assert await outcomes(home) == []
