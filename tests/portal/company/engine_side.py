"""What the engine and the configuration file hold, for tests of the company's pages."""

from __future__ import annotations

from sqlalchemy import insert, update

from benchmarks.calls import fresh_id
from slotsvc.pb.v1 import calendar_service_pb2 as calendar
from slotsvc.portal.tables.schema import ACTIVITY_TYPES
from tests.portal.portal_fixtures import World


async def site(
    world: World, client: str, name: str = "Villa", address: str = "Rue Grimaldi 3"
) -> str:
    """A site of the client (the engine's reference); its resource name."""
    id = world._id("site")
    made = calendar.Site(display_name=name, client=client, address=address)
    made.location.latitude, made.location.longitude = 43.7384, 7.4246
    await world.service.calls.calendar.CreateSite(
        calendar.CreateSiteRequest(
            parent=world.company.tenant, site_id=id, site=made, request_id=fresh_id()
        )
    )
    world.portal.service.catalogue.forget()
    return f"{world.company.tenant}/sites/{id}"


async def show_activity(world: World, title: dict[str, str]) -> None:
    """The engine's activity type "service" is shown in the portal of "riviera" with this title."""
    name = f"{world.company.tenant}/activityTypes/service"
    row = {"business_unit": "riviera", "name": name, "title": title, "text": title, "steps": []}
    here = (ACTIVITY_TYPES.c.name == name) & (ACTIVITY_TYPES.c.business_unit == "riviera")
    database = world.portal.database
    changed = await database.write(
        lambda tx: tx.execute(update(ACTIVITY_TYPES).where(here).values(row)).rowcount
    )
    if not changed:
        await database.write(
            lambda tx: tx.execute(insert(ACTIVITY_TYPES).values(row | {"shown": True}))
        )
