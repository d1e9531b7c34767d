"""What happens at the engine while somebody looks at the day."""

from __future__ import annotations

from datetime import date

from benchmarks.calls import fresh_id
from benchmarks.company import DOWNTOWN
from slotsvc.cli.wire import pb_place
from slotsvc.pb.v1.visit_service_pb2 import CreateVisitRequest, Visit
from tests.portal.portal_fixtures import World
from tests.service_fixtures import booked, offered

TODAY = date(2030, 6, 3)


async def booking(world: World, day: date = TODAY, *, client: str = "", site: str = "") -> Visit:
    """A visit of the activity "service", booked by somebody else than the portal."""
    place = {"place": site} if site else {}
    told = {"client": client} if client else {}
    (slot, *_) = await offered(world.service.calls, world.company.search(on=day, **place, **told))
    return await booked(world.service.calls, slot)


async def waiting(world: World, client: str) -> Visit:
    """Work of the client that waits for a place."""
    visit = Visit(
        activity_type=f"{world.company.tenant}/activityTypes/service",
        team=world.company.team,
        client=client,
        location=pb_place(*DOWNTOWN),
    )
    asked = CreateVisitRequest(parent=world.company.tenant, visit=visit, request_id=fresh_id())
    return (await world.service.calls.visits.CreateVisit(asked)).visit
